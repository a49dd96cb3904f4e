"""Arrays on their way into the native module: numpy, anything with DLPack, or whatever numpy makes an array of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ._core import ArgumentError

__all__ = ["Rows", "as_rows", "as_vector", "is_torch", "on_host"]


class Rows(NamedTuple):
    """A matrix that the native module can view as it is."""

    array: Any
    """float32, float16, bfloat16 (through DLPack), or uint16 holding the bits of bfloat16; rows without gaps."""
    bfloat16: bool
    """Whether the elements are such bits."""


def is_torch(array: object) -> bool:
    """Whether `array` is a torch tensor, found out without importing torch."""
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(array).__mro__)


def as_rows(array: Any, argument: str) -> Rows:
    """Makes `array` a matrix [n, d] for the native module.

    Not copied: float32, float16 and bfloat16 (torch, ml_dtypes) whose rows have no gaps, whatever lies between rows; on the CPU
    or, by DLPack, on a CUDA device. Copied once: columns apart, rows that go backwards or overlap, foreign byte order. Converted
    to float32 once: float64 and integers, lists.
    """
    if is_torch(array) or (hasattr(array, "__dlpack__") and not isinstance(array, np.ndarray)):
        return Rows(_plain_tensor(array, argument), False)
    if np.iscomplexobj(array):
        raise ArgumentError(f"{argument}: got complex numbers, expected real ones")
    matrix = np.asarray(array)
    _check_shape(matrix.shape, argument)
    bfloat16 = matrix.dtype.name == "bfloat16"
    if bfloat16:
        matrix = matrix.view(np.uint16)
    elif matrix.dtype.newbyteorder("=") in (np.float32, np.float16):
        matrix = matrix.astype(matrix.dtype.newbyteorder("="), copy=False)
    else:
        matrix = _to_float32(matrix, argument)
    if not _rows_without_gaps(matrix.shape, matrix.strides, matrix.itemsize) or not matrix.flags.aligned:
        matrix = np.array(matrix, order="C", copy=True)
    return Rows(matrix, bfloat16)


def as_vector(values: Any, dtype: npt.DTypeLike, argument: str) -> npt.NDArray[Any]:
    """A contiguous numpy vector of `dtype` on the host; copied where it is not one already."""
    given = on_host(values, argument) if is_torch(values) else np.asarray(values)
    if given.ndim != 1:
        raise ArgumentError(f"{argument}: got {given.ndim} dimensions, expected a vector")
    if np.iscomplexobj(given):
        raise ArgumentError(f"{argument}: got complex numbers, expected real ones")
    if given.size and np.issubdtype(dtype, np.integer) and not np.issubdtype(given.dtype, np.integer):
        raise ArgumentError(f"{argument}: got elements of type {given.dtype}, expected integers")
    if np.issubdtype(dtype, np.integer) and given.size:
        limits = np.iinfo(np.dtype(dtype))
        if given.min() < limits.min or given.max() > limits.max:
            raise ArgumentError(f"{argument}: got numbers from {given.min()} to {given.max()}, expected {np.dtype(dtype)}")
    try:
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(given, dtype=dtype)
    except (TypeError, ValueError):
        raise ArgumentError(f"{argument}: got elements of type {given.dtype}, expected numbers") from None


def on_host(tensor: Any, argument: str) -> npt.NDArray[Any]:
    """A dense torch tensor as a numpy array on the host, without a graph behind it; as float32 where numpy lacks its type."""
    import torch

    if tensor.layout != torch.strided:
        raise ArgumentError(f"{argument}: got a tensor of layout {tensor.layout}, expected a dense one")
    tensor = tensor.detach().cpu()
    if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float32, torch.float64):
        tensor = tensor.float()
    return tensor.resolve_conj().resolve_neg().numpy()


def _check_shape(shape: tuple[int, ...], argument: str) -> None:
    if len(shape) != 2:
        raise ArgumentError(f"{argument}: got shape {tuple(shape)}, expected a matrix [n, d]")


def _to_float32(matrix: npt.NDArray[Any], argument: str) -> npt.NDArray[np.float32]:
    if matrix.dtype == object or matrix.dtype.kind not in "fiub":
        try:
            matrix = matrix.astype(np.float64)
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{argument}: got elements of type {matrix.dtype}, expected numbers ({error})") from None
    with np.errstate(over="ignore"):  # what float32 can't hold becomes infinite, and is told in the row's report
        return matrix.astype(np.float32)


def _rows_without_gaps(shape: tuple[int, ...], strides: tuple[int, ...], itemsize: int) -> bool:
    rows, cols = shape
    if rows == 0 or cols == 0:
        return True
    if cols > 1 and strides[1] != itemsize:
        return False
    return rows == 1 or (strides[0] % itemsize == 0 and strides[0] >= cols * itemsize)


def _plain_tensor(tensor: Any, argument: str) -> Any:
    """A tensor that can be viewed: of a type and strides that the native module knows, without a graph behind it."""
    _check_shape(tuple(tensor.shape), argument)
    if not is_torch(tensor):
        return tensor
    import torch

    tensor = tensor.detach()
    if tensor.layout != torch.strided:
        raise ArgumentError(f"{argument}: got a tensor of layout {tensor.layout}, expected a dense one")
    if tensor.is_complex():
        raise ArgumentError(f"{argument}: got complex numbers, expected real ones")
    if tensor.dtype not in (torch.float32, torch.float16, torch.bfloat16):
        tensor = tensor.to(torch.float32)
    strides = tuple(stride * tensor.element_size() for stride in tensor.stride())
    if not _rows_without_gaps(tuple(tensor.shape), strides, tensor.element_size()):
        tensor = tensor.contiguous()
    tensor = tensor.resolve_neg()
    if tensor.is_cuda:
        # Its elements may still be on their way, on a stream that the library, which works on its context's, does not wait for.
        torch.cuda.current_stream(tensor.device).synchronize()
    return tensor
