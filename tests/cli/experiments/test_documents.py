"""What every verb writes with --out, `splice report` reads, whatever the records' columns are called; and nothing of it drives the terminal."""

import csv
import json
import re

import numpy as np
import pytest
from conftest import run
from evaluation import document_of
from grouped_rows import NAMES, grouped

# Columns of the records, as they might be called: the classes, the years, a share, the pictures.
LABEL, YEAR, WET = "Étiquette de-la.classe", "year \x1b[31mred\x07", "__proto__"


class HostileRows:
    """The grouped rows under other columns' names, with classes and texts as embeddings."""

    def __init__(self, grouped, folder):
        self.folder = folder
        self.grouped = grouped
        labels = [label or "cat" for label in grouped.label]
        self.classes = sorted(set(labels))
        with open(folder / "records.csv", "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([LABEL, YEAR, WET, "path", "caption", "six, of \"them\""])
            writer.writerows([label, year, wet, f"pictures/{i}.png", f"the {NAMES[i % 40]}", "x\x9by"]
                             for i, (label, year, wet) in enumerate(zip(labels, grouped.year, grouped.wet)))
        generator = np.random.default_rng(5)
        np.save(folder / "classes.npy", generator.normal(size=(len(self.classes), 24)).astype(np.float32))
        for name in ("first", "second", "texts"):
            np.save(folder / f"{name}.npy", generator.normal(size=(150, 24)).astype(np.float32))

    def call(self, verb):
        """Arguments of a verb, all but --out."""
        rows = ["-d", self.grouped / "dict.safetensors", "-e", self.grouped / "rows.npy", "--records", self.folder / "records.csv"]
        texts, labels = ["--text-embeddings", self.folder / "texts.npy"], ["--label", LABEL]
        classes = ["--class-embeddings", self.folder / "classes.npy"]
        return {
            "summarize": ["summarize", *rows, "--by", LABEL, "--compare", "cat", "dog", "--permutations", 9],
            "scan": ["scan", *rows, "--by", LABEL, "--group", "a\x1b[1m=water,forest", "--spurious"],
            "shift": ["shift", *rows, "--by", LABEL, "--across", YEAR, "--concept", "water", "--truth", WET],
            "search": ["search", *rows, "--concept", "water", "--l1-penalty", 0.12],
            "search like": ["search", *rows, "--like", "pictures/12.png", "--l1-penalty", 0.12],
            "intervene": ["intervene", *rows, "--remove", "water", "--task", LABEL, *classes, "--subgroups", f"{LABEL},{YEAR}"],
            "evaluate zero-shot": ["evaluate", "zero-shot", *rows, *labels, *classes],
            "evaluate probe": ["evaluate", "probe", *rows, *labels, "--l1-penalty", 0.12],
            "evaluate sparsity-curve": ["evaluate", "sparsity-curve", *rows, *labels, *classes, "--l1-path", "0.4,0.2"],
            "evaluate retrieval": ["evaluate", "retrieval", *rows, *texts],
            "evaluate modality-gap": ["evaluate", "modality-gap", *rows, *texts],
            "evaluate relevance": ["evaluate", "relevance", *rows, "--captions", "caption"],
            "evaluate linearity": ["evaluate", "linearity", "-e", self.grouped / "rows.npy", "--first", self.folder / "first.npy", "--second",
                                   self.folder / "second.npy"],
            "evaluate antonyms": ["evaluate", "antonyms", "-d", self.grouped / "dict.safetensors"],
        }[verb]


VERBS = ["summarize", "scan", "shift", "search", "search like", "intervene", "evaluate zero-shot", "evaluate probe", "evaluate sparsity-curve",
         "evaluate retrieval", "evaluate modality-gap", "evaluate relevance", "evaluate linearity", "evaluate antonyms"]


@pytest.fixture(scope="module")
def hostile(grouped, tmp_path_factory):
    return HostileRows(grouped, tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("verb", VERBS)
def test_the_report_reads_it(hostile, verb, tmp_path):
    done = run(*hostile.call(verb), "--out", tmp_path / "r.json")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", done.stdout + done.stderr), "a control character"
    document = json.loads((tmp_path / "r.json").read_text())
    page = json.loads(run("report", tmp_path / "r.json", "--out", tmp_path / "r.html", "--tables-out", tmp_path / "t", "--json").stdout)
    assert page["documents"] == 1 and page["tables_written"] == len(document["tables"]) > 0


def test_no_verb_is_missing():
    listed = re.findall(r"^  ([a-z-]+) {2,}", run("evaluate", "--help").stdout.split("Subcommands:")[1], re.MULTILINE)
    assert {f"evaluate {verb}" for verb in listed} == {verb for verb in VERBS if verb.startswith("evaluate ")}


def test_columns_of_the_records_keep_their_names(hostile):
    document = document_of(*hostile.call("search"))
    (table,) = (one for one in document["tables"] if one["key"] == "rows")
    shown = {column["key"]: (column["title"], column["kind"]) for column in table["columns"] if column["key"].startswith("record_")}
    assert shown == {"record_1": (LABEL, "text"), "record_2": (YEAR, "text"), "record_3": (WET, "text"), "record_path": ("path", "picture"),
                     "record_5": ("caption", "text"), "record_6": ("six, of \"them\"", "text")}
    assert document["charts"][0]["x"] == "record_path"
