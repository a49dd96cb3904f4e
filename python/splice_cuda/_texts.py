"""Texts on their way into the native module, which takes what has a form in UTF-8."""

from __future__ import annotations

from collections.abc import Iterable

from ._core import ArgumentError

__all__ = ["as_text", "as_texts", "has_utf8"]


def has_utf8(text: str) -> bool:
    """Whether `text` can be written as UTF-8: lone surrogates, as in names of files that are not UTF-8, can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def as_text(text: object, argument: str) -> str:
    """One text.

    Raises:
        ArgumentError: for what is no str, or has no form in UTF-8.
    """
    if not isinstance(text, str):
        raise ArgumentError(f"{argument}: got {text!r}, expected a text")
    if not has_utf8(text):
        raise ArgumentError(f"{argument}: got {text!r}, expected a text that can be written as UTF-8")
    return str(text)


def as_texts(texts: Iterable[str], argument: str) -> list[str]:
    """A list of texts.

    Raises:
        ArgumentError: for one text alone, and for a line (from 0) that is no str or has no form in UTF-8.
    """
    if isinstance(texts, (str, bytes)):
        raise ArgumentError(f"{argument}: got one text, expected a list of them")
    listed = list(texts)
    for line, text in enumerate(listed):
        if not isinstance(text, str):
            raise ArgumentError(f"{argument}: got {type(text).__name__} at {line}, expected texts")
        if not has_utf8(text):
            raise ArgumentError(f"{argument}: got {text!r} at {line}, expected texts that can be written as UTF-8")
    return [str(text) for text in listed]
