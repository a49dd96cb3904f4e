"""The pictures that come with the model, and what is true of them."""
from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Sequence

import torch
from PIL import Image

from .attributes import BACKGROUNDS, LIGHTINGS, draw_scenes
from .concepts import Requirements, truth
from .render import render

PICTURE_SIZE = 192
_SEED = 2124  # no object hides another
# One scene of each background, with one, two and three objects in turn.
_COUNT = len(BACKGROUNDS)


def write_pictures(folder: Path, vocabulary: Sequence[str]) -> None:
    """Writes one PNG for each background and truth.json, which describes them and names the concepts that are true of them."""
    folder.mkdir(exist_ok=True)
    generator = torch.Generator().manual_seed(_SEED)
    scenes = draw_scenes(_COUNT, generator, background=torch.arange(_COUNT))
    scenes.count.copy_(1 + torch.arange(_COUNT) % 3)
    scenes.lighting.fill_(LIGHTINGS.index("normal"))
    entries = []
    holds = truth(scenes, Requirements.of(vocabulary))
    for picture, scene, true in zip(render(scenes, generator, PICTURE_SIZE), scenes.named(), holds):
        name = f"{scene.background}.png"
        Image.fromarray(picture.permute(1, 2, 0).numpy()).save(folder / name, optimize=True)
        entries.append({"file": name, **asdict(scene), "count": len(scene.objects),
                        "concepts": [concept for concept, is_true in zip(vocabulary, true.tolist()) if is_true]})
    (folder / "truth.json").write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
