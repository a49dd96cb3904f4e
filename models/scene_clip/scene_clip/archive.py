"""TorchScript archives with nothing in them that changes from run to run."""
from __future__ import annotations

import io
import zipfile
from pathlib import Path

import torch

_ALIGNMENT = 64            # tensors may be mapped where they lie
_TIME = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = 30         # bytes before name and extra field
_PADDING_FIELD = b"FB"     # the id that PyTorch pads with, too


def save_script(module: torch.jit.ScriptModule, path: Path) -> None:
    """Writes a scripted module without its debugging records, which name the paths of source files.

    What remains is code, constants and tensors: equal modules give equal bytes.
    """
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    with zipfile.ZipFile(buffer) as source, path.open("wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name in source.namelist():
            if name.endswith(".debug_pkl"):
                continue
            entry = zipfile.ZipInfo(name, _TIME)
            start = out.tell() + _LOCAL_HEADER + len(name) + 4
            padding = -start % _ALIGNMENT
            entry.extra = _PADDING_FIELD + padding.to_bytes(2, "little") + b"Z" * padding
            target.writestr(entry, source.read(name))
