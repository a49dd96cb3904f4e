"""The twelve backgrounds, each a function of random numbers that were drawn before."""
from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

#: Scenes are described on a grid of this many cells a side; fine noise has one number a cell, at any size of the picture.
GRID = 48
_OCTAVES = (3, 6, 12)
_PERSISTENCE = 0.55
_NUMBERS = 12


@dataclass(frozen=True)
class Draws:
    """Random numbers of n backgrounds, on grids that do not depend on the size of the picture."""

    octaves: tuple[Tensor, ...]  # normal [n, k, k]
    leaves: tuple[Tensor, ...]   # normal [n, k, k], finer
    normal: Tensor               # normal [n, GRID, GRID]
    chance: Tensor               # uniform [n, GRID, GRID]
    strength: Tensor             # uniform [n, GRID, GRID]
    numbers: Tensor              # uniform [n, _NUMBERS]

    @staticmethod
    def draw(count: int, generator: torch.Generator) -> Draws:
        """Draws the numbers of `count` backgrounds."""
        def normal(side: int) -> Tensor:
            return torch.randn(count, side, side, generator=generator)

        def uniform(*extent: int) -> Tensor:
            return torch.rand(count, *extent, generator=generator)

        return Draws(tuple(normal(side) for side in _OCTAVES), (normal(8), normal(16)), normal(GRID), uniform(GRID, GRID),
                     uniform(GRID, GRID), uniform(_NUMBERS))

    def __getitem__(self, index: Tensor) -> Draws:
        return Draws(tuple(octave[index] for octave in self.octaves), tuple(leaf[index] for leaf in self.leaves),
                     self.normal[index], self.chance[index], self.strength[index], self.numbers[index])


class Canvas:
    """Coordinates and random numbers that a background is painted from; fields are [n, size, size]."""

    def __init__(self, draws: Draws, size: int) -> None:
        count = len(draws.numbers)
        centres = (torch.arange(size) + 0.5) / size
        self.x = centres.view(1, 1, size).expand(count, size, size)  # 0 left to 1 right
        self.y = centres.view(1, size, 1).expand(count, size, size)  # 0 top to 1 bottom
        self._draws = draws
        self._size = size

    def uniform(self, number: int, low: float, high: float) -> Tensor:
        """Random number `number` of each background, between low and high: [n, 1, 1]."""
        return low + (high - low) * self._draws.numbers[:, number].view(-1, 1, 1)

    def columns(self, first: int, count: int) -> Tensor:
        """`count` random numbers of each background as vertical bands of equal width, 0 to 1."""
        band = (self.x[:1, :1] * count).long().expand(len(self._draws.numbers), -1, -1)
        numbers = self._draws.numbers[:, first:first + count].unsqueeze(1)
        return numbers.gather(2, band).expand(-1, self._size, -1)

    def clouds(self) -> Tensor:
        """Smooth noise of about unit variance."""
        return self._octaves(self._draws.octaves)

    def leaves(self) -> Tensor:
        """Finer smooth noise."""
        return self._octaves(self._draws.leaves)

    def fine(self, grid: Tensor) -> Tensor:
        """A field of one number a cell of the grid, enlarged to the picture."""
        scale = self._size // GRID
        return grid.repeat_interleave(scale, 1).repeat_interleave(scale, 2)

    @property
    def draws(self) -> Draws:
        """The random numbers."""
        return self._draws

    def _octaves(self, octaves: tuple[Tensor, ...]) -> Tensor:
        layers = [F.interpolate(octave.unsqueeze(1), (self._size, self._size), mode="bilinear", align_corners=False)[:, 0]
                  * _PERSISTENCE**k for k, octave in enumerate(octaves)]
        return torch.stack(layers).sum(0)


def rgb(red: float, green: float, blue: float) -> Tensor:
    """A colour as [1, 3, 1, 1]."""
    return torch.tensor([red, green, blue]).view(1, 3, 1, 1)


def blend(below: Tensor, above: Tensor, share: Tensor) -> Tensor:
    """`above` over `below` where share [n, size, size] is 1."""
    return below + (above - below) * share.unsqueeze(1)


def _wave(cycles: Tensor) -> Tensor:
    return torch.sin(2 * math.pi * cycles)


def _sky(c: Canvas) -> Tensor:
    blue = blend(rgb(.35, .60, .95), rgb(.75, .88, 1.), c.y)
    return blend(blue, rgb(1., 1., 1.), 0.9 * torch.sigmoid(5 * (c.clouds() - c.uniform(0, .2, .9))))


def _grass(c: Canvas) -> Tensor:
    normal = c.draws.normal
    blades = normal + 0.8 * normal.roll(1, 1) + 0.6 * normal.roll(2, 1)  # smeared downwards
    return blend(rgb(.25, .55, .15), rgb(.45, .75, .25), 0.5 + 0.25 * c.fine(blades) + 0.15 * c.clouds())


