"""Pairs of scenes, alone and together, as pictures and as phrases: what linearity is measured on."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from scene_clip.attributes import LIGHTINGS, POSITIONS, Object, Scene, Scenes, draw_scenes
from scene_clip.render import render
from torch import Tensor

from ..workspace import Workspace
from .store import DrawnSet, stored_set

FIRST_SEED, SECOND_SEED = 41, 42


@dataclass(frozen=True)
class PairSet:
    """Embeddings [n, dim] of the first, the second, and both together; row i of each belongs to the same pair."""

    first: Path
    second: Path
    joined: Path


def _one_side(count: int, seed: int, position: str, background: Tensor | None = None) -> tuple[Scenes, Tensor]:
    """Scenes with one object at a side, in normal light, and their pictures."""
    generator = torch.Generator().manual_seed(seed)
    scenes = draw_scenes(count, generator, objects=1, background=background)
    scenes.position[:, 0] = POSITIONS.index(position)
    scenes.lighting.fill_(LIGHTINGS.index("normal"))
    return scenes, render(scenes, generator)


def _both(count: int) -> tuple[tuple[Scenes, Tensor], tuple[Scenes, Tensor]]:
    first = _one_side(count, FIRST_SEED, "left")
    return first, _one_side(count, SECOND_SEED, "right", first[0].background)


def picture_pairs(workspace: Workspace) -> PairSet:
    """A scene with an object on the left, one on the right before the same background, and a picture of the left half of the
    first beside the right half of the second, which shows both objects."""

    def draw(part: int, count: int) -> DrawnSet:
        (first, left), (second, right) = _both(count)
        half = left.shape[-1] // 2
        pictures = (left, right, torch.cat([left[..., :half], right[..., half:]], -1))[part]
        return DrawnSet((first, second, first)[part], pictures, ["pair"] * count, {})

    count = workspace.count(500)
    stored = [stored_set(workspace, f"pairs/{name}", count, lambda count, part=part: draw(part, count))
              for part, name in enumerate(("first", "second", "joined"))]
    return PairSet(*(part.embeddings for part in stored))


def _phrase(item: Object) -> str:
    return f"a {item.texture} {item.colour} {item.shape}"


def phrase_pairs(workspace: Workspace) -> PairSet:
    """Phrases about the objects of the same pairs, and both joined by "and"."""
    first, second = (scenes.named() for scenes, _ in _both(workspace.count(500)))
    ones, others = [_first_phrase(scene) for scene in first], [_first_phrase(scene) for scene in second]
    texts = {"first": ones, "second": others, "joined": [f"{one} and {other}" for one, other in zip(ones, others)]}
    return PairSet(*(_embedded(workspace, name, lines) for name, lines in texts.items()))


def _first_phrase(scene: Scene) -> str:
    return _phrase(scene.objects[0])


def _embedded(workspace: Workspace, name: str, lines: list[str]) -> Path:
    folder = workspace.data / "phrases"
    folder.mkdir(parents=True, exist_ok=True)
    texts, out = folder / f"{name}.txt", folder / f"{name}.npy"
    texts.write_text("\n".join(lines) + "\n", encoding="utf-8")
    workspace.splice.run(["embed", "--model", workspace.model, "--texts", texts, "--out", out], [out])
    return out
