"""Results: sparse codes, and one report a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import as_vector, is_torch, on_host
from .context import _whole

if TYPE_CHECKING:
    import scipy.sparse
    import torch

__all__ = ["REPORT_DTYPE", "STATUS_NAMES", "Codes", "DecomposeResult", "Reports"]

REPORT_DTYPE: np.dtype[np.void] = np.dtype(cast(Any, _core.REPORT_LAYOUT))
"""numpy type of a row's report.

In the half form P(w) = 1/2 |z - C'w|^2 + lambda a.|w|, lambda = l1_penalty / 2, all in float64 from the final codes:
``primal`` = P(w); ``dual``, a lower bound of the optimum; ``gap`` = primal - dual, an upper bound of the distance to the optimum
over all atoms; ``kkt_violation``. Then ``rounds`` (passes over the dictionary), ``iterations``, ``status`` (an index into
STATUS_NAMES) and the ``l1_penalty`` that the row was solved at.
"""

STATUS_NAMES: tuple[str, ...] = tuple(_core.STATUS_NAMES)
"""``certified``, ``budget_exhausted``, ``non_finite_input``, ``zero_embedding``."""

Reports = npt.NDArray[np.void]


class Codes:
    """Sparse codes W [n, p] in CSR: row i has the entries ``row_offsets[i]`` to ``row_offsets[i + 1] - 1``.

    The three arrays are the library's own memory, not copies; they keep it alive.
    """

    def __init__(self, native: _core.SparseCodes) -> None:
        self._native = native

    @classmethod
    def from_arrays(cls, row_offsets: npt.ArrayLike, atom_indices: npt.ArrayLike, values: npt.ArrayLike, atoms: int) -> Codes:
        """Codes out of arrays, which are copied and checked.

        Args:
            row_offsets: int64 [n + 1], ascending from 0 to nnz.
            atom_indices: int32 [nnz], ascending within a row, from 0 to p - 1.
            values: float32 [nnz], finite.
            atoms: number of atoms p.

        Raises:
            ArgumentError: for what is no such matrix; names the array.
        """
        return cls._checked((row_offsets, atom_indices, values), atoms, "codes")

    @classmethod
    def _checked(cls, arrays: tuple[Any, Any, Any], atoms: int, argument: str) -> Codes:
        offsets = as_vector(arrays[0], np.int64, f"{argument}.row_offsets")
        if offsets.size == 0:
            raise _core.ArgumentError(f"{argument}.row_offsets: got no numbers, expected one more than rows")
        indices = as_vector(arrays[1], np.int32, f"{argument}.atom_indices")
        values = as_vector(arrays[2], np.float32, f"{argument}.values")
        size = _whole(atoms, f"{argument}: number of atoms", least=0)
        return cls(_core.SparseCodes(offsets.size - 1, size, offsets, indices, values, argument))

    @classmethod
    def of(cls, codes: Any, argument: str = "codes") -> Codes:
        """Codes of a DecomposeResult or TorchResult, a scipy sparse matrix, a torch tensor, sparse or dense, or a dense array;
        Codes are themselves. Gradients stay behind.

        Raises:
            ArgumentError: for what is no matrix of codes, with the name of `argument`.
        """
        if isinstance(codes, Codes):
            return codes
        if isinstance(codes, DecomposeResult):
            return codes.codes
        if is_torch(getattr(codes, "row_offsets", None)):  # TorchResult, whose module imports torch
            return cls._checked((codes.row_offsets, codes.atom_indices, codes.values), codes.shape[1], argument)
        if len(getattr(codes, "shape", (0, 0))) != 2:
            raise _core.ArgumentError(f"{argument}: got shape {tuple(codes.shape)}, expected codes [n, p]")
        if hasattr(codes, "tocsr"):
            csr = codes.tocsr()
            if not csr.has_canonical_format:
                csr = csr.copy()
                csr.sum_duplicates()
            return cls._checked((csr.indptr, csr.indices, csr.data), csr.shape[1], argument)
        if is_torch(codes) and (codes.is_sparse or codes.is_sparse_csr):
            csr = codes.detach().to_sparse_csr()
            return cls._checked((csr.crow_indices(), csr.col_indices(), csr.values()), csr.shape[1], argument)
        dense = on_host(codes, argument) if is_torch(codes) else np.asarray(codes)
        if dense.ndim != 2:
            raise _core.ArgumentError(f"{argument}: got {type(codes).__name__} of {dense.ndim} dimensions, expected codes [n, p]")
        rows, columns = np.nonzero(dense)
        offsets = np.searchsorted(rows, np.arange(dense.shape[0] + 1))
        return cls._checked((offsets, columns, dense[rows, columns]), dense.shape[1], argument)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, p)"""
        return self._native.rows, self._native.cols

    @property
    def nnz(self) -> int:
        return int(self.values.size)

    @property
    def row_offsets(self) -> npt.NDArray[np.int64]:
        return self._native.row_offsets

    @property
    def atom_indices(self) -> npt.NDArray[np.int32]:
        return self._native.atom_indices

    @property
    def values(self) -> npt.NDArray[np.float32]:
        return self._native.values

    @property
    def l0(self) -> npt.NDArray[np.int64]:
        """Number of atoms of each row, [n]."""
        return np.diff(self.row_offsets)

    def row(self, index: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Atoms and values of one row, views."""
        rows = self.shape[0]
        if not -rows <= index < rows:
            raise IndexError(f"row {index} of {rows}")
        first, end = self.row_offsets[index % rows], self.row_offsets[index % rows + 1]
        return self.atom_indices[first:end], self.values[first:end]

    def to_scipy(self) -> scipy.sparse.csr_matrix:
        """scipy CSR that shares values and atom indices with these codes. (scipy wants offsets of the indices' type: a copy.)"""
        from scipy.sparse import csr_matrix

        matrix = csr_matrix((self.values, self.atom_indices, self.row_offsets), shape=self.shape, copy=False)
        matrix.has_canonical_format = True
        return matrix

    def to_torch(self) -> torch.Tensor:
        """torch sparse CSR tensor, with the same sharing. Indices are int32, int64 where nnz needs it."""
        import torch

        integer = torch.int32 if self.nnz < 2**31 else torch.int64
        return torch.sparse_csr_tensor(
            torch.from_numpy(self.row_offsets).to(integer),
            torch.from_numpy(self.atom_indices).to(integer),
            torch.from_numpy(self.values),
            size=self.shape,
            check_invariants=False,
        )

    def to_dense(self) -> npt.NDArray[np.float32]:
        """[n, p], most of it zeros."""
        dense = np.zeros(self.shape, np.float32)
        dense[np.repeat(np.arange(self.shape[0]), self.l0), self.atom_indices] = self.values
        return dense

    def __reduce__(self) -> tuple[Any, ...]:
        return Codes.from_arrays, (self.row_offsets, self.atom_indices, self.values, self.shape[1])

    def __repr__(self) -> str:
        return f"Codes(shape={self.shape}, nnz={self.nnz})"


class DecomposeResult(NamedTuple):
    """What `decompose` returns."""

    codes: Codes
    reports: Reports
    """Structured array [n] of REPORT_DTYPE."""

    @property
    def certified(self) -> npt.NDArray[np.bool_]:
        """Whether each row is proven to be within its tolerance of the optimum, [n]."""
        return self.reports["status"] == STATUS_NAMES.index("certified")

    @property
    def status(self) -> list[str]:
        """Each row's status by name, [n]."""
        return [STATUS_NAMES[status] for status in self.reports["status"]]

    @property
    def gap(self) -> npt.NDArray[np.float64]:
        """Upper bound of each row's distance to the optimum in the half form, [n]."""
        return self.reports["gap"]

    def to_scipy(self) -> scipy.sparse.csr_matrix:
        """The codes, see Codes.to_scipy."""
        return self.codes.to_scipy()

    def to_torch(self) -> torch.Tensor:
        """The codes, see Codes.to_torch."""
        return self.codes.to_torch()


def reports_of(native: _core.Reports) -> Reports:
    """The library's own memory, as a structured array."""
    return native.bytes.view(REPORT_DTYPE)


def result_of(native: tuple[_core.SparseCodes, _core.Reports]) -> DecomposeResult:
    codes, reports = native
    return DecomposeResult(Codes(codes), reports_of(reports))
