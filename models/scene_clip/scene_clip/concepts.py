"""Concepts of one or two words: which ones captions hold, and of which scenes each is true."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Iterable, Sequence

import torch
from torch import Tensor

from .attributes import MAX_OBJECTS, OBJECT_ATTRIBUTES, SCENE_ATTRIBUTES, SHAPES, Scenes
from .words import MEANINGS, STOP_WORDS


def _offsets(attributes: dict[str, tuple]) -> dict[str, int]:
    """Attribute to the column of its first value; "" to the number of columns."""
    offsets, column = {}, 0
    for name, values in attributes.items():
        offsets[name], column = column, column + len(values)
    return {**offsets, "": column}


_OBJECT_COLUMN = _offsets(OBJECT_ATTRIBUTES)
# Scenes have, beside their own attributes, a column for each shape that two or more objects have.
_SCENE_COLUMN = _offsets({**SCENE_ATTRIBUTES, "several": SHAPES})


def facets(scenes: Scenes) -> tuple[Tensor, Tensor]:
    """Values as 0 and 1: of objects, float [n, 3, 42] (all 0 for objects that are not there), and of scenes, float [n, 36]."""
    count = len(scenes)
    present = (torch.arange(MAX_OBJECTS) < scenes.count[:, None]).float()
    of_objects = torch.zeros(count, MAX_OBJECTS, _OBJECT_COLUMN[""])
    for name in OBJECT_ATTRIBUTES:
        of_objects.scatter_(2, (getattr(scenes, name) + _OBJECT_COLUMN[name]).unsqueeze(2), present.unsqueeze(2))
    of_scenes = torch.zeros(count, _SCENE_COLUMN[""])
    of_scenes.scatter_(1, scenes.background[:, None] + _SCENE_COLUMN["background"], 1.0)
    of_scenes.scatter_(1, scenes.lighting[:, None] + _SCENE_COLUMN["lighting"], 1.0)
    of_scenes.scatter_(1, scenes.count[:, None] - 1 + _SCENE_COLUMN["count"], 1.0)
    shapes = of_objects[:, :, _OBJECT_COLUMN["shape"]:_OBJECT_COLUMN["shape"] + len(SHAPES)].sum(1)
    of_scenes[:, _SCENE_COLUMN["several"]:] = (shapes >= 2).float()
    return of_objects, of_scenes


@dataclass(frozen=True)
class Requirements:
    """What p concepts require: of one and the same object, float [p, 42], and of the scene, float [p, 36]."""

    of_object: Tensor
    of_scene: Tensor

    @staticmethod
    def of(concepts: Sequence[str]) -> Requirements:
        """Requirements of concepts, each of content words divided by a blank.

        Raises ValueError for a word that has no meaning.
        """
        of_object = torch.zeros(len(concepts), _OBJECT_COLUMN[""])
        of_scene = torch.zeros(len(concepts), _SCENE_COLUMN[""])
        for row, concept in enumerate(concepts):
            for word in concept.split(" "):
                if word not in MEANINGS:
                    raise ValueError(f"concepts: got the word {word!r} in {concept!r}, expected a content word of the captions")
                meaning = MEANINGS[word]
                if meaning.attribute in OBJECT_ATTRIBUTES:
                    value = OBJECT_ATTRIBUTES[meaning.attribute].index(meaning.value)
                    of_object[row, _OBJECT_COLUMN[meaning.attribute] + value] = 1
                    if meaning.plural:
                        of_scene[row, _SCENE_COLUMN["several"] + value] = 1
                else:
                    value = SCENE_ATTRIBUTES[meaning.attribute].index(meaning.value)
                    of_scene[row, _SCENE_COLUMN[meaning.attribute] + value] = 1
        return Requirements(of_object, of_scene)

    def __getitem__(self, index: Tensor) -> Requirements:
        return Requirements(self.of_object[index], self.of_scene[index])


def truth(scenes: Scenes, requirements: Requirements) -> Tensor:
    """Which concepts are true of which scenes: bool [n, p].

    Words about objects have to hold for one and the same object; a plural says that at least two objects have the shape.
    """
    of_objects, of_scenes = facets(scenes)
    met = of_objects @ requirements.of_object.T == requirements.of_object.sum(1)
    present = torch.arange(MAX_OBJECTS) < scenes.count[:, None]
    by_an_object = (met & present.unsqueeze(2)).any(1)
    return by_an_object & (of_scenes @ requirements.of_scene.T == requirements.of_scene.sum(1))


def is_sensible(words: Sequence[str]) -> bool:
    """Whether no two words speak of the same attribute."""
    attributes = [MEANINGS[word].attribute for word in words]
    return len(set(attributes)) == len(attributes)


def count_concepts(captions: Iterable[str]) -> tuple[Counter[str], Counter[str]]:
    """In how many captions each content word, and each sensible pair of adjacent content words, occurs.

    Both orders of a pair are counted together, under the more frequent one.
    """
    unigrams: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for caption in captions:
        words = caption.split(" ")
        unigrams.update(set(words) - STOP_WORDS)
        pairs.update({pair for pair in zip(words, words[1:]) if STOP_WORDS.isdisjoint(pair) and is_sensible(pair)})
    bigrams: Counter[str] = Counter()
    for (first, second), times in pairs.items():
        reverse = pairs.get((second, first), 0)
        if (times, first) > (reverse, second):
            bigrams[f"{first} {second}"] = times + reverse
    return unigrams, bigrams


def frequent_concepts(captions: Iterable[str], bigrams: int) -> tuple[list[str], list[str], dict[str, int]]:
    """All unigrams and the `bigrams` most frequent bigrams, each descending by frequency, and the frequencies."""
    unigram_counts, bigram_counts = count_concepts(captions)

    def ranked(counts: Counter[str]) -> list[str]:
        return sorted(counts, key=lambda concept: (-counts[concept], concept))

    return ranked(unigram_counts), ranked(bigram_counts)[:bigrams], {**unigram_counts, **bigram_counts}
