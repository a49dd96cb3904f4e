"""Data sets as `splice` reads them (docs/datasets.md), embedded once, with columns that the protocols need."""
from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from ..command import Splice
from ..scenes.store import Columns, read_records, write_records

#: What each name stands for in the paper, and the kind of data set that it is in its published layout.
NAMES = {"cifar10": "cifar10", "cifar100": "cifar100", "mit_states": "mit-states", "imagenet": "imagenet", "celeba": "celeba",
         "waterbirds": "waterbirds", "cars": "stanford-cars", "coco": "coco-captions"}


@dataclass(frozen=True)
class DataSource:
    """`KIND:PATH` under a name of the paper's."""

    name: str
    dataset: str

    @staticmethod
    def parse(text: str) -> DataSource:
        """Of NAME=KIND:PATH. Raises ValueError that says what was given and what is expected."""
        name, equals, dataset = text.partition("=")
        kind, colon, path = dataset.partition(":")
        if not (equals and colon and kind and path):
            raise ValueError(f"--data: got '{text}', expected NAME=KIND:PATH such as cifar100=cifar100:/data/cifar100")
        if name not in NAMES:
            raise ValueError(f"--data: got the name '{name}', expected one of {', '.join(NAMES)}")
        return DataSource(name, dataset)


@dataclass(frozen=True)
class EmbeddedData:
    """Embeddings [n, dim], and a record of each row."""

    name: str
    embeddings: Path
    records: Path

    def columns(self) -> Columns:
        """The records by column."""
        return read_records(self.records)


def _celeba(columns: Columns) -> Columns:
    return {"gender": ["man" if value == "1" else "woman" for value in columns["Male"]],
            "glasses": ["person with glasses" if value == "1" else "person" for value in columns["Eyeglasses"]]}


def _cars(columns: Columns) -> Columns:
    return {"convertible": [str(int("convertible" in label.lower())) for label in columns["label"]]}


#: Columns that are made of those of the data set.
_ADDED: dict[str, Callable[[Columns], Columns]] = {"celeba": _celeba, "cars": _cars}


@dataclass
class PaperData:
    """The data sets that are given, embedded when they are asked for."""

    splice: Splice
    model: Path
    folder: Path
    sources: dict[str, DataSource]
    options: list[str] = field(default_factory=list)  #: for `splice embed`: --batch-size, --device, --limit
    _embedded: dict[str, EmbeddedData] = field(default_factory=dict, repr=False)

    def has(self, name: str) -> bool:
        """Whether a data set is given."""
        return name in self.sources

    def embedded(self, name: str) -> EmbeddedData:
        """Embeddings and records of all samples that can be read; made once."""
        if name not in self._embedded:
            self._embedded[name] = self._embed(name)
        return self._embedded[name]

    def _embed(self, name: str) -> EmbeddedData:
        folder = self.folder / name
        embeddings, listed = folder / "embeddings.npy", folder / "listed.csv"
        self.splice.run(["embed", "--model", self.model, "--dataset", self.sources[name].dataset, "--out", embeddings,
                         "--records-out", listed, *self.options], [embeddings, listed])
        data = EmbeddedData(name, embeddings, folder / "records.csv")
        columns = read_records(listed)
        write_records(data.records, {**columns, **(_ADDED[name](columns) if name in _ADDED else {})})
        return data


def concept_names(dictionary: Path) -> list[str]:
    """Names of a dictionary's concepts, out of its header. Raises ValueError for a file without them."""
    with dictionary.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= 100_000_000:
            raise ValueError(f"--dictionary: {dictionary}: found a header of {length} bytes, expected a dictionary (.safetensors)")
        metadata = json.loads(file.read(length)).get("__metadata__", {})
    if "concepts" not in metadata:
        raise ValueError(f"--dictionary: {dictionary}: found no names of concepts, expected those of `splice dictionary build`")
    return json.loads(metadata["concepts"])
