"""Zero-shot classification of the attributes of a scene, and retrieval."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from .attributes import Scenes
from .captions import Captioner
from .folder import ModelFolder
from .words import SYNONYMS

OBJECT_NAMES = ("shape", "colour", "texture", "size", "position")
#: Attributes that recomposed embeddings are asked for.
MAIN_NAMES = ("shape", "colour", "texture", "background")
_TEMPLATES = {"background": ("{}", "photo of the {}", "in the {}")}
_DEFAULT_TEMPLATES = ("{}", "a {}", "photo of a {}")
_LEAST_WORDS = 6  # of a caption for retrieval: shorter ones fit many scenes


class Classifier:
    """Class embeddings of every attribute: the normalised mean over synonyms and templates."""

    def __init__(self, folder: ModelFolder) -> None:
        self._classes = {}
        for name, values in SYNONYMS.items():
            templates = _TEMPLATES.get(name, _DEFAULT_TEMPLATES)
            texts = [[template.format(word) for word in words for template in templates] for words in values.values() if words]
            self._classes[name] = F.normalize(torch.stack([folder.encode_texts(of_value).mean(0) for of_value in texts]), dim=1)

    def correct(self, name: str, embeddings: Tensor, scenes: Scenes) -> Tensor:
        """Whether each embedding's attribute, that of the first object where objects have it, is found: bool [n].

        Of lighting, scenes with the normal one have no class and must not be given.
        """
        labels = getattr(scenes, name)
        labels = labels[:, 0] if name in OBJECT_NAMES else labels - 1 if name in ("lighting", "count") else labels
        return (embeddings @ self._classes[name].T).argmax(1) == labels

    def accuracy(self, embeddings: Tensor, scenes: Scenes, names: tuple[str, ...] = MAIN_NAMES) -> dict[str, float]:
        """Share of correct answers for each attribute."""
        return {name: self.correct(name, embeddings, scenes).float().mean().item() for name in names}


def long_captions(scenes: Scenes, seed: int) -> list[str]:
    """One caption of each scene, of six words or more."""
    captioner = Captioner(seed)
    captions = []
    for scene in scenes.named():
        caption = captioner.caption(scene)
        while caption.count(" ") + 1 < _LEAST_WORDS:
            caption = captioner.caption(scene)
        captions.append(caption)
    return captions


def retrieval(images: Tensor, texts: Tensor) -> dict[str, float]:
    """Recall at 1 and 5 of each image's own text among all texts, and the reverse."""
    similarity = images @ texts.T
    own = similarity.diagonal()
    ranks = {"image_to_text": (similarity > own[:, None]).sum(1), "text_to_image": (similarity > own[None]).sum(0)}
    return {f"{name}_recall_at_{k}": (rank < k).float().mean().item() for name, rank in ranks.items() for k in (1, 5)}


def modality_gap(images: Tensor, texts: Tensor, image_mean: Tensor, text_mean: Tensor) -> dict[str, float]:
    """Distance of the means of unit embeddings of both kinds, and the cosine of a pair, before and after centring."""
    centred_images, centred_texts = F.normalize(images - image_mean, dim=1), F.normalize(texts - text_mean, dim=1)
    return {"raw": (images.mean(0) - texts.mean(0)).norm().item(),
            "centred": (centred_images.mean(0) - centred_texts.mean(0)).norm().item(),
            "pair_cosine_raw": (images * texts).sum(1).mean().item(),
            "pair_cosine_centred": (centred_images * centred_texts).sum(1).mean().item(),
            "any_cosine_raw": (images @ texts.T).mean().item(),
            "any_cosine_centred": (centred_images @ centred_texts.T).mean().item()}
