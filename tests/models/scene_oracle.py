"""Which concepts are true of a scene, written out plainly: one scene, one concept, one object at a time."""

from functools import lru_cache

from scene_clip.words import SYNONYMS


@lru_cache
def _reading(word):
    """What a word says: attribute, value, least number of objects."""
    for attribute, values in SYNONYMS.items():
        for value, words in values.items():
            for known in words:
                if word == known:
                    return attribute, value, 1
                elif attribute == "shape" and word in (known + "s", known + "es"):
                    return attribute, value, 2
    raise ValueError(word)


def is_true(concept, scene):
    """Whether the scene fits every word, all object words fit one of its objects, and plurals find two of a shape."""
    of_one_object = []
    for word in concept.split():
        attribute, value, least = _reading(word)
        if attribute == "background" and scene.background != value:
            return False
        if attribute == "lighting" and scene.lighting != value:
            return False
        if attribute == "count" and len(scene.objects) != value:
            return False
        if attribute in ("shape", "colour", "texture", "size", "position"):
            of_one_object.append((attribute, value))
            if sum(getattr(thing, attribute) == value for thing in scene.objects) < least:
                return False
    for thing in scene.objects:
        if all(getattr(thing, attribute) == value for attribute, value in of_one_object):
            return True
    return False
