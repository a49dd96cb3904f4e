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
# Concepts of the dictionary: codes rarely hold `snow` or `desert` alone.
LESS, MORE = ("snow heart", "plain winter", "snowy one"), ("heart desert", "one desert")


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
    shift = [*(word for concept in LESS for word in ("--less", concept)), *(word for concept in MORE for word in ("--more", concept))]
    like = [*coded(workspace, stored, L1_PENALTY), "--like", row, "--top", TOP]
    before, after = workspace.run("search_like", "search", *like), workspace.run("search_shifted", "search", *like, *shift)
    there = [_share_true(found, stored, TO) for found in (before, after)]
    workspace.check(NAME, f"like a {SHAPE} in the {FROM}: share of the first {TOP} in the {TO} without a shift", there[0], high=0.1)
    workspace.check(NAME, f"the same, less {FROM}, more {TO}", there[1], low=0.5)
    workspace.check(NAME, f"of these, share that has a {SHAPE}", _share_true(after, stored, SHAPE), low=0.5)


def _share_true(found: Document, stored: StoredSet, concept: str) -> float:
    """Share of the rows found of which a concept is true."""
    true, rows = true_rows(stored, concept), found.table("rows").column("row")
    return sum(true[row] for row in rows) / max(1, len(rows))
