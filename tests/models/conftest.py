"""Where scene-clip lies, and the folder that comes with the project."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "models" / "scene_clip"
sys.path.insert(0, str(FOLDER))

_NEEDED = ("torch", "numpy", "PIL", "ftfy", "regex", "scipy", "safetensors")


def skip_without_packages():
    """Skips the module that calls it, with a reason, where a package is missing that scene-clip imports."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(f"{sys.executable} lacks {', '.join(missing)}", allow_module_level=True)


@pytest.fixture(scope="session")
def model():
    """The shipped model in float32."""
    from scene_clip.folder import ModelFolder

    return ModelFolder(FOLDER)


@pytest.fixture(scope="session")
def corpus():
    """Captions of 2,000 scenes."""
    from scene_clip.captions import caption_corpus

    return caption_corpus(2000, 2, seed=17)
