"""cuobjdump and nvdisasm, wherever they are: on PATH, in the toolkit, or where scripts/get_cuda_tools.sh puts them."""

import os
import pathlib
import shutil
import subprocess

FETCHED = "build/cuda-tools"


class NoTools(Exception):
    """There is no cuobjdump, or no nvdisasm, which it needs."""


def folders():
    root = pathlib.Path(__file__).resolve().parents[3]
    yield from os.environ.get("SPLICE_CUDA_TOOLS", "").split(os.pathsep)
    yield from os.environ.get("PATH", "").split(os.pathsep)
    yield from sorted(str(path) for path in (root / FETCHED).glob("**/bin"))


def find(name):
    path = shutil.which(name, path=os.pathsep.join(filter(None, folders())))
    if path is None:
        raise NoTools(f"no {name}: expected on PATH, in the CUDA toolkit or in {FETCHED} (scripts/get_cuda_tools.sh)")
    return pathlib.Path(path)


def cuobjdump(*arguments):
    """Its output; empty for a file without device code. Raises NoTools, or RuntimeError with what it says."""
    program, disassembler = find("cuobjdump"), find("nvdisasm")
    path = os.pathsep.join([str(disassembler.parent), os.environ.get("PATH", "")])
    done = subprocess.run([program, *arguments], capture_output=True, text=True, env={**os.environ, "PATH": path})
    if "does not contain device code" in done.stderr:
        return ""
    if done.returncode != 0:
        raise RuntimeError(f"cuobjdump {' '.join(map(str, arguments))}: exit status {done.returncode}: {done.stderr}")
    return done.stdout
