"""Networks to TorchScript, and the proof that it gives what the network gave."""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import torch
from torch import nn

from .model import ExportError


@contextmanager
def _plain_attention() -> Iterator[None]:
    """Without the fused layers of inference: they are no part of what other versions of torch promise to read."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def save_traced(network: nn.Module, example: torch.Tensor, dtype: torch.dtype, path: Path) -> None:
    """Traces in float32 and saves with floating-point weights as `dtype`."""
    with torch.no_grad(), warnings.catch_warnings(), _plain_attention():
        # Shapes that Python code looks at are fixed for a tower but for the batch, which compare() varies.
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(network.float().eval(), (example,), check_trace=False)
        # The trace shares its weights with the network, which gets them back.
        weights = [(tensor, tensor.data) for tensor in [*traced.parameters(), *traced.buffers()] if tensor.is_floating_point()]
        for tensor, data in weights:
            tensor.data = data.to(dtype)
        traced.save(str(path))
        for tensor, data in weights:
            tensor.data = data


def compare(network: nn.Module, inputs: torch.Tensor, path: Path) -> float:
    """Loads what was saved, in float32, and runs it on other batch sizes than it was traced with.

    Returns:
        the largest difference of an element, relative to the largest element

    Raises:
        ExportError: where it does not run, gives another shape, or what is not finite
    """
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded = torch.jit.load(str(path), map_location="cpu").float().eval()
        worst = 0.0
        for count in {1, len(inputs)}:
            expected = network(inputs[:count])
            try:
                found = loaded(inputs[:count])
            except RuntimeError as error:
                raise ExportError(f"{path.name} does not run on {count} rows: {str(error).strip().splitlines()[-1]}") from error
            if found.shape != expected.shape or expected.dim() != 2:
                raise ExportError(f"{path.name} gives {list(found.shape)}; expected {list(expected.shape)}")
            difference = float((found - expected).abs().max() / expected.abs().max())
            if not math.isfinite(difference):
                raise ExportError(f"{path.name} gives NaN or infinity, as its weights or theirs are beyond what their type holds; expected finite "
                                  "embeddings (--dtype float32 keeps the weights as they are)")
            worst = max(worst, difference)
    return worst
