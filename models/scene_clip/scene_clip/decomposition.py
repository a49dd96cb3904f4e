"""SpLiCE codes against the truth of scenes."""
from __future__ import annotations

import numpy as np
import scipy.sparse
import torch
import torch.nn.functional as F
from torch import Tensor

from .attributes import LIGHTINGS, SCENE_ATTRIBUTES, Scenes
from .concepts import Requirements, facets, truth
from .splice_command import SpliceCommand

_KS = (1, 3, 5, 10)


def cosine_of_codes(splice: SpliceCommand, codes: scipy.sparse.csr_array, embeddings: Tensor, image_mean: Tensor) -> float:
    """Mean cosine of C'w and the centred embedding."""
    return F.cosine_similarity(splice.recompose(codes, "--raw"), embeddings - image_mean).mean().item()


def _precision(weights: Tensor, is_true: Tensor) -> dict[str, float]:
    """Mean share of true concepts among the k largest weights, or all of a row where it has fewer, and weighted."""
    order = weights.argsort(dim=1, descending=True, stable=True)
    used = weights.gather(1, order) > 0
    right = is_true.gather(1, order) & used
    figures = {f"precision_at_{k}": (right[:, :k].sum(1) / used[:, :k].sum(1).clamp(min=1)).mean().item() for k in _KS}
    figures["precision_weighted"] = ((weights * is_true).sum(1) / weights.sum(1).clamp(min=1e-12)).mean().item()
    return figures


def _recall(weights: Tensor, is_true: Tensor, scenes: Scenes, requirements: Requirements) -> float:
    """Mean share of a scene's facets that a true concept of its code names: background, count, lighting unless normal, and
    five attributes of each object."""
    named = ((weights > 0) & is_true).float()
    of_objects, of_scenes = facets(scenes)
    spoken_of = sum(len(values) for values in SCENE_ATTRIBUTES.values())
    of_scenes = of_scenes[:, :spoken_of].clone()
    of_scenes[scenes.lighting == LIGHTINGS.index("normal"), len(SCENE_ATTRIBUTES["background"])] = 0
    found_of_objects = of_objects * ((named @ requirements.of_object) > 0).float().unsqueeze(1)
    found_of_scenes = of_scenes * ((named @ requirements.of_scene[:, :spoken_of]) > 0).float()
    found = found_of_objects.sum((1, 2)) + found_of_scenes.sum(1)
    return (found / (of_objects.sum((1, 2)) + of_scenes.sum(1))).mean().item()


def code_figures(codes: scipy.sparse.csr_array, scenes: Scenes, vocabulary: list[str]) -> dict[str, float]:
    """l0, precision and recall of codes [n, p] of n scenes."""
    requirements = Requirements.of(vocabulary)
    weights, is_true = torch.from_numpy(codes.toarray()), truth(scenes, requirements)
    return {"l0": (weights > 0).sum(1).float().mean().item(), **_precision(weights, is_true),
            "recall": _recall(weights, is_true, scenes, requirements)}


def chance_precision(scenes: Scenes, vocabulary: list[str]) -> float:
    """Share of concepts that are true of a scene."""
    return truth(scenes, Requirements.of(vocabulary)).float().mean().item()


def nearest_precision(embeddings: Tensor, atoms: Tensor, image_mean: Tensor, scenes: Scenes, vocabulary: list[str],
                      count: int = 10) -> float:
    """Share of true concepts among the `count` atoms nearest to each centred embedding, without any sparsity."""
    nearest = (F.normalize(embeddings - image_mean, dim=1) @ atoms.T).topk(count, 1).indices
    return truth(scenes, Requirements.of(vocabulary)).gather(1, nearest).float().mean().item()


def without_words(codes: scipy.sparse.csr_array, vocabulary: list[str], words: set[str]) -> tuple[scipy.sparse.csr_array, int]:
    """Codes without the concepts that hold one of the words, and the number of such concepts."""
    kept = np.array([words.isdisjoint(concept.split(" ")) for concept in vocabulary])
    edited = scipy.sparse.csr_array(codes.multiply(kept[None].astype(np.float32)))
    edited.eliminate_zeros()
    return edited, int((~kept).sum())


def without_random(codes: scipy.sparse.csr_array, counts: np.ndarray, seed: int) -> scipy.sparse.csr_array:
    """Codes without counts[i] randomly chosen concepts of row i."""
    random = np.random.default_rng(seed)
    edited = codes.copy()
    for row, count in enumerate(counts):
        first, last = edited.indptr[row], edited.indptr[row + 1]
        edited.data[first + random.choice(last - first, count, replace=False)] = 0
    edited.eliminate_zeros()
    return edited
