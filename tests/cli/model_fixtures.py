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
    """FOLDER/model, FOLDER/pictures, FOLDER/broken; a list of words and the dictionary that the model makes of it."""

    def __init__(self, folder):
        self.folder = folder
        self.model = folder / "model"
        self.pictures = folder / "pictures"
        self.broken = folder / "broken"
        self.words = (folder / "words.txt").read_text().splitlines()
        self.dictionary = folder / "dict.safetensors"

    def __truediv__(self, name):
        return self.folder / name

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
    letters = "abcdefghijklm"
    (folder / "words.txt").write_text("".join(f"{x}{y}\n" for x in letters for y in letters))
    # Once for all tests: each start of LibTorch takes its time.
    run("dictionary", "build", "--model", folder / "model", "--vocabulary", folder / "words.txt", "-o", folder / "dict.safetensors")
    return folder


@pytest.fixture
def models(made_models, tmp_path):
    shutil.copytree(made_models, tmp_path / "m")
    return Models(tmp_path / "m")


