"""Resizing, cropping, padding and normalisation against open_clip's image_transform, which runs Pillow and torchvision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL
import pytest
from open_clip.transform import image_transform
from PIL import Image

from conftest import run_well

SIZES = [(1, 1), (1, 50), (50, 1), (3, 1000), (1000, 3), (224, 224), (225, 224), (224, 300), (480, 640), (640, 480), (37, 91),
         (500, 223), (448, 448), (17, 224), (61, 60)]
# Which pass comes first shows in the last bit; Pillow chose by size only from 13 on.
CHOOSES_ORDER = int(PIL.__version__.split(".")[0]) >= 13


def fitted(path: Path, mode: str, interpolation: str, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Bytes [height, width, 3] and normalised values [3, height, width]."""
    out = run_well("-", "pixels", mode, interpolation, height, width, path)
    count = height * width * 3
    return (np.frombuffer(out[:count], np.uint8).reshape(height, width, 3),
            np.frombuffer(out[count:], np.float32).reshape(3, height, width))


@pytest.mark.parametrize("mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("target", [(224, 224), (48, 48), (32, 48), (65, 40)])
def test_all_sizes_bit_for_bit(tmp_path: Path, rng: np.random.Generator, mode: str, interpolation: str,
                               target: tuple[int, int]) -> None:
    transform = image_transform(target, False, resize_mode=mode, interpolation=interpolation, fill_color=7)
    compared = 0
    for height, width in SIZES:
        if height > width and not CHOOSES_ORDER:
            continue
        image = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        image.save(tmp_path / "a.png")
        try:
            expected = transform(image).numpy()
        except ValueError:  # a side rounds to 0, which Pillow refuses; ours is 1 then
            fitted(tmp_path / "a.png", mode, interpolation, *target)
            continue
        assert (fitted(tmp_path / "a.png", mode, interpolation, *target)[1] == expected).all(), (height, width)
        compared += 1
    assert compared >= 8


def test_bytes_are_those_of_pillow(tmp_path: Path, rng: np.random.Generator) -> None:
    image = Image.fromarray(rng.integers(0, 256, (77, 123, 3), dtype=np.uint8))
    image.save(tmp_path / "a.png")
    found = fitted(tmp_path / "a.png", "squash", "bicubic", 50, 60)[0]
    expected = np.asarray(image.resize((60, 50), Image.Resampling.BICUBIC))
    assert (found == expected).all()
    # The comparison tells other filters apart.
    assert (found != np.asarray(image.resize((60, 50), Image.Resampling.LANCZOS))).any()
    assert (found != np.asarray(image.resize((60, 50), Image.Resampling.BILINEAR))).any()


def test_random_sizes(tmp_path: Path, rng: np.random.Generator) -> None:
    transform = image_transform((40, 40), False, resize_mode="shortest", interpolation="bicubic")
    for _ in range(60):
        height, width = (int(2 ** rng.uniform(0, 9)) for _ in range(2))
        if height > width and not CHOOSES_ORDER:
            height, width = width, height
        image = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
        image.save(tmp_path / "a.png")
        assert (fitted(tmp_path / "a.png", "shortest", "bicubic", 40, 40)[1] == transform(image).numpy()).all(), (height, width)
