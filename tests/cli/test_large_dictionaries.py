"""Dictionaries in 16 bits, and what they cost: every verb works out of the file that holds them."""

import json
import resource
import subprocess

import numpy as np
import pytest
import scipy.sparse
from conftest import SPLICE, dictionary_of, fails, gap_of, not_under_sanitizers, not_under_thread_sanitizer, prepared, run

UNIT_ROUNDOFF = {"float16": 2.0**-11, "bfloat16": 2.0**-8}


def stored_atoms(path):
    """The atoms as the file holds them, in fp64."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    assert (8 + size) % 64 == 0, "data begin at a cache line"
    entry = json.loads(data[8 : 8 + size])["atoms"]
    raw = data[8 + size :][slice(*entry["data_offsets"])]
    if entry["dtype"] == "BF16":
        bits = np.frombuffer(raw, np.uint16).astype(np.uint32) << 16
        return bits.view(np.float32).astype(np.float64).reshape(entry["shape"])
    return np.frombuffer(raw, {"F16": np.float16, "F32": np.float32}[entry["dtype"]]).astype(np.float64).reshape(entry["shape"])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_every_verb_uses_the_rounded_atoms(inputs, dtype):
    inputs.build()
    whole = (inputs / "dict.safetensors").stat().st_size
    inputs.build("--dtype", dtype)
    atoms = stored_atoms(inputs / "dict.safetensors")
    exact = dictionary_of(inputs.text)
    rounding = UNIT_ROUNDOFF[dtype] * abs(exact) + 2.0**-25
    assert (abs(atoms - exact) <= 1.01 * rounding).all() and (atoms != exact).any()
    assert (inputs / "dict.safetensors").stat().st_size < whole

    matrix, archive = inputs.decompose()
    z = prepared(inputs.images, inputs.image_mean)
    gaps = gap_of(z, matrix, atoms, 0.1)
    assert (gaps <= 0.5e-6 + 5e-8).all(), "codes are certified on the atoms as they are stored"
    assert (gap_of(z, matrix, exact, 0.1) > 0.5e-6).any(), "which are not the atoms before rounding"
    assert archive["indptr"][-1] > 0
    assert "12 within tolerance" in run("verify", inputs / "codes.npz").stdout
    run("recompose", inputs / "codes.npz", "-o", inputs / "raw.npy", "--raw")
    np.testing.assert_allclose(np.load(inputs / "raw.npy"), matrix @ atoms, atol=1e-6)
    assert "concept" in run("show", inputs / "codes.npz", "--row", 0).stdout
    assert f"40 concepts of 24 numbers in {dtype}" in run("dictionary", "info", inputs / "dict.safetensors").stdout
    assert "check passed" in run("dictionary", "check", inputs / "dict.safetensors").stdout, "rounding is no fault"
    info = json.loads(run("dictionary", "info", inputs / "dict.safetensors", "--json").stdout)
    assert info["dtype"] == dtype
    cosines = atoms @ atoms.T / np.outer(np.linalg.norm(atoms, axis=1), np.linalg.norm(atoms, axis=1))
    np.fill_diagonal(cosines, -2)
    assert abs(info["coherence"] - cosines.max()) < 1e-5


def test_types_that_are_none(inputs):
    for text in ("bf16", "", "float64"):
        fails(2, "dictionary", "build", "-e", inputs / "text.npy", "-c", inputs / "words.txt", "-o", inputs / "d.safetensors",
              "--dtype", text, says=["--dtype: got", "float32, float16 or bfloat16"])


def test_brief_info_compares_no_atoms(built):
    brief = run("dictionary", "info", built / "dict.safetensors", "--brief").stdout
    assert "40 concepts of 24 numbers" in brief and "image mean: length" in brief and "coherence" not in brief
    info = json.loads(run("dictionary", "info", built / "dict.safetensors", "--brief", "--json").stdout)
    assert info["concepts"] == 40 and info["dtype"] == "float32" and "coherence" not in info


def large_dictionary(path, atoms, dim=512):
    """A bfloat16 dictionary of noise, made without the command: rows repeat no other."""
    generator = np.random.default_rng(3)
    names = json.dumps([f"concept {j}" for j in range(atoms)])
    header = json.dumps({"__metadata__": {"format": "splice_cuda.dictionary.1", "concepts": names},
                         "atoms": {"dtype": "BF16", "shape": [atoms, dim], "data_offsets": [0, 2 * atoms * dim]}}).encode()
    header += b" " * (-(8 + len(header)) % 64)
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for first in range(0, atoms, 4096):
            block = generator.normal(size=(min(4096, atoms - first), dim)).astype(np.float32)
            block /= np.linalg.norm(block, axis=1, keepdims=True)
            file.write((block.view(np.uint32) >> 16).astype(np.uint16).tobytes())


def peak_memory(command):
    """Bytes that the command had at once."""
    script = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "sys.exit(done.returncode)\n"
    )
    done = subprocess.run(["python3", "-c", script, *command], capture_output=True, text=True, timeout=300, check=True)
    return int(done.stdout) * 1024


def limit_addresses(size):
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))


def least_address_space():
    """Bytes of addresses that the command starts with: CUDA's libraries alone take hundreds of megabytes."""
    low, high = 0, 1 << 16
    while low + 1 < high:
        middle = (low + high) // 2
        done = subprocess.run([SPLICE, "--version"], capture_output=True, preexec_fn=limit_addresses(middle << 20))
        low, high = (low, middle) if done.returncode == 0 else (middle, high)
    return high << 20


