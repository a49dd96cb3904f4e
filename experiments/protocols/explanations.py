"""Are the concepts of a scene's code true of it?"""
from __future__ import annotations

from ..scenes import sets
from ..scenes.vocabulary import concepts
from ..truth import CodeTruth, chance, code_truth, truth_document
from ..workspace import Workspace

PENALTIES = (0.6, 0.4, 0.25, 0.15, 0.08)


def run(workspace: Workspace) -> None:
    """Precision and recall of concepts at several penalties."""
    stored, vocabulary = sets.general(workspace), concepts(workspace.model)
    rows: list[tuple[float, CodeTruth]] = []
    for penalty in PENALTIES:
        codes = workspace.out / "codes" / f"general-{penalty:g}.npz"
        workspace.splice.run(["decompose", "--dictionary", workspace.dictionary, "--embeddings", stored.embeddings,
                              "--l1-penalty", penalty, "--out", codes], [codes])
        rows.append((penalty, code_truth(codes, stored, vocabulary)))
    by_chance = chance(stored, vocabulary)
    workspace.add("truth", truth_document(rows, by_chance, len(stored.scenes),
                                          {"dictionary": str(workspace.dictionary), "embeddings": str(stored.embeddings)}))
    figures = dict(rows)
    workspace.check("truth", "the heaviest concept is true (l1_penalty 0.25)", figures[0.25].precision[1], low=0.85)
    workspace.check("truth", "the five heaviest are true (0.25)", figures[0.25].precision[5], low=0.70)
    workspace.check("truth", "weight on true concepts (0.4)", figures[0.4].weighted, low=0.75)
    workspace.check("truth", "attributes named by a true concept (0.25)", figures[0.25].recall, low=0.8)
    workspace.check("truth", "chance, for comparison", by_chance, high=0.05)
    l0 = [row.l0 for _, row in rows]
    workspace.check("truth", "concepts per scene rise as the penalty falls (smallest step)",
                    min(after - before for before, after in zip(l0, l0[1:])), low=0.1)
