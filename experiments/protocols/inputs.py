"""Options that most verbs share."""
from __future__ import annotations

from ..command import Words
from ..scenes.store import StoredSet
from ..scenes.vocabulary import words_of
from ..workspace import Workspace


def coded(workspace: Workspace, stored: StoredSet, l1_penalty: float | None = None) -> Words:
    """A data set with its records, and the dictionary."""
    words: Words = ["--dictionary", workspace.dictionary, "--embeddings", stored.embeddings, "--records", stored.records]
    return words if l1_penalty is None else [*words, "--l1-penalty", l1_penalty]


def with_texts(workspace: Workspace, stored: StoredSet, l1_penalty: float | None = None) -> Words:
    """The same, with the model whose text tower embeds classes and captions."""
    words: Words = ["--model", workspace.model, "--embeddings", stored.embeddings, "--records", stored.records]
    return words if l1_penalty is None else [*words, "--l1-penalty", l1_penalty]


def group(name: str, attribute: str, *values: str) -> Words:
    """A group of all concepts that speak of these values."""
    named = sorted(set().union(*(words_of(attribute, value) for value in values)))
    return ["--group", f"{name}={','.join(named)}"]
