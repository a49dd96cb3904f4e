"""Tables and figures of the paper, each out of one or more runs of the command."""
from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from ..command import Words
from ..documents import Column, Document, Table
from ..scenes.store import write_records
from ..workspace import Workspace
from . import settings
from .data import EmbeddedData, PaperData

PAIRS, PAIR_SEED = 1000, 0


class Missing(Exception):
    """Why a part can't be made: data or concepts that are not there."""


@dataclass
class Paper:
    """What parts are made of. `concepts` are the dictionary's."""

    workspace: Workspace
    data: PaperData
    dictionary: Path
    concepts: frozenset[str]
    quick: bool = False
    notes: list[str] = field(default_factory=list)

    def coded(self, data: EmbeddedData, *options: str | float) -> Words:
        """A data set and the dictionary."""
        return ["--dictionary", self.dictionary, "--embeddings", data.embeddings, "--records", data.records, *options]

    def with_texts(self, data: EmbeddedData, *options: str | float) -> Words:
        """The same with the model's text tower."""
        return ["--model", self.data.model, *self.coded(data, *options)]

    def need(self, name: str) -> EmbeddedData:
        """An embedded data set. Raises Missing where it is not given."""
        if not self.data.has(name):
            raise Missing(f"no data set '{name}'")
        return self.data.embedded(name)

    def given(self, names: tuple[str, ...]) -> list[EmbeddedData]:
        """Those of the data sets that are given. Raises Missing where none is."""
        found = [self.data.embedded(name) for name in names if self.data.has(name)]
        if not found:
            raise Missing(f"none of the data sets {', '.join(names)}")
        self.notes += [f"not given: {name}" for name in names if not self.data.has(name)]
        return found

    def group(self, name: str, words: tuple[str, ...]) -> Words:
        """A group of those words that are concepts. Raises Missing where none is."""
        known = [word for word in words if word in self.concepts]
        if not known:
            raise Missing(f"none of {', '.join(words)} is a concept of the dictionary")
        self.notes += [f"no concept: {word}" for word in words if word not in known]
        return ["--group", f"{name}={','.join(known)}"]


@dataclass(frozen=True)
class Part:
    """A table or figure: `make` runs the command and lays the figures out as the paper does."""

    key: str
    place: str
    title: str
    make: Callable[[Paper], list[Table]]


def linearity(paper: Paper) -> list[Table]:
    """Weights and cosine of two things together."""
    table = Table("table", "", [Column("data", "data", "text"), Column("w_a", "w_a"), Column("w_b", "w_b"), Column("cosine", "cosine"),
                                Column("chance", "cosine by another's pair")])
    for data in paper.given(settings.LINEARITY_SETS):
        try:
            table.rows.append(_linearity_row(paper, data.name, "--pairs-file", _picture_pairs(paper, data)))
        except Missing as reason:
            paper.notes.append(str(reason))
        if data.name == "coco":
            captions = paper.data.folder / "coco" / "captions.txt"
            captions.write_text("\n".join(caption for caption in data.columns()["caption"] if caption) + "\n", encoding="utf-8")
            table.rows.append(_linearity_row(paper, "coco (texts)", "--texts", captions))
    return [table]


def _picture_pairs(paper: Paper, data: EmbeddedData) -> Path:
    """Random pairs of pictures that are files."""
    columns = data.columns()
    if "path" not in columns:
        raise Missing(f"pictures of '{data.name}' are no files")
    paths = [str(Path(path).resolve()) for path in columns["path"]]
    chance = random.Random(PAIR_SEED)
    pairs = [chance.sample(paths, 2) for _ in range(min(PAIRS, len(paths)))]
    table = data.embeddings.with_name("pairs.csv")
    write_records(table, {"first": [pair[0] for pair in pairs], "second": [pair[1] for pair in pairs]})
    return table


def _linearity_row(paper: Paper, name: str, option: str, pairs: Path) -> list:
    key = "linearity_" + "".join(letter if letter.isalnum() else "_" for letter in name)
    found = paper.workspace.run(key, "evaluate", "linearity", "--model", paper.data.model, "--dictionary", paper.dictionary, option, pairs,
                                "--pairs", PAIRS)
    weights = found.table("weights").where(embeddings="raw")
    own = {weight: weights.value("mean", pair="its own", weight=weight) for weight in ("first", "second", "cosine of the fit")}
    return [name, own["first"], own["second"], own["cosine of the fit"],
            weights.value("mean", pair="another's", weight="cosine of the fit")]


