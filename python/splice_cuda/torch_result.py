"""Results in torch tensors, by the torch operators or without them. Imported only where tensors are in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch

from . import _core
from ._arrays import as_vector, is_torch
from ._options import _real, native_options
from .codes import REPORT_DTYPE, STATUS_NAMES, DecomposeResult, Reports
from .context import default_context
from .info import torch_ops_library

__all__ = ["REPORT_COLUMNS", "TorchResult"]

REPORT_COLUMNS = ("primal", "dual", "gap", "kkt_violation", "l1_penalty", "rounds", "iterations", "status")
"""Columns of `TorchResult.report`; their meaning is that of REPORT_DTYPE."""

_NOT_OF_THE_OPERATOR = ("warm_start", "rho", "over_relaxation")


class TorchResult(NamedTuple):
    """Codes W [n, p] in CSR, and reports, on the device of the embeddings."""

    row_offsets: torch.Tensor
    """int64 [n + 1]"""
    atom_indices: torch.Tensor
    """int32 [nnz], ascending within a row"""
    values: torch.Tensor
    """[nnz]; the one with gradients. float32; float64 where the operator solved it and an input is float64."""
    report: torch.Tensor
    """float64 [n, 8], see REPORT_COLUMNS"""
    shape: tuple[int, int]
    """(n, p)"""

    @property
    def certified(self) -> torch.Tensor:
        """Whether each row is proven to be within its tolerance of the optimum, bool [n]."""
        return self.report[:, REPORT_COLUMNS.index("status")] == STATUS_NAMES.index("certified")

    @property
    def gap(self) -> torch.Tensor:
        """Upper bound of each row's distance to the optimum in the half form, float64 [n]."""
        return self.report[:, REPORT_COLUMNS.index("gap")]

    def to_torch(self) -> torch.Tensor:
        """Sparse CSR tensor. Gradients are those of `values`, not of this."""
        return torch.sparse_csr_tensor(
            self.row_offsets, self.atom_indices.long(), self.values.detach(), size=self.shape, check_invariants=False
        )


def of_result(result: DecomposeResult, device: torch.device) -> TorchResult:
    """Numpy's memory as tensors (on a CUDA device, copies)."""
    codes = result.codes
    report = np.stack([result.reports[name].astype(np.float64) for name in REPORT_COLUMNS], axis=1)
    offsets, atoms, values, table = (
        torch.from_numpy(array).to(device) for array in (codes.row_offsets, codes.atom_indices, codes.values, report)
    )
    return TorchResult(offsets, atoms, values, table, codes.shape)


def reports_of(result: TorchResult) -> Reports:
    """The reports as numpy has them, on the host."""
    table = result.report.cpu().numpy()
    reports = np.zeros(len(table), REPORT_DTYPE)
    for column, name in enumerate(REPORT_COLUMNS):
        reports[name] = table[:, column]
    return reports


def for_operator(
    embeddings: Any, dictionary: Any, l1_penalty: Any, device: str, others: Mapping[str, Any], options: Mapping[str, Any]
) -> bool:
    """Whether the torch operator has to solve this: it can, or gradients are wanted that only it has.

    Args:
        device: where the work is wanted, as a Context takes it.
        others: arguments by name that are none of the operator's; None and False are none given.

    Raises:
        ImportError: where gradients are wanted and there is no operator.
        ArgumentError: where gradients are wanted and an argument is none of the operator's, or has no gradient.
    """
    unknown = [name for name in _NOT_OF_THE_OPERATOR if options.get(name) is not None]
    unknown += [name for name, given in others.items() if given not in (None, False)]
    tensors = is_torch(embeddings) and is_torch(dictionary)
    there = tensors and (str(embeddings.device) == device or str(embeddings.device) == default_context(device).device)
    if not _wants_gradient(embeddings, dictionary, l1_penalty, options.get("atom_weights")):
        return there and not unknown and torch_ops_library() is not None
    if _wants_gradient(options.get("atom_weights")):
        raise _core.ArgumentError("atom_weights: got a tensor that requires grad, expected one that does not")
    for argument, given in (("embeddings", embeddings), ("dictionary", dictionary)):
        if not is_torch(given):
            raise _core.ArgumentError(f"{argument}: got {type(given).__name__}, expected a tensor, since gradients are wanted")
    if unknown:
        raise _core.ArgumentError(f"{unknown[0]}: got one, expected none, since gradients are wanted")
    if not there:
        raise _core.ArgumentError(
            f"device: got {device}, expected {embeddings.device}, where the embeddings are, since gradients are wanted"
        )
    require_operators()
    return True


def _wants_gradient(*arguments: Any) -> bool:
    return torch.is_grad_enabled() and any(is_torch(given) and given.requires_grad for given in arguments)


def require_operators() -> None:
    """Registers ``torch.ops.splice_cuda``.

    Raises:
        ImportError: that says what is missing.
    """
    if torch_ops_library() is None:
        raise ImportError(
            "gradients need torch.ops.splice_cuda, and this package was built without torch: build it again with "
            "SPLICE_TORCH_ROOT=.../site-packages/torch pip install . (or with --no-build-isolation where torch is installed)"
        )
    from . import torch_ops  # noqa: F401


def by_operator(embeddings: Any, dictionary: Any, l1_penalty: Any, options: Mapping[str, Any]) -> TorchResult:
    """`torch.ops.splice_cuda.decompose`. Integers are rounded to float32 first, as they are without it."""
    require_operators()
    embeddings, dictionary = _floating(embeddings), _floating(dictionary)
    native = native_options(None, options)
    keywords: dict[str, Any] = {
        name: getattr(native, name)
        for name in ("target_l0", "target_cosine", "nonnegative", "refit", "solver", "gap_tolerance", "max_rounds", "max_iterations")
    }
    weights = options.get("atom_weights")
    if is_torch(weights):
        keywords["atom_weights"] = _floating(weights.detach())  # float64 stays so: it counts where values are float64
    elif weights is not None:
        keywords["atom_weights"] = torch.from_numpy(native.atom_weights.copy())
    if options.get("banned_atoms") is not None:
        keywords["banned_atoms"] = torch.from_numpy(native.banned_atoms.copy())
    if is_torch(l1_penalty):
        keywords["l1_penalties"] = _real_vector(l1_penalty, "l1_penalty")
    elif l1_penalty is not None and np.ndim(l1_penalty):
        keywords["l1_penalties"] = torch.from_numpy(as_vector(l1_penalty, np.float32, "l1_penalty").copy())
    penalty = native.l1_penalty if l1_penalty is None or "l1_penalties" in keywords else _real(l1_penalty, "l1_penalty")
    offsets, atoms, values, report = torch.ops.splice_cuda.decompose(embeddings, dictionary, penalty, **keywords)
    return TorchResult(offsets, atoms, values, report, (embeddings.shape[0], dictionary.shape[0]))


def _real_vector(tensor: torch.Tensor, argument: str) -> torch.Tensor:
    """One number or a vector, in a type that the operator has."""
    if tensor.ndim > 1 or tensor.layout != torch.strided:
        raise _core.ArgumentError(f"{argument}: got a tensor of shape {tuple(tensor.shape)}, {tensor.layout}, expected a dense vector")
    if tensor.is_complex():
        raise _core.ArgumentError(f"{argument}: got complex numbers, expected real ones")
    return _floating(tensor)


def _floating(matrix: torch.Tensor) -> torch.Tensor:
    known = matrix.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64) or matrix.is_complex()
    return matrix if known else matrix.to(torch.float32)
