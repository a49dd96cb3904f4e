"""Decoded pixels against Image.open(file).convert("RGB")."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conftest import decoded


def picture(rng: np.random.Generator, height: int, width: int, channels: int = 3) -> Image.Image:
    """Smooth colours with some noise: what JPEG is for."""
    coarse = rng.integers(0, 256, (height // 7 + 2, width // 7 + 2, channels), dtype=np.uint8)
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[channels]
    image = Image.fromarray(coarse.squeeze(2) if channels == 1 else coarse, mode).resize((width, height), Image.Resampling.BICUBIC)
    noisy = np.asarray(image).astype(int) + rng.integers(-9, 10, np.asarray(image).shape)
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8), mode)


def check(path: Path, tolerance: int = 0) -> None:
    """Equality with Pillow, or differences of at most `tolerance` in a value."""
    with Image.open(path) as image:
        expected = np.asarray(image.convert("RGB")).astype(int)
    found = decoded(path)
    assert isinstance(found, np.ndarray), found
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= tolerance


@pytest.mark.parametrize("size", [(1, 1), (7, 5), (48, 64), (333, 251)])
@pytest.mark.parametrize("options", [
    {"quality": 90}, {"quality": 30, "subsampling": 2}, {"quality": 100, "subsampling": 0}, {"subsampling": 1},
    {"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 2}])
def test_jpeg(tmp_path: Path, rng: np.random.Generator, size: tuple[int, int], options: dict[str, object]) -> None:
    # The inverse transform and the upsampling are the same in all releases of libjpeg-turbo from 2 on.
    picture(rng, *size).save(tmp_path / "a.jpg", **options)
    check(tmp_path / "a.jpg")


@pytest.mark.parametrize("mode", ["L", "CMYK", "YCbCr"])
def test_jpeg_modes(tmp_path: Path, rng: np.random.Generator, mode: str) -> None:
    picture(rng, 61, 83).convert(mode).save(tmp_path / "a.jpg")
    check(tmp_path / "a.jpg")


def test_jpeg_cmyk_random(tmp_path: Path, rng: np.random.Generator) -> None:
    Image.fromarray(rng.integers(0, 256, (40, 50, 4), dtype=np.uint8), "CMYK").save(tmp_path / "a.jpg", quality=100)
    check(tmp_path / "a.jpg")


def test_jpeg_orientation_is_ignored(tmp_path: Path, rng: np.random.Generator) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(rng, 20, 33).save(tmp_path / "a.jpg", exif=exif)
    assert decoded(tmp_path / "a.jpg").shape == (20, 33, 3)
    check(tmp_path / "a.jpg")


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png(tmp_path: Path, rng: np.random.Generator, channels: int) -> None:
    picture(rng, 37, 41, channels).save(tmp_path / "a.png")
    check(tmp_path / "a.png")


def png(width: int, height: int, depth: int, kind: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG by hand; `rows` as they are, without filter bytes."""
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    step = len(rows) // height
    filtered = b"".join(b"\0" + rows[i * step:(i + 1) * step] for i in range(height))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)) + extra +
            chunk(b"IDAT", zlib.compress(filtered)) + chunk(b"IEND", b""))


@pytest.mark.parametrize(("depth", "kind"), [(1, 0), (2, 0), (4, 0), (8, 0), (8, 2), (16, 2), (8, 4), (16, 4), (8, 6), (16, 6)])
def test_png_depths(tmp_path: Path, rng: np.random.Generator, depth: int, kind: int) -> None:
    bits = 24 * depth * {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    (tmp_path / "a.png").write_bytes(png(24, 9, depth, kind, rng.bytes(bits // 8 * 9)))
    check(tmp_path / "a.png")


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("transparent", [False, True])
def test_png_palettes(tmp_path: Path, rng: np.random.Generator, depth: int, transparent: bool) -> None:
    colors = rng.bytes(3 << depth)
    extra = struct.pack(">I", len(colors)) + b"PLTE" + colors + struct.pack(">I", zlib.crc32(b"PLTE" + colors))
    if transparent:
        extra += struct.pack(">I", 2) + b"tRNS" + b"\x00\x80" + struct.pack(">I", zlib.crc32(b"tRNS\x00\x80"))
    (tmp_path / "a.png").write_bytes(png(24, 9, depth, 3, rng.bytes(24 * depth // 8 * 9), extra))
    check(tmp_path / "a.png")


def test_png_with_transparent_colour(tmp_path: Path, rng: np.random.Generator) -> None:
    extra = struct.pack(">I", 6) + b"tRNS" + bytes(6) + struct.pack(">I", zlib.crc32(b"tRNS" + bytes(6)))
    (tmp_path / "a.png").write_bytes(png(24, 9, 8, 2, rng.bytes(24 * 3 * 9), extra))
    check(tmp_path / "a.png")


def test_png_16_bit_grey_is_its_high_byte(tmp_path: Path, rng: np.random.Generator) -> None:
    # Pillow clips at 255 here, which leaves white: docs/clip.md.
    values = rng.integers(0, 65536, (9, 24), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(png(24, 9, 16, 0, values.astype(">u2").tobytes()))
    assert (decoded(tmp_path / "a.png") == (values >> 8)[:, :, None]).all()


def test_png_interlaced(tmp_path: Path, rng: np.random.Generator) -> None:
    image = picture(rng, 5, 8)
    pixels = np.asarray(image)
    rows = b""
    for y0, x0, dy, dx in ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)):
        for row in pixels[y0::dy, x0::dx]:
            rows += b"\0" + row.tobytes() if row.size else b""
    whole = png(8, 5, 8, 2, bytes(8 * 5 * 3))
    header = struct.pack(">IIBBBBB", 8, 5, 8, 2, 0, 0, 1)
    data = zlib.compress(rows)
    (tmp_path / "a.png").write_bytes(
        whole[:8] + struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header)) +
        struct.pack(">I", len(data)) + b"IDAT" + data + struct.pack(">I", zlib.crc32(b"IDAT" + data)) + whole[-12:])
    check(tmp_path / "a.png")
    assert (decoded(tmp_path / "a.png") == pixels).all()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"quality": 20, "method": 6}])
def test_webp(tmp_path: Path, rng: np.random.Generator, channels: int, options: dict[str, object]) -> None:
    picture(rng, 37, 42, channels).save(tmp_path / "a.webp", **options)
    check(tmp_path / "a.webp")


def test_webp_animation_gives_its_first_frame(tmp_path: Path, rng: np.random.Generator) -> None:
    frames = [picture(rng, 30, 40) for _ in range(3)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    check(tmp_path / "a.webp")
    assert (decoded(tmp_path / "a.webp") == np.asarray(frames[0])).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_truncated_files_are_refused_where_pillow_refuses_them(tmp_path: Path, rng: np.random.Generator, kind: str) -> None:
    buffer = io.BytesIO()
    picture(rng, 60, 80).save(buffer, kind)
    whole = buffer.getvalue()
    refused = 0
    for length in range(1, len(whole) - 14, max(1, len(whole) // 40)):
        path = tmp_path / "a"
        path.write_bytes(whole[:length])
        try:
            with Image.open(path) as image:
                image.convert("RGB")
        except (OSError, SyntaxError):
            found = decoded(path)
            assert isinstance(found, str), f"{length} of {len(whole)} bytes were accepted"
            refused += 1
    assert refused >= 35