def sparsity(paper: Paper) -> list[Table]:
    """Accuracy and cosine by the number of concepts, with baselines."""
    targets = settings.FEW_TARGETS if paper.quick else settings.CURVE_TARGETS
    tables = []
    for data in paper.given(settings.ZERO_SHOT_SETS):
        found = paper.workspace.run(f"sparsity_{data.name}", "evaluate", "sparsity-curve", *paper.with_texts(data), "--label", "label",
                                    "--prompt", settings.PROMPT, "--l0-path", ",".join(map(str, targets)),
                                    "--baseline", "dense,random,signed,uncentered")
        curve = found.table("curve")
        keys = ("condition", "l0", "cosine", "accuracy")
        tables.append(Table(data.name, data.name, [curve.columns[curve.index(key)] for key in keys],
                            [list(row) for row in zip(*(curve.column(key) for key in keys))]))
    return tables


def probing(paper: Paper) -> list[Table]:
    """Probes trained on dense embeddings and tested on recomposed ones, and probes on codes."""
    targets = settings.FEW_TARGETS if paper.quick else settings.PROBE_TARGETS
    tables = []
    for data in paper.given(settings.PROBE_SETS):
        split = ["--split-column", "split"] if "split" in data.columns() else ["--test-share", 0.2]
        table = Table(data.name, data.name, [Column("target", "at most", "integer"), Column("dense", "dense"),
                                             Column("recomposed", "probe on dense, tested on recomposed"), Column("codes", "probe on codes")])
        for target in targets:
            found = paper.workspace.run(f"probe_{data.name}_{target}", "evaluate", "probe", *paper.coded(data, "--target-l0", target),
                                        "--label", "label", *split, "--penalty", "l2", "--cost", settings.PROBE_COST)
            accuracy = dict(zip(found.table("accuracy").column("condition"), found.table("accuracy").column("accuracy")))
            table.rows.append([target, accuracy["dense"], accuracy["recomposed"], accuracy["codes"]])
        tables.append(table)
    return tables


def classes(paper: Paper) -> list[Table]:
    """The largest concepts of each class."""
    tables = []
    for data in paper.given(tuple(settings.CLASS_PENALTY)):
        found = paper.workspace.run(f"classes_{data.name}", "summarize", *paper.coded(data, "--l1-penalty", settings.CLASS_PENALTY[data.name]),
                                    "--by", "label", "--top", 7)
        concepts = found.table("concepts")
        lines: dict[str, list[str]] = {}
        for row in concepts.rows:
            cells = dict(zip((column.key for column in concepts.columns), row))
            lines.setdefault(cells["group"], []).append(f"{cells['concept']} {cells['weight']:.3f}")
        tables.append(Table(data.name, data.name, [Column("class", "class", "text"), Column("concepts", "largest concepts", "text")],
                            [[label, ", ".join(words)] for label, words in lines.items()]))
    return tables


def scans(paper: Paper) -> list[Table]:
    """Groups of concepts in classes that should not differ by them."""
    data = paper.need("cifar100")
    tables = []
    for name, (words, labels) in settings.SCANNED.items():
        found = paper.workspace.run(f"scan_{name}", "scan", *paper.coded(data, "--l1-penalty", settings.ZERO_SHOT_PENALTY), "--by", "label",
                                    *paper.group(name, words))
        weights = found.table("weights")
        shown = [row for row in weights.rows if row[weights.index("class")] in labels]
        if not shown:
            paper.notes.append(f"no class {' or '.join(labels)}: all classes are shown")
        tables.append(Table(name, f"{name} in {' and '.join(labels)}" if shown else name, weights.columns, shown or weights.rows))
    return tables


def glasses(paper: Paper) -> list[Table]:
    """CelebA: glasses and gender before and after glasses are removed, zero-shot and by probes."""
    data = paper.need("celeba")
    eyewear = paper.group("eyewear", settings.EYEWEAR)
    tasks = ["--task", "gender", "--task", "glasses"]
    common = ("--l1-penalty", settings.CELEBA_PENALTY)
    zero_shot = paper.workspace.run("celeba_zero_shot", "intervene", *paper.with_texts(data, *common), *eyewear, *tasks, "--prompt", settings.PROMPT)
    split = ["--split-column", "split"] if "split" in data.columns() else []
    probe = paper.workspace.run("celeba_probe", "intervene", *paper.coded(data, *common), *eyewear, *tasks, "--probe", "--penalty", "l1",
                                "--cost", settings.CELEBA_COST, *split)
    table = Table("table", "", [Column("classifier", "classifier", "text"), Column("condition", "condition", "text"), Column("gender", "gender"),
                                Column("glasses", "glasses")])
    for found in (zero_shot, probe):
        accuracy = found.table("accuracy")
        for classifier, condition in dict.fromkeys(zip(accuracy.column("classifier"), accuracy.column("condition"))):
            table.rows.append([classifier, condition, *(accuracy.value("accuracy", task=task, classifier=classifier, condition=condition)
                                                        for task in ("gender", "glasses"))])
    return [table]


