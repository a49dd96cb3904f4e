"""Interventions on scene-clip, of whose scenes everything is known: a background is forgotten and nothing else; a planted bias is mended."""

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).resolve().parents[1]
FOLDER = TESTS.parents[1] / "models" / "scene_clip"
sys.path[:0] = [str(TESTS), str(FOLDER)]

_missing = [name for name in ("torch", "PIL", "ftfy", "regex", "scipy", "safetensors") if importlib.util.find_spec(name) is None]
if _missing or os.environ.get("SPLICE_MODELS") != "1":
    pytest.skip(f"{sys.executable} lacks {', '.join(_missing)}" if _missing else "a build without LibTorch or CLIP (SPLICE_TORCH, SPLICE_CLIP)",
                allow_module_level=True)

import torch  # noqa: E402
from evaluation import document_of, row_of, rows_of  # noqa: E402
from scene_clip.attributes import BACKGROUNDS  # noqa: E402
from scene_clip.bias import CLASSES, PLACES, biased_set  # noqa: E402
from scene_clip.folder import ModelFolder  # noqa: E402
from scene_clip.render import make_scenes  # noqa: E402
from scene_clip.words import SYNONYMS  # noqa: E402

TEMPLATES = {"background": ("{}", "photo of the {}", "in the {}"), "shape": ("{}", "a {}", "photo of a {}"), "colour": ("{}", "a {}", "photo of a {}")}


@pytest.fixture(scope="module")
def model():
    torch.set_num_threads(1)
    return ModelFolder(FOLDER)


def words_of(group, places):
    """--group of all words for these backgrounds; with --words every concept that holds one of them."""
    return ["--group", f"{group}=" + ",".join(word for place in places for word in SYNONYMS["background"][place]), "--words"]


@pytest.fixture(scope="module")
def night(model, tmp_path_factory):
    """600 scenes of one object by night: embeddings, records and the backgrounds' names."""
    folder = tmp_path_factory.mktemp("night")
    count = 600
    scenes, pictures = make_scenes(count, 4100, background=torch.full((count,), BACKGROUNDS.index("night")), objects=1)
    np.save(folder / "night.npy", model.encode_pictures(pictures).numpy())
    lines = [f"{scene.background},{scene.objects[0].shape},{scene.objects[0].colour}" for scene in scenes.named()]
    (folder / "night.csv").write_text("background,shape,colour\n" + "\n".join(lines) + "\n")
    for task in TEMPLATES:
        (folder / f"{task}.txt").write_text("\n".join(SYNONYMS[task]) + "\n")
    return folder


def accuracies(night, mode):
    """Accuracy by task and condition, with and without the concepts of the night."""
    options = []
    for task, templates in TEMPLATES.items():
        options += ["--task", task, "--classes", f"{task}={night / task}.txt"]
        for template in templates:
            options += ["--prompt", f"{task}={template}"]
    document = document_of("intervene", "--model", FOLDER, "-e", night / "night.npy", "--records", night / "night.csv", "--l1-penalty", 0.1, "--mode", mode,
                           *words_of("night", ["night"]), *options)
    print(document["summary"])
    assert len(rows_of(document, "edits")) == len(rows_of(document, "control")) > 20
    return {(row["task"], row["condition"]): row["accuracy"] for row in rows_of(document, "accuracy")}


def test_a_background_is_forgotten_and_nothing_else(night):
    accuracy = accuracies(night, "zero")
    assert accuracy["background", "dense"] > 0.97 and accuracy["background", "recomposed"] > 0.97
    assert accuracy["background", "edited"] < 1 / len(BACKGROUNDS)
    assert accuracy["background", "control"] > 0.9
    for task in ("shape", "colour"):
        assert accuracy[task, "dense"] > 0.8
        assert abs(accuracy[task, "edited"] - accuracy[task, "recomposed"]) <= 0.03


def test_other_concepts_take_over_where_it_is_solved_again(night):
    """A dictionary of words and pairs says most things more than once: solved again, the night can still be told."""
    accuracy = accuracies(night, "resolve")
    assert 0.3 < accuracy["background", "edited"] < accuracy["background", "recomposed"] - 0.03
    assert accuracy["background", "control"] > 0.97
    for task in ("shape", "colour"):
        assert abs(accuracy[task, "edited"] - accuracy[task, "recomposed"]) <= 0.03


@pytest.fixture(scope="module")
def biased(model, tmp_path_factory):
    """500 scenes where shape and background agree in 95%, and 400 where they do in half: embeddings and records."""
    folder = tmp_path_factory.mktemp("bias")
    rows, lines = [], ["shape,place,split"]
    for split, count, share, seed in (("train", 500, 0.95, 5100), ("test", 400, 0.5, 5200)):
        pictures, labels, places = biased_set(count, share, seed)
        rows.append(model.encode_pictures(pictures).numpy())
        lines += [f"{CLASSES[label]},{PLACES[place]},{split}" for label, place in zip(labels.tolist(), places.tolist())]
    np.save(folder / "bias.npy", np.vstack(rows))
    (folder / "bias.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_planted_bias_is_mended(biased):
    """The probe has learnt the background; without the concepts of both it answers by the shape, though it was not trained again."""
    document = document_of("intervene", "-d", FOLDER / "dictionary.safetensors", "-e", biased / "bias.npy", "--records", biased / "bias.csv", "--l1-penalty",
                           0.15, *words_of("places", PLACES), "--task", "shape", "--probe", "--penalty", "l2", "--split-column", "split", "--subgroups", "shape,place")
    rows = {row["condition"]: row for row in rows_of(document, "accuracy") if row["classifier"] == "probe on dense"}
    print({condition: (round(row["accuracy"], 3), round(row["worst_group_accuracy"], 3)) for condition, row in rows.items()})
    for condition in ("dense", "recomposed", "control"):
        assert rows[condition]["worst_group_accuracy"] < 0.1
    assert rows["edited"]["worst_group_accuracy"] > 0.6 and rows["edited"]["accuracy"] > rows["dense"]["accuracy"] + 0.2
    on_codes = row_of(document, "accuracy", classifier="probe on codes", condition="codes")
    assert on_codes["worst_group_accuracy"] < 0.1
