"""What an export needs to know of a model, whichever library it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


class ExportError(Exception):
    """A model that can't be exported as asked; the message says what was found and what is expected."""


@dataclass
class Preprocessing:
    """How pictures become what the image tower takes; the words are those of model.json."""

    size: tuple[int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    mode: str = "shortest"
    interpolation: str = "bicubic"
    fill: int = 0


@dataclass
class Tokenizer:
    """CLIP's byte-level BPE: merges by rank ("left right"), special tokens, tokens a text may have."""

    merges: list[str]
    start_token: str
    end_token: str
    context_length: int


@dataclass
class Model:
    """A CLIP model ready for export.

    Attributes:
        name: what the folder calls itself
        image: float32 [n, 3, height, width] to float32 [n, dim], not normalised
        text: int64 [n, context_length] to float32 [n, dim], or None
        tokenizer: present where `text` is
        provenance: where it comes from, text to text
    """

    name: str
    image: nn.Module
    preprocessing: Preprocessing
    text: nn.Module | None = None
    tokenizer: Tokenizer | None = None
    provenance: dict[str, str] = field(default_factory=dict)


@dataclass
class Extras:
    """Files that go into the folder as they are: mean of unit image embeddings (.npy), concepts (.txt), dictionary (.safetensors)."""

    image_mean: Path | None = None
    vocabulary: Path | None = None
    dictionary: Path | None = None
