"""Geometry of embeddings: zero-shot answers, linearity, the gap between images and texts, retrieval."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _core, _experiments
from .._arrays import as_vector
from ._inputs import float32_rows
from .statistics import Moments

__all__ = [
    "ModalityGap",
    "PairCosines",
    "PairSummary",
    "Recall",
    "TripleFits",
    "linearity",
    "modality_gap",
    "pair_cosines",
    "recall",
    "zero_shot",
]

_Vector = npt.NDArray[np.float64]


def zero_shot(embeddings: Any, class_embeddings: Any) -> _Vector:
    """Cosines of rows with class prompts, [n, classes]; NaN for rows without a direction. `argmax(1)` is the answer.

    Args:
        embeddings: [n, d], dense or recomposed; neither centred nor decomposed here.
        class_embeddings: text embeddings of the prompts, [classes, d], of any length.
    """
    rows = float32_rows(embeddings, "embeddings")
    classes = float32_rows(class_embeddings, "class_embeddings")
    if rows.shape[1] != classes.shape[1]:
        raise _core.ArgumentError(f"class_embeddings: got rows of {classes.shape[1]} numbers, expected {rows.shape[1]}")
    out = np.empty((rows.shape[0], classes.shape[0]))
    _experiments.zero_shot(rows, classes, out)
    return out


class TripleFits(NamedTuple):
    """z_joint ~ first z_first + second z_second by least squares, one a triple; NaN where they are not determined."""

    first: _Vector
    second: _Vector
    cosine: _Vector
    """of z_joint and the fit"""


def linearity(
    joint: Any, first: Any, second: Any, mean: npt.ArrayLike | None = None, *, seed: int = 0
) -> dict[str, TripleFits]:
    """Is the embedding of two things together the sum of theirs? (arXiv 2402.10376, section 3)

    Args:
        joint, first, second: [n, d]; row i of each belongs to triple i.
        mean: of unit embeddings, [d], for the centred fits.

    Returns:
        ``raw``, ``centered``, and, fitted by the parts of another triple, ``raw_baseline`` and ``centered_baseline``.
    """
    found = _experiments.linearity(
        float32_rows(joint, "joint"), float32_rows(first, "first"), float32_rows(second, "second"), _mean(mean), int(seed)
    )
    return {key: TripleFits(*fits) for key, fits in found.items()}


class PairSummary(NamedTuple):
    """Cosines of pairs of different rows."""

    pairs: int
    mean: float
    """of all pairs, exact"""
    standard_error: float
    """by the jackknife over rows"""
    sd: float
    counts: npt.NDArray[np.int64]
    """histogram over equal bins from -1 to 1"""


class ModalityGap(NamedTuple):
    images: int
    texts: int
    image_image: PairSummary
    text_text: PairSummary
    image_text: PairSummary
    """rows that do not belong together, where they are paired"""
    matched: PairSummary
    distance: float
    """between the means of unit images and unit texts"""
    distance_standard_error: float


def modality_gap(
    images: Any,
    texts: Any,
    image_mean: npt.ArrayLike | None = None,
    text_mean: npt.ArrayLike | None = None,
    *,
    paired: bool = False,
    most_pairs: int = 200000,
    bins: int = 40,
    seed: int = 0,
) -> tuple[ModalityGap, ModalityGap]:
    """How far images and texts lie apart, before and after each is centred by its mean (arXiv 2402.10376, figure 7).

    Args:
        images, texts: [n, d] and [m, d]; with `paired` row i of both belongs together.
        image_mean, text_mean: [d]; without them the second result says nothing.
    """
    stages = _experiments.modality_gap(
        float32_rows(images, "images"),
        float32_rows(texts, "texts"),
        _mean(image_mean),
        _mean(text_mean),
        bool(paired),
        int(most_pairs),
        int(bins),
        int(seed),
    )
    raw, centered = (_gap(stage) for stage in stages)
    return raw, centered


def _gap(stage: dict[str, Any]) -> ModalityGap:
    parts: dict[str, Any] = {key: PairSummary(**value) if isinstance(value, dict) else value for key, value in stage.items()}
    return ModalityGap(**parts)


class PairCosines(NamedTuple):
    raw: _Vector
    """NaN for a pair of which one has no direction."""
    centered: _Vector
    """empty without a mean"""


def pair_cosines(first: Any, second: Any, mean: npt.ArrayLike | None = None) -> PairCosines:
    """Cosine of row i of both, before and after centring, [n]: opposites, negations, random words."""
    found = _experiments.pair_cosines(float32_rows(first, "first"), float32_rows(second, "second"), _mean(mean))
    return PairCosines(*found)


class Recall(NamedTuple):
    image_to_text: Moments
    text_to_image: Moments


def recall(images: Any, texts: Any, *, batch: int = 1024) -> dict[int, Recall]:
    """Recall at 1, 5 and 10 in batches; row i of both belongs together. Equal cosines count by chance.

    Raises:
        ArgumentError: for NaN and infinity, and other shapes.
    """
    if batch < 1:
        raise _core.ArgumentError(f"batch: got {batch}, expected at least 1")
    found = _experiments.recall(float32_rows(images, "images"), float32_rows(texts, "texts"), int(batch))
    return {k: Recall(*(Moments(*side) for side in sides)) for k, sides in found.items()}


def _mean(mean: npt.ArrayLike | None) -> npt.NDArray[np.float32]:
    return np.empty(0, np.float32) if mean is None else as_vector(mean, np.float32, "mean")
