"""C1: is the embedding of two things together the sum of their embeddings?"""
from __future__ import annotations

from ..documents import Document
from ..scenes import pairs
from ..workspace import Workspace

NAME = "linearity"


def run(workspace: Workspace) -> None:
    """Pictures and phrases; the weights should be near 0.5 each."""
    for kind, option, table in (("pictures", "--pairs-file", pairs.picture_pairs(workspace)),
                                ("phrases", "--text-pairs", pairs.phrase_pairs(workspace))):
        found = workspace.run(f"linearity_{kind}", "evaluate", "linearity", "--model", workspace.model, option, table)
        for weight in ("first", "second"):
            workspace.check(NAME, f"{kind}: weight of the {weight}", _mean(found, weight), low=0.4, high=0.6)
        own = _mean(found, "cosine of the fit")
        workspace.check(NAME, f"{kind}: cosine of the fit", own, low=0.8)
        workspace.check(NAME, f"{kind}: cosine above that of another's pair", own - _mean(found, "cosine of the fit", "another's"), low=0.2)


def _mean(found: Document, weight: str, pair: str = "its own") -> float:
    return found.table("weights").value("mean", embeddings="raw", pair=pair, weight=weight)
