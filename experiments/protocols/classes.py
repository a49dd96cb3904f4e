"""C4 and C5: what classes are made of, and which concepts go with a class for no good reason."""
from __future__ import annotations

from scene_clip.bias import CLASSES, PLACES
from scene_clip.words import MEANINGS

from ..documents import Table
from ..scenes import sets
from ..scenes.vocabulary import words_of
from ..workspace import Workspace
from .inputs import coded, group

ATTRIBUTES = ("background", "shape")
L1_PENALTY = 0.25


def run(workspace: Workspace) -> None:
    """The largest concepts of each class should name the class."""
    stored = sets.tasks(workspace)
    for attribute in ATTRIBUTES:
        found = workspace.run(f"classes_{attribute}", "summarize", *coded(workspace, stored, L1_PENALTY), "--by", attribute, "--top", 7)
        concepts = found.table("concepts")
        named = _of_each_class(concepts, attribute)
        workspace.check("classes", f"{attribute}: of the seven largest concepts, share that name the class, or what all scenes share",
                        sum(name is not False for names in named.values() for name in names) / len(concepts.rows), low=0.95)
        workspace.check("classes", f"{attribute}: classes whose first concept that not all scenes share names them",
                        sum(next((name for name in names if name is not None), False) for names in named.values()) / len(named), low=0.95)
    biased = sets.biased(workspace)
    found = workspace.run("differences", "summarize", *coded(workspace, biased, L1_PENALTY), "--by", "train_label", "--compare", *CLASSES)
    beyond = [row for row in found.table("differences").rows
              if (row[found.table("differences").index("p_corrected")] or 1) <= 0.05]
    workspace.check("classes", "concepts that tell the planted classes apart beyond chance", float(len(beyond)), low=4)
    workspace.check("classes", "of these, share that speak of the classes or of their planted places",
                    _share([row[0] for row in beyond], _planted()), low=0.9)


def _planted() -> set[str]:
    """Words of the two classes and of their places."""
    shapes = set().union(*(words_of("shape", name) for name in CLASSES))
    return shapes.union(*(words_of("background", name) for name in PLACES))


def _share(concepts: list[str], words: set[str]) -> float:
    return sum(not words.isdisjoint(concept.split(" ")) for concept in concepts) / max(1, len(concepts))


def _of_each_class(concepts: Table, attribute: str) -> dict[str, list[bool | None]]:
    """Of each class's largest concepts those that hold a word for it (True), or speak of nothing but the number and the position of
    objects, of which classes are alike (None)."""
    named: dict[str, list[bool | None]] = {}
    for label, concept in zip(concepts.column("group"), concepts.column("concept")):
        words = concept.split(" ")
        if not words_of(attribute, label).isdisjoint(words):
            named.setdefault(label, []).append(True)
        elif all(MEANINGS[word].attribute in ("count", "position") for word in words):
            named.setdefault(label, []).append(None)
        else:
            named.setdefault(label, []).append(False)
    return named


def scan(workspace: Workspace) -> None:
    """The planted places should be found, from the training half alone."""
    biased = sets.biased(workspace)
    groups = [word for place in PLACES for word in group(place, "background", place)]
    found = workspace.run("scan", "scan", *coded(workspace, biased, L1_PENALTY), "--by", "train_label", *groups, "--words", "--spurious")
    suspects = found.table("spurious").column("concept")
    planted = set().union(*(words_of("background", place) for place in PLACES))
    workspace.check("scan", "planted backgrounds among the five most suspicious concepts", 5 * _share(suspects[:5], planted), low=3)
    weights = found.table("weights")
    for label, place, other in zip(CLASSES, PLACES, reversed(PLACES)):
        of_place, of_other = (weights.value("weight", group=name, **{"class": label}) for name in (place, other))
        workspace.check("scan", f"{label}: weight of {place} over that of {other}", of_place / max(1e-12, of_other), low=4)
