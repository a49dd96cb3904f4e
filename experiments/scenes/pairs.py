"""Pairs of scenes, alone and together, as pictures and as phrases: what linearity is measured on."""
from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from PIL import Image
from scene_clip.attributes import LIGHTINGS, POSITIONS, Scene, Scenes, draw_scenes
from scene_clip.render import render
from torch import Tensor

from ..command import progress
from ..workspace import Workspace
from .store import sources_digest, write_records

FIRST_SEED, SECOND_SEED = 41, 42
COUNT = 500


def _one_side(count: int, seed: int, position: str, background: Tensor | None = None) -> tuple[Scenes, torch.Generator]:
    """Scenes with one object at a side, in normal light."""
    generator = torch.Generator().manual_seed(seed)
    scenes = draw_scenes(count, generator, objects=1, background=background)
    scenes.position[:, 0] = POSITIONS.index(position)
    scenes.lighting.fill_(LIGHTINGS.index("normal"))
    return scenes, generator


def _both_sides(count: int) -> tuple[tuple[Scenes, torch.Generator], tuple[Scenes, torch.Generator]]:
    first = _one_side(count, FIRST_SEED, "left")
    return first, _one_side(count, SECOND_SEED, "right", first[0].background)


def picture_pairs(workspace: Workspace) -> Path:
    """A table of pictures: `first` has an object on the left, `second` one on the right before the same background, and `joint` is
    the left half of the first beside the right half of the second, which shows both objects."""
    count = workspace.count(COUNT)
    folder = workspace.data / "pairs"
    stamp, key = folder / "stamp.json", {"count": count, "sources": sources_digest()}
    if stamp.exists() and json.loads(stamp.read_text()) == key:
        return folder / "pairs.csv"
    progress(f"render {count} pairs -> {folder.name}")
    shutil.rmtree(folder, ignore_errors=True)
    left, right = (render(*side) for side in _both_sides(count))
    half = left.shape[-1] // 2
    pictures = {"first": left, "second": right, "joint": torch.cat([left[..., :half], right[..., half:]], -1)}
    columns: dict[str, list[str]] = {}
    for name, rendered in pictures.items():
        (folder / name).mkdir(parents=True)
        columns[name] = [f"{name}/{row:05d}.png" for row in range(count)]
        for path, picture in zip(columns[name], rendered):
            Image.fromarray(picture.permute(1, 2, 0).numpy()).save(folder / path)
    write_records(folder / "pairs.csv", columns)
    stamp.write_text(json.dumps(key))
    return folder / "pairs.csv"


def phrase_pairs(workspace: Workspace) -> Path:
    """A table of phrases about the objects of the same pairs."""
    first, second = (scenes.named() for scenes, _ in _both_sides(workspace.count(COUNT)))
    folder = workspace.data / "phrases"
    folder.mkdir(parents=True, exist_ok=True)
    write_records(folder / "pairs.csv", {"first": list(map(_phrase, first)), "second": list(map(_phrase, second))})
    return folder / "pairs.csv"


def _phrase(scene: Scene) -> str:
    item = scene.objects[0]
    return f"a {item.texture} {item.colour} {item.shape}"
