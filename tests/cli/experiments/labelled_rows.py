"""Embeddings with labels, whose concepts are planted, and the mathematics of zero-shot, probes and edits in numpy fp64."""

import json

import numpy as np
import scipy.sparse
from conftest import ROUNDING, dictionary_of, gap_of, prepared, run, unit

LABELS = ["bird", "cat", "dog"]
PLACES = ["land", "water"]
PENALTY = 0.1


class LabelledRows:
    """240 rows of 24 numbers of 40 concepts: concepts 0 to 2 say the label, 3 and 4 the place (concept 5 is near to 3). Row 7 is zero, row
    11 holds NaN, row 13 has no label. Labels and places agree more often than not."""

    def __init__(self, folder):
        self.folder = folder
        generator = np.random.default_rng(11)
        self.names = LABELS + ["forest", "lake", "dark forest"] + [f"thing {j}" for j in range(6, 40)]
        self.text = generator.normal(size=(40, 24)).astype(np.float32) + 1.0
        self.text[5] = 0.85 * self.text[3] + 0.15 * self.text[5]
        self.atoms = dictionary_of(self.text)
        self.mean = 0.1 * generator.normal(size=24).astype(np.float32)
        count = 240
        self.label = generator.integers(0, 3, count)
        self.place = np.where(generator.random(count) < 0.8, self.label % 2, generator.integers(0, 2, count))
        self.split = np.where(np.arange(count) % 3 == 0, "test", "train")
        weights = generator.exponential(0.4, size=(count, 40)) * (generator.random((count, 40)) < 0.1)
        weights[np.arange(count), self.label] += generator.uniform(0.1, 0.8, count)
        weights[np.arange(count), 3 + self.place] += generator.uniform(0.2, 0.9, count)
        self.rows = (weights @ self.atoms + self.mean + 0.06 * generator.normal(size=(count, 24))).astype(np.float32)
        self.rows[7] = 0
        self.rows[11, 4] = np.nan
        self.classes = {name: (self.mean + 0.3 * self.atoms[at] + 0.06 * generator.normal(size=(len(at), 24))).astype(np.float32)
                        for name, at in (("label", [0, 1, 2]), ("place", [3, 4]))}
        self.has_embedding = np.ones(count, bool)
        self.has_embedding[[7, 11]] = False
        self.has_label = np.arange(count) != 13
        np.save(folder / "text.npy", self.text)
        np.save(folder / "rows.npy", self.rows)
        np.save(folder / "mean.npy", self.mean)
        for name, rows in self.classes.items():
            np.save(folder / f"{name}.npy", rows)
        (folder / "words.txt").write_text("\n".join(self.names) + "\n", encoding="utf-8")
        self.write_records()
        run("dictionary", "build", "-e", folder / "text.npy", "-c", folder / "words.txt", "--image-mean", folder / "mean.npy", "-o",
            folder / "dict.safetensors")

    def __truediv__(self, name):
        return self.folder / name

    def write_records(self):
        lines = [f"{LABELS[y] if known else ''},{PLACES[b]},{split}"
                 for y, b, split, known in zip(self.label, self.place, self.split, self.has_label)]
        (self.folder / "records.csv").write_text("label,place,split\n" + "\n".join(lines) + "\n")

    @property
    def sources(self):
        return ["-d", self / "dict.safetensors", "-e", self / "rows.npy", "--records", self / "records.csv"]

    def run(self, *verb, penalty=PENALTY, more=(), code=0):
        """The verb's result document."""
        done = run(*verb, *self.sources, "--l1-penalty", penalty, "--json", *more, code=code)
        return json.loads(done.stdout)

    def codes(self, *more, penalty=PENALTY):
        """Codes by `splice decompose`, proven optimal here. [n, 40] dense, fp64"""
        run("decompose", "-d", self / "dict.safetensors", "-e", self / "rows.npy", "-o", self / "codes.npz", "--l1-penalty", penalty, *more)
        codes = scipy.sparse.load_npz(self / "codes.npz")
        if not more:
            good = self.has_embedding
            z = prepared(self.rows[good], self.mean)
            assert (gap_of(z, codes[good], self.atoms, penalty) <= 0.5e-6 + ROUNDING).all()
        return codes.toarray().astype(np.float64)

    def recompose(self, codes):
        return unit(unit(codes @ self.atoms) + self.mean.astype(np.float64))

    def dense(self):
        return unit(np.nan_to_num(self.rows.astype(np.float64)))

    def zero_shot(self, rows, task):
        """Ranking of classes for each row, best first. [n, classes]"""
        return np.argsort(-(rows @ unit(self.classes[task].astype(np.float64)).T), axis=1, kind="stable")


def expect_accuracy(row, right):
    """A row of accuracies against which answers were right."""
    count, share = len(right), np.mean(right)
    assert row["rows"] == count
    assert abs(row["accuracy"] - share) < 1e-12
    assert abs(row["standard_error"] - np.sqrt(share * (1 - share) / count)) < 1e-12


def expect_charts_fit(document):
    """Charts name tables and columns that are there (the command checks it too), and say what they show."""
    keys = {one["key"]: [column["key"] for column in one["columns"]] for one in document["tables"]}
    for chart in document["charts"]:
        assert chart["x"] in keys[chart["table"]] and chart["y"] in keys[chart["table"]]
        assert len(chart["description"]) > 20
    assert document["summary"].endswith(".")
