"""Writes a small CLIP model with random weights, as docs/model_folder.md says, and pictures of every kind. Needs torch and Pillow.

    python tiny_model.py FOLDER   FOLDER/model, FOLDER/pictures (all readable), FOLDER/broken (none is)
"""

import hashlib
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image

DIM = 24
CONTEXT = 16
MERGES = ["i n", "t h"]
TOKENS = 512 + len(MERGES) + 2


class ImageTower(torch.nn.Module):
    """Means of 4 x 4 patches, mapped linearly, and an offset that all pictures share."""

    def __init__(self) -> None:
        super().__init__()
        self.map = torch.nn.Linear(48, DIM)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.map(torch.nn.functional.adaptive_avg_pool2d(pixels, 4).flatten(1))


class TextTower(torch.nn.Module):
    """A bag of tokens: words of the same letters that end alike have the same embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(TOKENS, DIM)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return (self.table(tokens) * (tokens > 0).unsqueeze(2)).sum(1)


def write_model(folder: Path) -> None:
    folder.mkdir(parents=True)
    torch.manual_seed(3)
    for name, tower in (("image.pt", ImageTower()), ("text.pt", TextTower())):
        torch.jit.script(tower.eval()).save(folder / name)
    (folder / "tokenizer.json").write_text(json.dumps({
        "type": "clip_bpe", "clean": "lower", "context_length": CONTEXT, "start_token": "<start_of_text>",
        "end_token": "<end_of_text>", "merges": MERGES}))
    files = {path.name: {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
             for path in sorted(folder.iterdir())}
    (folder / "model.json").write_text(json.dumps({
        "format": "splice_cuda.model", "version": 1, "name": "tiny", "dim": DIM, "weights": "float32",
        "image": {"file": "image.pt", "size": [32, 32], "resize": {"mode": "shortest", "interpolation": "bicubic", "fill": 0},
                  "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]},
        "text": {"file": "text.pt", "context_length": CONTEXT, "tokenizer": "tokenizer.json"},
        "files": files, "provenance": {"source": "random weights"}}, indent=1))


def picture(seed: int, width: int = 40, height: int = 32) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((width, height), Image.BICUBIC)


def png(width: int, height: int, depth: int = 8, colour: int = 2, rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def write_pictures(folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    picture(1).save(folder / "a plain.png")
    picture(2).save(folder / "b.JPG", format="JPEG", quality=95)
    picture(3).convert("CMYK").save(folder / "c cmyk.jpg", quality=95)
    picture(4).convert("L").save(folder / "d grey.jpg", quality=95)
    grey = (np.arange(40 * 32, dtype=np.uint32).reshape(32, 40) * 51 % 65536).astype(">u2")
    (folder / "e 16 bit.png").write_bytes(png(40, 32, 16, 0, b"".join(b"\0" + row.tobytes() for row in grey)))
    picture(5).save(folder / "f animated.webp", save_all=True, append_images=[picture(6), picture(7)], lossless=True)
    picture(8, 1200, 900).save(folder / "g large.jpg", quality=97)
    picture(9).quantize(16).save(folder / "h palette.png")
    picture(10).save(folder / "deep" / "er" / "<script>alert(1)</script>'\"&.png".replace("/", "\u2215"))
    picture(11).save(folder / "deep" / "line\nbreak \\ \u202e.png")


def write_broken(folder: Path) -> None:
    folder.mkdir(parents=True)
    good = (folder.parent / "pictures" / "b.JPG").read_bytes()
    (folder / "truncated.jpg").write_bytes(good[: len(good) // 2])
    (folder / "empty.png").write_bytes(b"")
    (folder / "noise.webp").write_bytes(bytes(range(256)) * 3)
    (folder / "text.jpg").write_text("no picture at all")
    (folder / "huge.png").write_bytes(png(60000, 60000))


if __name__ == "__main__":
    root = Path(sys.argv[1])
    write_model(root / "model")
    write_pictures(root / "pictures")
    write_broken(root / "broken")
