"""Mean codes of groups of rows, and by which concepts two groups differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _core, _experiments
from .._arrays import as_vector
from ..codes import STATUS_NAMES, Codes
from ._inputs import labels_of, native_reports

if TYPE_CHECKING:
    from ..concept_space import ConceptSpace

__all__ = ["GroupSummary", "Moments", "PermutationTest", "permutation_test", "summarize"]


class Moments(NamedTuple):
    """Mean of some rows."""

    count: int  # type: ignore[assignment]  # hides the method of tuples
    mean: float
    """NaN where there is no row."""
    standard_error: float
    """Of the mean; NaN for fewer than two rows."""


class GroupSummary(NamedTuple):
    """Rows with one label. Those without an embedding (zeros, NaN) are counted in `status`, and have no part in the rest."""

    name: Any
    rows: int
    """with an embedding"""
    status: dict[str, int]
    """rows of each status; all 0 where reports are not known"""
    empty_codes: int
    l0: Moments
    cosine: Moments
    atoms: npt.NDArray[np.int32]
    """Concepts that some row has, ascending. The arrays below belong to them."""
    count: npt.NDArray[np.int64]  # type: ignore[assignment]  # hides the method of tuples
    """rows with the concept"""
    share: npt.NDArray[np.float64]
    """of the group's rows"""
    mean: npt.NDArray[np.float64]
    """weight, over all rows of the group"""
    standard_error: npt.NDArray[np.float64]

    def top(self, space: ConceptSpace, count: int = 10) -> list[tuple[str, float]]:
        """(concept, mean weight), largest first."""
        names = space.names
        return [(names[self.atoms[i]], float(self.mean[i])) for i in np.argsort(-self.mean, kind="stable")[:count]]

    def dense_mean(self, atoms: int) -> npt.NDArray[np.float64]:
        """Mean weight of every atom, [atoms]."""
        dense = np.zeros(atoms)
        dense[self.atoms] = self.mean
        return dense


def summarize(codes: Any, labels: Iterable[Any], *, cosine: npt.ArrayLike | None = None) -> list[GroupSummary]:
    """Mean codes per label, in one walk and in float64 (arXiv 2402.10376, section 5).

    Args:
        codes: DecomposeResult (whose rows without an embedding are then known), Codes, scipy sparse, or dense [n, p].
        labels: one a row; None, "" and NaN belong to no group.
        cosine: of each row with its recomposition (`ConceptSpace.cosine`), or None.

    Returns:
        One summary a label, ascending.
    """
    converted = Codes.of(codes)
    names, groups = labels_of(labels, converted.shape[0])
    cosines = np.empty(0, np.float32) if cosine is None else as_vector(cosine, np.float32, "cosine")
    found = _experiments.statistics(converted._native, groups, len(names), native_reports(codes), cosines)
    return [_summary(name, group) for name, group in zip(names, found, strict=True)]


def _summary(name: Any, found: dict[str, Any]) -> GroupSummary:
    found = dict(found)
    found["status"] = dict(zip(STATUS_NAMES, found["status"], strict=True))
    found["l0"] = Moments(*found["l0"])
    found["cosine"] = Moments(*found["cosine"])
    return GroupSummary(name, **found)


class PermutationTest(NamedTuple):
    """Every concept that occurs in either group, ascending by atom."""

    atoms: npt.NDArray[np.int32]
    statistic: npt.NDArray[np.float64]
    """|difference of means| over its pooled standard error without the groups' own variances"""
    p: npt.NDArray[np.float64]
    """of the concept alone"""
    p_corrected: npt.NDArray[np.float64]
    """of the largest statistic of all concepts (Westfall & Young 1993): family-wise"""


def permutation_test(
    codes: Any, labels: Iterable[Any], a: Any, b: Any, *, permutations: int = 1000, seed: int = 0
) -> PermutationTest:
    """Whether two groups' mean weights differ, for all concepts at once.

    Args:
        codes, labels: as in `summarize`.
        a, b: two of the labels.
        permutations: B; the smallest p is 1 / (B + 1). Time and memory grow with it.
    """
    converted = Codes.of(codes)
    names, groups = labels_of(labels, converted.shape[0])
    for argument, name in (("a", a), ("b", b)):
        if name not in names:
            raise _core.ArgumentError(f"{argument}: got {name!r}, expected one of the labels: {names[:20]}")
    return PermutationTest(
        *_experiments.permutation_test(
            converted._native, groups, names.index(a), names.index(b), int(permutations), int(seed), native_reports(codes)
        )
    )
