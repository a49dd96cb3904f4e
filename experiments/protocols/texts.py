"""C9 to C12: images and texts of one space: the gap between them, retrieval, and concepts beside captions."""
from __future__ import annotations

from ..documents import Document
from ..scenes import sets
from ..scenes.store import write_records
from ..scenes.vocabulary import ANTONYMS
from ..workspace import Workspace
from .inputs import with_texts

PENALTIES = "0.4,0.25,0.15,0.08"
RELEVANCE_PENALTY = 0.25


def gap(workspace: Workspace) -> None:
    """Images and texts lie apart, and less so once each is centred."""
    found = workspace.run("modality_gap", "evaluate", "modality-gap", *with_texts(workspace, sets.general(workspace)), "--captions", "caption")
    distance = found.table("distance")
    raw, centred = (distance.value("distance", stage=stage) for stage in ("raw", "centred"))
    workspace.check("gap", "share of the distance of the means that centring takes away", 1 - centred / raw, low=0.3)
    workspace.check("gap", "cosine of a picture and its caption above that of another's, centred",
                    _cosine(found, "image, its text") - _cosine(found, "image, text"), low=0.3)


def _cosine(found: Document, pairs: str) -> float:
    return found.table("cosines").value("mean", stage="centred", pairs=pairs)


def retrieval(workspace: Workspace) -> None:
    """Captions of recomposed pictures are found nearly as well as those of dense ones."""
    found = workspace.run("retrieval", "evaluate", "retrieval", *with_texts(workspace, sets.general(workspace)), "--captions", "caption",
                          "--l1-path", PENALTIES)
    dense = _recall(found, "dense")
    workspace.check("retrieval", "recall at 1 of dense pictures, image to text", dense, low=0.8)
    recomposed = [_recall(found, name) for name in dict.fromkeys(found.table("recall").column("images")) if name != "dense"]
    workspace.check("retrieval", "recall at 1 lost at the smallest penalty", dense - recomposed[-1], high=0.05)
    workspace.check("retrieval", "recall at 1 rises with the number of concepts (smallest step)",
                    min(after - before for before, after in zip(recomposed, recomposed[1:])), low=-0.02)


def _recall(found: Document, images: str) -> float:
    return found.table("recall").value("recall", images=images, direction="image to text", k="1")


def relevance(workspace: Workspace) -> None:
    """Concepts of a scene lie nearer to the words of its own caption than to those of another."""
    found = workspace.run("relevance", "evaluate", "relevance", *with_texts(workspace, sets.general(workspace), RELEVANCE_PENALTY),
                          "--captions", "caption", "--top", 5)
    own, other = (found.table("relevance").value("mean", embeddings="centred", captions=name) for name in ("its own", "another's"))
    workspace.check("relevance", "relevance to the scene's caption above that to another's", own - other, low=0.1)


def antonyms(workspace: Workspace) -> None:
    """Opposites are of one kind, and so are a word and its negation: text embeddings hardly tell them apart."""
    table = workspace.data / "antonyms.csv"
    table.parent.mkdir(parents=True, exist_ok=True)
    write_records(table, {"word": [first for first, _ in ANTONYMS], "opposite": [second for _, second in ANTONYMS]})
    found = workspace.run("antonyms", "evaluate", "antonyms", "--model", workspace.model, "--pairs-file", table)
    cosines = found.table("cosines")
    workspace.check("antonyms", "random pairs: mean cosine after centring", abs(cosines.value("mean", pairs="random pairs", embeddings="centred")),
                    high=0.05)
    for pairs in ("antonyms", 'X, "not X"'):
        workspace.check("antonyms", f"{pairs}: mean cosine above that of random pairs, raw",
                        cosines.value("above_random", pairs=pairs, embeddings="raw"), low=0.0)
