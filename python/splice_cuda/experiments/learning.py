"""Dictionaries that no words are behind: learned from the embeddings, or random."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _experiments
from ..context import Context, default_context
from ..progress import Progress, progress_function
from ._inputs import float32_rows

__all__ = ["LearnEpoch", "LearnedDictionary", "learn_dictionary", "random_atoms"]


class LearnEpoch(NamedTuple):
    rows: int
    objective: float
    """mean of |z - C'w|^2 + l1_penalty * sum(w), each row with the atoms of its moment"""
    mean_l0: float
    unused: int
    replaced: int


class LearnedDictionary(NamedTuple):
    atoms: npt.NDArray[np.float32]
    """[size, dim], unit rows; `Dictionary` and `ConceptSpace.from_atoms` take them"""
    uses: npt.NDArray[np.int64]
    """rows of the last epoch that used each atom, [size]"""
    epochs: list[LearnEpoch]
    zero_rows: int
    non_finite_rows: int


def learn_dictionary(
    rows: Any,
    size: int,
    l1_penalty: float = 0.25,
    *,
    epochs: int = 5,
    batch_size: int = 4096,
    seed: int = 0,
    start: Any = None,
    context: Context | None = None,
    progress: Progress = False,
    cancel: Callable[[], bool] | None = None,
) -> LearnedDictionary:
    """Online dictionary learning with non-negative codes (Mairal, Bach, Ponce & Sapiro, JMLR 2010) by this library's solver.

    Args:
        rows: prepared ones, [n, d]: centred and of length 1, as ConceptSpace.prepare makes them.
        size: atoms.
        start: atoms to start from, [size, d]; else rows of the data.

    The same rows, options and seed give the same atoms, bit by bit, whatever the number of threads.
    """
    data = float32_rows(rows, "rows")
    first = np.empty((0, data.shape[1]), np.float32) if start is None else float32_rows(start, "start")
    native = (context or default_context())._native
    with progress_function(progress, "learn_dictionary") as tell:
        atoms, uses, told, zero, non_finite = _experiments.learn_dictionary(
            native, data, first, int(size), float(l1_penalty), int(epochs), int(batch_size), int(seed), tell, cancel
        )
    return LearnedDictionary(atoms.reshape(-1, data.shape[1]), uses, [LearnEpoch(*epoch) for epoch in told], zero, non_finite)


def random_atoms(size: int, dim: int, seed: int = 0) -> npt.NDArray[np.float32]:
    """Directions of standard normal vectors, [size, dim]: the baseline that named concepts are compared with."""
    return np.asarray(_experiments.random_atoms(int(size), int(dim), int(seed)), np.float32).reshape(size, dim)
