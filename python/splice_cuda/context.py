"""Where and with which resources work runs."""

from __future__ import annotations

import threading

from . import _core
from ._texts import as_text

__all__ = ["Context", "default_context"]


class Context:
    """Device, threads and memory limit of a series of calls.

    Results do not depend on threads nor on the memory limit, bit by bit. Several Python threads may share a context: their calls
    run one after the other. For calls at the same time, make a context a thread; dictionaries and concept spaces may be shared.

    Args:
        device: ``"cpu"``, ``"cuda"``, ``"cuda:N"``, or ``"auto"`` (a CUDA device where one can be used, else the CPU).
        threads: CPU threads; 0 = all that this process may use.
        memory_limit: upper limit of the workspace in bytes, beside inputs, outputs and the dictionary. 0 = 256 MiB on the CPU; on
            a CUDA device a quarter of its memory that is free now, at least 256 MiB and at most 2 GiB.
        stream: CUDA only: the stream that work is ordered on, as the number of a ``cudaStream_t``
            (``torch.cuda.current_stream().cuda_stream``); 0 = the device's default stream. It has to outlive what is made with it.

    Raises:
        ArgumentError: for a device that can't be read, negative threads, a foreign stream.
        DeviceError: where the device can't be used.
    """

    def __init__(self, device: str = "cpu", *, threads: int = 0, memory_limit: int = 0, stream: int = 0) -> None:
        self._native = _core.Context(
            as_text(str(device), "device"),
            _whole(threads, "threads"),
            _whole(memory_limit, "memory_limit", least=0),
            _whole(stream, "stream", least=0),
        )

    @property
    def device(self) -> str:
        """``"cpu"`` or ``"cuda:N"``."""
        return self._native.device

    @property
    def threads(self) -> int:
        """CPU threads, never 0."""
        return self._native.threads

    @property
    def memory_limit(self) -> int:
        """In bytes, never 0."""
        return self._native.memory_limit

    def __repr__(self) -> str:
        return f"Context({self.device!r}, threads={self.threads}, memory_limit={self.memory_limit})"


_defaults = threading.local()


def default_context(device: str = "cpu") -> Context:
    """The context that calls without one use: one a device and Python thread, made when it is first asked for."""
    made: dict[str, Context] = _defaults.__dict__.setdefault("made", {})
    if device not in made:
        made[device] = Context(device)
    return made[device]


def _whole(value: object, argument: str, least: int | None = None) -> int:
    """`value` as an int of 63 bits. Limits of the argument itself are the library's."""
    try:
        number = value.__index__()  # type: ignore[attr-defined]
    except (AttributeError, TypeError):
        raise _core.ArgumentError(f"{argument}: got {value!r}, expected an integer") from None
    largest = 2**31 - 1 if least is None else 2**63 - 1
    if number > largest or number < (-largest if least is None else least):
        raise _core.ArgumentError(f"{argument}: got {value!r}, expected {least if least is not None else -largest} to {largest}")
    return int(number)
