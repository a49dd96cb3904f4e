"""splice scan finds the backgrounds that were planted in scene-clip's biased set. Needs a Python with torch."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "models" / "scene_clip"
sys.path.insert(0, str(FOLDER))

np = pytest.importorskip("numpy")
pytest.importorskip("torch")

from scene_clip.bias import CLASSES, PLACES, biased_set
from scene_clip.folder import ModelFolder
from scene_clip.words import SYNONYMS

BACKGROUND_WORDS = {word for place in PLACES for word in SYNONYMS["background"][place]}
PLACE_OF = {name: set(SYNONYMS["background"][place]) for name, place in zip(CLASSES, PLACES)}


@pytest.fixture(scope="module")
def model():
    return ModelFolder(FOLDER)


def suspects(model, share, folder):
    """The ranking of `splice scan --spurious` on 500 scenes whose class and background agree in `share` of them."""
    pictures, labels, _ = biased_set(500, share, 1)
    np.save(folder / "rows.npy", model.encode_pictures(pictures).numpy())
    with open(folder / "records.csv", "w", newline="") as file:
        csv.writer(file).writerows([["shape"]] + [[CLASSES[label]] for label in labels.tolist()])
    done = subprocess.run([os.environ["SPLICE"], "scan", "-d", FOLDER / "dictionary.safetensors", "-e", folder / "rows.npy", "--records",
                           folder / "records.csv", "--by", "shape", "--spurious", "--l1-penalty", "0.15", "--json", "--quiet", "--top", "20"],
                          capture_output=True, text=True, check=True, timeout=300)
    found = next(one for one in json.loads(done.stdout)["tables"] if one["key"] == "spurious")
    keys = [column["key"] for column in found["columns"]]
    return [dict(zip(keys, row)) for row in found["rows"]]


def test_planted_backgrounds_are_the_most_suspicious(model, tmp_path):
    found = suspects(model, 0.95, tmp_path)
    for row in found[:5]:
        assert PLACE_OF[row["class"]] & set(row["concept"].split(" ")), row
    assert {row["class"] for row in found[:5]} == set(CLASSES)
    assert found[0]["suspicion"] > 0.5


def test_no_background_is_suspicious_where_none_was_planted(model, tmp_path):
    found = suspects(model, 0.5, tmp_path)
    assert not BACKGROUND_WORDS & set(found[0]["concept"].split(" "))
    assert all(row["suspicion"] < 0.3 for row in found if BACKGROUND_WORDS & set(row["concept"].split(" ")))
