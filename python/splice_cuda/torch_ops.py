"""The ops ``torch.ops.splice_cuda`` for Python: loads their library, adds gradients and fake kernels.

Importing this module is enough::

    from splice_cuda import torch_ops
    weights, report = torch.ops.splice_cuda.decompose_dense(embeddings, dictionary, 0.25)

The library is the file that ``SPLICE_TORCH_LIBRARY`` names, else ``lib/libsplice_cuda_torch.so`` beside this module. Where
``libsplice_cuda_torch_autograd.so`` was loaded before, its gradients stay, and only the fake kernels are added.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

#: Columns of a report tensor ``[n, 8]`` (float64). ``gap`` is an upper bound of the distance to the optimum, half form.
REPORT_COLUMNS: tuple[str, ...] = (
    "primal", "dual", "gap", "kkt_violation", "l1_penalty", "rounds", "iterations", "status")
#: Names of the values of the column ``status``.
ROW_STATUS: tuple[str, ...] = ("certified", "budget_exhausted", "non_finite_input", "zero_embedding")


def library_path() -> Path:
    """The shared library with the kernels.

    Raises:
        FileNotFoundError: where there is none; names the places looked at.
    """
    named = os.environ.get("SPLICE_TORCH_LIBRARY")
    path = Path(named) if named else Path(__file__).parent / "lib" / "libsplice_cuda_torch.so"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file, expected the library of the torch ops "
                                "(SPLICE_TORCH_LIBRARY names another place)")
    return path


def load(path: os.PathLike[str] | str | None = None) -> None:
    """Loads the ops and registers what Python adds to them. A second call does nothing.

    Args:
        path: the library; by default that of :func:`library_path`.
    """
    if not _is_registered("decompose"):
        torch.ops.load_library(str(library_path() if path is None else path))
    if not _has_fake_kernels():
        _register_fake_kernels()
        if not _has_gradients():
            _register_gradients()


def _is_registered(op: str) -> bool:
    return torch._C._dispatch_has_kernel(f"splice_cuda::{op}")


def _has_fake_kernels() -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key("splice_cuda::decompose", "Meta")


def _has_gradients() -> bool:
    return torch._C._dispatch_has_kernel_for_dispatch_key("splice_cuda::decompose", "AutogradCPU")


# Fake kernels: shapes, types and devices, for torch.compile and meta tensors.

def _check_problem(embeddings: torch.Tensor, dictionary: torch.Tensor) -> None:
    for name, tensor in (("embeddings", embeddings), ("dictionary", dictionary)):
        if tensor.dim() != 2:
            raise RuntimeError(f"{name}: got shape {list(tensor.shape)}, expected two dimensions")
        if tensor.dtype not in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            raise RuntimeError(f"{name}: got a tensor of {tensor.dtype}, expected one of Half, BFloat16, Float or Double")
    if embeddings.device != dictionary.device:
        raise RuntimeError(f"dictionary: got a tensor on {dictionary.device}, expected one on {embeddings.device}, "
                           "where embeddings is")


def _value_type(*tensors: torch.Tensor) -> torch.dtype:
    return torch.float64 if any(tensor.dtype == torch.float64 for tensor in tensors) else torch.float32


def _fake_report(embeddings: torch.Tensor) -> torch.Tensor:
    return embeddings.new_empty((embeddings.shape[0], len(REPORT_COLUMNS)), dtype=torch.float64)


def _fake_decompose(embeddings: torch.Tensor, dictionary: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, ...]:
    _check_problem(embeddings, dictionary)
    nnz = torch.library.get_ctx().new_dynamic_size()
    return (embeddings.new_empty(embeddings.shape[0] + 1, dtype=torch.int64), embeddings.new_empty(nnz, dtype=torch.int32),
            embeddings.new_empty(nnz, dtype=_value_type(embeddings, dictionary)), _fake_report(embeddings))


def _fake_decompose_dense(embeddings: torch.Tensor, dictionary: torch.Tensor, *_: Any,
                          **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
    _check_problem(embeddings, dictionary)
    shape = (embeddings.shape[0], dictionary.shape[0])
    return embeddings.new_empty(shape, dtype=_value_type(embeddings, dictionary)), _fake_report(embeddings)


def _fake_certify(embeddings: torch.Tensor, dictionary: torch.Tensor, *_: Any, **__: Any) -> torch.Tensor:
    _check_problem(embeddings, dictionary)
    return _fake_report(embeddings)


def _fake_recompose(row_offsets: torch.Tensor, atom_indices: torch.Tensor, values: torch.Tensor,
                    dictionary: torch.Tensor) -> torch.Tensor:
    return dictionary.new_empty((row_offsets.shape[0] - 1, dictionary.shape[1]), dtype=_value_type(values, dictionary))


def _gradient_like(tensor: torch.Tensor | None, wanted: bool, other: torch.Tensor) -> torch.Tensor:
    if not wanted or tensor is None:
        return other.new_empty(0)
    return tensor.new_empty(tensor.shape)


def _fake_backward(embeddings: torch.Tensor, dictionary: torch.Tensor, l1_penalties: torch.Tensor | None,
                   needs: Sequence[bool]) -> tuple[torch.Tensor, ...]:
    return (_gradient_like(embeddings, needs[0], embeddings), _gradient_like(dictionary, needs[1], dictionary),
            _gradient_like(l1_penalties, needs[2], embeddings))


def _fake_decompose_backward(grad_values: torch.Tensor, row_offsets: torch.Tensor, atom_indices: torch.Tensor,
                             values: torch.Tensor, embeddings: torch.Tensor, dictionary: torch.Tensor,
                             l1_penalties: torch.Tensor | None, atom_weights: torch.Tensor | None, refit: bool,
                             *needs: bool) -> tuple[torch.Tensor, ...]:
    return _fake_backward(embeddings, dictionary, l1_penalties, needs)


def _fake_decompose_dense_backward(grad_weights: torch.Tensor, weights: torch.Tensor, embeddings: torch.Tensor,
                                   dictionary: torch.Tensor, l1_penalties: torch.Tensor | None,
                                   atom_weights: torch.Tensor | None, refit: bool, *needs: bool) -> tuple[torch.Tensor, ...]:
    return _fake_backward(embeddings, dictionary, l1_penalties, needs)


def _fake_recompose_backward(grad_embeddings: torch.Tensor, row_offsets: torch.Tensor, atom_indices: torch.Tensor,
                             values: torch.Tensor, dictionary: torch.Tensor, needs_values: bool,
                             needs_dictionary: bool) -> tuple[torch.Tensor, torch.Tensor]:
    return _gradient_like(values, needs_values, values), _gradient_like(dictionary, needs_dictionary, dictionary)


def _register_fake_kernels() -> None:
    function: Callable[..., Any]
    for name, function in (("decompose", _fake_decompose), ("decompose_dense", _fake_decompose_dense),
                           ("certify", _fake_certify)):
        torch.library.register_fake(f"splice_cuda::{name}", function)
    for name, function in (("decompose_backward", _fake_decompose_backward),
                           ("decompose_dense_backward", _fake_decompose_dense_backward),
                           ("recompose", _fake_recompose), ("recompose_backward", _fake_recompose_backward)):
        torch.library.register_fake(f"splice_cuda::{name}", function)
        torch.library.register_fake(f"splice_cuda::{name}_on_device", function)


# Gradients.

_PROBLEM_INPUTS = 14  # embeddings, dictionary, l1_penalty, l1_penalties, atom_weights, ..., see the schema


def _check_differentiable(atom_weights: torch.Tensor | None) -> None:
    if atom_weights is not None and atom_weights.requires_grad:
        raise RuntimeError("atom_weights: got a tensor that requires grad, expected one that does not: "
                           "no gradient with respect to weights is computed")


def _save_problem(ctx: Any, inputs: tuple[Any, ...], codes: tuple[torch.Tensor, ...]) -> None:
    embeddings, dictionary, _, l1_penalties, atom_weights = inputs[:5]
    _check_differentiable(atom_weights)
    ctx.save_for_backward(*codes, embeddings, dictionary, l1_penalties, atom_weights)
    ctx.refit = inputs[9]


def _problem_gradients(ctx: Any, gradients: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor | None, ...]:
    by_input: list[torch.Tensor | None] = [None] * _PROBLEM_INPUTS
    for place, gradient, needed in zip((0, 1, 3), gradients, _needs(ctx)):
        by_input[place] = gradient if needed else None
    return tuple(by_input)


def _needs(ctx: Any) -> tuple[bool, bool, bool]:
    """Of embeddings, dictionary and l1_penalties. Arguments left at their defaults are not among those that ctx counts."""
    needs = ctx.needs_input_grad
    return needs[0], needs[1], len(needs) > 3 and needs[3]


def _setup_decompose(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:
    row_offsets, atom_indices, values, report = output
    ctx.mark_non_differentiable(row_offsets, atom_indices, report)
    _save_problem(ctx, inputs, (row_offsets, atom_indices, values))


def _decompose_backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    *codes, embeddings, dictionary, l1_penalties, atom_weights = ctx.saved_tensors
    return _problem_gradients(ctx, torch.ops.splice_cuda.decompose_backward(
        gradients[2], *codes, embeddings, dictionary, l1_penalties, atom_weights, ctx.refit, *_needs(ctx)))


def _setup_decompose_dense(ctx: Any, inputs: tuple[Any, ...], output: tuple[torch.Tensor, ...]) -> None:
    weights, report = output
    ctx.mark_non_differentiable(report)
    _save_problem(ctx, inputs, (weights,))


def _decompose_dense_backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    weights, embeddings, dictionary, l1_penalties, atom_weights = ctx.saved_tensors
    return _problem_gradients(ctx, torch.ops.splice_cuda.decompose_dense_backward(
        gradients[0], weights, embeddings, dictionary, l1_penalties, atom_weights, ctx.refit, *_needs(ctx)))


def _setup_recompose(ctx: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
    ctx.save_for_backward(*inputs)


def _recompose_backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
    needs = ctx.needs_input_grad
    of_values, of_dictionary = torch.ops.splice_cuda.recompose_backward(gradient, *ctx.saved_tensors, needs[2], needs[3])
    return None, None, of_values if needs[2] else None, of_dictionary if needs[3] else None


def _setup_certify(ctx: Any, inputs: tuple[Any, ...], output: torch.Tensor) -> None:
    ctx.mark_non_differentiable(output)


def _no_gradient(ctx: Any, *gradients: torch.Tensor) -> None:
    raise NotImplementedError("splice_cuda: certificates have no gradient")


def _no_second_derivative(ctx: Any, *gradients: torch.Tensor) -> None:
    raise NotImplementedError("splice_cuda: second derivatives are not computed; the gradients of decompose, decompose_dense "
                              "and recompose can't be differentiated again")


def _register_gradients() -> None:
    register = torch.library.register_autograd
    register("splice_cuda::decompose", _decompose_backward, setup_context=_setup_decompose)
    register("splice_cuda::decompose_dense", _decompose_dense_backward, setup_context=_setup_decompose_dense)
    register("splice_cuda::recompose", _recompose_backward, setup_context=_setup_recompose)
    register("splice_cuda::certify", _no_gradient, setup_context=_setup_certify)
    for name in ("decompose_backward", "decompose_dense_backward", "recompose_backward"):
        register(f"splice_cuda::{name}", _no_second_derivative)


load()
