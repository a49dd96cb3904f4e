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


def fitted(paths: list[Path], mode: str, interpolation: str, height: int, width: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each picture bytes [height, width, 3] and normalised values [3, height, width]."""
    out = run_well("-", "pixels", mode, interpolation, height, width, *paths)
    count = height * width * 3
    parts = [out[i:i + 5 * count] for i in range(0, len(out), 5 * count)]
    assert len(parts) == len(paths)
    return [(np.frombuffer(part[:count], np.uint8).reshape(height, width, 3),
             np.frombuffer(part[count:], np.float32).reshape(3, height, width)) for part in parts]


def saved(root: Path, rng: np.random.Generator, sizes: list[tuple[int, int]]) -> dict[Path, Image.Image]:
    """Noise of each size; tall ones only where Pillow chooses the order of its passes as ours do."""
    images = {}
    for height, width in sizes:
        if height <= width or CHOOSES_ORDER:
            path = root / f"{height}x{width}.png"
            images[path] = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8))
            images[path].save(path)
    return images


@pytest.mark.parametrize("mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("target", [(224, 224), (48, 48), (32, 48), (65, 40)])
def test_all_sizes_bit_for_bit(tmp_path: Path, rng: np.random.Generator, mode: str, interpolation: str,
                               target: tuple[int, int]) -> None:
    transform = image_transform(target, False, resize_mode=mode, interpolation=interpolation, fill_color=7)
    images = saved(tmp_path, rng, SIZES)
    compared = 0
    for (path, image), (_, found) in zip(images.items(), fitted([*images], mode, interpolation, *target), strict=True):
        try:
            expected = transform(image).numpy()
        except ValueError:  # a side rounds to 0, which Pillow refuses; ours is 1 then
            continue
        assert (found == expected).all(), path.name
        compared += 1
    assert compared >= 8


def test_bytes_are_those_of_pillow(tmp_path: Path, rng: np.random.Generator) -> None:
    image = Image.fromarray(rng.integers(0, 256, (77, 123, 3), dtype=np.uint8))
    image.save(tmp_path / "a.png")
    found = fitted([tmp_path / "a.png"], "squash", "bicubic", 50, 60)[0][0]
    expected = np.asarray(image.resize((60, 50), Image.Resampling.BICUBIC))
    assert (found == expected).all()
    # The comparison tells other filters apart.
    assert (found != np.asarray(image.resize((60, 50), Image.Resampling.LANCZOS))).any()
    assert (found != np.asarray(image.resize((60, 50), Image.Resampling.BILINEAR))).any()


def test_random_sizes(tmp_path: Path, rng: np.random.Generator) -> None:
    transform = image_transform((40, 40), False, resize_mode="shortest", interpolation="bicubic")
    images = saved(tmp_path, rng, [(int(2 ** a), int(2 ** b)) for a, b in rng.uniform(0, 9, (100, 2))])
    assert len(images) >= 40
    for (path, image), (_, found) in zip(images.items(), fitted([*images], "shortest", "bicubic", 40, 40), strict=True):
        assert (found == transform(image).numpy()).all(), path.name
