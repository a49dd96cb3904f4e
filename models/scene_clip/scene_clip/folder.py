"""A model folder as evaluation and tests use it."""
from __future__ import annotations

import json
from pathlib import Path
from typing import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from .tokenizer import Tokenizer


class ModelFolder:
    """The towers of a model folder, in float32 unless another type is asked for."""

    def __init__(self, path: Path, dtype: torch.dtype = torch.float32) -> None:
        self.path = path
        self.description = json.loads((path / "model.json").read_text(encoding="utf-8"))
        self.image = torch.jit.load(path / self.description["image"]["file"]).to(dtype).eval()
        self.text = torch.jit.load(path / self.description["text"]["file"]).to(dtype).eval()
        self.tokenizer = Tokenizer.load(path / self.description["text"]["tokenizer"])
        self._dtype = dtype

    def encode_pictures(self, pictures: Tensor, batch: int = 250) -> Tensor:
        """Unit embeddings, float32 [n, dim], of pictures of the tower's size, uint8 [n, 3, height, width]."""
        mean, deviation = (torch.tensor(self.description["image"][name]).view(1, 3, 1, 1) for name in ("mean", "std"))
        with torch.no_grad():
            return torch.cat([F.normalize(self.image(((part.float() / 255 - mean) / deviation).to(self._dtype)).float(), dim=1)
                              for part in pictures.split(batch)])

    def encode_texts(self, texts: Sequence[str], batch: int = 500) -> Tensor:
        """Unit embeddings, float32 [n, dim], of texts."""
        with torch.no_grad():
            return torch.cat([F.normalize(self.text(part).float(), dim=1) for part in self.tokenizer(texts).split(batch)])

    def image_mean(self) -> Tensor:
        """Mean of unit image embeddings, float32 [dim]."""
        return torch.from_numpy(np.load(self.path / self.description["image_mean"]))

    def vocabulary(self) -> list[str]:
        """The concepts, ascending by frequency."""
        return (self.path / self.description["vocabulary"]).read_text(encoding="utf-8").splitlines()


def resized(picture: Image.Image, size: int) -> Tensor:
    """A square picture at the tower's size, as the model folder's rules have it: uint8 [3, size, size]."""
    small = picture.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(small)).permute(2, 0, 1)
