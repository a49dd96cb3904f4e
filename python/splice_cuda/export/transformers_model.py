"""CLIPModel of transformers, out of a local folder."""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .model import ExportError, Model, Preprocessing, Tokenizer


class ImageTower(nn.Module):
    """Vision model and projection."""

    def __init__(self, model: Any) -> None:
        """Takes both out of a CLIPModel."""
        super().__init__()
        self.vision = model.vision_model
        self.projection = model.visual_projection

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 [n, 3, height, width] to [n, dim]."""
        return self.projection(self.vision(pixel_values=pixels).pooler_output)


class TextTower(nn.Module):
    """Text model and projection."""

    def __init__(self, model: Any) -> None:
        """Takes both out of a CLIPModel, pooled at the end token, which has the largest id."""
        super().__init__()
        self.text = model.text_model
        self.projection = model.text_projection

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """int64 [n, context_length] to [n, dim]. Attention looks back only: what follows the end token plays no part."""
        hidden = self.text(input_ids=tokens).last_hidden_state
        ends = tokens.argmax(dim=-1)
        return self.projection(hidden[torch.arange(hidden.shape[0]), ends])


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: {error}; expected JSON") from error
    if not isinstance(content, dict):
        raise ExportError(f"{path}: found {type(content).__name__}; expected an object")
    return content


def _preprocessing(folder: Path) -> Preprocessing:
    """Resize of the shorter side and centre crop, which is what CLIPImageProcessor does unless told otherwise."""
    path = folder / "preprocessor_config.json"
    config = _json(path)
    crop, size = config.get("crop_size", 224), config.get("size", 224)
    height, width = (crop, crop) if isinstance(crop, int) else (crop["height"], crop["width"])
    shorter = size if isinstance(size, int) else size.get("shortest_edge")
    steps = [config.get(name, True) for name in ("do_resize", "do_center_crop", "do_rescale", "do_normalize")]
    if not all(steps) or not height == width == shorter or config.get("resample", 3) not in (2, 3):
        raise ExportError(f"{path}: found size {size}, crop {crop}; expected the shorter side resized (bilinear or bicubic) to the "
                          "side of a square crop, and normalisation")
    mean, std = (tuple(float(v) for v in config[name]) for name in ("image_mean", "image_std"))
    return Preprocessing((height, width), (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]),
                         interpolation="bilinear" if config.get("resample", 3) == 2 else "bicubic")


def read_tokenizer(folder: Path, context_length: int) -> Tokenizer:
    """Reads vocab.json and merges.txt.

    Raises:
        ExportError: unless the ids are those of CLIP's byte-level BPE: bytes, merges by rank, start, end
    """
    vocabulary = _json(folder / "vocab.json")
    try:
        lines = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ExportError(f"{folder}: {error}; expected merges.txt of CLIP's tokenizer") from error
    merges = [line for line in lines if line and not line.startswith("#version")]
    ids = {index: token for token, index in vocabulary.items()}
    good = len(vocabulary) == 512 + len(merges) + 2 and all(
        vocabulary.get("".join(merge.split())) == 512 + rank for rank, merge in enumerate(merges))
    if not good:
        raise ExportError(f"{folder}: found a vocabulary of {len(vocabulary)} tokens that is not bytes, {len(merges)} merges, start "
                          "and end; expected CLIP's byte-level BPE (--image-only exports the image tower alone)")
    return Tokenizer(merges, ids[512 + len(merges)], ids[512 + len(merges) + 1], context_length)


def load(folder: Path, image_only: bool) -> Model:
    """Reads config, weights (safetensors, or a checkpoint by weights_only), preprocessing and tokenizer.

    Raises:
        ExportError: for what is missing or does not fit
    """
    try:
        import transformers
    except ImportError as error:
        raise ExportError(f"transformers can't be imported ({error}); expected the package transformers") from error
    if not (folder / "config.json").is_file():
        raise ExportError(f"{folder}: found no config.json; expected a folder with a CLIPModel of transformers")
    if (kind := _json(folder / "config.json").get("model_type")) != "clip":
        raise ExportError(f"{folder}: found model_type {kind!r}; expected 'clip'")
    try:
        model = transformers.CLIPModel.from_pretrained(folder, local_files_only=True, weights_only=True, attn_implementation="sdpa",
                                                       torch_dtype=torch.float32).eval()
    except Exception as error:  # transformers raises whatever its parts raise
        raise ExportError(f"transformers can't load {folder}: {error}") from error
    exported = Model(folder.resolve().name, ImageTower(model), _preprocessing(folder), provenance={
        "source": "transformers", "model": folder.resolve().name, "transformers": importlib.metadata.version("transformers")})
    if not image_only:
        exported.tokenizer = read_tokenizer(folder, int(model.config.text_config.max_position_embeddings))
        exported.text = TextTower(model)
    return exported
