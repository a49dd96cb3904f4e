"""The folder that comes with the project: whole, free of foreign pickles, and as good as its card says."""

import hashlib
import json
import os
import pickletools
import re
import subprocess
import sys
import zipfile

import pytest

from conftest import FOLDER, skip_without_packages

skip_without_packages()

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from scene_clip.attributes import OBJECT_ATTRIBUTES, SCENE_ATTRIBUTES
from scene_clip.concepts import Requirements
from scene_clip.export import prune_synonyms
from scene_clip.folder import ModelFolder, resized
from scene_clip.network import ImageTower
from scene_clip.render import make_scenes
from scene_clip.zero_shot import Classifier, long_captions, retrieval

TEXTS = ["red star", "night", "a small striped hexagon at the left near brick wall", "zebra crossing 42"]
# What TorchScript itself needs to put tensors and its own classes together.
ALLOWED = re.compile(r"__torch__\..*|torch\._utils _rebuild_tensor_v2|torch (Half|Long)Storage|collections OrderedDict|"
                     r"torch\.jit\._pickle .*")


def damages(folder, description):
    """What differs between the files of a folder and what model.json says of them."""
    found = []
    for name, said in description["files"].items():
        content = (folder / name).read_bytes()
        if len(content) != said["bytes"] or hashlib.sha256(content).hexdigest() != said["sha256"]:
            found.append(name)
    return found


@pytest.fixture(scope="module")
def held_out(model):
    """200 scenes of one object, their pictures and embeddings."""
    scenes, pictures = make_scenes(200, seed=777, objects=1)
    return scenes, pictures, model.encode_pictures(pictures)


@pytest.fixture(scope="module")
def classifier(model):
    return Classifier(model)


def test_files_are_those_of_the_description(model, tmp_path):
    named = {model.description["image"]["file"], model.description["text"]["file"], model.description["text"]["tokenizer"],
             *(model.description[key] for key in ("image_mean", "vocabulary", "dictionary"))}
    assert named == model.description["files"].keys()
    assert damages(FOLDER, model.description) == []
    for name in named:
        content = bytearray((FOLDER / name).read_bytes())
        content[len(content) // 2] ^= 1
        (tmp_path / name).write_bytes(content)
    assert damages(tmp_path, model.description) == list(model.description["files"])


def test_description(model):
    said = model.description
    assert (said["format"], said["version"], said["name"], said["weights"]) == ("splice_cuda.model", 1, "scene-clip", "float16")
    assert said["image"]["size"] == [48, 48] and said["text"]["context_length"] == model.tokenizer.context_length
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in said["provenance"].items())
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if "__pycache__" not in path.parts) < 5.5e6


def test_sizes_fit_together(model):
    vocabulary, dim = model.vocabulary(), model.description["dim"]
    assert 1000 <= len(vocabulary) == len(set(vocabulary)) <= 3000
    Requirements.of(vocabulary)  # raises where a word has no meaning
    mean = np.load(FOLDER / "image_mean.npy")
    assert mean.dtype == np.float32 and mean.shape == (dim,) and 0 < np.linalg.norm(mean) < 1
    content = (FOLDER / "dictionary.safetensors").read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    assert header["atoms"]["dtype"] == "F16" and header["atoms"]["shape"] == [len(vocabulary), dim]
    assert json.loads(header["__metadata__"]["concepts"]) == vocabulary
    assert header["__metadata__"]["provenance.model"] == "scene-clip"
    first, last = header["atoms"]["data_offsets"]
    atoms = np.frombuffer(content[8 + length + first:8 + length + last], np.float16).reshape(len(vocabulary), dim)
    texts = model.encode_texts(vocabulary)
    expected = F.normalize(texts - texts.mean(0), dim=1)
    assert (expected * torch.from_numpy(atoms.astype(np.float32))).sum(1).min() > 0.9995


@pytest.mark.parametrize("name", ["image.pt", "text.pt"])
def test_archives_hold_torchscript_alone(name):
    with zipfile.ZipFile(FOLDER / name) as archive:
        names = archive.namelist()
        assert all(re.fullmatch(r"[^/]+/(code/__torch__/.*\.py|data/\d+|(data|constants)\.pkl|version|byteorder|"
                                r"\.data/(version|serialization_id))", entry) for entry in names), names
        for entry in (entry for entry in names if entry.endswith(".pkl")):
            strings, globals_found = [], []
            for opcode, argument, _ in pickletools.genops(archive.read(entry)):
                if opcode.name == "GLOBAL":
                    globals_found.append(argument)
                elif opcode.name == "STACK_GLOBAL":
                    globals_found.append(" ".join(strings[-2:]))
                if isinstance(argument, str):
                    strings.append(argument)
            assert all(ALLOWED.fullmatch(found) for found in globals_found), globals_found
        for entry in archive.infolist():
            assert entry.compress_type == zipfile.ZIP_STORED and entry.date_time == (1980, 1, 1, 0, 0, 0)


def test_a_pickle_of_another_class_is_not_allowed():
    assert ALLOWED.fullmatch("__torch__.scene_clip.network TextTower")
    for foreign in ("os system", "scene_clip.network TextTower", "torch._utils _rebuild_parameter", "builtins eval"):
        assert not ALLOWED.fullmatch(foreign)


