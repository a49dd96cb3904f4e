"""Writes the model folder (docs/model_folder.md) from trained weights."""
from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from .archive import save_script
from .concepts import frequent_concepts
from .folder import ModelFolder
from .network import DIM, IMAGE_SIZE, PIXEL_MEAN, PIXEL_STD, SceneClip
from .pictures import write_pictures
from .render import make_scenes
from .tokenizer import Tokenizer
from .train import CONTEXT_LENGTH, CORPUS_SEED, Settings, corpus

IMAGE_MEAN_SEED, IMAGE_MEAN_SCENES = 555, 4000
NAME = "scene-clip"


def load_weights(path: Path) -> tuple[SceneClip, dict]:
    """The model of weights.pt, for evaluation, and the file's other contents."""
    content = torch.load(path, weights_only=True)
    weights = content.pop("weights")
    model = SceneClip(len(weights["text.tokens.weight"]), CONTEXT_LENGTH)
    model.load_state_dict(weights)
    return model.eval(), content


def half_script(tower: nn.Module) -> torch.jit.ScriptModule:
    """The tower as TorchScript with float16 weights."""
    return torch.jit.script(tower.eval().requires_grad_(False)).half()


def prune_synonyms(concepts: Sequence[str], embeddings: Tensor, largest_cosine: float) -> list[int]:
    """Places of the concepts that are kept: each, in the order given, unless it lies too near to one that is kept.

    Concepts are unit rows [p, dim] after their mean was subtracted. Synonyms nearly coincide, and a decomposition would
    divide a weight among them.
    """
    centred = nn.functional.normalize(embeddings - embeddings.mean(0), dim=1)
    kept: list[int] = []
    for place in range(len(concepts)):
        if not kept or float((centred[kept] @ centred[place]).max()) <= largest_cosine:
            kept.append(place)
    return kept


def choose_vocabulary(folder: ModelFolder, captions: list[str], bigrams: int, largest_cosine: float) -> list[str]:
    """Concepts ascending by frequency: unigrams, and as many bigrams, of which synonyms are left out."""
    words, pairs, counts = frequent_concepts(captions, bigrams)
    candidates = words + pairs  # a word goes before the pairs that mean nearly the same
    kept = [candidates[place] for place in prune_synonyms(candidates, folder.encode_texts(candidates), largest_cosine)]
    return sorted(kept, key=lambda concept: (counts[concept], concept))


def build_dictionary(command: Path, folder: ModelFolder) -> None:
    """Builds dictionary.safetensors of the folder by `splice dictionary build`."""
    with tempfile.TemporaryDirectory() as scratch:
        embeddings = Path(scratch) / "texts.npy"
        np.save(embeddings, folder.encode_texts(folder.vocabulary()).numpy())
        subprocess.run([command, "dictionary", "build", "--embeddings", embeddings, "--image-mean", folder.path / "image_mean.npy",
                        "--concepts", folder.path / "vocabulary.txt", "--out", folder.path / "dictionary.safetensors",
                        "--model", NAME, "--dtype", "float16"], check=True)


def _describe(folder: Path, provenance: dict[str, str], files: Sequence[str]) -> None:
    """Writes model.json with the sizes and checksums of `files`."""
    contents = {name: (folder / name).read_bytes() for name in files}
    description = {
        "format": "splice_cuda.model", "version": 1, "name": NAME, "dim": DIM, "weights": "float16",
        "image": {"file": "image.pt", "size": [IMAGE_SIZE, IMAGE_SIZE],
                  "resize": {"mode": "shortest", "interpolation": "bicubic", "fill": 0},
                  "mean": [PIXEL_MEAN] * 3, "std": [PIXEL_STD] * 3},
        "text": {"file": "text.pt", "context_length": CONTEXT_LENGTH, "tokenizer": "tokenizer.json"},
        "image_mean": "image_mean.npy", "vocabulary": "vocabulary.txt", "dictionary": "dictionary.safetensors",
        "files": {name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                  for name, content in contents.items()},
        "provenance": provenance,
    }
    (folder / "model.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def write_folder(weights: Path, tokenizer: Tokenizer, out: Path, command: Path, bigrams: int, largest_cosine: float) -> None:
    """Writes all files of the model folder `out` but for results and card."""
    model, content = load_weights(weights)
    settings, record = Settings(**content["settings"]), content["record"]
    provenance = {
        "source": "models/scene_clip, trained on rendered scenes", "torch": str(torch.__version__),
        "settings": json.dumps(content["settings"]),
        "training": f"{record['core_seconds']:.0f} s of one core, torch {record['torch']}",
        "vocabulary": f"captions of seed {CORPUS_SEED}; {bigrams} bigrams, synonyms left out from a cosine of {largest_cosine} on",
    }
    model.image.fold_normalisation()
    save_script(half_script(model.image), out / "image.pt")
    save_script(half_script(model.text), out / "text.pt")
    tokenizer.save(out / "tokenizer.json")
    files = ["image.pt", "text.pt", "tokenizer.json"]
    _describe(out, provenance, files)
    folder = ModelFolder(out)
    _, pictures = make_scenes(IMAGE_MEAN_SCENES, IMAGE_MEAN_SEED)
    np.save(out / "image_mean.npy", folder.encode_pictures(pictures).mean(0).numpy())
    vocabulary = choose_vocabulary(folder, corpus(settings), bigrams, largest_cosine)
    (out / "vocabulary.txt").write_text("".join(f"{concept}\n" for concept in vocabulary), encoding="utf-8")
    build_dictionary(command, folder)
    _describe(out, provenance, [*files, "image_mean.npy", "vocabulary.txt", "dictionary.safetensors"])
    write_pictures(out / "pictures", vocabulary)


def export(weights: Path, tokenizer: Tokenizer, out: Path, command: Path, bigrams: int, largest_cosine: float) -> None:
    """Writes the model folder beside `out`, then moves its files there, model.json last.

    Until the first is moved the old model stays. Between the first and the last, files and the old model.json do not fit together: reading
    it is refused, not mistaken, as model.json holds their SHA-256.
    """
    (out / "pictures").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as beside:
        scratch = Path(beside)
        write_folder(weights, tokenizer, scratch, command, bigrams, largest_cosine)
        for path in sorted((path for path in scratch.rglob("*") if path.is_file()), key=lambda path: path.name == "model.json"):
            path.chmod(0o644)
            path.replace(out / path.relative_to(scratch))


def main() -> None:
    """Exports what scene_clip.train wrote to the cache folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, help="folder with weights.pt and tokenizer.json")
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    parser.add_argument("--splice", type=Path, required=True, help="the command splice, which builds the dictionary")
    parser.add_argument("--bigrams", type=int, default=4000, help="candidates of the vocabulary beside all words")
    parser.add_argument("--largest-cosine", type=float, default=0.98, help="of two concepts of the vocabulary")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    export(arguments.cache / "weights.pt", Tokenizer.load(arguments.cache / "tokenizer.json"), arguments.out, arguments.splice,
           arguments.bigrams, arguments.largest_cosine)


if __name__ == "__main__":
    main()
