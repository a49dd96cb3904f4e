"""TorchScript archives with nothing in them that changes from run to run."""
from __future__ import annotations

import hashlib
import io
import re
import zipfile
from pathlib import Path

import torch

_ALIGNMENT = 64            # tensors may be mapped where they lie
_TIME = (1980, 1, 1, 0, 0, 0)
_LOCAL_HEADER = 30         # bytes before name and extra field
_PADDING_FIELD = b"FB"     # the id that PyTorch pads with, too
_SERIALIZATION_ID = ".data/serialization_id"
_CONSTANTS = re.compile(rb"(?m)(?:^  \w+ : Final\[.*\n)+")


def _sort_constants(code: bytes) -> bytes:
    """Sorts the constants of each class, which the compiler writes in the order of a Python set."""
    return _CONSTANTS.sub(lambda lines: b"".join(sorted(lines[0].splitlines(keepends=True))), code)


def _members(archive: bytes) -> dict[str, bytes]:
    """Members of an archive without debugging records, in their order, with an id that depends on the others alone."""
    members = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as source:
        for name in source.namelist():
            if not name.endswith((".debug_pkl", _SERIALIZATION_ID)):
                members[name] = _sort_constants(source.read(name)) if name.endswith(".py") else source.read(name)
        identity = next(name for name in source.namelist() if name.endswith(_SERIALIZATION_ID))
    digest = hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in members.values()))
    members[identity] = b"%040d" % (int.from_bytes(digest.digest()[:16], "big"))
    return members


def save_script(module: torch.jit.ScriptModule, path: Path) -> None:
    """Writes a scripted module without its debugging records, which name the paths of source files.

    What remains is code, constants and tensors: equal modules give equal bytes.
    """
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    with path.open("wb") as out, zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as target:
        for name, content in _members(buffer.getvalue()).items():
            entry = zipfile.ZipInfo(name, _TIME)
            start = out.tell() + _LOCAL_HEADER + len(name) + 4
            padding = -start % _ALIGNMENT
            entry.extra = _PADDING_FIELD + padding.to_bytes(2, "little") + b"Z" * padding
            target.writestr(entry, content)
