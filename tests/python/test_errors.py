"""A wrong argument is named, with what was given and what is expected."""

import os
import pickle

import numpy as np
import pytest

import splice_cuda

WRONG = {
    "embeddings: got 23 columns, expected the dictionary's dimension, 24": lambda z, d: d.decompose(z[:, 1:]),
    r"embeddings: got shape \(24,\), expected a matrix": lambda z, d: d.decompose(z[0]),
    "embeddings: got complex numbers": lambda z, d: d.decompose(z + 1j),
    "embeddings: got elements of type .*expected numbers": lambda z, d: d.decompose([["a"] * 24]),
    "l1_penalty: got -1, expected": lambda z, d: d.decompose(z, -1),
    "l1_penalty: got inf, expected": lambda z, d: d.decompose(z, 1e39),
    "l1_penalty: got 'x', expected a number": lambda z, d: d.decompose(z, "x"),
    "l1_penalties: got 2": lambda z, d: d.decompose(z, [0.1, 0.2]),
    "l1_penalty: got 0 numbers, expected one, or one a row, 15": lambda z, d: d.decompose(z, []),
    "l1_penalty: got 0 numbers, expected .*a row, 2": lambda z, d: d.certify(z[:2], np.zeros((2, 40)), []),
    "l1_penalty: got complex numbers": lambda z, d: d.decompose(z, [0.1 + 1j] * 15),
    "target_l0: got 2.5, expected an integer": lambda z, d: d.decompose(z, target_l0=2.5),
    "target_l0: got -1": lambda z, d: d.decompose(z, target_l0=-1),
    "target_l0: got 4294967296": lambda z, d: d.decompose(z, target_l0=2**32),
    "target_cosine: got 1.5": lambda z, d: d.decompose(z, target_cosine=1.5),
    'solver: got "lars", expected one of working_set': lambda z, d: d.decompose(z, solver="lars"),
    "solver: got 3, expected a name": lambda z, d: d.decompose(z, solver=3),
    "refit: got 1, expected True or False": lambda z, d: d.decompose(z, refit=1),
    "gap_tolerance: got 0": lambda z, d: d.decompose(z, gap_tolerance=0),
    "max_rounds: got 0": lambda z, d: d.decompose(z, max_rounds=0),
    "atom_weights: got 3": lambda z, d: d.decompose(z, atom_weights=[1, 1, 1]),
    "atom_weights: got 0 numbers, expected one an atom": lambda z, d: d.decompose(z, atom_weights=[]),
    r"banned_atoms\[0\]: got 40": lambda z, d: d.decompose(z, banned_atoms=[40]),
    "banned_atoms: got elements of type float64, expected integers": lambda z, d: d.decompose(z, banned_atoms=[1.0]),
    "banned_atoms: got numbers from": lambda z, d: d.decompose(z, banned_atoms=[2**40]),
    "warm_start: got .*": lambda z, d: d.decompose(z, warm_start=np.zeros((3, 40))),
    "codes: got .*": lambda z, d: d.certify(z, np.zeros((3, 40))),
    r"l1_penalties\[1\]: got 0.2 after 0.1": lambda z, d: d.decompose_path(z, [0.1, 0.2]),
    "l1_penalties: got 0 dimensions": lambda z, d: d.decompose_path(z, 0.1),
    "atoms: got .*": lambda z, d: splice_cuda.Dictionary(np.zeros((0, 4))),
    "atoms: got a NaN or infinity|atoms: got .*": lambda z, d: splice_cuda.Dictionary(np.full((2, 4), np.nan)),
    "threads: got -1": lambda z, d: splice_cuda.Context(threads=-1),
    "threads: got 1.5, expected an integer": lambda z, d: splice_cuda.Context(threads=1.5),
    "memory_limit: got -5": lambda z, d: splice_cuda.Context(memory_limit=-5),
    "device: got .*tpu": lambda z, d: splice_cuda.Context("tpu"),
    r"device: got '\\udcff', expected a text that can be written as UTF-8": lambda z, d: splice_cuda.Context("\udcff"),
    r"solver: got '\\udcff', expected a text": lambda z, d: d.decompose(z, solver="\udcff"),
}


