"""Groups of concepts, and codes with some of them removed, scaled or forced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import _core, _experiments
from .._texts import as_texts
from ..codes import Codes
from ..context import Context, default_context
from ._inputs import float32_rows

if TYPE_CHECKING:
    from ..concept_space import ConceptSpace

__all__ = ["GroupMember", "concept_group", "edit_codes", "suggest_penalty"]


class GroupMember(NamedTuple):
    """A concept, and what brought it in."""

    atom: int
    origin: str
    """``named``, ``word`` (it contains a name as whole words) or ``synonym``"""
    by: str
    """the name that was asked for"""
    cosine: float
    """with the atom of `by`; NaN where that is no concept"""


def concept_group(
    space: ConceptSpace, concepts: str | Iterable[str], *, synonym_cosine: float | None = None, words: bool = False
) -> list[GroupMember]:
    """Concepts of these names, and what says the same. Ascending by atom.

    Args:
        synonym_cosine: adds concepts whose atom's cosine with a named one is at least this.
        words: adds concepts in which a name stands as whole words.

    Raises:
        ArgumentError: for a name that is not there; it offers the nearest ones.
    """
    names = as_texts([concepts] if isinstance(concepts, str) else concepts, "concepts")
    return [GroupMember(*member) for member in _experiments.concept_group(space._native, names, synonym_cosine, bool(words))]


def edit_codes(
    codes: Any,
    *,
    remove: Iterable[int | str | GroupMember] = (),
    scale: Mapping[int | str, float] | None = None,
    force: Mapping[int | str, float] | None = None,
    space: ConceptSpace | None = None,
) -> Codes:
    """New codes: weights of `remove` are 0, those of `scale` multiplied, those of `force` set in every row (arXiv 2402.10376, section 5).

    Args:
        codes: DecomposeResult, Codes, scipy sparse, or dense [n, p].
        remove, scale, force: atoms by index, or by name where `space` is given; members of a `concept_group`.
    """

    def atom(one: int | str | GroupMember) -> int:
        if isinstance(one, GroupMember):
            return one.atom
        if not isinstance(one, str):
            return int(one)
        if space is None:
            raise _core.ArgumentError(f"space: got none, expected the ConceptSpace in which {one!r} has its name")
        return space.at(one)

    removed = [atom(one) for one in ([remove] if isinstance(remove, str) else remove)]
    scaled = [(atom(one), float(factor)) for one, factor in (scale or {}).items()]
    forced = [(atom(one), float(weight)) for one, weight in (force or {}).items()]
    return Codes(_experiments.edit_codes(Codes.of(codes)._native, removed, scaled, forced))


def suggest_penalty(space: ConceptSpace, sample: Any, l0: int = 10, *, context: Context | None = None) -> float | None:
    """The l1_penalty at which codes have about `l0` concepts: the median over (at most 256) raw embeddings; None where none has a code."""
    native = (context or default_context())._native
    return _experiments.suggest_penalty(space._native, native, float32_rows(sample, "sample"), int(l0))
