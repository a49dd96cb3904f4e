"""The few operations in which numpy and PyTorch differ: a solver is written once, tested with numpy, timed on a GPU.

What both spell alike (products, sums over an axis, clip, masks) solvers use as it is. Precisions: "fp64", "fp32", and
with PyTorch "tf32": fp32 whose products may round their operands to 10 bits of mantissa.
"""

import time

import numpy as np


class NumpyArrays:
    name = "numpy"
    device = "cpu"
    precisions = ("fp64", "fp32")
    compiles = False

    def array(self, values, precision):
        return np.ascontiguousarray(values, dtype=np.float64 if precision == "fp64" else np.float32)

    def zeros_like(self, array):
        return np.zeros_like(array)

    def to_numpy(self, array):
        return np.asarray(array)

    def row_max(self, array):
        return array.max(axis=1)

    def where(self, condition, yes, no):
        return np.where(condition, yes, no)

    def largest_eigenvalue(self, matrix):
        return float(np.linalg.eigvalsh(matrix)[-1])

    def add_to_diagonal(self, matrix, value):
        matrix[np.diag_indices_from(matrix)] += value

    def cholesky(self, matrix):
        return np.linalg.cholesky(matrix)

    def cholesky_solve(self, factor, right):
        from scipy.linalg import cho_solve

        return cho_solve((factor, True), right, check_finite=False)

    def use_precision(self, precision):
        """For the products that follow."""

    def seconds_of(self, function):
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    def describe(self):
        return {"library": f"numpy {np.__version__}", "device": "cpu"}


class TorchArrays:
    name = "torch"

    def __init__(self, device):
        import torch

        self._torch = torch
        self.device = device
        on_gpu = torch.device(device).type == "cuda"
        if on_gpu and not torch.cuda.is_available():
            raise RuntimeError(f"device {device} given, but PyTorch sees no CUDA device; expected cpu here")
        self._on_gpu = on_gpu
        self.precisions = ("fp64", "fp32", "tf32") if on_gpu else ("fp64", "fp32")
        self.compiles = on_gpu  # on a CPU it needs a C++ compiler and seconds: not for the default

    @property
    def torch(self):
        return self._torch

    def compiled(self, function):
        """One kernel in place of one an operation."""
        return self._torch.compile(function, dynamic=False)

    def array(self, values, precision):
        dtype = self._torch.float64 if precision == "fp64" else self._torch.float32
        return self._torch.as_tensor(values).to(device=self.device, dtype=dtype).contiguous()

    def zeros_like(self, array):
        return self._torch.zeros_like(array)

    def to_numpy(self, array):
        return array.detach().cpu().numpy()

    def row_max(self, array):
        return array.amax(dim=1)

    def where(self, condition, yes, no):
        return self._torch.where(condition, yes, no)

    def largest_eigenvalue(self, matrix):
        return float(self._torch.linalg.eigvalsh(matrix)[-1])

    def add_to_diagonal(self, matrix, value):
        matrix.diagonal().add_(value)

    def cholesky(self, matrix):
        return self._torch.linalg.cholesky(matrix)

    def cholesky_solve(self, factor, right):
        return self._torch.cholesky_solve(right, factor)

    def use_precision(self, precision):
        """For the products that follow."""
        self._torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")

    def seconds_of(self, function):
        """On a GPU by events: time on the device, from when all work before is done."""
        if not self._on_gpu:
            start = time.perf_counter()
            function()
            return time.perf_counter() - start
        start, end = (self._torch.cuda.Event(enable_timing=True) for _ in range(2))
        self._torch.cuda.synchronize()
        start.record()
        function()
        end.record()
        end.synchronize()
        return start.elapsed_time(end) * 1e-3

    def describe(self):
        device = self._torch.cuda.get_device_name() if self._on_gpu else "cpu"
        return {"library": f"torch {self._torch.__version__}", "device": device, "cuda": self._torch.version.cuda}


def choose(library, device):
    """`library` "auto" is PyTorch where it is installed."""
    if library == "numpy":
        if device != "cpu":
            raise RuntimeError(f"device {device} given with numpy, expected cpu")
        return NumpyArrays()
    try:
        return TorchArrays(device)
    except ImportError:
        if library == "auto" and device == "cpu":
            return NumpyArrays()
        raise
