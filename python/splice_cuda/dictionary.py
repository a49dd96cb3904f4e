"""The atoms, prepared once for any number of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import as_rows, as_vector
from ._options import DecomposeKeywords, native_options
from .codes import Codes, DecomposeResult, Reports, reports_of, result_of
from .context import Context, default_context
from .progress import Progress, progress_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

__all__ = ["Dictionary"]


class Dictionary:
    """Atoms C [p, d], used exactly as given: neither normalised nor centred (a ConceptSpace does both).

    float32, float16 and bfloat16 atoms keep their type; others become float32. Several threads may use one dictionary. Where
    several atoms are equal, all weight goes to one of them.

    Args:
        atoms: [p, d], finite; numpy, torch, anything with DLPack; on the host, or on the context's device.
        context: where it is used; None: the CPU.
        copy: False: rows are read where they are, without a copy, where d is a multiple of 64. They must not change then.

    Raises:
        ArgumentError: for an empty, misshapen or non-finite matrix.
        OutOfMemoryError: where the copy does not fit.
    """

    def __init__(self, atoms: Any, *, context: Context | None = None, copy: bool = True) -> None:
        rows = as_rows(atoms, "atoms")
        self._context = context or default_context()
        self._native = _core.make_dictionary(self._context._native, rows.array, rows.bfloat16, copy)

    @property
    def size(self) -> int:
        """Number of atoms p."""
        return self._native.size

    @property
    def dim(self) -> int:
        """Length of an atom d."""
        return self._native.dim

    @property
    def dtype(self) -> str:
        """``"float32"``, ``"float16"`` or ``"bfloat16"``."""
        return self._native.dtype

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda:N"``."""
        return self._native.device

    @property
    def in_place(self) -> bool:
        """Whether rows are read where they were given."""
        return self._native.in_place

    def decompose(
        self,
        embeddings: Any,
        l1_penalty: float | npt.ArrayLike | None = None,
        *,
        context: Context | None = None,
        progress: Progress = False,
        cancel: Callable[[], bool] | None = None,
        **options: Unpack[DecomposeKeywords],
    ) -> DecomposeResult:
        """Solves one non-negative LASSO problem a row, on this dictionary.

        min over w >= 0 of  |z - C'w|^2 + l1_penalty * sum(w)     (Bhalla et al. 2024, arXiv 2402.10376, eq. 3)

        Bitwise equal results whatever the batch, its order, threads and memory limit. A row that does not converge or is not
        finite is no error: its report says so. Ctrl-C stops the call between tiles; other Python threads run meanwhile.

        Args:
            embeddings: [n, d], used as given; float32, float16, bfloat16 without a copy, others converted to float32.
            l1_penalty: one for all rows, or one a row, [n]; > 0. Default 0.25. scikit-learn's alpha times 2 d.
            context: None: the calling thread's default one on the dictionary's device.
            progress: True for a bar, or f(done, total).
            cancel: asked now and then; True stops the call.
            options: see DecomposeKeywords.

        Raises:
            ArgumentError: names the argument, what was given and what is expected.
            OutOfMemoryError, DeviceError, CancelledError
        """
        rows = as_rows(embeddings, "embeddings")
        native = native_options(l1_penalty, options, rows.array.shape[0])
        with progress_function(progress, "decompose") as tell:
            return result_of(
                _core.decompose(self._where(context), self._native, rows.array, rows.bfloat16, native, tell, cancel)
            )

    def decompose_path(
        self,
        embeddings: Any,
        l1_penalties: npt.ArrayLike,
        *,
        context: Context | None = None,
        progress: Progress = False,
        cancel: Callable[[], bool] | None = None,
        **options: Unpack[DecomposeKeywords],
    ) -> list[DecomposeResult]:
        """The same at several penalties, strictly descending, for less than as many calls. One result a penalty.

        Each row moves along its piecewise linear path (Osborne, Presnell & Turlach 2000), certified at each penalty.
        """
        rows = as_rows(embeddings, "embeddings")
        penalties = as_vector(l1_penalties, np.float32, "l1_penalties")
        native = native_options(None, options)
        with progress_function(progress, "decompose_path") as tell:
            results = _core.decompose_path(
                self._where(context), self._native, rows.array, rows.bfloat16, penalties, native, tell, cancel
            )
        return [result_of(result) for result in results]

    def certify(
        self,
        embeddings: Any,
        codes: Any,
        l1_penalty: float | npt.ArrayLike | None = None,
        *,
        context: Context | None = None,
        progress: Progress = False,
        cancel: Callable[[], bool] | None = None,
        **options: Unpack[DecomposeKeywords],
    ) -> Reports:
        """Certificates of codes from anywhere, by brute force in float64 over every atom.

        Args:
            codes: [n, p]: Codes, a DecomposeResult, scipy or torch CSR, or dense.
            l1_penalty: as for decompose. Codes of a target: ``result.reports["l1_penalty"]``.

        Returns:
            Structured array [n] of REPORT_DTYPE. A negative weight, or one on a banned atom, has an infinite gap.
        """
        rows = as_rows(embeddings, "embeddings")
        native = native_options(l1_penalty, options, rows.array.shape[0])
        with progress_function(progress, "certify") as tell:
            return reports_of(
                _core.certify(
                    self._where(context), self._native, rows.array, rows.bfloat16, Codes.of(codes)._native, native, tell, cancel
                )
            )

    def recompose(self, codes: Any, *, context: Context | None = None) -> npt.NDArray[np.float32]:
        """W C [n, d], the plain linear map.

        Raises:
            ArgumentError: for codes that do not fit or are malformed.
        """
        given = Codes.of(codes)
        out = np.empty((given.shape[0], self.dim), np.float32)
        _core.recompose(self._where(context), self._native, given._native, out)
        return out

    def _where(self, context: Context | None) -> _core.Context:
        if context is None:
            context = self._context if self._context.device != "cpu" else default_context(self.device)
        return context._native

    def __repr__(self) -> str:
        return f"Dictionary(size={self.size}, dim={self.dim}, dtype={self.dtype!r}, device={self.device!r})"
