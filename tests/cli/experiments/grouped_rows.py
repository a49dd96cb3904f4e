"""Rows in classes, splits and years, and statistics of their codes in plain numpy."""

import numpy as np
import pytest
import scipy.sparse
from conftest import dictionary_of, run, unit

PENALTY = 0.12
NAMES = ["cat", "dog", "water", "forest", "deep water", "sea", "night"] + [f"thing {j}" for j in range(7, 40)]
CAT, DOG, WATER, FOREST, DEEP, SEA = range(6)


class GroupedRows:
    """150 rows of 24 numbers. Cats mostly stand on water, dogs in the forest; "deep water" and "sea" are near to "water". One row is
    of a class of its own, one of none; row 5 is zero, row 9 holds NaN. `wet` says which rows have water, and is unknown for row 20."""

    def __init__(self, folder):
        self.folder = folder
        generator = np.random.default_rng(3)
        text = generator.normal(size=(40, 24)).astype(np.float32) + 1.0
        text[SEA] = 0.8 * text[WATER] + 0.2 * text[SEA]
        text[DEEP] = 0.7 * text[WATER] + 0.3 * text[DEEP]
        atoms = dictionary_of(text)
        mean = (0.1 * generator.normal(size=24)).astype(np.float32)
        count = 150
        kind = generator.integers(0, 2, count)
        self.wet = np.where(generator.random(count) < 0.9, 1 - kind, kind)
        self.year = np.where(generator.random(count) < 0.5, 999, np.where(self.wet == 1, 2003, 2010))
        self.split = np.where(np.arange(count) % 3 == 0, "test", "train")
        weights = generator.exponential(0.3, size=(count, 40)) * (generator.random((count, 40)) < 0.08)
        weights[np.arange(count), kind] += generator.uniform(0.1, 0.6, count)
        weights[np.arange(count), WATER + 1 - self.wet] += generator.uniform(0.3, 0.9, count)
        self.rows = (weights @ atoms + mean + 0.04 * generator.normal(size=(count, 24))).astype(np.float32)
        self.rows[5] = 0
        self.rows[9, 3] = np.nan
        self.label = np.array(["cat", "dog"], dtype=object)[kind]
        self.label[30] = "ant"
        self.label[31] = ""
        self.atoms = atoms
        self.embedded = np.ones(count, bool)
        self.embedded[[5, 9]] = False
        np.save(folder / "text.npy", text)
        np.save(folder / "rows.npy", self.rows)
        np.save(folder / "mean.npy", mean)
        (folder / "words.txt").write_text("\n".join(NAMES) + "\n")
        flags = ["" if i == 20 else str(wet) for i, wet in enumerate(self.wet)]
        lines = [f"{a},{b},{c},{d},pictures/{i}.png" for i, (a, b, c, d) in enumerate(zip(self.label, self.split, self.year, flags))]
        (folder / "records.csv").write_text("label,split,year,wet,path\n" + "\n".join(lines) + "\n")
        run("dictionary", "build", "-e", self / "text.npy", "-c", self / "words.txt", "--image-mean", self / "mean.npy", "-o", self / "dict.safetensors")
        run("decompose", "-d", self / "dict.safetensors", "-e", self / "rows.npy", "-o", self / "codes.npz", "--l1-penalty", PENALTY)
        self.codes = scipy.sparse.load_npz(self / "codes.npz").toarray().astype(np.float64)
        with np.load(self / "codes.npz") as stored:
            self.cosine = stored["cosine"].astype(np.float64)
            self.gap = stored["gap"]

    def __truediv__(self, name):
        return self.folder / name

    def members(self, label):
        return (self.label == label) & self.embedded

    @property
    def solved(self):
        """Options: codes made on the way."""
        return ["-d", self / "dict.safetensors", "-e", self / "rows.npy", "--records", self / "records.csv", "--l1-penalty", PENALTY]

    @property
    def stored(self):
        """Options: codes of the file, which names the dictionary."""
        return ["--codes", self / "codes.npz", "--records", self / "records.csv"]


@pytest.fixture(scope="module")
def grouped(tmp_path_factory):
    return GroupedRows(tmp_path_factory.mktemp("grouped"))


def cosine(a, b):
    return float(unit(a[None])[0] @ unit(b[None])[0])


def checked_charts(document):
    """Every chart draws columns that are there."""
    for chart in document["charts"]:
        columns = {column["key"] for one in document["tables"] if one["key"] == chart["table"] for column in one["columns"]}
        assert {chart[name] for name in ("x", "x_end", "y", "series", "facet", "color", "error") if name in chart} <= columns
        assert chart["description"]
    return [chart["key"] for chart in document["charts"]]