@pytest.mark.parametrize("says", WRONG)
def test_wrong_arguments(problem, dictionary, says):
    with pytest.raises(ValueError, match=says) as raised:
        WRONG[says](problem.z, dictionary)
    assert isinstance(raised.value, splice_cuda.ArgumentError) and isinstance(raised.value, splice_cuda.Error)


def test_unknown_keyword(problem, dictionary):
    with pytest.raises(TypeError, match="unexpected keyword argument 'l1'"):
        dictionary.decompose(problem.z, l1=3)


@pytest.mark.parametrize(
    "arrays",
    [
        ([0, 2, 1], [0, 1], [1.0, 1.0]),
        ([0, 1, 2], [0, 40], [1.0, 1.0]),
        ([0, 1, 2], [0, -1], [1.0, 1.0]),
        ([0, 2, 2], [1, 0], [1.0, 1.0]),
        ([0, 1, 9], [0, 1], [1.0, 1.0]),
        ([1, 1, 2], [0, 1], [1.0, 1.0]),
        ([0, 1, 2], [0], [1.0, 1.0]),
        ([0, 1, 2], [0, 1], [1.0, np.nan]),
        ([0, 1, 2], [0, 10**9], [1.0, 1.0]),
        ([], [], []),
    ],
)
def test_malformed_codes(arrays):
    with pytest.raises(splice_cuda.ArgumentError, match=r"codes\.\w+: got"):
        splice_cuda.Codes.from_arrays(*arrays, atoms=40)


def test_malformed_codes_of_elsewhere(problem, dictionary):
    codes = dictionary.decompose(problem.z, 0.1).codes
    codes.atom_indices[0] = 10**9
    with pytest.raises(splice_cuda.ArgumentError, match=r"codes\.atom_indices: got 1000000000"):
        pickle.loads(pickle.dumps(codes))
    with pytest.raises(splice_cuda.ArgumentError, match="codes: number of atoms: got -1"):
        splice_cuda.Codes.from_arrays([0], [], [], -1)
    with pytest.raises(splice_cuda.ArgumentError, match=r"warm_start\.values: got nan in row 0"):
        dictionary.decompose(problem.z, warm_start=np.full((15, 40), np.nan))
    with pytest.raises(splice_cuda.ArgumentError, match=r"codes: got shape \(3,\), expected codes \[n, p\]"):
        splice_cuda.Codes.of(np.zeros(3))


def test_an_empty_batch_has_no_penalties(problem, dictionary):
    assert dictionary.decompose(problem.z[:0], []).codes.shape == (0, 40)


def test_paths_that_are_not_utf8(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.safetensors"
    with pytest.raises(splice_cuda.FileError, match=r"\\xff\.safetensors") as raised:
        splice_cuda.ConceptSpace.load(os.fsdecode(path))
    str(raised.value).encode()


def test_kinds_of_errors(tmp_path, problem, dictionary):
    with pytest.raises(OSError, match="nothing.npy") as raised:
        splice_cuda.ConceptSpace.load(tmp_path / "nothing.npy")
    assert type(raised.value) is splice_cuda.FileError
    (tmp_path / "bad.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(splice_cuda.FileError, match="bad.safetensors"):
        splice_cuda.ConceptSpace.load(tmp_path / "bad.safetensors")
    with pytest.raises(MemoryError) as raised:
        dictionary.decompose(problem.z, context=splice_cuda.Context(memory_limit=1))
    assert type(raised.value) is splice_cuda.OutOfMemoryError
    assert splice_cuda.ArgumentError.__module__ == "splice_cuda"


@pytest.mark.skipif(bool(splice_cuda.info().cuda.devices), reason="there is a CUDA device")
def test_no_device():
    with pytest.raises(RuntimeError, match="cuda") as raised:
        splice_cuda.Context("cuda")
    assert type(raised.value) is splice_cuda.DeviceError
    assert splice_cuda.Context("auto").device == "cpu"
