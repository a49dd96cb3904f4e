"""C6 and C7: concepts are taken away, and classifiers should lose what speaks of them and nothing else."""
from __future__ import annotations

from scene_clip.attributes import COLOURS, TEXTURES
from scene_clip.bias import PLACES

from ..documents import Document
from ..scenes import sets
from ..workspace import Workspace
from .inputs import coded, group, with_texts

TASKS = ("shape", "colour", "texture", "background")
EDITED = {"colour": COLOURS, "texture": TEXTURES}
L1_PENALTY = 0.25
BIAS_PENALTY = 0.15


def run(workspace: Workspace) -> None:
    """All concepts that speak of an attribute are removed: its own zero-shot task falls to chance, the others stay."""
    stored = sets.tasks(workspace)
    tasks = [word for task in TASKS for word in ("--task", task)]
    for attribute, values in EDITED.items():
        for mode in ("resolve", "zero"):
            found = workspace.run(f"edit_{attribute}_{mode}", "intervene", *with_texts(workspace, stored, L1_PENALTY),
                                  *group(attribute, attribute, *values), "--words", "--mode", mode, *tasks)
            lost = {task: _accuracy(found, task, "recomposed") - _accuracy(found, task, "edited") for task in TASKS}
            chance = found.table("accuracy").value("chance", task=attribute, condition="edited")
            balanced = found.table("accuracy").value("balanced_accuracy", task=attribute, condition="edited")
            workspace.check("edits", f"without {attribute} ({mode}): balanced accuracy of {attribute} above chance", balanced - chance, high=0.05)
            others = max(value for task, value in lost.items() if task != attribute)
            workspace.check("edits", f"without {attribute} ({mode}): most that another task loses", others, high=0.03 if mode == "resolve" else 0.12)


def _accuracy(found: Document, task: str, condition: str) -> float:
    return found.table("accuracy").value("accuracy", task=task, condition=condition)


def bias(workspace: Workspace) -> None:
    """A probe learns the planted backgrounds instead of the shapes; without their concepts it is mended."""
    stored = sets.biased(workspace)
    found = workspace.run("bias", "intervene", *coded(workspace, stored, BIAS_PENALTY), *group("places", "background", *PLACES), "--words",
                          "--task", "label", "--probe", "--retrain", "--split-column", "split", "--penalty", "l1", "--cost", 4.0,
                          "--subgroups", "label,place")
    worst = {(classifier, condition): value for classifier, condition, value in zip(
        *(found.table("accuracy").column(name) for name in ("classifier", "condition", "worst_group_accuracy")))}
    before, after = worst["probe on codes", "codes"], worst["probe on codes, retrained", "edited"]
    workspace.check("bias", "worst group of a probe on dense embeddings", worst["probe on dense", "dense"], high=0.5)
    workspace.check("bias", "the same probe on embeddings without the places", worst["probe on dense", "edited"], low=0.5)
    workspace.check("bias", "worst group of a probe on codes", before, high=0.5)
    workspace.check("bias", "rise of the worst group without the places, probe as it was", worst["probe on codes", "edited"] - before, low=0.1)
    workspace.check("bias", "worst group without the places, probe trained again", after, low=0.5)
    workspace.check("bias", "probe as it was: above the control of as many other concepts",
                    worst["probe on codes", "edited"] - worst["probe on codes", "control"], low=0.1)
