"""Groups of the model's concepts by what their words mean."""
from __future__ import annotations

from pathlib import Path
from typing import Sequence

from scene_clip.words import SYNONYMS, plural

#: Words of opposite meaning among those of the captions.
ANTONYMS = (("small", "large"), ("tiny", "huge"), ("little", "big"), ("left", "right"), ("top", "bottom"), ("upper", "lower"),
            ("black", "white"), ("bright", "dim"), ("sunny", "gloomy"), ("foggy", "sunny"), ("snow", "desert"), ("one", "three"),
            ("single", "pair"), ("solid", "outlined"), ("city", "forest"))


def concepts(model: Path) -> list[str]:
    """The concepts of a model's dictionary, in its order."""
    return (model / "vocabulary.txt").read_text(encoding="utf-8").splitlines()


def words_of(attribute: str, value: str) -> set[str]:
    """All words for a value, plurals of shapes included."""
    words = set(SYNONYMS[attribute][value])
    return words | {plural(word) for word in words} if attribute == "shape" else words


def holding(vocabulary: Sequence[str], words: set[str]) -> list[str]:
    """The concepts that hold one of the words."""
    return [concept for concept in vocabulary if not words.isdisjoint(concept.split(" "))]


def classes(attribute: str) -> dict[str, list[str]]:
    """Value to its words, for class prompts; values that nobody speaks of are left out."""
    return {str(value): list(words) for value, words in SYNONYMS[attribute].items() if words}
