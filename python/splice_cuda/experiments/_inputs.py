"""Arguments that several experiments take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .._arrays import as_rows, is_torch
from .._core import ArgumentError, Reports
from ..codes import DecomposeResult

__all__ = ["float32_rows", "labels_of", "native_reports"]


def float32_rows(rows: Any, argument: str) -> npt.NDArray[np.float32]:
    """[n, d] float32 on the host, without gaps; copied where it is not that already."""
    given = as_rows(rows, argument)
    array: Any = given.array
    if given.bfloat16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    if not isinstance(array, np.ndarray):
        array = array.float().cpu().numpy() if hasattr(array, "cpu") else np.from_dlpack(array)
    return np.ascontiguousarray(array, np.float32)


def native_reports(codes: Any) -> Reports | None:
    """Those of a DecomposeResult or TorchResult; None for bare codes, of whose rows nothing is known."""
    if isinstance(codes, DecomposeResult):
        reports = codes.reports
    elif is_torch(getattr(codes, "report", None)):
        from ..torch_result import reports_of

        reports = reports_of(codes)
    else:
        return None
    return Reports(np.ascontiguousarray(reports).view(np.uint8))


def labels_of(labels: Iterable[Any], rows: int) -> tuple[list[Any], npt.NDArray[np.int32]]:
    """Different labels, ascending, and the index of each row's. None, "" and NaN belong to no group: -1."""
    if isinstance(labels, (str, bytes)):
        raise ArgumentError("labels: got one text, expected a label a row")
    listed = [label.item() if isinstance(label, np.generic) else label for label in labels]
    if len(listed) != rows:
        raise ArgumentError(f"labels: got {len(listed)}, expected {rows}, one a row")
    try:
        names = sorted({label for label in listed if not _none(label)})
    except (TypeError, ValueError):
        raise ArgumentError("labels: got labels that have no order, expected texts or numbers") from None
    index = {name: group for group, name in enumerate(names)}
    groups = np.array([-1 if _none(label) else index[label] for label in listed], np.int32)
    return names, groups


def _none(label: Any) -> bool:
    return label is None or label == "" or label != label
