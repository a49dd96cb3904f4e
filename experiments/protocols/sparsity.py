"""C2 and C3: what few concepts keep of an embedding, beside other dictionaries, and linear probes."""
from __future__ import annotations

from ..documents import Document
from ..scenes import sets
from ..workspace import Workspace
from .inputs import coded, with_texts

NAME = "sparsity"
TARGETS = "3,5,10,20,40"
BASELINES = {"shape": "dense,random,signed,uncentered,learned=", "colour": "dense,random"}
PROBED = ("shape", "background")
LEARNED_PENALTY = 0.25


def run(workspace: Workspace) -> None:
    """Curves of cosine and zero-shot accuracy for two tasks, with the paper's baselines."""
    stored, corpus = sets.tasks(workspace), sets.corpus(workspace)
    learned = workspace.out / "dictionaries" / "learned.safetensors"
    workspace.splice.run(["dictionary", "learn", "--embeddings", corpus.embeddings, "--size", 1722, "--image-mean",
                          workspace.model / "image_mean.npy", "--l1-penalty", LEARNED_PENALTY, "--epochs", 4, "--out", learned], [learned])
    for label, baselines in BASELINES.items():
        found = workspace.run(f"sparsity_{label}", "evaluate", "sparsity-curve", *with_texts(workspace, stored), "--label", label,
                              "--l0-path", TARGETS, "--baseline", baselines + (workspace.splice.word(learned) if baselines.endswith("=") else ""))
        dense = _dense(found)
        workspace.check(NAME, f"{label}: accuracy lost with at most 10 concepts", dense - _at(found, 10, "accuracy"), high=0.03)
        workspace.check(NAME, f"{label}: accuracy lost with at most 40 concepts", dense - _at(found, 40, "accuracy"), high=0.015)
        workspace.check(NAME, f"{label}: cosine above a random dictionary's (10)", _at(found, 10, "cosine") - _at(found, 10, "cosine", "random"),
                        low=0.15)
        workspace.check(NAME, f"{label}: accuracy above a random dictionary's (10)",
                        _at(found, 10, "accuracy") - _at(found, 10, "accuracy", "random"), low=0.2)
    cosines = [_at(found, target, "cosine") for target in map(int, TARGETS.split(","))]
    workspace.check(NAME, "the cosine rises with the number of concepts (smallest step)",
                    min(after - before for before, after in zip(cosines, cosines[1:])), low=0.0)


def _at(found: Document, target: int, column: str, condition: str = "splice") -> float:
    return found.table("curve").value(column, condition=condition, target_l0=target)


def _dense(found: Document) -> float:
    return found.table("curve").where(condition="dense").column("accuracy")[0]


def probes(workspace: Workspace) -> None:
    """Probes on codes, and probes on dense embeddings tested on dense and on recomposed ones."""
    stored = sets.tasks(workspace)
    for label in PROBED:
        found = workspace.run(f"probe_{label}", "evaluate", "probe", *coded(workspace, stored, 0.15), "--label", label,
                              "--split-column", "split", "--penalty", "l2", "--cost", 10.0)
        accuracy = dict(zip(found.table("accuracy").column("condition"), found.table("accuracy").column("accuracy")))
        workspace.check("probes", f"{label}: accuracy lost by codes", accuracy["dense"] - accuracy["codes"], high=0.08)
        workspace.check("probes", f"{label}: accuracy lost by recomposing", accuracy["dense"] - accuracy["recomposed"], high=0.03)
        workspace.check("probes", f"{label}: accuracy on codes", accuracy["codes"], low=0.8)
