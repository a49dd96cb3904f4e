"""Ctrl-C and friends: a clean stop, the documented exit code, no unfinished file."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import SPLICE, fails, not_under_sanitizers, read_safetensors, run


def long_run(built):
    generator = np.random.default_rng(5)
    np.save(built / "many.npy", generator.normal(size=(400000, 24)).astype(np.float32))
    return [SPLICE, "decompose", "-d", built / "dict.safetensors", "-e", built / "many.npy", "-o", built / "many.npz",
            "--solver", "fista", "--l1-penalty", "0.01", "--threads", "2"]


def test_a_long_examination_can_be_interrupted(built):
    np.save(built / "atoms.npy", np.random.default_rng(2).normal(size=(30000, 256)).astype(np.float32))
    process = subprocess.Popen([SPLICE, "dictionary", "info", built / "atoms.npy", "--threads", "1"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    time.sleep(1.5)
    assert process.poll() is None, "the run ended before it could be interrupted"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and "interrupted" in err


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_stops_cleanly(built, number, code):
    (built / "many.npz").write_bytes(b"old")
    arguments = long_run(built)
    before = sorted(path.name for path in built.folder.iterdir())
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.7)
    assert process.poll() is None, "the run ended before it could be interrupted"
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == "" and "interrupted" in err
    assert sorted(path.name for path in built.folder.iterdir()) == before
    assert (built / "many.npz").read_bytes() == b"old"


def catches_signals(process):
    """Whether the command has come so far that a signal asks it to stop, rather than ends it."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return int(line.split()[1], 16) >> (signal.SIGINT - 1) & 1 == 1
    return False


def processor_seconds(process):
    """Of a process that runs."""
    return int(Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11]) / os.sysconf("SC_CLK_TCK")


def stops_at_once(*arguments, after=0.0):
    """Asked to stop before its work begins, or `after` as many seconds, the command goes on no more. All are seconds of processor time,
    which a busy machine does not change."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    process = subprocess.Popen([SPLICE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (catches_signals(process) and processor_seconds(process) >= after):
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130 and out == "" and "interrupted" in err
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used < 4


def test_random_atoms_can_be_interrupted(tmp_path):
    stops_at_once("dictionary", "random", "--size", 200000, "--dim", 1000, "-o", tmp_path / "random.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_random_atoms_do_not_depend_on_blocks(tmp_path):
    """70,000 numbers more than a block has: the first rows of both are the same."""
    run("dictionary", "random", "--size", 18000, "--dim", 64, "-o", tmp_path / "large.safetensors")
    run("dictionary", "random", "--size", 100, "--dim", 64, "-o", tmp_path / "small.safetensors")
    large, small = (read_safetensors(tmp_path / f"{name}.safetensors")[0]["atoms"] for name in ("large", "small"))
    assert (large[:100] == small).all() and len(np.unique(large, axis=0)) == 18000


def test_random_pairs_can_be_interrupted(tmp_path):
    generator = np.random.default_rng(3)
    np.save(tmp_path / "rows.npy", generator.normal(size=(5000, 8)).astype(np.float32))
    (tmp_path / "names.txt").write_text("".join(f"word {i}\n" for i in range(5000)))
    stops_at_once("evaluate", "antonyms", "-e", tmp_path / "rows.npy", "-c", tmp_path / "names.txt", "--random-pairs", 10000000, after=0.5)


def test_generated_concepts_can_be_interrupted():
    stops_at_once("demo", "--rows", 10, "--dim", 16000, "--atoms", 10000)


@not_under_sanitizers
def test_demo_refuses_what_memory_cannot_hold():
    fails(4, "demo", "--rows", 10000000, "--dim", 65536, says=["10,000,000 embeddings of 65,536 numbers (--rows, --dim)"])


def test_demo_of_few_concepts():
    fails(2, "demo", "--atoms", 1, says=["--atoms"])
    run("demo", "--rows", 20, "--atoms", 2, "--dim", 32)


def test_a_path_of_many_files_can_be_interrupted(built):
    """Between two files: those that are there stay, and are whole."""
    process = subprocess.Popen([SPLICE, "decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--l1-path", "0.3:0.1:10000",
                                "--out", built / "many.npz", "-q"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not (built / "many-l1-0.3.npz").exists():
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130 and out == "" and "interrupted" in err
    written = sorted(path.name for path in built.folder.glob("many*"))
    assert 0 < len(written) < 10000 and all(name.endswith(".npz") for name in written)
    for name in written:
        assert np.load(built / name)["shape"].tolist() == [12, 40]


def test_outputs_of_one_place_are_found(built):
    (built / "here").symlink_to(built.folder)
    fails(2, "decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--out", built / "same.html", "--report",
          built / "here" / "same.html", says=["--report", "twice among the outputs"])
