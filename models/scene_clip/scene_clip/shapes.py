"""Outlines of the sixteen shapes, as signed distances."""
from __future__ import annotations

import math
from typing import Callable

import torch
from torch import Tensor

_TINY = 1e-9  # keeps square roots differentiable and away from zero


def _length(u: Tensor, v: Tensor) -> Tensor:
    return (u * u + v * v + _TINY).sqrt()


def _box(u: Tensor, v: Tensor, half_width: float, half_height: float) -> Tensor:
    return torch.maximum(u.abs() - half_width, v.abs() - half_height)


def _polygon(corners: int, circumradius: float = 1.0) -> Callable[[Tensor, Tensor], Tensor]:
    """Regular polygon with one corner on top."""
    sector = 2 * math.pi / corners

    def distance(u: Tensor, v: Tensor) -> Tensor:
        angle = torch.atan2(u, v) % sector - sector / 2
        return _length(u, v) * torch.cos(angle) - circumradius * math.cos(math.pi / corners)

    return distance


def _star(u: Tensor, v: Tensor) -> Tensor:
    """Five points; one sector is folded onto the edge from a tip to the notch beside it."""
    tip, notch, sector = 1.05, 0.42, 2 * math.pi / 5
    angle = ((torch.atan2(u, v) + sector / 2) % sector - sector / 2).abs()
    along, across = _length(u, v) * torch.cos(angle), _length(u, v) * torch.sin(angle)
    edge_along, edge_across = notch * math.cos(sector / 2) - tip, notch * math.sin(sector / 2)
    return (edge_across * (along - tip) - edge_along * across) / math.hypot(edge_along, edge_across)


def _heart(u: Tensor, v: Tensor) -> Tensor:
    lobe = 1.15 * v + 0.12 - 0.62 * (u.abs() + 1e-6).sqrt()
    return 0.75 * (_length(1.05 * u, lobe) - 0.82)


def _arrow(u: Tensor, v: Tensor) -> Tensor:
    """Points to the right."""
    head = torch.maximum(-u, 0.64 * (u - 0.98) + 0.77 * v.abs())
    return torch.minimum(_box(u + 0.45, v, 0.5, 0.24), head)


def _semicircle(u: Tensor, v: Tensor) -> Tensor:
    return torch.maximum(_length(u, v + 0.4) - 0.95, -(v + 0.4))


def _crescent(u: Tensor, v: Tensor) -> Tensor:
    return torch.maximum(_length(u, v) - 0.95, 0.78 - _length(u - 0.42, v - 0.15))


def _flower(u: Tensor, v: Tensor) -> Tensor:
    return 0.6 * (_length(u, v) - 0.68 - 0.27 * torch.cos(6 * torch.atan2(u, v)))


#: Shape to a function of u (right) and v (up), in units of the object's radius: below 0 inside, above outside, and near
#: the outline about the distance to it.
SIGNED_DISTANCE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "circle": lambda u, v: _length(u, v) - 0.92,
    "square": lambda u, v: _box(u, v, 0.8, 0.8),
    "triangle": _polygon(3, 1.08),
    "diamond": lambda u, v: 0.57 * (u.abs() / 0.7 + v.abs() - 1),
    "pentagon": _polygon(5),
    "hexagon": _polygon(6),
    "star": _star,
    "heart": _heart,
    "cross": lambda u, v: torch.minimum(_box(u, v, 0.92, 0.3), _box(u, v, 0.3, 0.92)),
    "ring": lambda u, v: (_length(u, v) - 0.70).abs() - 0.24,
    "crescent": _crescent,
    "arrow": _arrow,
    "oval": lambda u, v: 0.56 * (_length(u, v / 0.56) - 1),
    "rectangle": lambda u, v: _box(u, v, 1.0, 0.42),
    "semicircle": _semicircle,
    "flower": _flower,
}
