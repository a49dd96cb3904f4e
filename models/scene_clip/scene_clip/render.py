"""Pictures of scenes: vectorised, on the CPU, the same bytes for the same seed."""
from __future__ import annotations

import math
from contextlib import contextmanager
from typing import Iterator

import torch
from torch import Tensor

from .attributes import BACKGROUNDS, LIGHTINGS, MAX_OBJECTS, SHAPES, TEXTURES, Scenes, draw_scenes
from .backgrounds import GRID, Draws, blend, paint_background
from .shapes import SIGNED_DISTANCE

#: Scenes that are drawn and rendered together; the random numbers of a seed depend on it.
CHUNK = 500

_RGB = torch.tensor([
    [.86, .10, .12], [.98, .52, .06], [.98, .90, .12], [.10, .66, .18], [.10, .85, .85], [.12, .22, .90],
    [.52, .12, .72], [1., .55, .74], [.47, .27, .10], [.98, .98, .98], [.52, .52, .54], [.05, .05, .06]])
_RADII = torch.tensor([.12, .17, .235])  # in units of the picture
#: Places of the positions, (x, y) in units of the picture from the top left corner.
CENTRES = torch.tensor([[.22, .5], [.78, .5], [.5, .22], [.5, .78], [.5, .5]])
_OBJECT_NUMBERS = 7


@contextmanager
def _one_thread() -> Iterator[None]:
    """Vectorised and scalar sines differ in the last bit, and which of the two a pixel gets depends on how threads split."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _texture_share(texture: Tensor, u: Tensor, v: Tensor, outline: Tensor, radius: Tensor, phase: Tensor,
                   angle: Tensor) -> Tensor:
    """Share of the second colour; u, v, outline (signed distance) and radius are in cells of the grid."""
    turned_u = angle.cos() * u - angle.sin() * v
    turned_v = angle.sin() * u + angle.cos() * v
    frequency = 2 * math.pi / (3.0 + 0.28 * radius)
    stripes = torch.sin(turned_u * frequency + phase)
    product = torch.sin(u * frequency + phase) * torch.sin(v * frequency + phase)
    shares = {
        "striped": (0.5 + 1.5 * stripes).clamp(0, 1),
        "dotted": (4 * product - 2.2).clamp(0, 1),
        "checkered": (0.5 + 2.5 * product).clamp(0, 1),
        "gradient": (0.5 + 0.6 * turned_v / radius).clamp(0, 1),
        "outlined": (outline + 1.9).clamp(0, 1),
    }
    share = torch.zeros_like(stripes)
    for name, value in shares.items():
        share = torch.where(texture == TEXTURES.index(name), value, share)
    return share


def _second_colour(colour: Tensor, chance: Tensor) -> Tensor:
    """White or black [n, 3], whichever shows on the object's colour [n, 3]; by chance where both do."""
    luminance = colour.mean(1, keepdim=True)
    light, dark = torch.tensor(0.97), torch.tensor(0.06)
    either = torch.where(chance < 0.5, light, dark)
    return torch.where(luminance > 0.7, dark, torch.where(luminance < 0.25, light, either)).expand(-1, 3)


def _paint_objects(picture: Tensor, scenes: Scenes, slot: int, kind: int, numbers: Tensor, colour_noise: Tensor) -> Tensor:
    """The pictures [n, 3, size, size] with object `slot` of each scene, all of them of one shape."""
    size, count = picture.shape[-1], len(scenes)
    pixels = (torch.arange(size) + 0.5) / size

    def uniform(number: int, low: float, high: float) -> Tensor:
        return low + (high - low) * numbers[:, number].view(count, 1, 1)

    radius = _RADII[scenes.size[:, slot]].view(count, 1, 1) * uniform(0, 0.92, 1.1)
    centre = CENTRES[scenes.position[:, slot]].view(count, 2, 1, 1)
    right = (pixels.view(1, 1, size) - centre[:, 0] - uniform(1, -0.04, 0.04)) / radius
    up = (centre[:, 1] + uniform(2, -0.04, 0.04) - pixels.view(1, size, 1)) / radius
    tilt = uniform(3, -0.35, 0.35)
    u, v = tilt.cos() * right - tilt.sin() * up, tilt.sin() * right + tilt.cos() * up
    distance = SIGNED_DISTANCE[SHAPES[kind]](u, v) * radius

    colour = (_RGB[scenes.colour[:, slot]] + 0.03 * colour_noise).clamp(0, 1)
    second = _second_colour(colour, numbers[:, 4:5])
    cells = radius * GRID
    share = _texture_share(scenes.texture[:, slot].view(count, 1, 1), u * cells, v * cells, distance * GRID, cells,
                           uniform(5, 0, 2 * math.pi), uniform(6, 0, math.pi))
    body = blend(colour[:, :, None, None], second[:, :, None, None], share)
    return blend(picture, body, (0.5 - distance * size).clamp(0, 1))


