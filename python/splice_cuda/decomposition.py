"""One call for all: `decompose`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from ._arrays import is_torch
from ._options import DecomposeKeywords
from .codes import DecomposeResult
from .concept_space import ConceptSpace
from .context import Context, default_context
from .dictionary import Dictionary
from .progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

    from .torch_result import TorchResult

__all__ = ["decompose"]


def decompose(
    embeddings: Any,
    dictionary: Any,
    l1_penalty: float | npt.ArrayLike | None = None,
    *,
    device: str | None = None,
    context: Context | None = None,
    progress: Progress = False,
    cancel: Callable[[], bool] | None = None,
    **options: Unpack[DecomposeKeywords],
) -> DecomposeResult | TorchResult:
    """Solves one non-negative LASSO problem a row of `embeddings` [n, d]; see `Dictionary.decompose`.

    Args:
        dictionary: atoms [p, d], used as given; or a Dictionary; or a ConceptSpace or the path of one, which prepare raw embeddings
            first (normalise, centre, normalise). A Dictionary or ConceptSpace is ready for the next call, atoms are not.
        device: where to work without a context: ``"cpu"``, ``"cuda"``, ``"cuda:N"``, ``"auto"``. None: the CPU, CUDA tensors where
            they are; so are they with ``"cuda"`` and ``"auto"``.

    Returns:
        A DecomposeResult in numpy arrays; for a torch tensor, a TorchResult in tensors. Atoms given as an array and embeddings given
        as a torch tensor go through ``torch.ops.splice_cuda.decompose`` where it is built, gradients included. It works where the
        tensors are, and knows neither context, progress, cancel, warm_start, rho nor over_relaxation: with these, or on another
        device, the numpy function is called, of which float64 gets values in float32; the operator's are float64.

    Raises:
        ArgumentError: for what `Dictionary.decompose` refuses; where gradients are wanted, also for what the operator does not know,
            for embeddings and a dictionary that are no tensors, and for atom_weights that want one.
        ImportError: where a tensor wants gradients and the package was built without torch. It says what is missing.
    """
    if device in (None, "cuda", "auto") and is_torch(embeddings) and embeddings.is_cuda:
        device = str(embeddings.device)
    elif device is None:
        device = "cpu"
    if any(is_torch(given) for given in (embeddings, dictionary, l1_penalty, options.get("atom_weights"))):
        from . import torch_result

        others = {"context": context, "progress": progress, "cancel": cancel}
        if torch_result.for_operator(embeddings, dictionary, l1_penalty, device, others, options):
            return torch_result.by_operator(embeddings, dictionary, l1_penalty, options)
    where = context or default_context(device)
    if isinstance(dictionary, (str, os.PathLike)):
        dictionary = ConceptSpace.load(dictionary)
    if not isinstance(dictionary, (ConceptSpace, Dictionary)):
        dictionary = Dictionary(dictionary, context=where)
    result: DecomposeResult = dictionary.decompose(
        embeddings, l1_penalty, context=where, progress=progress, cancel=cancel, **options
    )
    if is_torch(embeddings):
        return torch_result.of_result(result, embeddings.device)
    return result
