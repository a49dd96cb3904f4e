"""Codes against what is true of the scenes: precision and recall of the concepts they name."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Sequence

import numpy as np
import scipy.sparse
from scene_clip.concepts import Requirements, truth
from scene_clip.decomposition import chance_precision, code_figures

from .documents import Column, Document, Table
from .scenes.store import StoredSet

KS = (1, 3, 5, 10)


@dataclass(frozen=True)
class CodeTruth:
    """Means over rows: l0, cosine; share of true concepts among the k largest weights, of weight on true concepts, and of the
    scene's attributes that a true concept of the code names."""

    l0: float
    cosine: float
    precision: dict[int, float]
    weighted: float
    recall: float


def code_truth(codes: Path, stored: StoredSet, vocabulary: Sequence[str]) -> CodeTruth:
    """Figures of a codes.npz of the scenes. Raises ValueError for codes of another shape."""
    matrix = scipy.sparse.csr_array(scipy.sparse.load_npz(codes))
    if matrix.shape != (len(stored.scenes), len(vocabulary)):
        raise ValueError(f"codes: got shape {matrix.shape} in {codes}, expected ({len(stored.scenes)}, {len(vocabulary)})")
    figures = code_figures(matrix, stored.scenes, list(vocabulary))
    with np.load(codes) as arrays:
        cosine = float(arrays["cosine"].astype(np.float64).mean())
    return CodeTruth(figures["l0"], cosine, {k: figures[f"precision_at_{k}"] for k in KS}, figures["precision_weighted"],
                     figures["recall"])


def chance(stored: StoredSet, vocabulary: Sequence[str]) -> float:
    """Share of the dictionary's concepts that are true of a scene."""
    return chance_precision(stored.scenes, list(vocabulary))


def true_rows(stored: StoredSet, concept: str) -> list[bool]:
    """Of which scenes a concept is true."""
    return truth(stored.scenes, Requirements.of([concept]))[:, 0].tolist()


def truth_document(rows: Sequence[tuple[float, CodeTruth]], by_chance: float, scenes: int, settings: dict) -> Document:
    """The figures at each penalty as a result document."""
    columns = [Column("l1_penalty", "l1_penalty", digits=2), Column("l0", "concepts", digits=1), Column("cosine", "cosine"),
               *(Column(f"precision_at_{k}", f"precision at {k}") for k in KS), Column("weighted", "weight on true concepts"),
               Column("recall", "recall")]
    table = Table("penalties", "Concepts that are true of their scene", columns,
                  [[penalty, row.l0, row.cosine, *(row.precision[k] for k in KS), row.weighted, row.recall] for penalty, row in rows],
                  "Precision at k: share of true concepts among the k largest weights. Recall: share of a scene's attributes that a "
                  f"true concept of its code names. A concept of the dictionary is true of a scene with probability {by_chance:.3f}.")
    curve = Table("curve", "Precision and recall against the number of concepts",
                  [Column("l0", "concepts", digits=1), Column("figure", "figure", "text"), Column("share", "share")],
                  [[row.l0, name, value] for _, row in rows
                   for name, value in (*((f"precision at {k}", row.precision[k]) for k in KS), ("recall", row.recall))])
    chart = {"key": "curve", "title": curve.title, "kind": "lines", "table": "curve", "x": "l0", "y": "share", "series": "figure",
             "description": "Precision among the k largest weights falls slowly with the number of concepts, recall rises."}
    best = max(rows, key=lambda row: row[1].precision[1])
    summary = (f"Of {scenes} scenes the heaviest concept is true of {best[1].precision[1]:.1%} at l1_penalty {best[0]:g} "
               f"(by chance {by_chance:.1%}).")
    return Document("truth", "Concepts against the truth of scenes", summary, settings, [table, curve], [chart])
