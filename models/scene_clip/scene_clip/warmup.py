"""First phase of training: the image tower alone, told the attributes of every object.

Matching pictures and captions alone never teaches shapes: the background settles nearly every match. So the tower first
learns to name what stands at each of the five positions.
"""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .attributes import BACKGROUNDS, LIGHTINGS, OBJECT_ATTRIBUTES, POSITIONS, Scenes
from .concepts import facets
from .render import CENTRES

#: Attributes told at a position, with their weight in the loss.
LOCAL_WEIGHTS = {"shape": 2.0, "texture": 2.0, "colour": 1.0, "size": 0.5}


class AttributeHeads(nn.Module):
    """Linear heads that name attributes from the tower's last map and from its embedding; only the warm-up uses them."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.local = nn.ModuleDict({name: nn.Linear(channels, len(OBJECT_ATTRIBUTES[name])) for name in LOCAL_WEIGHTS})
        self.presence = nn.Linear(channels, 1)
        self.background = nn.Linear(channels, len(BACKGROUNDS))
        self.lighting = nn.Linear(channels, len(LIGHTINGS))
        self.anywhere = nn.Linear(dim, sum(len(values) for values in OBJECT_ATTRIBUTES.values()))

    def at_positions(self, last_map: Tensor) -> Tensor:
        """Features at the five positions: [n, 5, channels]."""
        grid = (2 * CENTRES - 1).view(1, 1, len(POSITIONS), 2).expand(len(last_map), -1, -1, -1)
        sampled = F.grid_sample(last_map, grid, mode="bilinear", align_corners=False)
        return sampled[:, :, 0].transpose(1, 2)

    def loss(self, last_map: Tensor, embedding: Tensor, scenes: Scenes) -> Tensor:
        """Cross entropies of what stands where, of background and lighting, and of all attributes from the embedding."""
        features = self.at_positions(last_map)
        rows, slots = (torch.arange(scenes.shape.shape[1]) < scenes.count[:, None]).nonzero(as_tuple=True)
        positions = scenes.position[rows, slots]
        objects = features[rows, positions]
        occupied = torch.zeros(features.shape[:2])
        occupied[rows, positions] = 1.0
        loss = F.binary_cross_entropy_with_logits(self.presence(features)[:, :, 0], occupied)
        for name, head in self.local.items():
            loss = loss + LOCAL_WEIGHTS[name] * F.cross_entropy(head(objects), getattr(scenes, name)[rows, slots])
        mean = last_map.mean((2, 3))
        loss = loss + 0.5 * F.cross_entropy(self.background(mean), scenes.background)
        loss = loss + 0.5 * F.cross_entropy(self.lighting(mean), scenes.lighting)
        present = facets(scenes)[0].amax(1)
        per_scene = F.binary_cross_entropy_with_logits(self.anywhere(embedding), present, reduction="none").sum(1)
        return loss + 0.3 * per_scene.mean()

    def accuracy(self, last_map: Tensor, scenes: Scenes) -> dict[str, float]:
        """Share of first objects whose attributes are named right, where they stand."""
        features = self.at_positions(last_map)[torch.arange(len(scenes)), scenes.position[:, 0]]
        return {name: (head(features).argmax(1) == getattr(scenes, name)[:, 0]).float().mean().item()
                for name, head in self.local.items()}
