"""Pictures on disk in class folders, their embeddings by `splice embed`, and a record of each."""
from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Callable, Sequence

import numpy as np
import torch
from PIL import Image
from scene_clip.attributes import BACKGROUNDS, LIGHTINGS, OBJECT_ATTRIBUTES, Scenes
from torch import Tensor

from .. import MODEL
from ..command import digest, progress
from ..workspace import Workspace

Columns = dict[str, list[str]]


@dataclass(frozen=True)
class DrawnSet:
    """Scenes with their pictures, uint8 [n, 3, 48, 48], the class folder of each, and columns beside those of the scenes."""

    scenes: Scenes
    pictures: Tensor
    folders: Sequence[str]
    columns: Columns


@dataclass(frozen=True)
class StoredSet:
    """A data set on disk; row i of all of them is the same picture."""

    folder: Path
    scenes: Scenes

    @property
    def pictures(self) -> Path:
        """Folder of class folders with pictures."""
        return self.folder / "pictures"

    @property
    def embeddings(self) -> Path:
        """Embeddings [n, dim] as the model gives them."""
        return self.folder / "embeddings.npy"

    @property
    def records(self) -> Path:
        """Table with a record a row."""
        return self.folder / "records.csv"

    def columns(self) -> Columns:
        """The records by column."""
        return read_records(self.records)


def read_records(path: Path) -> Columns:
    """A .csv with a header, by column; nothing of one without rows."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def write_records(path: Path, columns: Columns) -> None:
    """A .csv with a header and a record a row. A file that holds them already keeps its time, by which its digest is known."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    content = text.getvalue().encode("utf-8")
    if not path.is_file() or path.read_bytes() != content:
        path.write_bytes(content)


def attribute_columns(scenes: Scenes) -> Columns:
    """Background, lighting, number of objects, and the first object's attributes, by name."""
    columns = {"background": [BACKGROUNDS[kind] for kind in scenes.background.tolist()],
               "lighting": [LIGHTINGS[kind] for kind in scenes.lighting.tolist()],
               "objects": [str(count) for count in scenes.count.tolist()]}
    for name, values in OBJECT_ATTRIBUTES.items():
        columns[name] = [values[kind] for kind in getattr(scenes, name)[:, 0].tolist()]
    return columns


@cache
def sources_digest() -> str:
    """Of everything that decides what a data set looks like."""
    sources = sorted(Path(__file__).parent.glob("*.py")) + sorted((MODEL / "scene_clip").glob("*.py"))
    return hashlib.sha256("".join(map(digest, sources)).encode()).hexdigest()


def _write(folder: Path, drawn: DrawnSet) -> None:
    names = [f"{label}/{row:05d}.png" for row, label in enumerate(drawn.folders)]
    order = sorted(range(len(names)), key=names.__getitem__)  # that of `splice embed`
    for label in set(drawn.folders):
        (folder / "pictures" / label).mkdir(parents=True)
    for name, picture in zip(names, drawn.pictures):
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(folder / "pictures" / name)
    columns = {**attribute_columns(drawn.scenes), **drawn.columns}
    np.savez(folder / "scenes.npz", **{name: values.numpy() for name, values in drawn.scenes[torch.tensor(order)].tensors().items()})
    (folder / "names.json").write_text(json.dumps([names[row] for row in order]))
    write_records(folder / "columns.csv", {name: [values[row] for row in order] for name, values in columns.items()})


def stored_set(workspace: Workspace, name: str, count: int, draw: Callable[[int], DrawnSet]) -> StoredSet:
    """The data set `draw(count)`, rendered where it is not there yet, with embeddings.

    Raises RuntimeError where the embeddings are not those of the pictures in their order.
    """
    folder = workspace.data / name
    stamp, key = folder / "stamp.json", {"count": count, "sources": sources_digest()}
    if not stamp.exists() or json.loads(stamp.read_text()) != key:
        progress(f"render {count} scenes -> {folder.name}")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _write(folder, draw(count))
        stamp.write_text(json.dumps(key))
    stored = StoredSet(folder, Scenes(**{key: torch.from_numpy(values) for key, values in np.load(folder / "scenes.npz").items()}))
    paths = folder / "paths.txt"
    workspace.splice.run(["embed", "--model", workspace.model, "--images", stored.pictures, "--out", stored.embeddings,
                          "--paths-out", paths], [stored.embeddings, paths])
    listed = paths.read_text(encoding="utf-8").splitlines()
    names = json.loads((folder / "names.json").read_text())
    if len(listed) != len(names) or not all(path.endswith(f"/{expected}") for path, expected in zip(listed, names)):
        raise RuntimeError(f"{paths}: found other pictures than those of {stored.pictures}")
    write_records(stored.records, {"path": listed, **read_records(folder / "columns.csv")})
    return stored
