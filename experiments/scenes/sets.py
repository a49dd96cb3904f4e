"""The data sets; a seed each, so that they are the same everywhere."""
from __future__ import annotations

import torch
from scene_clip.attributes import BACKGROUNDS, COLOURS, SHAPES, Scenes, draw_scenes
from scene_clip.bias import CLASSES, PLACES
from scene_clip.render import make_scenes, render
from scene_clip.zero_shot import long_captions

from ..workspace import Workspace
from .store import DrawnSet, StoredSet, attribute_columns, stored_set

GENERAL_SEED, TASKS_SEED, BIAS_SEED, YEARS_SEED, CORPUS_SEED, CAPTION_SEED = 888, 777, 11, 2001, 300, 5
TRAIN_BIAS = 0.95
YEARS = tuple(range(2001, 2011))
DRIFTING = {"background": "desert", "colour": "yellow"}
#: Planted share of the drifting background and colour in each year: one rises, the other falls.
DESERT_SHARE = {year: 0.05 + 0.07 * place for place, year in enumerate(YEARS)}
YELLOW_SHARE = {year: 0.60 - 0.06 * place for place, year in enumerate(YEARS)}


def _halves(count: int, seed: int) -> list[str]:
    """"train" or "test" for each row, by chance."""
    chance = torch.rand(count, generator=torch.Generator().manual_seed(seed))
    return ["train" if value < 0.5 else "test" for value in chance.tolist()]


def general(workspace: Workspace) -> StoredSet:
    """Scenes of one to three objects with a caption of at least six words each."""

    def draw(count: int) -> DrawnSet:
        scenes, pictures = make_scenes(count, GENERAL_SEED)
        return DrawnSet(scenes, pictures, attribute_columns(scenes)["background"],
                        {"caption": long_captions(scenes, CAPTION_SEED)})

    return stored_set(workspace, "general", workspace.count(1500), draw)


def corpus(workspace: Workspace) -> StoredSet:
    """Scenes that a dictionary is learned from: more than it has atoms, at any scale."""

    def draw(count: int) -> DrawnSet:
        scenes, pictures = make_scenes(count, CORPUS_SEED)
        return DrawnSet(scenes, pictures, attribute_columns(scenes)["background"], {})

    return stored_set(workspace, "corpus", max(2000, workspace.count(4000)), draw)


def tasks(workspace: Workspace) -> StoredSet:
    """Scenes of one object, in folders by shape: `shape`, `colour`, `texture`, `background` are tasks; half is for training."""

    def draw(count: int) -> DrawnSet:
        scenes, pictures = make_scenes(count, TASKS_SEED, objects=1)
        return DrawnSet(scenes, pictures, attribute_columns(scenes)["shape"],
                        {"split": _halves(count, TASKS_SEED), "caption": long_captions(scenes, CAPTION_SEED)})

    return stored_set(workspace, "tasks", workspace.count(2400), draw)


def biased(workspace: Workspace) -> StoredSet:
    """Two shapes on two backgrounds, which agree in 95 % of the training half and in 50 % of the test half; `train_label` is
    empty for the latter."""

    def draw(count: int) -> DrawnSet:
        generator = torch.Generator().manual_seed(BIAS_SEED)
        split = _halves(count, BIAS_SEED)
        label = torch.randint(0, 2, (count,), generator=generator)
        share = torch.tensor([TRAIN_BIAS if half == "train" else 0.5 for half in split])
        place = torch.where(torch.rand(count, generator=generator) < share, label, 1 - label)
        scenes, pictures = make_scenes(count, BIAS_SEED + 1, objects=1,
                                       background=torch.tensor([BACKGROUNDS.index(name) for name in PLACES])[place],
                                       shape=torch.tensor([SHAPES.index(name) for name in CLASSES])[label])
        names = [CLASSES[kind] for kind in label.tolist()]
        return DrawnSet(scenes, pictures, [f"{half}/{name}" for half, name in zip(split, names)],
                        {"label": names, "place": [PLACES[kind] for kind in place.tolist()], "split": split,
                         "train_label": [name if half == "train" else "" for half, name in zip(split, names)]})

    return stored_set(workspace, "biased", workspace.count(2000), draw)


def _drift(background: torch.Tensor, years: list[int], generator: torch.Generator) -> torch.Tensor:
    """The backgrounds, with the planted share of each year in the desert."""
    desert = BACKGROUNDS.index(DRIFTING["background"])
    share = torch.tensor([DESERT_SHARE[year] for year in years])
    other = torch.where(background == desert, (desert + 1) % len(BACKGROUNDS), background)
    return torch.where(torch.rand(len(years), generator=generator) < share, desert, other)


def years(workspace: Workspace) -> StoredSet:
    """Scenes of one object in ten years; the share of deserts rises and that of yellow objects falls. Columns `desert` and
    `yellow` are 1 where the scene has it."""

    def draw(count: int) -> DrawnSet:
        generator = torch.Generator().manual_seed(YEARS_SEED)
        of_row = [YEARS[row % len(YEARS)] for row in range(count)]
        background = _drift(torch.randint(0, len(BACKGROUNDS), (count,), generator=generator), of_row, generator)
        scenes, pictures = _with_colour(count, background, of_row, generator)
        columns = attribute_columns(scenes)
        flags = {value: [str(int(entry == value)) for entry in columns[name]] for name, value in DRIFTING.items()}
        return DrawnSet(scenes, pictures, list(map(str, of_row)),
                        {"year": list(map(str, of_row)), "split": _halves(count, YEARS_SEED), **flags})

    return stored_set(workspace, "years", workspace.count(2000), draw)


def _with_colour(count: int, background: torch.Tensor, of_row: list[int],
                 generator: torch.Generator) -> tuple[Scenes, torch.Tensor]:
    """Scenes of one object whose share of yellow is the planted one of each year, and their pictures."""
    scenes = draw_scenes(count, generator, background=background, objects=1)
    yellow = COLOURS.index(DRIFTING["colour"])
    share = torch.tensor([YELLOW_SHARE[year] for year in of_row])
    other = torch.where(scenes.colour[:, 0] == yellow, (yellow + 1) % len(COLOURS), scenes.colour[:, 0])
    scenes.colour[:, 0] = torch.where(torch.rand(count, generator=generator) < share, yellow, other)
    return scenes, render(scenes, generator)
