"""Every kind of array gives the bits of the same numbers in a contiguous float32 array."""

import sys

import numpy as np
import pytest

import splice_cuda
from conftest import same
from splice_cuda._arrays import as_rows
from splice_cuda._options import native_options


def result(problem, z, atoms=None):
    return splice_cuda.decompose(z, problem.atoms if atoms is None else atoms, 0.1)


def test_float16(problem):
    half = problem.z.astype(np.float16)
    assert same(result(problem, half), result(problem, half.astype(np.float32)))
    atoms = problem.atoms.astype(np.float16)
    assert splice_cuda.Dictionary(atoms).dtype == "float16"
    assert same(result(problem, problem.z, atoms), result(problem, problem.z, atoms.astype(np.float32)))


def test_bfloat16_of_ml_dtypes(problem):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    short = problem.z.astype(ml_dtypes.bfloat16)
    assert same(result(problem, short), result(problem, short.astype(np.float32)))
    assert as_rows(short, "z").bfloat16 and np.shares_memory(as_rows(short, "z").array, short)


def test_bits_of_bfloat16(problem):
    bits = (problem.z.view(np.uint32) >> 16).astype(np.uint16)
    native = native_options(0.1, {})
    dictionary = splice_cuda.Dictionary(problem.atoms)
    context = splice_cuda.Context()
    codes, _ = splice_cuda._core.decompose(context._native, dictionary._native, bits, True, native, None, None)
    expected = result(problem, (bits.astype(np.uint32) << 16).view(np.float32))
    assert codes.values.tobytes() == expected.codes.values.tobytes()


@pytest.mark.parametrize("dtype", [np.float64, ">f4", ">f8", np.longdouble, object])
def test_others_are_rounded_to_float32(problem, dtype):
    assert same(result(problem, problem.z.astype(dtype)), result(problem, problem.z))


def test_integers_and_lists():
    atoms = np.eye(3)
    assert same(splice_cuda.decompose([[1, 0, 2], [0, 3, 0]], atoms), splice_cuda.decompose(np.array([[1, 0, 2.0], [0, 3, 0]]), atoms))


def layouts(z):
    wide = np.full((z.shape[0], z.shape[1] + 7), np.nan, np.float32)
    wide[:, : z.shape[1]] = z
    skipping = np.repeat(z, 2, axis=0)
    columns = np.repeat(z, 3, axis=1)
    unaligned = np.frombuffer(b"x" + z.tobytes(), np.uint8)[1:].view(np.float32).reshape(z.shape)
    read_only = z.copy()
    read_only.flags.writeable = False
    return {
        "gaps between rows": (wide[:, : z.shape[1]], True),
        "every other row": (skipping[::2], True),
        "read-only": (read_only, True),
        "a single row of many": (wide[3:4, : z.shape[1]], True),
        "columns apart": (columns[:, ::3], False),
        "Fortran": (np.asfortranarray(z), False),
        "backwards": (z[::-1].copy()[::-1], False),
        "mirrored": (z[:, ::-1].copy()[:, ::-1], False),
        "unaligned": (unaligned, False),
    }


@pytest.mark.parametrize("name", layouts(np.zeros((5, 3), np.float32)))
def test_layouts(problem, name):
    array, in_place = layouts(problem.z)[name]
    expected = problem.z[3:4] if name.startswith("a single") else problem.z
    np.testing.assert_array_equal(array, expected)
    assert same(result(problem, array), result(problem, expected))
    assert np.shares_memory(as_rows(array, "z").array, array) == in_place


def test_broadcast_rows(problem):
    array = np.broadcast_to(problem.z[0], (4, 24))
    assert same(result(problem, array), result(problem, np.ascontiguousarray(array)))


class OnlyDLPack:
    """What other libraries' arrays are: no numpy interface but DLPack."""

    def __init__(self, array):
        self.array = array
        self.shape = array.shape

    def __dlpack__(self, **keywords):
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack(problem):
    assert same(result(problem, OnlyDLPack(problem.z)), result(problem, problem.z))
    assert same(result(problem, OnlyDLPack(problem.z.astype(np.float16))), result(problem, problem.z.astype(np.float16)))
    wrong = OnlyDLPack(problem.z.astype(np.int32))
    with pytest.raises(ValueError, match="embeddings: got elements of 32 bits .* expected float32, float16 or bfloat16"):
        result(problem, wrong)
    with pytest.raises(ValueError, match="embeddings: got columns 24 elements apart|embeddings: got columns 15 elements apart"):
        result(problem, OnlyDLPack(np.asfortranarray(problem.z)))


def test_atoms_in_place(problem):
    atoms = np.zeros((40, 64), np.float32)
    atoms[:, :24] = problem.atoms
    z = np.zeros((15, 64), np.float32)
    z[:, :24] = problem.z
    before = sys.getrefcount(atoms)
    dictionary = splice_cuda.Dictionary(atoms, copy=False)
    assert dictionary.in_place and sys.getrefcount(atoms) > before
    assert not splice_cuda.Dictionary(atoms).in_place
    assert same(dictionary.decompose(z, 0.1), splice_cuda.Dictionary(atoms).decompose(z, 0.1))
    del dictionary
    assert sys.getrefcount(atoms) == before


def test_a_dictionary_keeps_its_atoms(problem):
    atoms = np.zeros((40, 64), np.float32)
    atoms[:, :24] = problem.atoms
    expected = splice_cuda.Dictionary(atoms).decompose(atoms[:5], 0.1)
    dictionary = splice_cuda.Dictionary(atoms.copy(), copy=False)
    np.full((40, 64), 7, np.float32)  # would lie where the copy lay, were it gone
    assert same(dictionary.decompose(atoms[:5], 0.1), expected)
