"""Measures a model folder on held-out scenes and writes results.json."""
from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file

from .attributes import BACKGROUNDS, LIGHTINGS, SIZES
from .bias import bias_figures
from .decomposition import (chance_precision, code_figures, cosine_of_codes, nearest_precision, without_random,
                            without_words)
from .folder import ModelFolder
from .render import make_scenes
from .splice_command import SpliceCommand
from .words import SYNONYMS
from .zero_shot import OBJECT_NAMES, Classifier, long_captions, modality_gap, retrieval

PENALTIES = (0.6, 0.4, 0.25, 0.15, 0.08)
REMOVAL_PENALTY, BIAS_PENALTY = 0.1, 0.15
RETRIEVAL_SEED, ONE_OBJECT_SEED, NIGHT_SEED, BIAS_TRAIN_SEED, BIAS_TEST_SEED = 888, 777, 4242, 11, 31
_CAPTION_SEED, _RANDOM_SEED = 5, 1


def dense_figures(folder: ModelFolder, classifier: Classifier, text_mean: torch.Tensor) -> dict[str, Any]:
    """Retrieval, zero-shot classification and modality gap."""
    scenes, pictures = make_scenes(1000, RETRIEVAL_SEED)
    images, texts = folder.encode_pictures(pictures), folder.encode_texts(long_captions(scenes, _CAPTION_SEED))
    single, single_pictures = make_scenes(1000, ONE_OBJECT_SEED, objects=1)
    embeddings = folder.encode_pictures(single_pictures)
    clear = (single.lighting == LIGHTINGS.index("normal")) & (single.size[:, 0] > SIZES.index("small"))
    lit = single.lighting != LIGHTINGS.index("normal")
    return {
        "retrieval_1000": retrieval(images, texts),
        "zero_shot_one_object": {**classifier.accuracy(embeddings, single, (*OBJECT_NAMES, "background")),
                                 **classifier.accuracy(embeddings[lit], single[lit], ("lighting",))},
        "zero_shot_one_object_normal_light_not_small": classifier.accuracy(embeddings[clear], single[clear]),
        "zero_shot_any_scene": classifier.accuracy(images, scenes, ("background", "count")),
        "modality_gap": modality_gap(images, texts, folder.image_mean(), text_mean),
    }


def splice_figures(folder: ModelFolder, classifier: Classifier, splice: SpliceCommand) -> list[dict[str, Any]]:
    """One entry for each penalty."""
    vocabulary, mean = folder.vocabulary(), folder.image_mean()
    scenes, pictures = make_scenes(500, RETRIEVAL_SEED)
    single, single_pictures = make_scenes(500, ONE_OBJECT_SEED, objects=1)
    embeddings, single_embeddings = folder.encode_pictures(pictures), folder.encode_pictures(single_pictures)
    table = []
    for penalty in PENALTIES:
        codes = splice.decompose(embeddings, penalty)
        recomposed = splice.recompose(splice.decompose(single_embeddings, penalty))
        table.append({"l1_penalty": penalty, "cosine": cosine_of_codes(splice, codes, embeddings, mean),
                      **code_figures(codes, scenes, vocabulary),
                      "recomposed_zero_shot": classifier.accuracy(recomposed, single)})
    return table


def baseline_figures(folder: ModelFolder, splice_path: Path, atoms: np.ndarray) -> dict[str, Any]:
    """What precision chance and mere nearness give, and how well a random dictionary of the same size recomposes."""
    scenes, pictures = make_scenes(500, RETRIEVAL_SEED)
    embeddings, mean, vocabulary = folder.encode_pictures(pictures), folder.image_mean(), folder.vocabulary()
    random = torch.randn(atoms.shape, generator=torch.Generator().manual_seed(_RANDOM_SEED))
    centred = F.normalize(embeddings - mean, dim=1)
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "random.npy"
        np.save(path, F.normalize(random, dim=1).numpy())
        splice = SpliceCommand(splice_path, path)
        for penalty in (0.3, 0.2):
            codes = splice.decompose(centred, penalty, "--raw")
            rows.append({"l1_penalty": penalty, "l0": codes.nnz / len(embeddings),
                         "cosine": cosine_of_codes(splice, codes, centred, torch.zeros_like(mean))})
    return {"chance_precision": chance_precision(scenes, vocabulary), "random_dictionary": rows,
            "precision_of_10_nearest": nearest_precision(embeddings, torch.from_numpy(atoms), mean, scenes, vocabulary)}


def removal_figures(folder: ModelFolder, classifier: Classifier, splice: SpliceCommand) -> dict[str, Any]:
    """Zero-shot accuracy on scenes by night before and after all concepts of the night are removed."""
    night = torch.full((200,), BACKGROUNDS.index("night"))
    scenes, pictures = make_scenes(200, NIGHT_SEED, background=night, objects=1)
    embeddings = folder.encode_pictures(pictures)
    codes = splice.decompose(embeddings, REMOVAL_PENALTY)
    without, removed = without_words(codes, folder.vocabulary(), set(SYNONYMS["background"]["night"]))
    fewer = without_random(codes, np.diff(codes.indptr) - np.diff(without.indptr), _RANDOM_SEED)
    return {"l1_penalty": REMOVAL_PENALTY, "removed_concepts": removed, "dense": classifier.accuracy(embeddings, scenes),
            "recomposed": classifier.accuracy(splice.recompose(codes), scenes),
            "without_night": classifier.accuracy(splice.recompose(without), scenes),
            "without_as_many_random": classifier.accuracy(splice.recompose(fewer), scenes)}


def evaluate(path: Path, command: Path) -> dict[str, Any]:
    """All figures of a model folder."""
    folder = ModelFolder(path)
    dictionary = path / folder.description["dictionary"]
    tensors = load_file(dictionary)
    atoms = tensors["atoms"].astype(np.float32)
    classifier, splice = Classifier(folder), SpliceCommand(command, dictionary)
    return {
        **dense_figures(folder, classifier, torch.from_numpy(tensors["text_mean"])),
        "concepts": len(atoms),
        "splice": splice_figures(folder, classifier, splice),
        "baselines": baseline_figures(folder, command, atoms),
        "night_removed": removal_figures(folder, classifier, splice),
        "planted_bias": {"l1_penalty": BIAS_PENALTY,
                         **bias_figures(folder, splice, BIAS_PENALTY, BIAS_TRAIN_SEED, BIAS_TEST_SEED)},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Prints the figures and writes results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="model folder")
    parser.add_argument("--splice", type=Path, required=True, help="the command splice")
    parser.add_argument("--out", type=Path, help="default: results.json of the model folder")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    text = json.dumps(_rounded(evaluate(arguments.folder, arguments.splice)), indent=1) + "\n"
    (arguments.out or arguments.folder / "results.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
