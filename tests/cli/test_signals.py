"""Ctrl-C and friends: a clean stop, the documented exit code, no unfinished file."""

import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import SPLICE


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
