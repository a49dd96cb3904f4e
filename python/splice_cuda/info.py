"""What the library was built from and for, and what it finds on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from . import _core

__all__ = ["CudaDevice", "CudaInfo", "Info", "info"]


class CudaDevice(NamedTuple):
    device: str
    name: str
    capability: tuple[int, int]
    memory_bytes: int
    usable: bool
    """False: older than the library's kernels."""


class CudaInfo(NamedTuple):
    """Versions are text, empty where there is none."""

    compiled: bool
    """Whether there is a CUDA backend at all."""
    toolkit: str
    architectures: str
    runtime: str
    cublaslt: str
    cusparse: str
    driver: str
    problem: str
    """Why there are no devices; empty where there are."""
    devices: tuple[CudaDevice, ...]


class Info(NamedTuple):
    version: str
    cpu_target: str
    """Instruction set of the CPU kernels here: "AVX2", "AVX3_DL", ..."""
    compiler: str
    build_type: str
    sanitizer: str
    torch_ops: str
    """File of the torch operators' library; empty where the package was built without torch."""
    cuda: CudaInfo


def torch_ops_library() -> Path | None:
    """The library of the torch operators, where the package was built with torch."""
    path = Path(__file__).parent / "lib" / "libsplice_cuda_torch.so"
    return path if path.exists() else None


def info() -> Info:
    """Asks the CUDA driver each time; never raises for what it does not find."""
    build = _core.build_info()
    cuda = _core.cuda_info()
    cuda["devices"] = tuple(CudaDevice(**device) for device in cuda["devices"])
    return Info(
        version=_core.version(),
        cpu_target=_core.cpu_target(),
        compiler=build["compiler"],
        build_type=build["type"],
        sanitizer=build["sanitizer"],
        torch_ops=str(torch_ops_library() or ""),
        cuda=CudaInfo(**cuda),
    )
