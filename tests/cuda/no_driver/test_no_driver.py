"""A CUDA build where no device can be used: it starts, works on the CPU, and says why it does not work on a GPU.

Where there is a GPU, it is hidden.
"""

import json
import os
import re
import subprocess

import pytest

SPLICE = os.environ.get("SPLICE")
BINARIES = os.environ["SPLICE_BINARIES"].split(":")
WHY = re.compile(r"no (CUDA )?(driver|device)", re.IGNORECASE)

needs_command = pytest.mark.skipif(SPLICE is None, reason="a build without the command")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def splice(*arguments):
    return run(SPLICE, *arguments, env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"})


@needs_command
def test_info_says_why_no_device_can_be_used():
    done = splice("info")
    assert done.returncode == 0, done.stderr
    assert WHY.search(done.stdout), done.stdout
    info = json.loads(splice("info", "--json").stdout)
    assert info["cuda_devices"] == 0 and WHY.search(info["cuda"])


@needs_command
@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_demo_runs_on_the_cpu(device):
    done = splice("demo", "--rows", "60", "--atoms", "500", "--dim", "64", "--device", device, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["passed"] is True


@needs_command
def test_a_device_that_is_not_there_is_refused_with_the_reason():
    done = splice("demo", "--rows", "60", "--atoms", "500", "--dim", "64", "--device", "cuda")
    assert done.returncode == 5, done.stderr  # "the device is absent, unsupported or failed" (docs/command.md)
    assert done.stdout == "" and WHY.search(done.stderr), done.stderr


@pytest.mark.parametrize("binary", [path for path in BINARIES if not path.endswith(".a")])
def test_programs_need_no_driver_and_no_library_of_cuda_to_start(binary):
    dynamic = run("readelf", "--dynamic", "--wide", binary)
    assert dynamic.returncode == 0, dynamic.stderr
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic.stdout)
    assert "libc.so.6" in needed
    # Nor do the libraries that it needs, and all of them are there. CUDA's own are loaded when they are needed.
    loaded = run("ldd", binary)
    assert loaded.returncode == 0, loaded.stderr
    assert not re.search("libcuda[.]so|cublas|cusparse|not found", loaded.stdout), loaded.stdout


@pytest.mark.parametrize("binary", [path for path in BINARIES if path.endswith(".a")])
def test_the_archive_calls_no_function_of_the_driver(binary):
    symbols = run("nm", "--undefined-only", "--format=posix", binary)
    assert symbols.returncode == 0, symbols.stderr
    names = {line.split()[0] for line in symbols.stdout.splitlines() if line.strip()}
    assert "cudaGetDeviceCount" in names  # the runtime's functions are seen, so the driver's would be
    assert not [name for name in sorted(names) if re.match(r"cu[A-Z]", name)]
