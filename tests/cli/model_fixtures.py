"""A small model, and pictures of every kind, for tests of the verbs that run models."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import run

TORCH_PYTHON = os.environ.get("SPLICE_TORCH_PYTHON", "")


def why_no_model():
    """What is missing for models, or nothing."""
    if os.environ.get("SPLICE_MODELS") != "1":
        return "a build without LibTorch or CLIP (SPLICE_TORCH, SPLICE_CLIP)"
    if not TORCH_PYTHON:
        return "no Python that imports torch (SPLICE_TORCH_PYTHON)"
    if subprocess.run([TORCH_PYTHON, "-c", "import numpy, PIL"], capture_output=True).returncode != 0:
        return f"{TORCH_PYTHON} lacks numpy or Pillow"
    return None


class Models:
    """FOLDER/model, FOLDER/pictures, FOLDER/broken; and a dictionary of the model's."""

    def __init__(self, folder):
        self.folder = folder
        self.model = folder / "model"
        self.pictures = folder / "pictures"
        self.broken = folder / "broken"

    def __truediv__(self, name):
        return self.folder / name

    def lists(self):
        letters = "abcdefghijklm"
        words = [x + y for x in letters for y in letters]
        (self / "words.txt").write_text("\n".join(words) + "\n")
        return words

    def dictionary(self, name="dict.safetensors", *more):
        self.lists()
        run("dictionary", "build", "--model", self.model, "--vocabulary", self / "words.txt", "-o", self / name, *more)
        return self / name

    def with_own(self, name, **files):
        """A copy of the model that holds more files: dictionary=path, vocabulary=path, image_mean=path."""
        folder = self / name
        shutil.copytree(self.model, folder)
        document = json.loads((folder / "model.json").read_text())
        for key, path in files.items():
            shutil.copy(path, folder / Path(path).name)
            data = Path(path).read_bytes()
            document[key] = Path(path).name
            document["files"][Path(path).name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        (folder / "model.json").write_text(json.dumps(document))
        return folder


@pytest.fixture(scope="session")
def made_models(tmp_path_factory):
    missing = why_no_model()
    if missing:
        pytest.skip(missing)
    folder = tmp_path_factory.mktemp("models") / "made"
    folder.mkdir()
    subprocess.run([TORCH_PYTHON, Path(__file__).parent / "tiny_model.py", folder], check=True)
    return folder


@pytest.fixture
def models(made_models, tmp_path):
    shutil.copytree(made_models, tmp_path / "m")
    return Models(tmp_path / "m")


