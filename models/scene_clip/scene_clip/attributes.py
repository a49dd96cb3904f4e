"""What a scene is made of, and how scenes are drawn."""
from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

SHAPES = ("circle", "square", "triangle", "diamond", "pentagon", "hexagon", "star", "heart", "cross", "ring", "crescent",
          "arrow", "oval", "rectangle", "semicircle", "flower")
COLOURS = ("red", "orange", "yellow", "green", "cyan", "blue", "purple", "pink", "brown", "white", "gray", "black")
TEXTURES = ("solid", "striped", "dotted", "checkered", "gradient", "outlined")
SIZES = ("small", "medium", "large")
POSITIONS = ("left", "right", "top", "bottom", "center")
BACKGROUNDS = ("sky", "grass", "desert", "night", "snow", "water", "forest", "sunset", "city", "mountain", "brick", "wood")
LIGHTINGS = ("normal", "bright", "dim", "foggy", "grainy")
COUNTS = (1, 2, 3)
MAX_OBJECTS = COUNTS[-1]

#: Attributes of an object and of a scene, with the names of their values.
OBJECT_ATTRIBUTES = {"shape": SHAPES, "colour": COLOURS, "texture": TEXTURES, "size": SIZES, "position": POSITIONS}
SCENE_ATTRIBUTES = {"background": BACKGROUNDS, "lighting": LIGHTINGS, "count": COUNTS}

_COUNT_SHARES = torch.tensor([0.45, 0.35, 0.20])
_LIGHTING_SHARES = torch.tensor([0.6, 0.1, 0.1, 0.1, 0.1])
_TEXTURE_SHARES = torch.tensor([0.25, 0.15, 0.15, 0.15, 0.15, 0.15])
# Objects of a scene often share an attribute, so that captions need plurals.
_SHARED_ATTRIBUTES = {"shape": 0.35, "colour": 0.35, "texture": 0.35}


@dataclass(frozen=True)
class Object:
    """One object of a scene, by the names of its attributes."""

    shape: str
    colour: str
    texture: str
    size: str
    position: str


@dataclass(frozen=True)
class Scene:
    """One scene, by the names of its attributes."""

    background: str
    lighting: str
    objects: tuple[Object, ...]


@dataclass(frozen=True)
class Scenes:
    """n scenes as tensors of indices into the tuples of this module.

    `background` and `lighting` are int64 [n]; `count` int64 [n] is the number of objects, 1 to 3; all others are int64
    [n, 3], of which the first `count` of a row are objects of the scene.
    """

    background: Tensor
    lighting: Tensor
    count: Tensor
    shape: Tensor
    colour: Tensor
    texture: Tensor
    size: Tensor
    position: Tensor

    def __len__(self) -> int:
        return len(self.background)

    def __getitem__(self, index: Tensor | slice) -> Scenes:
        """The scenes that an index tensor, a mask or a slice picks."""
        return Scenes(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def mirrored(self) -> Scenes:
        """The same scenes with left and right exchanged."""
        left, right = POSITIONS.index("left"), POSITIONS.index("right")
        position = self.position.clone()
        position[self.position == left] = right
        position[self.position == right] = left
        return Scenes(**{**self.tensors(), "position": position})

    def tensors(self) -> dict[str, Tensor]:
        """The tensors by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def scene(self, row: int) -> Scene:
        """Scene `row` by names."""
        objects = tuple(
            Object(**{name: values[int(getattr(self, name)[row, slot])] for name, values in OBJECT_ATTRIBUTES.items()})
            for slot in range(int(self.count[row])))
        return Scene(BACKGROUNDS[int(self.background[row])], LIGHTINGS[int(self.lighting[row])], objects)

    def named(self) -> list[Scene]:
        """All scenes by names."""
        return [self.scene(row) for row in range(len(self))]

    @staticmethod
    def concatenate(parts: list[Scenes]) -> Scenes:
        """The scenes of all parts, in their order."""
        return Scenes(**{field.name: torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Scenes)})


def draw_scenes(count: int, generator: torch.Generator, *, background: Tensor | None = None, shape: Tensor | None = None,
                objects: int | None = None) -> Scenes:
    """Draws `count` scenes.

    `background` int64 [count] fixes backgrounds, `shape` int64 [count] the shape of each first object, and `objects` the
    number of objects of all scenes.
    """
    if objects is not None and objects not in COUNTS:
        raise ValueError(f"objects: got {objects}, expected one of {COUNTS}")
    for name, given in (("background", background), ("shape", shape)):
        if given is not None and given.shape != (count,):
            raise ValueError(f"{name}: got shape {tuple(given.shape)}, expected ({count},)")

    def uniform(values: tuple, *extent: int) -> Tensor:
        return torch.randint(0, len(values), (count, *extent), generator=generator)

    drawn = {
        "background": uniform(BACKGROUNDS),
        "lighting": torch.multinomial(_LIGHTING_SHARES, count, replacement=True, generator=generator),
        "count": 1 + torch.multinomial(_COUNT_SHARES, count, replacement=True, generator=generator),
        "shape": uniform(SHAPES, MAX_OBJECTS),
        "colour": uniform(COLOURS, MAX_OBJECTS),
        "texture": torch.multinomial(_TEXTURE_SHARES, count * MAX_OBJECTS, replacement=True,
                                     generator=generator).view(count, MAX_OBJECTS),
        "size": uniform(SIZES, MAX_OBJECTS),
        "position": torch.rand(count, len(POSITIONS), generator=generator).argsort(1)[:, :MAX_OBJECTS],
    }
    for name, share in _SHARED_ATTRIBUTES.items():
        shared = torch.rand(count, generator=generator) < share
        drawn[name][shared] = drawn[name][shared][:, :1].expand(-1, MAX_OBJECTS)
    if background is not None:
        drawn["background"] = background.clone()
    if shape is not None:
        drawn["shape"][:, 0] = shape
    if objects is not None:
        drawn["count"] = torch.full((count,), objects)
    # A large object in the centre would hide its neighbours.
    crowded = ((drawn["count"] > 1)[:, None] & (drawn["size"] == SIZES.index("large"))
               & (drawn["position"] == POSITIONS.index("center")))
    drawn["size"][crowded] = SIZES.index("medium")
    return Scenes(**drawn)
