"""The two towers."""
from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

IMAGE_SIZE = 48
DIM = 256
#: Pixels/255, minus the mean, over the deviation, is what the image tower takes.
PIXEL_MEAN, PIXEL_STD = 0.46, 0.25
_WIDTHS = (24, 48, 128)
_MAP_CHANNELS = 32     # of the last feature map that the head sees cell by cell
_MAP_SIDE = IMAGE_SIZE // 8
_TEXT_WIDTH, _TEXT_LAYERS, _TEXT_HEADS = 96, 2, 4


def normalise_pixels(pictures: Tensor) -> Tensor:
    """uint8 or float pixels 0..255 to what the image tower takes."""
    return (pictures.float() / 255 - PIXEL_MEAN) / PIXEL_STD


class ConvNorm(nn.Module):
    """Convolution and batch normalisation."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, features: Tensor) -> Tensor:
        return self.norm(self.conv(features))

    def fold(self) -> None:
        """Puts the normalisation of evaluation mode into the convolution."""
        if isinstance(self.norm, nn.BatchNorm2d):
            self.conv, self.norm = fuse_conv_bn_eval(self.conv, self.norm), nn.Identity()


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = ConvNorm(channels, channels, 3, 1)
        self.second = ConvNorm(channels, channels, 3, 1)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(features + self.second(F.relu(self.first(features))))


class Down(nn.Module):
    """Convolution of stride 2."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.layer = ConvNorm(inputs, outputs, kernel, 2)

    def forward(self, features: Tensor) -> Tensor:
        return F.relu(self.layer(features))


class ImageTower(nn.Module):
    """Normalised pixels, float [n, 3, 48, 48], to embeddings [n, dim] of any length."""

    def __init__(self, dim: int = DIM, widths: tuple[int, int, int] = _WIDTHS) -> None:
        super().__init__()
        #: Pixels to local features [n, widths[1], 12, 12], which the second phase of training leaves as they are.
        self.lower = nn.Sequential(
            Down(3, widths[0], 5), Residual(widths[0]),
            Down(widths[0], widths[1], 3), Residual(widths[1]), Residual(widths[1]))
        #: Local features to the last map [n, widths[2], 6, 6].
        self.upper = nn.Sequential(Down(widths[1], widths[2], 3), Residual(widths[2]))
        # Means and maxima say what there is, the map says where.
        self.map = nn.Conv2d(widths[2], _MAP_CHANNELS, 1)
        self.head = nn.Linear(2 * widths[2] + _MAP_CHANNELS * _MAP_SIDE**2, dim)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.embed_map(self.upper(self.lower(pixels.to(self.head.weight.dtype))))

    def embed_map(self, last_map: Tensor) -> Tensor:
        """The embedding that the last map gives."""
        places = F.relu(self.map(last_map)).flatten(1)
        return self.head(torch.cat([last_map.mean((2, 3)), last_map.amax((2, 3)), places], 1))

    def fold_normalisation(self) -> None:
        """Folds every batch normalisation; for evaluation only."""
        for module in self.modules():
            if isinstance(module, ConvNorm):
                module.fold()


class TextBlock(nn.Module):
    """Pre-norm transformer layer."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.attention_out = nn.Linear(width, width)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp_in = nn.Linear(width, 3 * width)
        self.mlp_out = nn.Linear(3 * width, width)

    def forward(self, words: Tensor, hidden: Tensor) -> Tensor:
        """words [n, t, width]; hidden bool [n, 1, 1, t] marks what no word may look at."""
        count, length, width = words.shape
        joined = self.query_key_value(self.attention_norm(words)).view(count, length, 3, self.heads, width // self.heads)
        query, key, value = joined.permute(2, 0, 3, 1, 4).unbind(0)
        scores = (query @ key.transpose(-1, -2)) * (width // self.heads) ** -0.5
        mixed = scores.masked_fill(hidden, -1e4).softmax(-1) @ value
        words = words + self.attention_out(mixed.transpose(1, 2).reshape(count, length, width))
        return words + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(words))))


class TextTower(nn.Module):
    """Token ids, int64 [n, t] with t <= context_length, to embeddings [n, dim] of any length.

    A text ends at its largest id, the end token; what follows has no influence.
    """

    def __init__(self, tokens: int, context_length: int, dim: int = DIM, width: int = _TEXT_WIDTH) -> None:
        super().__init__()
        self.tokens = nn.Embedding(tokens, width)
        self.positions = nn.Parameter(0.02 * torch.randn(context_length, width))
        self.blocks = nn.ModuleList(TextBlock(width, _TEXT_HEADS) for _ in range(_TEXT_LAYERS))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, dim)
        nn.init.normal_(self.tokens.weight, std=0.3)

    def forward(self, ids: Tensor) -> Tensor:
        length = ids.shape[1]
        places = torch.arange(length, device=ids.device)
        inside = places.unsqueeze(0) <= ids.argmax(1, keepdim=True)
        hidden = inside.logical_not().unsqueeze(1).unsqueeze(1)
        words = self.tokens(ids) + self.positions[:length]
        for block in self.blocks:
            words = block(words, hidden)
        weights = inside.to(words.dtype)
        total = (self.norm(words) * weights.unsqueeze(2)).sum(1)
        return self.head(total * weights.sum(1, keepdim=True).rsqrt())


class SceneClip(nn.Module):
    """Both towers and the logarithms of the scales that losses multiply cosines by."""

    def __init__(self, tokens: int, context_length: int, dim: int = DIM, widths: tuple[int, int, int] = _WIDTHS) -> None:
        super().__init__()
        self.image = ImageTower(dim, widths)
        self.text = TextTower(tokens, context_length, dim)
        self.caption_scale = nn.Parameter(torch.tensor(2.6))
        self.concept_scale = nn.Parameter(torch.tensor(2.8))
