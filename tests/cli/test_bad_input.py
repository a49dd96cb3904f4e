"""Wrong arguments and broken files: exit code, and a message that names what, what was given and what is expected."""

import json
import os
import resource

import numpy as np
import pytest
from conftest import fails, run


def decompose(built, *more):
    return ["decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "-o", built / "codes.npz", *more]


@pytest.mark.parametrize(
    "option, value, expected",
    [
        ("--l1-penalty", "0", "a finite number > 0"),
        ("--l1-penalty", "-1", "a finite number > 0"),
        ("--l1-penalty", "nan", "a finite number > 0"),
        ("--l1-penalty", "much", "a finite number > 0"),
        ("--l1-penalty", "1e-60", "float32"),
        ("--gap-tolerance", "0", "a finite number > 0"),
        ("--gap-tolerance", "inf", "a finite number > 0"),
        ("--threads", "-2", "a whole number"),
        ("--threads", "1.5", "a whole number"),
        ("--top", "-1", "a whole number"),
        ("--max-rounds", "0", "a whole number"),
        ("--max-iterations", "x", "a whole number"),
        ("--memory-limit", "lots", "a number of bytes"),
        ("--memory-limit", "2000000X", "a number of bytes"),
        ("--solver", "simplex", "working_set, coordinate_descent, fista or admm"),
        ("--device", "tpu", "cpu, cuda, cuda:N or auto"),
    ],
)
def test_wrong_values(built, option, value, expected):
    fails(2, *decompose(built, f"{option}={value}"), says=[option.lstrip("-").split("-")[0], value, expected])
    assert not (built / "codes.npz").exists()


def test_unknown_things(built):
    fails(2, *decompose(built, "--frobnicate", "3"), says=["arguments: got '--frobnicate' '3'", "`splice decompose --help`"])
    fails(2, *decompose(built), "-d", "other.npy", says=["--dictionary: got 2; expected at most 1"])
    fails(2, "explain", says=["explain"])
    fails(2, "decompose", says=["--dictionary"])
    fails(2, *decompose(built, "--ban", "concept 1O"), says=["concept 1O", "concept 10"])
    fails(2, *decompose(built, "--raw", "--image-mean", built / "mean.npy"), says=["--image-mean", "--raw"])


@pytest.mark.skipif(os.path.exists("/dev/nvidia0"), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there(built):
    fails(5, *decompose(built, "--device", "cuda"), says=["cuda"])
    run(*decompose(built, "--device", "auto"))


def test_little_memory(built):
    fails(4, *decompose(built, "--memory-limit", "1K"), says=["--memory-limit: got 1024", "expected at least"])
    assert not (built / "codes.npz").exists()


@pytest.mark.parametrize("limit", ["64m", "64M", "65536KiB", "0.0625g"])
def test_units_of_memory(built, limit):
    run(*decompose(built, "--memory-limit", limit))


def test_options_that_would_say_nothing(built):
    """An option that a run does not look at is refused: whoever gave it expects something of it."""
    build = ["dictionary", "build", "-e", built / "text.npy", "-c", built / "concepts.txt", "-o", built / "new.safetensors"]
    fails(2, *build, "--size", "5", says=["--vocabulary", "--embeddings"])
    fails(2, *build, "--bigram-size", "5", says=["--vocabulary", "--embeddings"])
    fails(2, *decompose(built, "--report-title", "Birds"), says=["--report-title: got 'Birds' and no --report"])
    fails(2, *decompose(built, "--report-limit", "7"), says=["--report-limit: got '7' and no --report"])
    run(*decompose(built))
    fails(2, "report", "--codes", built / "codes.npz", "--pairs", "7", "-o", built / "r.html", says=["--pairs: got 7 and no --health"])
    for option in ("--out", "--model", "--pictures"):
        fails(2, "demo", "--rows", "5", option, built / "x", says=[f"{option}: got it together with --synthetic"])


def test_an_empty_name_is_no_option_left_out(built):
    for option in ("--out", "--report", "--embeddings-out"):
        fails(2, *decompose(built)[:5], option, "", says=[f"{option}: got ''; expected a file"])
    run(*decompose(built))
    fails(2, "report", "--codes", built / "codes.npz", "-o", built / "r.html", "--tables-out", "",
          says=["--tables-out: got ''; expected a folder"])


def test_means_that_are_none_of_unit_rows(built):
    np.save(built / "long.npy", np.full(24, 0.5, np.float32))
    fails(2, *decompose(built, "--image-mean", built / "long.npy"), says=["--image-mean: got a mean of length 2.45", "long.npy"])
    np.save(built / "unit.npy", np.eye(24, dtype=np.float32)[0])
    run(*decompose(built, "--image-mean", built / "unit.npy"))


def test_atoms_that_no_bound_can_be_told_of(built):
    """Their norms are beyond float32: nothing is proven, and that is said."""
    np.save(built / "huge.npy", np.full((30, 24), 3e38, np.float32))
    printed = json.loads(run("decompose", "-d", built / "huge.npy", "-e", built / "images.npy", "-o", built / "codes.npz", "--json").stdout)
    summary = printed["summary"]
    assert summary["budget_exhausted"] > 0 and summary["largest_gap"] is None  # infinity, which JSON has not
    gaps = np.load(built / "codes.npz")["gap"]
    assert not np.isnan(gaps).any() and np.isinf(gaps).any()
    run("verify", built / "codes.npz", code=1)


def test_dimensions_that_differ(built):
    np.save(built / "images.npy", built.images[:, :20].copy())
    fails(2, *decompose(built), says=["20", "24"])
    np.save(built / "images.npy", built.images)
    run(*decompose(built))
    np.save(built / "narrow.npy", built.images[:, :20].copy())
    fails(2, "verify", built / "codes.npz", "-e", built / "narrow.npy", says=["20 numbers", "24, the length of the atoms of", "dict.safetensors"])
    (built / "codes.npz").unlink()
    np.save(built / "short.npy", built.image_mean[:7])
    fails(2, *decompose(built, "--image-mean", built / "short.npy"), says=["--image-mean", "7 numbers", "24"])
    np.save(built / "nan.npy", np.full(24, np.nan, np.float32))
    fails(3, *decompose(built, "--image-mean", built / "nan.npy"), says=["nan.npy", "NaN"])


def damaged(path, how):
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "folder":
        path.unlink()
        path.mkdir()
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "truncated":
        path.write_bytes(data[: len(data) * 2 // 3])
    elif how == "noise":
        path.write_bytes(bytes(range(256)) * 4)


@pytest.mark.parametrize("how", ["missing", "folder", "empty", "truncated", "noise"])
@pytest.mark.parametrize("name", ["images.npy", "dict.safetensors"])
def test_damaged_inputs_of_decompose(built, name, how):
    damaged(built / name, how)
    fails(3, *decompose(built), says=[name])
    assert not (built / "codes.npz").exists()


@pytest.mark.parametrize("how", ["missing", "folder", "empty", "truncated", "noise"])
def test_damaged_codes(built, how):
    built.decompose()
    damaged(built / "codes.npz", how)
    for verb in (["show"], ["verify"], ["recompose", "-o", built / "back.npy"]):
        fails(3, verb[0], built / "codes.npz", *verb[1:], says=["codes.npz"])
    assert not (built / "back.npy").exists()


def npy(descr, shape, order=False, payload=b""):
    header = repr({"descr": descr, "fortran_order": order, "shape": shape}).encode()
    header += b" " * (64 - (len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + payload


@pytest.mark.parametrize(
    "content, says",
    [
        (npy("|O", (2, 24), payload=b"\x80\x04N."), "O"),
        (npy(">f4", (2, 24), payload=bytes(192)), ">f4"),
        (npy("<f4", (2, 24), True, bytes(192)), "C order"),
        (npy("<f4", (2**40, 24), payload=bytes(192)), "192 bytes"),
        (npy("<f4", (2**62, 2**62), payload=bytes(192)), "images.npy"),
        (npy("<f4", (2, 3, 8), payload=bytes(192)), "3"),
        (npy("<i8", (2, 24), payload=bytes(384)), "<i8"),
    ],
    ids=["objects", "big-endian", "columns first", "2^40 rows", "overflow", "three dimensions", "integers"],
)
def test_lying_headers(built, content, says):
    (built / "images.npy").write_bytes(content)
    fails(3, *decompose(built), says=["images.npy", says, "expected"])


def test_output_that_can_not_be_written(built):
    for target in (built / "no folder" / "codes.npz", built.folder):
        fails(3, *decompose(built, "-o", target)[:5], "-o", target, says=[str(target)])
    fails(2, *decompose(built)[:5], "--l1-path", "0.3,0.2", "-o", f"{built.folder}/", says=["--out: got", "a folder; expected a file"])
    run(*decompose(built))
    fails(3, "report", "--codes", built / "codes.npz", "-o", built / "r.html", "--tables-out", built / "codes.npz" / "tables",
          says=["--tables-out: can't make the folder", "codes.npz/tables"])


def test_output_never_replaces_an_input(built):
    before = (built / "images.npy").read_bytes()
    fails(2, "decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "-o", built / "images.npy",
          says=["images.npy"])
    assert (built / "images.npy").read_bytes() == before


def test_a_full_disk_leaves_the_old_file(built):
    (built / "codes.npz").write_bytes(b"old")

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))

    fails(3, *decompose(built), says=["codes.npz"], preexec_fn=small_files)
    assert (built / "codes.npz").read_bytes() == b"old"
    assert sorted(path.name for path in built.folder.iterdir()) == sorted(
        ["codes.npz", "dict.safetensors", "images.npy", "mean.npy", "text.npy", "words.txt"]
    )
