"""Tests of CLIP encoders against Pillow, torchvision and open_clip. CLIP_EMBED_FILES names the tool that they drive."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).parent
TOOL = os.environ["CLIP_EMBED_FILES"]
# The package itself imports compiled parts, which need not be there.
EXPORT_PATH = HERE.parent.parent / "python" / "splice_cuda"

sys.path.insert(0, str(EXPORT_PATH))


def pytest_sessionstart() -> None:
    """Ends with the code for "no tests", which ctest takes for skipped, where there is nothing to compare with."""
    missing = [name for name in ("PIL", "torch", "torchvision", "open_clip", "ftfy") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.exit(f"skipped: this Python lacks {', '.join(missing)}, which CLIP encoders are compared with", returncode=5)


TINY_VIT = {"embed_dim": 24, "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16},
            "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}}
TINY_RESNET = {"embed_dim": 24, "quick_gelu": True,
               "vision_cfg": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
               "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1}}


def run_tool(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Runs the tool; environment variables on top of the present ones."""
    return subprocess.run([TOOL, *map(str, arguments)], capture_output=True, env={**os.environ, **environment}, timeout=120)


def run_well(*arguments: object, **environment: str) -> bytes:
    """As above, for what has to succeed: its output."""
    done = run_tool(*arguments, **environment)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def decoded(path: Path) -> np.ndarray | str:
    """Pixels as read_image gives them, or its error."""
    done = run_tool("-", "decode", path)
    words = done.stderr.decode().split(maxsplit=1)
    if words[0] == "error":
        return words[1]
    return np.frombuffer(done.stdout, np.uint8).reshape(*map(int, done.stderr.split()), 3)


@pytest.fixture(scope="session")
def rng() -> np.random.Generator:
    """The same numbers on every run."""
    return np.random.default_rng(20240607)
