"""Keyword arguments that say what problem is solved, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

import numpy as np

from . import _core
from ._arrays import as_vector, is_torch
from ._texts import as_text
from .codes import Codes
from .context import _whole

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["DecomposeKeywords", "Solver", "native_options"]

Solver = Literal["working_set", "coordinate_descent", "fista", "admm"]


class DecomposeKeywords(TypedDict, total=False):
    """One problem a row:  min over w >= 0 of  |z - C'w|^2 + l1_penalty * sum_j a_j w_j  (arXiv 2402.10376, eq. 3)."""

    target_l0: int | None
    """At most this many atoms a row, each row at its own penalty, found on its path."""
    target_cosine: float | None
    """The largest penalty at which the cosine of C'w and z is at least this, in (0, 1)."""
    atom_weights: npt.ArrayLike
    """a_j, [p]; > 0, infinity bans the atom. Default 1."""
    banned_atoms: npt.ArrayLike
    """Atoms whose weight must be 0, by index; for a ConceptSpace by name too."""
    nonnegative: bool
    """False: weights of either sign, with the penalty on |w_j|."""
    refit: bool
    """Least squares on each row's support afterwards. Reports stay those of the penalised solution."""
    warm_start: Any
    """Codes [n, p] to start from, as Codes.of takes them. Speeds up; never changes what is certified."""
    solver: Solver
    """``"working_set"`` is the fast one; all end in the same certificate."""
    gap_tolerance: float
    """A row is certified when gap <= gap_tolerance * 1/2 |z|^2. Default 1e-6."""
    max_rounds: int
    """Passes over the dictionary a row may take. Default 100."""
    max_iterations: int
    """Iterations or sweeps a row may take. Default 20,000."""
    rho: float
    """ADMM's penalty parameter at the start."""
    over_relaxation: float
    """ADMM's over-relaxation, in [1, 2)."""


_REALS = ("target_cosine", "gap_tolerance", "rho", "over_relaxation")
_INTEGERS = ("target_l0", "max_rounds", "max_iterations")
_FLAGS = ("nonnegative", "refit")


def native_options(l1_penalty: Any, keywords: Mapping[str, Any], rows: int = 0) -> _core.Options:
    """Options for the native module. Ranges are checked there.

    Args:
        rows: of the embeddings that `l1_penalty` is for.

    Raises:
        TypeError: for a keyword that there is not.
        ArgumentError: for a value of the wrong type, and for an empty vector, which the native module takes for none given.
    """
    options = _core.Options()
    if l1_penalty is not None:
        if is_torch(l1_penalty):
            l1_penalty = l1_penalty.detach()
        if np.ndim(l1_penalty) == 0:
            options.l1_penalty = _float32(l1_penalty, "l1_penalty")
        else:
            options.l1_penalties = as_vector(l1_penalty, np.float32, "l1_penalty")
            if rows and not options.l1_penalties.size:
                raise _core.ArgumentError(f"l1_penalty: got 0 numbers, expected one, or one a row, {rows}")
    for name, value in keywords.items():
        if name not in DecomposeKeywords.__annotations__:
            expected = ", ".join(DecomposeKeywords.__annotations__)
            raise TypeError(f"unexpected keyword argument {name!r}; there are l1_penalty, {expected}")
        if value is None:
            continue
        setattr(options, name, _converted(name, value))
    return options


def _converted(name: str, value: Any) -> Any:
    if name in _REALS:
        return _float32(value, name) if name == "target_cosine" else _real(value, name)
    if name in _INTEGERS:
        return _whole(value, name)
    if name in _FLAGS:
        if not isinstance(value, (bool, np.bool_)):
            raise _core.ArgumentError(f"{name}: got {value!r}, expected True or False")
        return bool(value)
    if name == "atom_weights":
        weights = as_vector(value, np.float32, name)
        if not weights.size:
            raise _core.ArgumentError(f"{name}: got 0 numbers, expected one an atom")
        return weights
    if name == "banned_atoms":
        return as_vector(value, np.int32, name)
    if name == "warm_start":
        return Codes.of(value, name)._native
    if not isinstance(value, str):
        raise _core.ArgumentError(f"{name}: got {value!r}, expected a name")
    return as_text(value, name)


def _real(value: Any, name: str) -> float:
    try:
        if isinstance(value, (str, bytes)):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise _core.ArgumentError(f"{name}: got {value!r}, expected a number") from None


def _float32(value: Any, name: str) -> float:
    """Rounded to float32, as the library has it; what that can't hold becomes infinite, which the library refuses."""
    with np.errstate(over="ignore"):
        return float(np.float32(_real(value, name)))
