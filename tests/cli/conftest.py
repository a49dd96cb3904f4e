"""The command under test, small inputs, and the mathematics in numpy fp64, which shares nothing with the library."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

SPLICE = os.environ["SPLICE"]
# The leak checker of the address sanitizer dies now and then where LibTorch's threads end with the process; leaks are for the tests in C++.
os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")
not_under_sanitizers = pytest.mark.skipif(bool(os.environ.get("SPLICE_SANITIZE")), reason="sanitizers take memory of their own")
not_under_thread_sanitizer = pytest.mark.skipif("thread" in os.environ.get("SPLICE_SANITIZE", ""), reason="it takes memory of its own")
SHARED_DATA = Path(os.environ.get("SPLICE_SHARED_DATA", "/nonexistent"))


def run(*arguments, code=0, **options):
    """Runs splice; its exit code has to be `code`, unless that is None."""
    done = subprocess.run([SPLICE, *map(str, arguments)], capture_output=True, text=True, timeout=300, **options)
    assert code is None or done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return done


def fails(code, *arguments, says, **options):
    """Runs splice, which has to fail with `code`, print nothing on stdout and every text of `says` on stderr."""
    done = run(*arguments, code=code, **options)
    assert done.stdout == ""
    assert done.stderr.startswith("splice: ")
    for text in says:
        assert text in done.stderr, f"no {text!r} in {done.stderr!r}"
    return done


def unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def prepared(rows, mean=None):
    """normalise, centre, normalise in fp64; the command rounds the outcome to float32."""
    rows = unit(np.asarray(rows, np.float64))
    return rows if mean is None else unit(rows - np.asarray(mean, np.float64))


# What rounding a unit row to float32 may move a gap by.
ROUNDING = 5e-8


def dictionary_of(text):
    """Atoms as `splice dictionary build` makes them."""
    rows = unit(np.asarray(text, np.float64))
    return unit(rows - rows.mean(axis=0)).astype(np.float32).astype(np.float64)


def gap_of(z, codes, atoms, l1_penalty):
    """Duality gap of each row's code, half form, nonnegative."""
    codes = codes.toarray().astype(np.float64)
    assert (codes >= 0).all()
    residual = z - codes @ atoms
    half_penalty = l1_penalty / 2
    primal = (residual**2).sum(axis=1) / 2 + half_penalty * codes.sum(axis=1)
    largest = np.maximum((residual @ atoms.T).max(axis=1), 1e-300)
    scale = np.clip((z * residual).sum(axis=1) / (residual**2).sum(axis=1), 0, half_penalty / largest)
    theta = scale[:, None] * residual
    return primal - ((z**2).sum(axis=1) - ((z - theta) ** 2).sum(axis=1)) / 2


def read_safetensors(path):
    """Float32 tensors by name, and the metadata."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        assert entry["dtype"] == "F32"
        tensors[name] = np.frombuffer(data[8 + size :][begin:end], np.float32).reshape(entry["shape"])
    return tensors, metadata


class Inputs:
    """40 concepts of 24 numbers and 12 embeddings made of them, on disk."""

    def __init__(self, folder):
        self.folder = folder
        generator = np.random.default_rng(7)
        self.names = [f"concept {j}" for j in range(39)] + ["żółw 亀"]
        self.text = (generator.normal(size=(40, 24)) + 1.5).astype(np.float32)
        self.image_mean = (0.1 * generator.normal(size=24)).astype(np.float32)
        mix = generator.exponential(size=(12, 40)) * (generator.random((12, 40)) < 0.1)
        self.images = (mix @ dictionary_of(self.text) + self.image_mean + 0.05 * generator.normal(size=(12, 24))).astype(
            np.float32
        )
        np.save(folder / "text.npy", self.text)
        np.save(folder / "images.npy", self.images)
        np.save(folder / "mean.npy", self.image_mean)
        (folder / "words.txt").write_text("\n".join(self.names) + "\n", encoding="utf-8")

    def __truediv__(self, name):
        return self.folder / name

    def build(self, *more):
        run("dictionary", "build", "-e", self / "text.npy", "-c", self / "words.txt", "--image-mean", self / "mean.npy",
            "-o", self / "dict.safetensors", *more)
        return self / "dict.safetensors"

    def decompose(self, *more, out="codes.npz", code=0):
        """Codes with the defaults of the tests, unless `more` says otherwise."""
        run("decompose", "-d", self / "dict.safetensors", "-e", self / "images.npy", "-o", self / out, "--l1-penalty", 0.1,
            *more, code=code)
        return scipy.sparse.load_npz(self / out), np.load(self / out)


@pytest.fixture
def inputs(tmp_path):
    return Inputs(tmp_path)


@pytest.fixture
def built(inputs):
    inputs.build()
    return inputs
