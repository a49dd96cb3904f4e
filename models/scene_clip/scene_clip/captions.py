"""Captions in the manner of alt texts: short, incomplete, in varied words."""
from __future__ import annotations

import random
from typing import Sequence

import torch

from .attributes import Object, Scene, draw_scenes
from .words import SYNONYMS, plural

_ADJECTIVES = ("shape", "colour", "texture", "size")
_PREPOSITIONS = ("on", "in", "at", "over", "against", "near")


class Captioner:
    """Writes captions of scenes; the same seed and scenes give the same captions."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def caption(self, scene: Scene) -> str:
        """One caption: a word or a phrase (20%), tags (12%), or objects and background in a sentence."""
        style = self._random.random()
        if style < 0.20:
            words = self._fragment(scene)
        elif style < 0.32:
            words = self._tags(scene)
        else:
            words = self._sentence(scene)
        return " ".join(words)

    def captions(self, scenes: Sequence[Scene]) -> list[str]:
        """One caption of each scene."""
        return [self.caption(scene) for scene in scenes]

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _word(self, attribute: str, value: str | int) -> str:
        words = SYNONYMS[attribute][value]
        return words[0] if len(words) == 1 or self._chance(0.55) else self._random.choice(words[1:])

    def _background(self, scene: Scene) -> list[str]:
        words = [self._word("background", scene.background)]
        if scene.lighting != "normal" and self._chance(0.6):
            words.insert(0, self._word("lighting", scene.lighting))
        return words

    def _noun_phrase(self, attributes: dict[str, str], several: bool = False, detail: float = 1.0) -> list[str]:
        """Adjectives and, where the shape is known, a noun; `detail` scales how much is said."""
        adjectives: list[str] = []
        if "colour" in attributes and self._chance(0.75 * detail):
            adjectives.append(self._word("colour", attributes["colour"]))
        if "texture" in attributes and self._chance((0.2 if attributes["texture"] == "solid" else 0.5) * detail):
            texture = self._word("texture", attributes["texture"])
            adjectives.insert(0 if self._chance(0.5) else len(adjectives), texture)
        if "size" in attributes and self._chance((0.2 if attributes["size"] == "medium" else 0.45) * detail):
            adjectives.insert(0, self._word("size", attributes["size"]))
        noun = self._word("shape", attributes["shape"])
        words = [*adjectives, plural(noun) if several else noun]
        if "position" in attributes and self._chance(0.3 * detail):
            position = self._word("position", attributes["position"])
            if self._chance(0.5):
                words = [position, *words]
            else:
                words = [*words, self._random.choice(("at", "on", "in")), "the", position]
        return words

    def _fragment(self, scene: Scene) -> list[str]:
        style = self._random.random()
        if style < 0.22:
            return self._background(scene)
        if style < 0.30 and scene.lighting != "normal":
            return [self._word("lighting", scene.lighting)]
        item = self._random.choice(scene.objects)
        if style < 0.55:
            attribute = self._random.choice(("shape", "shape", "colour", "colour", "texture", "size", "position"))
            return [self._word(attribute, getattr(item, attribute))]
        return self._noun_phrase(vars(item), detail=0.8)

    def _tags(self, scene: Scene) -> list[str]:
        tags = [self._word(attribute, getattr(item, attribute)) for item in scene.objects for attribute in _ADJECTIVES
                if self._chance(0.5)]
        if self._chance(0.7):
            tags.append(self._word("background", scene.background))
        if scene.lighting != "normal" and self._chance(0.5):
            tags.append(self._word("lighting", scene.lighting))
        if self._chance(0.4):
            tags.append(self._word("count", len(scene.objects)))
        self._random.shuffle(tags)
        return tags or self._background(scene)

    def _plural_phrase(self, objects: list[Object]) -> list[str]:
        """Objects of one shape together, with what they have in common."""
        common = {name: getattr(objects[0], name) for name in _ADJECTIVES
                  if all(getattr(item, name) == getattr(objects[0], name) for item in objects)}
        phrase = self._noun_phrase(common, several=True)
        if self._chance(0.8):
            phrase.insert(0, self._word("count", len(objects)))
        elif self._chance(0.3):
            phrase.insert(0, "some")
        return phrase

    def _list_phrase(self, objects: list[Object], all_objects: int) -> list[str]:
        """Objects one after the other."""
        phrase: list[str] = []
        for place, item in enumerate(objects):
            if place:
                phrase.append("and" if self._chance(0.8) else "with")
            words = self._noun_phrase(vars(item))
            if all_objects == 1 and self._chance(0.2):
                words.insert(0, self._word("count", 1))
            elif self._chance(0.8):
                words.insert(0, "an" if words[0][0] in "aeio" else "a")
            phrase += words
        return phrase

    def _sentence(self, scene: Scene) -> list[str]:
        objects = list(scene.objects)
        self._random.shuffle(objects)
        alike = len(objects) > 1 and len({item.shape for item in objects}) == 1
        several = alike and self._chance(0.75)
        if several:
            phrase = self._plural_phrase(objects)
        else:
            phrase = self._list_phrase(objects if self._chance(0.65) else objects[:1], len(objects))
        background = self._background(scene)
        style = self._random.random()
        if style < 0.15:
            words = phrase
        elif style < 0.40:
            words = [*background, self._random.choice(("with", "and", "background with", "scene with")), *phrase]
        else:
            words = [*phrase, self._random.choice(_PREPOSITIONS), *(["the"] if self._chance(0.4) else []), *background,
                     *(["background"] if self._chance(0.1) else [])]
        opening = self._random.random()
        if opening < 0.2:
            words = [*self._random.choice(("photo of", "a picture of", "image of", "a drawing of")).split(), *words]
        elif opening < 0.25:
            words = ["there", "are" if several else "is", *words]
        return words


def caption_corpus(scenes: int, captions_each: int, seed: int) -> list[str]:
    """Captions of scenes that are drawn, not rendered."""
    drawn = draw_scenes(scenes, torch.Generator().manual_seed(seed)).named()
    captioner = Captioner(seed)
    return [captioner.caption(scene) for scene in drawn for _ in range(captions_each)]
