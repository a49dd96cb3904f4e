"""The folder itself: written beside its place, checked, and renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path

import torch

from .model import Extras, ExportError, Model
from .tracing import compare, save_traced

# float16 weights: rounding to 11 bits goes through the whole network.
TOLERANCE = {torch.float32: 1e-4, torch.float16: 0.05, torch.bfloat16: 0.3}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _write_towers(model: Model, dtype: torch.dtype, root: Path) -> tuple[dict[str, float], int]:
    """Saves both towers. Returns their differences and the width of their output."""
    generator = torch.Generator().manual_seed(1)
    height, width = model.preprocessing.size
    pixels = torch.randn(3, 3, height, width, generator=generator)
    save_traced(model.image, pixels[:2], dtype, root / "image.pt")
    differences = {"image.pt": compare(model.image, pixels, root / "image.pt")}
    with torch.no_grad():
        dim = int(model.image(pixels[:1]).shape[1])
    if model.text is not None and model.tokenizer is not None:
        end = 512 + len(model.tokenizer.merges) + 1
        tokens = torch.zeros(3, model.tokenizer.context_length, dtype=torch.long)
        for row, length in enumerate((2, 5, model.tokenizer.context_length)):
            words = torch.randint(0, end - 1, (length - 2,), generator=generator)
            tokens[row, :length] = torch.cat([torch.tensor([end - 1]), words, torch.tensor([end])])
        save_traced(model.text, tokens[:2], dtype, root / "text.pt")
        differences["text.pt"] = compare(model.text, tokens, root / "text.pt")
        with torch.no_grad():
            if (found := int(model.text(tokens[:1]).shape[1])) != dim:
                raise ExportError(f"the towers give {dim} and {found} columns; expected the same")
    return differences, dim


def _description(model: Model, dim: int, dtype: torch.dtype, extras: dict[str, str], root: Path) -> dict[str, object]:
    how = model.preprocessing
    description: dict[str, object] = {
        "format": "splice_cuda.model", "version": 1, "name": model.name, "dim": dim, "weights": str(dtype).removeprefix("torch."),
        "image": {"file": "image.pt", "size": list(how.size),
                  "resize": {"mode": how.mode, "interpolation": how.interpolation, "fill": how.fill},
                  "mean": list(how.mean), "std": list(how.std)}}
    if model.tokenizer is not None:
        description["text"] = {"file": "text.pt", "context_length": model.tokenizer.context_length, "tokenizer": "tokenizer.json"}
    description.update(extras)
    description["files"] = {path.name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for path in sorted(root.iterdir())}
    description["provenance"] = {**model.provenance, "torch": str(torch.__version__)}
    return description


def _fill(model: Model, dtype: torch.dtype, extras: Extras, root: Path) -> dict[str, float]:
    differences, dim = _write_towers(model, dtype, root)
    for name, difference in differences.items():
        if not difference <= TOLERANCE[dtype]:
            raise ExportError(f"{name} differs by {difference:.2g} from the model; expected at most {TOLERANCE[dtype]:g}")
    if model.tokenizer is not None:
        tokenizer = {"type": "clip_bpe", "clean": "lower", "context_length": model.tokenizer.context_length,
                     "start_token": model.tokenizer.start_token, "end_token": model.tokenizer.end_token,
                     "merges": model.tokenizer.merges}
        (root / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")
    named: dict[str, str] = {}
    for key, name in (("image_mean", "image_mean.npy"), ("vocabulary", "vocabulary.txt"), ("dictionary", "dictionary.safetensors")):
        if (path := getattr(extras, key)) is not None:
            shutil.copyfile(path, root / name)
            named[key] = name
    text = json.dumps(_description(model, dim, dtype, named, root), ensure_ascii=False, indent=2)
    (root / "model.json").write_text(text + "\n", encoding="utf-8")
    return differences


def write_folder(model: Model, output: Path, dtype: torch.dtype, extras: Extras) -> dict[str, float]:
    """Writes the model folder, whole or not at all.

    Returns:
        for each tower's file the largest difference to the model, relative to its largest output

    Raises:
        ExportError: where `output` exists, or a tower does not survive the journey
        OSError: where files can't be read or written
    """
    if output.exists():
        raise ExportError(f"{output} exists; expected a new folder")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=output.name + ".", dir=output.parent) as scratch:
        root = Path(scratch) / "model"
        root.mkdir()
        differences = _fill(model, dtype, extras, root)
        os.rename(root, output)
    return differences
