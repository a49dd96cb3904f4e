"""Scenes found by concepts, and by a code that is shifted."""
from __future__ import annotations

from ..documents import Document
from ..scenes import sets
from ..scenes.store import StoredSet
from ..truth import true_rows
from ..workspace import Workspace
from .inputs import coded

NAME = "search"
QUERIES = (("star",), ("night",), ("red", "heart"), ("striped", "circle"), ("snow", "blue"))
TOP = 10
L1_PENALTY = 0.15
FROM, TO = "snow", "desert"


def run(workspace: Workspace) -> None:
    """What is found should have what was asked for."""
    stored = sets.tasks(workspace)
    for query in QUERIES:
        name = "search_" + "_".join(query)
        asked = [word for concept in query for word in ("--concept", concept)]
        found = workspace.run(name, "search", *coded(workspace, stored, L1_PENALTY), *asked, "--top", TOP)
        workspace.check(NAME, f"of the first {TOP} for {' and '.join(query)}, share that has it", _share_true(found, stored, query), low=0.8)
    row = stored.columns()["background"].index(FROM)
    found = workspace.run("search_shifted", "search", *coded(workspace, stored, L1_PENALTY), "--like", row, "--less", FROM, "--more", TO,
                          "--top", TOP)
    workspace.check(NAME, f"of the first {TOP} like one in the {FROM}, less {FROM}, more {TO}: share in the {TO}",
                    _share_true(found, stored, (TO,)), low=0.7)


def _share_true(found: Document, stored: StoredSet, concepts: tuple[str, ...]) -> float:
    """Share of the rows found of which all concepts are true."""
    true = [true_rows(stored, concept) for concept in concepts]
    rows = found.table("rows").column("row")
    return sum(all(of_concept[row] for of_concept in true) for row in rows) / max(1, len(rows))
