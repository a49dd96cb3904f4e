"""A planted bias: two shapes whose backgrounds nearly tell them apart in training, and do not afterwards."""
from __future__ import annotations

import torch
from torch import Tensor

from .attributes import BACKGROUNDS, SHAPES
from .decomposition import without_words
from .folder import ModelFolder
from .render import make_scenes
from .splice_command import SpliceCommand
from .words import SYNONYMS

CLASSES = ("pentagon", "hexagon")
PLACES = ("water", "forest")


def biased_set(count: int, share: float, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures of one object, its class [n] (0 or 1) and its background [n] (0 or 1), which agree in `share` of them."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.randint(0, 2, (count,), generator=generator)
    place = torch.where(torch.rand(count, generator=generator) < share, label, 1 - label)
    background = torch.tensor([BACKGROUNDS.index(name) for name in PLACES])[place]
    shape = torch.tensor([SHAPES.index(name) for name in CLASSES])[label]
    return make_scenes(count, seed + 1, background=background, shape=shape, objects=1)[1], label, place


def nearest_centroid(train: Tensor, labels: Tensor, test: Tensor) -> Tensor:
    """Predicted labels [m]: whose class's mean of training embeddings is the nearer one."""
    centroids = torch.stack([train[labels == label].mean(0) for label in (0, 1)])
    return torch.cdist(test, centroids).argmin(1)


def _groups(predicted: Tensor, labels: Tensor, places: Tensor) -> dict[str, float]:
    right = (predicted == labels).float()
    groups = [right[(labels == label) & (places == place)].mean().item() for label in (0, 1) for place in (0, 1)]
    return {"accuracy": right.mean().item(), "worst_group": min(groups)}


def bias_figures(folder: ModelFolder, splice: SpliceCommand, l1_penalty: float, train_seed: int,
                 test_seed: int) -> dict[str, dict[str, float] | int]:
    """Accuracy and worst group of a nearest-centroid classifier: dense, recomposed, recomposed without the backgrounds."""
    vocabulary = folder.vocabulary()
    words = {word for place in PLACES for word in SYNONYMS["background"][place]}
    dense, whole, edited = [], [], []
    removed = 0
    train_pictures, train_labels, _ = biased_set(500, 0.95, train_seed)
    test_pictures, labels, places = biased_set(400, 0.5, test_seed)
    for pictures in (train_pictures, test_pictures):
        embeddings = folder.encode_pictures(pictures)
        codes = splice.decompose(embeddings, l1_penalty)
        without, removed = without_words(codes, vocabulary, words)
        dense.append(embeddings)
        whole.append(splice.recompose(codes))
        edited.append(splice.recompose(without))
    figures: dict[str, dict[str, float] | int] = {
        name: _groups(nearest_centroid(train, train_labels, test), labels, places)
        for name, (train, test) in (("dense", dense), ("recomposed", whole), ("without_backgrounds", edited))}
    return {**figures, "removed_concepts": removed}
