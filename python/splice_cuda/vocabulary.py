"""Which words and phrases of a frequency list become concepts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import is_torch, on_host
from ._texts import as_texts
from .context import Context, _whole, default_context

__all__ = ["DroppedLine", "SelectedVocabulary", "TextEmbedder", "select_vocabulary"]


class TextEmbedder(Protocol):
    """What embeds texts, such as a `ClipEncoder`."""

    @property
    def dim(self) -> int: ...

    def embed_texts(self, texts: Iterable[str], /) -> Any:
        """Raw embeddings [n, dim]; need not be of unit length."""


class DroppedLine(NamedTuple):
    """A line that did not become a concept, and the first rule that it broke."""

    line: int
    """from 0, in the list it stands in"""
    bigram: bool
    """in the list of phrases"""
    rule: str
    """One of "empty_name", "unwanted", "duplicate_name", "no_direction", "near_its_words", "near_duplicate"."""
    cosine: float
    """of the last two rules"""
    rival: str
    """near_duplicate: the most frequent concept that is too near"""


class SelectedVocabulary(NamedTuple):
    """Concepts, and why the other lines are none."""

    names: list[str]
    """phrases, then words, each ascending by frequency"""
    embeddings: npt.NDArray[np.float32]
    """[len(names), d], as the embedder gave them: for `ConceptSpace.build`"""
    bigrams: int
    """the first so many names are phrases"""
    dropped: list[DroppedLine]
    """in the order in which lines were looked at: words first, from the most frequent"""
    words_seen: int
    """lines looked at until the size was reached"""
    bigrams_seen: int


def select_vocabulary(
    encoder: TextEmbedder,
    words: Iterable[str],
    bigrams: Iterable[str] = (),
    *,
    size: int = 10000,
    bigram_size: int = 5000,
    max_cosine: float = 0.9,
    bigram_cosine: float = 0.9,
    unwanted: Iterable[str] = (),
    context: Context | None = None,
    cancel: Callable[[], bool] | None = None,
) -> SelectedVocabulary:
    """The paper's rules (arXiv 2402.10376, section 4): walks both lists from the last line to the first, words before phrases, and
    takes each line that breaks no rule until the sizes are reached. Of two near duplicates the more frequent stays. Texts are
    embedded in blocks, as they are needed.

    Args:
        encoder: has ``dim`` and ``embed_texts(texts)``. Cosines are between its embeddings, scaled to length 1, not centred.
        words: ascending by frequency, as ``splice vocabulary count`` writes them.
        bigrams: phrases, words parted by blanks, ascending by frequency.
        size: most words; 0 = as many as there are.
        bigram_size: most phrases; 0 = as many as there are.
        max_cosine: two concepts are never nearer than this; 1 = no such rule.
        bigram_cosine: a phrase is never nearer than this to the mean of its words; 1 = no such rule.
        unwanted: words (NSFW, ...), spelt as in the lists: they, and phrases that contain one, are left out.

    Raises:
        ArgumentError: for sizes below 0, cosines outside (0, 1], embeddings of another shape than [n, dim], what is no text.
        CancelledError: where `cancel` asked to stop. What the encoder raises passes through.
    """
    dim = _whole(encoder.dim, "encoder.dim")

    def encode(texts: list[str]) -> npt.NDArray[np.float32]:
        found = encoder.embed_texts(texts)
        array = np.ascontiguousarray(on_host(found, "encoder.embed_texts") if is_torch(found) else found, np.float32)
        if array.ndim != 2:
            raise _core.ArgumentError(f"encoder.embed_texts: got shape {array.shape}, expected {(len(texts), dim)}")
        return array

    names, embeddings, phrases, dropped, words_seen, bigrams_seen = _core.select_vocabulary(
        (context or default_context())._native,
        as_texts(words, "words"),
        as_texts(bigrams, "bigrams"),
        encode,
        dim,
        _whole(size, "size"),
        _whole(bigram_size, "bigram_size"),
        float(max_cosine),
        float(bigram_cosine),
        as_texts(unwanted, "unwanted"),
        cancel,
    )
    return SelectedVocabulary(
        names,
        np.asarray(embeddings, np.float32).reshape(-1, dim),
        phrases,
        [DroppedLine(*line) for line in dropped],
        words_seen,
        bigrams_seen,
    )
