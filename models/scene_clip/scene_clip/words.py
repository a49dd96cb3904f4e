"""The words of captions and what each of them says of a scene."""
from __future__ import annotations

from typing import NamedTuple

from .attributes import BACKGROUNDS, COLOURS, LIGHTINGS, POSITIONS, SHAPES, SIZES, TEXTURES


class Meaning(NamedTuple):
    """That an attribute has a value. `plural` means: at least two objects of this shape."""

    attribute: str
    value: str | int
    plural: bool = False


def _synonyms(values: tuple, words: str) -> dict:
    """Value to its words; `words` has the values' words divided by commas, the most usual word first."""
    lists = [entry.split() for entry in words.split(",")]
    if len(lists) != len(values):
        raise ValueError(f"words: got words of {len(lists)} values, expected {len(values)}")
    return dict(zip(values, lists))


#: Attribute to value to words. Normal lighting is never spoken of.
SYNONYMS: dict[str, dict] = {
    "shape": _synonyms(SHAPES, "circle disc ball, square box, triangle, diamond rhombus, pentagon, hexagon, star, heart, "
                               "cross plus, ring donut, crescent moon, arrow, oval ellipse, rectangle bar, semicircle dome, "
                               "flower blossom"),
    "colour": _synonyms(COLOURS, "red crimson, orange, yellow golden, green emerald, cyan turquoise, blue cobalt, "
                                 "purple violet, pink rosy, brown chocolate, white ivory, gray silver, black ebony"),
    "texture": _synonyms(TEXTURES, "plain solid, striped stripy, dotted spotted, checkered checked, shaded gradient, "
                                   "outlined bordered"),
    "size": _synonyms(SIZES, "small tiny little, medium, large big huge"),
    "position": _synonyms(POSITIONS, "left, right, top upper, bottom lower, center middle"),
    "background": _synonyms(BACKGROUNDS, "sky clouds cloudy, grass meadow lawn, desert sand dunes, night nighttime midnight, "
                                         "snow winter snowy, water ocean sea, forest trees woods, sunset dusk evening, "
                                         "city skyline urban, mountain peaks alpine, brick bricks wall, wood wooden planks"),
    "lighting": _synonyms(LIGHTINGS, ", bright sunny, dim gloomy, foggy hazy, grainy noisy"),
    "count": _synonyms((1, 2, 3), "one single, two pair, three trio"),
}

#: Words without a meaning of their own.
STOP_WORDS = frozenset("a an the on in at with and of over against near there is are some photo picture image drawing "
                       "background scene".split())


def plural(word: str) -> str:
    """Plural of a shape's word."""
    return word + ("es" if word.endswith(("s", "x", "h")) else "s")


def _meanings() -> dict[str, Meaning]:
    meanings: dict[str, Meaning] = {}
    for attribute, values in SYNONYMS.items():
        for value, words in values.items():
            for word in words:
                new = {word: Meaning(attribute, value)}
                if attribute == "shape":
                    new[plural(word)] = Meaning(attribute, value, plural=True)
                clashes = (meanings.keys() | STOP_WORDS) & new.keys()
                if clashes:
                    raise ValueError(f"words: {sorted(clashes)} would mean two things")
                meanings.update(new)
    return meanings


#: Content word to what it says.
MEANINGS: dict[str, Meaning] = _meanings()
