"""Progress of long calls: a function of yours, or a bar by tqdm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Union

__all__ = ["Progress", "progress_function"]

Progress = Union[bool, Callable[[int, int], object]]
"""False: none. True: a tqdm bar. A function: called as f(done, total), in rows, from the calling thread."""


@contextmanager
def progress_function(progress: Progress, description: str, unit: str = "row") -> Iterator[Callable[[int, int], object] | None]:
    """What the native module calls. The bar is closed at the end.

    Raises:
        ImportError: where a bar is wanted and there is no tqdm.
    """
    if progress is False or progress is None:
        yield None
        return
    if progress is not True:
        yield progress
        return
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise ImportError("progress=True needs tqdm (pip install tqdm); or give a function f(done, total)") from error
    with tqdm(desc=description, unit=unit, unit_scale=True) as bar:

        def update(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield update
