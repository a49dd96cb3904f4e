"""Dense embeddings in, a few named concepts out, with a proof for every row.

    import splice_cuda

    space = splice_cuda.ConceptSpace.load("dictionary.safetensors")
    result = space.decompose(embeddings, l1_penalty=0.25)  # numpy, torch, anything with DLPack
    result.certified.all(), result.to_scipy(), space.explain(result, row=0)

Needs numpy alone. What needs more is imported when it is first used: `ConceptTransformer` (scikit-learn), `ClipEncoder` (towers in
TorchScript), results in torch tensors and gradients (torch), bars (tqdm). torch.ops.splice_cuda is registered by `import
splice_cuda.torch_ops`; where torch is loaded before this package, by `import splice_cuda`.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from . import _core
from ._core import ArgumentError, CancelledError, DeviceError, Error, FileError, OutOfMemoryError
from ._options import DecomposeKeywords
from .codes import REPORT_DTYPE, STATUS_NAMES, Codes, DecomposeResult
from .concept_space import ConceptSpace, DictionaryHealth, DroppedConcepts
from .context import Context
from .decomposition import decompose
from .dictionary import Dictionary
from .info import Info, info, torch_ops_library
from .vocabulary import DroppedLine, SelectedVocabulary, select_vocabulary

if TYPE_CHECKING:
    from .clip import ClipEncoder
    from .estimator import ConceptTransformer
    from .torch_result import TorchResult

__all__ = [
    "REPORT_DTYPE",
    "STATUS_NAMES",
    "ArgumentError",
    "CancelledError",
    "ClipEncoder",
    "Codes",
    "ConceptSpace",
    "ConceptTransformer",
    "Context",
    "DecomposeKeywords",
    "DecomposeResult",
    "DeviceError",
    "Dictionary",
    "DictionaryHealth",
    "DroppedConcepts",
    "DroppedLine",
    "Error",
    "FileError",
    "Info",
    "OutOfMemoryError",
    "SelectedVocabulary",
    "TorchResult",
    "__version__",
    "decompose",
    "info",
    "select_vocabulary",
]

__version__: str = _core.version()

for _error in (Error, ArgumentError, FileError, OutOfMemoryError, DeviceError, CancelledError):
    _error.__module__ = __name__

_LAZY = {"ClipEncoder": ".clip", "ConceptTransformer": ".estimator", "TorchResult": ".torch_result"}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        value = getattr(importlib.import_module(_LAZY[name], __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))


if "torch" in sys.modules and torch_ops_library() is not None:
    try:
        from . import torch_ops  # noqa: F401
    except Exception as _problem:  # a torch that the library does not fit: all but its operators works
        import warnings

        warnings.warn(f"torch.ops.splice_cuda is not there: {_problem}", ImportWarning, stacklevel=2)
