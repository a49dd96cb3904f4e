"""The package `experiments`, where this Python has what it imports."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "models" / "scene_clip")]

_NEEDED = ("torch", "numpy", "PIL", "scipy", "safetensors")


def skip_without_packages():
    """Skips the module that calls it, with a reason, where a package is missing that experiments import."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{sys.executable} lacks {', '.join(missing)}", allow_module_level=True)


@pytest.fixture(scope="session")
def command():
    """The command under test."""
    path = os.environ.get("SPLICE")
    if not path:
        pytest.skip("SPLICE is not set; expected the path of the command")
    return Path(path)