def _desert(c: Canvas) -> Tensor:
    bend = 0.12 * _wave(c.x * c.uniform(0, .5, 1.2) + c.uniform(1, 0, 1)) + 0.1 * c.clouds()
    dunes = _wave(c.y * c.uniform(2, 3, 6) + bend)
    sand = blend(rgb(.80, .65, .40), rgb(.95, .83, .58), 0.5 + 0.4 * dunes)
    return blend(sand, rgb(.80, .88, .95), torch.sigmoid(30 * (c.uniform(3, .15, .3) - c.y)))


def _night(c: Canvas) -> Tensor:
    stars = (c.draws.chance > 0.985).float() * c.draws.strength
    return blend(rgb(.02, .02, .10), rgb(.08, .07, .25), c.y + 0.1 * c.clouds()) + c.fine(stars).unsqueeze(1)


def _snow(c: Canvas) -> Tensor:
    ground = blend(rgb(.80, .86, .93), rgb(.97, .98, 1.), torch.sigmoid(2 * c.clouds() + 6 * (c.y - 0.3)))
    return blend(ground, rgb(1., 1., 1.), c.fine((c.draws.chance > 0.97).float()))


def _water(c: Canvas) -> Tensor:
    bend = 0.25 * _wave(c.x * c.uniform(0, 1, 2.5) + c.uniform(1, 0, 1) + c.y) + 0.1 * c.clouds()
    return blend(rgb(.03, .32, .52), rgb(.20, .62, .75), 0.5 + 0.4 * _wave(c.y * c.uniform(2, 7, 11) + bend))


def _forest(c: Canvas) -> Tensor:
    leaves = blend(rgb(.05, .22, .08), rgb(.15, .38, .12), 0.5 + 0.4 * c.leaves())
    trunks = _wave(c.x * c.uniform(0, 4, 7) + c.uniform(1, 0, 1)) + 0.25 * c.clouds()
    below_crowns = torch.sigmoid(12 * (c.y - c.uniform(2, .15, .35)))
    return blend(leaves, rgb(.30, .18, .08), torch.sigmoid(14 * (trunks - 0.6)) * below_crowns)


def _sunset(c: Canvas) -> Tensor:
    glow = blend(rgb(.45, .20, .50), rgb(1., .50, .20), (1.5 * c.y + 0.08 * c.clouds()).clamp(0, 1))
    return blend(glow, rgb(1., .85, .40), torch.exp(-((c.y - c.uniform(0, .65, .85)) / 0.08) ** 2))


def _city(c: Canvas) -> Tensor:
    house = (1 - c.y < 0.3 + 0.5 * c.columns(0, 6)).float()
    shade = 0.2 * c.columns(6, 6).unsqueeze(1)
    window = (c.x * GRID % 3 < 1) & (c.y * GRID % 4 < 2) & (c.fine(c.draws.chance) > 0.4)
    skyline = blend(rgb(.62, .66, .72), rgb(.22, .23, .28) + shade, house)
    return blend(skyline, rgb(.95, .85, .45), 0.8 * window.float() * house)


def _mountain(c: Canvas) -> Tensor:
    peaks = [c.uniform(k, .2, .5) + c.uniform(k + 1, 1.0, 1.8) * (c.x - c.uniform(k + 2, 0, 1)).abs() for k in (0, 3, 6)]
    ridge = torch.stack(peaks).amin(0)
    clouds = c.clouds()
    rock = torch.sigmoid(40 * (c.y - ridge))
    snow = rock * torch.sigmoid(40 * (ridge + 0.1 - c.y) + 4 * clouds) * torch.sigmoid(40 * (0.6 - ridge))
    slopes = blend(rgb(.55, .72, .92), rgb(.42, .40, .40) + 0.06 * clouds.unsqueeze(1), rock)
    return blend(slopes, rgb(.95, .96, 1.), snow)


def _brick(c: Canvas) -> Tensor:
    height, joint = 6.0, 1.0  # in cells of the grid; bricks are twice as wide as high
    row = (c.y * GRID / height).floor()
    across, down = (c.x * GRID + (row % 2) * height) % (2 * height), (c.y * GRID) % height
    mortar = ((down < joint) | (across < joint)).float()
    return blend(rgb(.62, .25, .18) + 0.05 * c.clouds().unsqueeze(1), rgb(.78, .74, .70), mortar)


def _wood(c: Canvas) -> Tensor:
    grain = _wave(c.y * c.uniform(0, 5, 8) + 0.35 * c.clouds())
    planks = blend(rgb(.50, .32, .17), rgb(.68, .47, .27), 0.5 + 0.4 * grain)
    return blend(planks, rgb(.25, .15, .08), (4 * c.y % 1 < 0.06).float())


_PAINTERS: dict[str, Callable[[Canvas], Tensor]] = {
    "sky": _sky, "grass": _grass, "desert": _desert, "night": _night, "snow": _snow, "water": _water, "forest": _forest,
    "sunset": _sunset, "city": _city, "mountain": _mountain, "brick": _brick, "wood": _wood,
}


def paint_background(name: str, draws: Draws, size: int) -> Tensor:
    """Backgrounds of one kind: RGB in 0..1, float32 [n, 3, size, size]."""
    return _PAINTERS[name](Canvas(draws, size)).clamp(0, 1)
