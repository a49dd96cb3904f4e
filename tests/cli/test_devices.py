"""Devices by name: what is there, which one a run used. SPLICE_EMULATED is the command with two emulated devices."""

import json
import os
import subprocess

import numpy as np
import pytest
import scipy.sparse
from conftest import ROUNDING, dictionary_of, fails, gap_of, prepared, run

EMULATED = os.environ.get("SPLICE_EMULATED", "")
needs_emulation = pytest.mark.skipif(not EMULATED, reason="SPLICE_EMULATED is not set")


def emulated(*arguments, code=0):
    done = subprocess.run([EMULATED, *map(str, arguments)], capture_output=True, text=True, timeout=300)
    assert done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout}\n{done.stderr}"
    return done


def decompose(built, *more, device, code=0):
    return emulated("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--l1-penalty", 0.1,
                    "--device", device, *more, code=code)


def test_auto_takes_the_cpu_where_there_is_no_device(built):
    if json.loads(run("info", "--json").stdout)["cuda_devices"]:
        pytest.skip("there is a device")
    arguments = ["decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--device", "auto", "--json"]
    done = run(*arguments)
    assert json.loads(done.stdout)["summary"]["device"] == "cpu"
    assert done.stderr.startswith("splice: device: cpu (")
    assert run(*arguments, "--quiet").stderr == ""


def test_the_cpu_is_not_worth_a_note(built):
    done = run("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--json")
    assert done.stderr == "" and json.loads(done.stdout)["summary"]["device"] == "cpu"


def test_a_device_that_is_not_there(built):
    fails(5, "decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--device", "cuda:99", "--quiet",
          says=["device: got cuda:99, expected"])
    fails(2, "decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--device", "gpu",
          says=['device: got "gpu", expected cpu, cuda, cuda:N or auto'])


def test_info_says_what_was_built():
    text = run("info").stdout
    info = json.loads(run("info", "--json").stdout)
    assert f"build: {info['build']['compiler']}, {info['build']['type']}" in text
    assert info["cuda"] in text
    assert info["cuda_info"]["compiled"] == ("built without CUDA" not in text)
    if info["cuda_info"]["compiled"]:
        assert info["cuda_info"]["architectures"] in text
        for library in ("cudart", "cublaslt", "cusparse"):
            assert info["cuda_info"][library].count(".") >= 1 and info["cuda_info"][library] in text
    assert len(info["cuda_info"]["devices"]) >= info["cuda_devices"]
    assert bool(info["cuda_info"]["problem"]) == (not info["cuda_info"]["devices"])


@needs_emulation
@pytest.mark.parametrize("name, device", [("cuda", "cuda:0"), ("auto", "cuda:0"), ("cuda:1", "cuda:1")])
def test_a_run_on_a_device(built, name, device):
    expected, _ = built.decompose()
    done = decompose(built, "--json", "--out", built / "device.npz", device=name)
    assert json.loads(done.stdout)["summary"]["device"] == device
    assert done.stderr.startswith(f"splice: device: {device} emulated device\n")
    codes = scipy.sparse.load_npz(built / "device.npz")
    gap = gap_of(prepared(built.images, built.image_mean), codes, dictionary_of(built.text), 0.1)
    assert (gap <= 0.5e-6 + ROUNDING).all()
    assert (np.load(built / "device.npz")["status"] == 0).all()
    assert abs(codes - expected).max() <= 1e-3


@needs_emulation
@pytest.mark.parametrize("target", [("--target-l0", 3), ("--target-cosine", 0.8)], ids=["l0", "cosine"])
def test_rows_find_their_own_penalty_on_a_device(built, target):
    found = {}
    for command, device in ((run, "cpu"), (emulated, "cuda")):
        out = built / f"{device}.npz"
        command("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "-o", out, "--device", device, *target)
        found[device] = np.load(out), scipy.sparse.load_npz(out)
    (cpu, expected), (device, codes) = found["cpu"], found["cuda"]
    assert (device["status"] == 0).all()
    np.testing.assert_allclose(device["l1_penalty"], cpu["l1_penalty"], rtol=3e-7)
    assert (codes.getnnz(axis=1) == expected.getnnz(axis=1)).all() and abs(codes - expected).max() <= 1e-5


@needs_emulation
def test_a_device_beyond_the_last(built):
    done = decompose(built, device="cuda:2", code=5)
    assert "device: got cuda:2, expected" in done.stderr and done.stdout == ""


@needs_emulation
def test_a_memory_limit_below_one_row(built):
    done = decompose(built, "--memory-limit", "4K", device="cuda", code=4)
    assert "--memory-limit: got 4096, expected at least" in done.stderr


@needs_emulation
def test_info_lists_the_devices():
    info = json.loads(emulated("info", "--json").stdout)
    assert [device["device"] for device in info["cuda_info"]["devices"]] == ["cuda:0", "cuda:1"]
    assert "cuda:1 emulated device" in emulated("info").stdout
