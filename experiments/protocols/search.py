"""Scenes found by concepts, and by a code that is shifted."""
from __future__ import annotations

from ..documents import Document
from ..scenes import sets
from ..scenes.store import StoredSet
from ..truth import true_rows
from ..workspace import Workspace
from .inputs import coded

NAME = "search"
QUERIES = ("red heart", "striped heart", "water star", "snow heart", "yellow cross")
TOP = 10
L1_PENALTY = 0.15
SHAPE, FROM, TO = "heart", "snow", "desert"
LESS, MORE = "snow heart", "heart desert"  # concepts of the dictionary


def run(workspace: Workspace) -> None:
    """What is found should have what was asked for."""
    stored = sets.tasks(workspace)
    shares = []
    for query in QUERIES:
        found = workspace.run("search_" + query.replace(" ", "_"), "search", *coded(workspace, stored, L1_PENALTY), "--concept", query, "--top", TOP)
        shares.append(_share_true(found, stored, query))
    workspace.check(NAME, f"of the first {TOP} scenes found, share that has the concept: mean of {len(QUERIES)} concepts", sum(shares) / len(shares),
                    low=0.8)
    workspace.check(NAME, "the same of the worst concept", min(shares), low=0.5)
    columns = stored.columns()
    row = next(row for row, seen in enumerate(zip(columns["shape"], columns["background"])) if seen == (SHAPE, FROM))
    found = workspace.run("search_shifted", "search", *coded(workspace, stored, L1_PENALTY), "--like", row, "--less", LESS, "--more", MORE,
                          "--top", TOP)
    workspace.check(NAME, f"of the first {TOP} like a {SHAPE} in the {FROM}, less {LESS}, more {MORE}: share that is a {SHAPE} in the {TO}",
                    _share_true(found, stored, MORE), low=0.7)


def _share_true(found: Document, stored: StoredSet, concept: str) -> float:
    """Share of the rows found of which a concept is true."""
    true, rows = true_rows(stored, concept), found.table("rows").column("row")
    return sum(true[row] for row in rows) / max(1, len(rows))