def birds(paper: Paper) -> list[Table]:
    """Waterbirds: subgroups before and after land backgrounds are removed from a probe."""
    data = paper.need("waterbirds")
    found = paper.workspace.run("waterbirds", "intervene", *paper.coded(data, "--l1-penalty", settings.WATERBIRDS_PENALTY),
                                *paper.group("land", settings.LAND), "--task", "label", "--probe", "--split-column", "split", "--penalty", "l1",
                                "--cost", settings.WATERBIRDS_COST, "--subgroups", "label,place")
    return [_across(found.table("subgroups"), "series", "subgroup", "accuracy")]


def _across(table: Table, down: str, across: str, value: str) -> Table:
    """A long table as a wide one."""
    heads = list(dict.fromkeys(table.column(across)))
    cells = dict(zip(zip(table.column(down), table.column(across)), table.column(value)))
    rows = [[name, *(cells.get((name, head)) for head in heads)] for name in dict.fromkeys(table.column(down))]
    return Table("table", "", [Column(down, table.columns[table.index(down)].title, "text"),
                               *(Column(f"c{place}", str(head)) for place, head in enumerate(heads))], rows)


def places(paper: Paper) -> list[Table]:
    """One background's concept by class and place, and what the mean codes of splits have in common."""
    data = paper.need("waterbirds")
    found = paper.workspace.run("waterbirds_shift", "shift", *paper.coded(data, "--l1-penalty", settings.WATERBIRDS_PENALTY), "--by", "label",
                                "--across", "split", *paper.group("bamboo", ("bamboo",)))
    course = found.table("course")
    cosines = found.table("cosines")
    return [Table("bamboo", "bamboo", course.columns, course.rows), Table("cosines", "cosines of mean codes", cosines.columns, cosines.rows)]


def years(paper: Paper) -> list[Table]:
    """Stanford Cars: convertibles and yellow by model year."""
    data = paper.need("cars")
    tables = []
    for word, truth in (("convertible", ["--truth", "convertible"]), ("yellow", [])):
        found = paper.workspace.run(f"cars_{word}", "shift", *paper.coded(data, "--l1-penalty", settings.CARS_PENALTY), "--across", "year",
                                    *paper.group(word, (word,)), *truth)
        course = found.table("course")
        tables.append(Table(word, word, course.columns, course.rows))
    return tables


def gap(paper: Paper) -> list[Table]:
    """COCO: cosines within and between images and captions."""
    found = paper.workspace.run("modality_gap", "evaluate", "modality-gap", *paper.with_texts(paper.need("coco")), "--captions", "caption")
    cosines = found.table("cosines")
    return [_across(cosines, "pairs", "stage", "mean")]


def antonyms(paper: Paper) -> list[Table]:
    """Opposites and negations."""
    found = paper.workspace.run("antonyms", "evaluate", "antonyms", "--model", paper.data.model, "--dictionary", paper.dictionary)
    return [_across(found.table("cosines"), "pairs", "embeddings", "mean")]


def retrieval(paper: Paper) -> list[Table]:
    """COCO: recall of captions by recomposed images."""
    found = paper.workspace.run("retrieval", "evaluate", "retrieval", *paper.with_texts(paper.need("coco")), "--captions", "caption",
                                "--l1-path", settings.RETRIEVAL_PENALTIES)
    recall = found.table("recall").where(direction="image to text")
    return [_across(recall, "images", "k", "recall")]


def relevance(paper: Paper) -> list[Table]:
    """COCO: concepts beside the nouns of captions."""
    found = paper.workspace.run("relevance", "evaluate", "relevance",
                                *paper.with_texts(paper.need("coco"), "--l1-penalty", settings.ZERO_SHOT_PENALTY), "--captions", "caption")
    return [_across(found.table("relevance"), "captions", "embeddings", "mean")]


PARTS = (
    Part("linearity", "Table 1", "Linearity: two things together as a sum of both", linearity),
    Part("glasses", "Table 2", "CelebA: glasses removed", glasses),
    Part("sparsity", "Figure 3, Tables 5 and 6", "Zero-shot accuracy and cosine by the number of concepts", sparsity),
    Part("retrieval", "Figure 3", "COCO: recall of recomposed images, image to text", retrieval),
    Part("probing", "Tables 3 and 4", "Probes on recomposed embeddings and on codes", probing),
    Part("classes", "Figures 4 and 10", "The largest concepts of each class", classes),
    Part("scans", "Figures 4 and 11", "Groups of concepts in classes", scans),
    Part("gap", "Figure 7", "Modality gap before and after centring", gap),
    Part("birds", "Table 7", "Waterbirds: land backgrounds removed from a probe", birds),
    Part("places", "Tables 8 and 9", "Shift between splits, and one background", places),
    Part("years", "Figure 12", "Stanford Cars by model year", years),
    Part("antonyms", "Table 10", "Opposites and negations", antonyms),
    Part("relevance", "semantic relevance", "Concepts beside captions' nouns", relevance),
)