def _light(picture: Tensor, lighting: Tensor, numbers: Tensor, noise: Tensor) -> Tensor:
    """Brightness, fog and grain; noise is normal [n, 3, GRID, GRID]."""
    lighting = lighting.view(-1, 1, 1, 1)

    def uniform(number: int, low: float, high: float) -> Tensor:
        return low + (high - low) * numbers[:, number].view(-1, 1, 1, 1)

    def lit(name: str) -> Tensor:
        return lighting == LIGHTINGS.index(name)

    usual = uniform(0, 0.92, 1.06)
    gain = torch.where(lit("bright"), uniform(0, 1.2, 1.4), torch.where(lit("dim"), uniform(0, 0.45, 0.6), usual))
    picture = picture * gain + 0.06 * lit("bright")
    fog = uniform(1, 0.35, 0.48) * lit("foggy")
    picture = picture + (0.76 - picture) * fog
    scale = picture.shape[-1] // GRID
    grain = noise.repeat_interleave(scale, 2).repeat_interleave(scale, 3)
    return picture + grain * torch.where(lit("grainy"), 0.11, 0.018)


def render(scenes: Scenes, generator: torch.Generator, size: int = GRID) -> Tensor:
    """Renders scenes: RGB, uint8 [n, 3, size, size].

    `size` is a multiple of 48. The same generator gives the same scene at any size: the random numbers do not depend on it.
    The result does not depend on the number of threads. Other instruction sets may round a few pixels differently.
    """
    if size <= 0 or size % GRID != 0:
        raise ValueError(f"size: got {size}, expected a multiple of {GRID}")
    with _one_thread():
        count = len(scenes)
        backdrop = Draws.draw(count, generator)
        numbers = torch.rand(count, MAX_OBJECTS, _OBJECT_NUMBERS, generator=generator)
        colour_noise = torch.randn(count, MAX_OBJECTS, 3, generator=generator)
        light_numbers = torch.rand(count, 2, generator=generator)
        noise = torch.randn(count, 3, GRID, GRID, generator=generator)

        picture = torch.empty(count, 3, size, size)
        for kind, name in enumerate(BACKGROUNDS):
            rows = (scenes.background == kind).nonzero()[:, 0]
            if len(rows):
                picture[rows] = paint_background(name, backdrop[rows], size)
        for slot in range(MAX_OBJECTS):
            for kind in range(len(SHAPES)):
                rows = ((scenes.shape[:, slot] == kind) & (scenes.count > slot)).nonzero()[:, 0]
                if len(rows):
                    picture[rows] = _paint_objects(picture[rows], scenes[rows], slot, kind, numbers[rows, slot],
                                                   colour_noise[rows, slot])
        picture = _light(picture, scenes.lighting, light_numbers, noise)
        return (255 * picture.clamp(0, 1) + 0.5).to(torch.uint8)


def make_scenes(count: int, seed: int, *, size: int = GRID, background: Tensor | None = None, shape: Tensor | None = None,
                objects: int | None = None) -> tuple[Scenes, Tensor]:
    """`count` scenes of a seed and their pictures, uint8 [count, 3, size, size].

    `background`, `shape` and `objects` are as in draw_scenes. The first scenes of a seed are the same for any count that is
    a multiple of 500.
    """
    generator = torch.Generator().manual_seed(seed)
    scenes = []
    pictures = torch.empty(count, 3, size, size, dtype=torch.uint8)
    for first in range(0, count, CHUNK):
        rows = slice(first, min(first + CHUNK, count))
        scenes.append(draw_scenes(rows.stop - rows.start, generator,
                                  background=None if background is None else background[rows],
                                  shape=None if shape is None else shape[rows], objects=objects))
        pictures[rows] = render(scenes[-1], generator, size)
    return Scenes.concatenate(scenes), pictures