def test_equal_towers_give_equal_archives(tmp_path):
    script = f"""
import sys; sys.path.insert(0, {str(FOLDER)!r})
import pathlib, torch
from scene_clip.archive import save_script; from scene_clip.export import half_script; from scene_clip.network import ImageTower
torch.manual_seed(int(sys.argv[1])); save_script(half_script(ImageTower()), pathlib.Path(sys.argv[2]))"""
    contents = []
    for seed, hash_seed in (("0", "1"), ("0", "2"), ("1", "2")):  # the compiler's sets follow the seed of Python's hashes
        path = tmp_path / f"{seed}{hash_seed}.pt"
        subprocess.run([sys.executable, "-c", script, seed, path], check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        contents.append(path.read_bytes())
    assert contents[0] == contents[1] != contents[2]
    torch.manual_seed(0)
    tower, pixels = ImageTower(), torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        loaded = torch.jit.load(tmp_path / "01.pt").float()
        assert torch.allclose(loaded(pixels), tower.half().float().eval()(pixels), atol=1e-4)


def test_folding_normalisation_changes_nothing():
    torch.manual_seed(0)
    tower, pixels = ImageTower(), torch.randn(8, 3, 48, 48)
    tower(pixels)  # moves the running means away from zero
    tower.eval()
    with torch.no_grad():
        before = tower(pixels)
        tower.fold_normalisation()
        assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in tower.modules())
        assert torch.allclose(tower(pixels), before, atol=1e-4)


def test_figures_of_one_object_scenes(classifier, held_out):
    scenes, _, embeddings = held_out
    accuracy = classifier.accuracy(embeddings, scenes)
    assert accuracy["background"] >= 0.97
    assert accuracy["shape"] >= 0.85
    assert accuracy["colour"] >= 0.75
    assert accuracy["texture"] >= 0.78
    # Embeddings of other scenes are no better than chance.
    assert classifier.accuracy(embeddings.roll(1, 0), scenes)["shape"] < 0.3


def test_retrieval(model):
    scenes, pictures = make_scenes(200, seed=888)
    images, texts = model.encode_pictures(pictures), model.encode_texts(long_captions(scenes, 5))
    assert min(retrieval(images, texts).values()) > 0.85
    assert max(retrieval(images, texts.roll(1, 0)).values()) < 0.1


def test_a_batch_is_its_rows(model, held_out):
    _, pictures, embeddings = held_out
    apart = torch.cat([model.encode_pictures(picture[None]) for picture in pictures[:8]])
    assert (apart * embeddings[:8]).sum(1).min() > 0.99999
    texts = model.encode_texts(TEXTS)
    assert (torch.cat([model.encode_texts([text]) for text in TEXTS]) * texts).sum(1).min() > 0.99999


def test_texts_do_not_depend_on_padding(model):
    tokens = model.tokenizer(TEXTS)
    with torch.no_grad():
        whole = model.text(tokens)
        noisy = tokens.clone()
        after = torch.arange(tokens.shape[1]) > tokens.argmax(1, keepdim=True)
        noisy[after] = 7
        assert torch.allclose(model.text(noisy), whole, atol=1e-5)
        short = int(tokens.argmax(1).max()) + 1
        assert torch.allclose(model.text(tokens[:, :short]), whole, atol=1e-5)
        noisy[:, 1] = 7
        assert not torch.allclose(model.text(noisy), whole, atol=1e-2)


@pytest.mark.parametrize("dtype, least", [(torch.float16, 0.999), (torch.bfloat16, 0.99)])
def test_towers_in_16_bits(model, held_out, dtype, least):
    _, pictures, embeddings = held_out
    rounded = ModelFolder(FOLDER, dtype)
    assert (rounded.encode_pictures(pictures[:50]) * embeddings[:50]).sum(1).min() > least
    assert (rounded.encode_texts(TEXTS) * model.encode_texts(TEXTS)).sum(1).min() > least


def test_pictures_show_what_they_are_said_to_show(model, classifier):
    entries = json.loads((FOLDER / "pictures" / "truth.json").read_text())
    assert {entry["file"] for entry in entries} == {path.name for path in (FOLDER / "pictures").glob("*.png")}
    assert {entry["count"] for entry in entries} == {1, 2, 3}
    embeddings = model.encode_pictures(torch.stack([resized(Image.open(FOLDER / "pictures" / entry["file"]), 48)
                                                    for entry in entries]))
    captions = []
    for entry in entries:
        assert len(entry["objects"]) == entry["count"] and entry["background"] in SCENE_ATTRIBUTES["background"]
        assert all(thing[name] in values for thing in entry["objects"] for name, values in OBJECT_ATTRIBUTES.items())
        things = " and ".join(f"a {thing['colour']} {thing['texture']} {thing['shape']}" for thing in entry["objects"])
        captions.append(f"{things} on {entry['background']}")
    assert retrieval(embeddings, model.encode_texts(captions))["image_to_text_recall_at_1"] == 1


def test_prune_keeps_the_first_of_near_rows():
    rows = F.normalize(torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 0.01, 0], [0, 0, 1], [0, 0.02, 1]]), dim=1)
    assert prune_synonyms(list("abcde"), rows, 0.98) == [0, 1, 3]
    assert prune_synonyms(list("abcde"), rows, 1.01) == [0, 1, 2, 3, 4]
