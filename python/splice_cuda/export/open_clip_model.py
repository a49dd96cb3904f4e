"""Models of open_clip: built-in names, configurations in a file, checkpoints, random weights."""

from __future__ import annotations

import copy
import importlib.metadata
import json
from pathlib import Path
from typing import Any

import torch
from torch import nn

from .model import ExportError, Model, Preprocessing, Tokenizer


class ImageTower(nn.Module):
    """The image half of a model."""

    def __init__(self, model: Any) -> None:
        """Keeps what `encode_image` needs."""
        super().__init__()
        self.visual = model.visual

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """float32 [n, 3, height, width] to [n, dim]."""
        features = self.visual(pixels)
        return features[0] if isinstance(features, tuple) else features


class TextTower(nn.Module):
    """The text half of a model."""

    def __init__(self, model: Any) -> None:
        """Copies the model without what only pictures, or the writing of captions, need."""
        super().__init__()
        unused = [part for name in ("visual", "text_decoder") if (part := getattr(model, name, None)) is not None]
        self.model: Any = copy.deepcopy(model, {id(part): nn.Identity() for part in unused})

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """int64 [n, context_length] to [n, dim]."""
        return self.model.encode_text(tokens, normalize=False)


def _preprocessing(model: nn.Module) -> Preprocessing:
    import open_clip

    config: dict[str, Any] = open_clip.get_model_preprocess_cfg(model)
    size = config["size"]
    height, width = (size, size) if isinstance(size, int) else tuple(size)[-2:]

    def three(value: Any) -> tuple[float, float, float]:
        values = tuple(float(v) for v in value) if isinstance(value, (tuple, list)) else (float(value),) * 3
        return (values[0], values[1], values[2])

    return Preprocessing(
        size=(int(height), int(width)), mean=three(config["mean"]), std=three(config["std"]), mode=config["resize_mode"],
        interpolation="bilinear" if config["interpolation"] == "bilinear" else "bicubic", fill=int(config["fill_color"]))


_ADVICE = "; expected CLIP's byte-level BPE, lower case (--image-only exports the image tower alone)"


def clip_tokenizer(tokenizer: Any, context_length: int) -> Tokenizer:
    """Takes merges and special tokens out of open_clip's SimpleTokenizer.

    Raises:
        ExportError: for another tokenizer, or one that cleans texts otherwise, shortens them, or has more special tokens
    """
    from open_clip import tokenizer as tokenizers

    if type(tokenizer) is not tokenizers.SimpleTokenizer:
        raise ExportError(f"the text tower's tokenizer is {type(tokenizer).__name__}{_ADVICE}")
    if tokenizer.clean_fn is not tokenizers.get_clean_fn("lower") or tokenizer.reduction_fn is not None:
        raise ExportError(f"the text tower's tokenizer cleans or shortens texts in its own way{_ADVICE}")
    merges = [" ".join(pair) for pair in tokenizer.bpe_ranks]
    start, end = len(tokenizer.encoder) - 2, len(tokenizer.encoder) - 1
    if len(tokenizer.encoder) != 512 + len(merges) + 2 or tokenizer.all_special_ids != [start, end]:
        raise ExportError(f"the text tower's tokenizer has tokens beyond bytes, merges, start and end{_ADVICE}")
    return Tokenizer(merges, tokenizer.decoder[start], tokenizer.decoder[end], context_length)


def _first_words(error: Exception) -> str:
    """Of messages that list all models there are."""
    text = str(error)
    return text if len(text) <= 400 else text[:400] + " ..."


def load(name: str, pretrained: str | None, config: Path | None, random_seed: int | None, image_only: bool) -> Model:
    """Makes the model and what goes with it.

    Args:
        name: open_clip's name ("ViT-B-32", "hf-hub:org/repo", "local-dir:/path"), or the stem of `config`
        pretrained: tag, or path of a checkpoint; checkpoints are read with weights_only=True
        config: a model configuration in open_clip's JSON, made known under its stem
        random_seed: in place of weights: initialise with that seed
        image_only: leave the text tower out

    Raises:
        ExportError: for what does not exist or does not fit
    """
    try:
        import open_clip
    except ImportError as error:
        raise ExportError(f"open_clip can't be imported ({error}); expected the package open_clip_torch") from error
    if config is not None:
        try:
            json.loads(config.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ExportError(f"--config {config}: {error}; expected a model configuration in JSON") from error
        open_clip.add_model_config(config)
        if name not in open_clip.list_models():
            raise ExportError(f"--config {config}: got it for the model {name}, expected a file of that name, {name}.json")
    if not image_only and (known := open_clip.get_model_config(name) if ":" not in name else None):
        foreign = known["text_cfg"].get("hf_tokenizer_name")  # would be looked for in the network
        if foreign:
            raise ExportError(f"the text tower's tokenizer is {foreign}{_ADVICE}")
    if random_seed is not None:
        torch.manual_seed(random_seed)
    try:
        model = open_clip.create_model(name, pretrained=pretrained, load_weights=random_seed is None, weights_only=True,
                                       require_pretrained=random_seed is None, pretrained_text=random_seed is None)
    except Exception as error:  # open_clip raises whatever its parts raise
        raise ExportError(f"open_clip can't make {name} with {pretrained or 'no'} weights: {_first_words(error)}") from error
    model.eval()
    source = {"source": "open_clip", "model": name, "weights": pretrained or ("random" if random_seed is not None else "of the model"),
              "open_clip": importlib.metadata.version("open_clip_torch")}
    if random_seed is not None:
        source["seed"] = str(random_seed)
    short = name.split(":")[-1].rstrip("/").split("/")[-1]
    exported = Model(short, ImageTower(model), _preprocessing(model), provenance=source)
    if not image_only:
        context_length = int(getattr(model, "context_length", 0) or getattr(model.text, "context_length", 0))
        try:
            tokenizer = open_clip.get_tokenizer(name)
        except Exception as error:  # what it imports and downloads raises whatever it likes
            raise ExportError(f"open_clip can't make the tokenizer: {_first_words(error)}{_ADVICE}") from error
        exported.tokenizer = clip_tokenizer(tokenizer, context_length)
        exported.text = TextTower(model)
    return exported