@not_under_thread_sanitizer
def test_memory_beside_the_file_is_that_of_screening_alone(tmp_path):
    """100,000 atoms in 102 MB: the screening takes as much, a float32 copy would take 205 MB more."""
    atoms, dim = 100_000, 512
    large_dictionary(tmp_path / "large.safetensors", atoms, dim)
    rows = np.random.default_rng(4).normal(size=(16, dim)).astype(np.float32)
    np.save(tmp_path / "rows.npy", rows)
    command = [SPLICE, "decompose", "-d", str(tmp_path / "large.safetensors"), "-e", str(tmp_path / "rows.npy"), "--image-mean",
               "none", "--threads", "1", "--l1-penalty", "0.3", "-q", "-o", str(tmp_path / "codes.npz")]
    peak = peak_memory(command) - peak_memory([SPLICE, "--version"])
    mapped, screening, names = 2 * atoms * dim, 2 * atoms * dim, 30e6
    assert peak < mapped + screening + names + 60e6, f"{peak / 1e6:.0f} MB"
    status = np.load(tmp_path / "codes.npz")
    assert scipy.sparse.load_npz(tmp_path / "codes.npz").shape == (16, atoms)
    assert len(status["indptr"]) == 17
    run("verify", tmp_path / "codes.npz")


@not_under_sanitizers
def test_a_build_that_memory_does_not_hold(tmp_path):
    rows = np.random.default_rng(5).normal(size=(60_000, 512)).astype(np.float16)
    np.save(tmp_path / "text.npy", rows)
    (tmp_path / "words.txt").write_text("\n".join(f"concept {j}" for j in range(60_000)) + "\n")
    limit = least_address_space() + (140 << 20)  # the atoms take 123 MB, the mapped file 61 MB
    done = subprocess.run(
        [SPLICE, "dictionary", "build", "-e", str(tmp_path / "text.npy"), "-c", str(tmp_path / "words.txt"), "-o",
         str(tmp_path / "d.safetensors"), "--no-center"],
        capture_output=True, text=True, timeout=300, preexec_fn=limit_addresses(limit))
    assert done.returncode == 4, done.stderr
    assert "out of memory" in done.stderr and "60000 atoms of 512 numbers in float32" in done.stderr
    assert not (tmp_path / "d.safetensors").exists()
