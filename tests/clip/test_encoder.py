"""Small open_clip models with random weights, exported by splice-export: embeddings against Python's."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from export.command import main as splice_export
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from conftest import TINY_RESNET, TINY_VIT, run_tool, run_well

TEXTS = ["a photo of a cat", "Two DOGS & a bird's nest, 1999", "", "\u732b", "word " * 40]
DIM = 24


class Exported:
    """A folder and the model that it was made of."""

    def __init__(self, name: str, config: dict[str, Any], root: Path, *options: str) -> None:
        """Exports with the weights of seed 1."""
        (root / f"{name}.json").write_text(json.dumps(config))
        self.folder = root / "model"
        assert splice_export([name, str(self.folder), "--config", str(root / f"{name}.json"), "--random-seed", "1", *options]) == 0
        torch.manual_seed(1)
        self.model = open_clip.create_model(name, load_weights=False).eval()
        self.transform = image_transform_v2(PreprocessCfg(**open_clip.get_model_preprocess_cfg(self.model)), is_train=False)
        self.tokenizer = open_clip.get_tokenizer(name)

    def images(self, files: list[Path]) -> np.ndarray:
        """What open_clip gives."""
        with torch.no_grad():
            return self.model.encode_image(torch.stack([self.transform(Image.open(f).convert("RGB")) for f in files])).numpy()

    def texts(self, texts: list[str]) -> np.ndarray:
        """What open_clip gives."""
        with torch.no_grad():
            return self.model.encode_text(self.tokenizer(texts)).numpy()


@pytest.fixture(scope="session", params=[("tiny-vit", TINY_VIT), ("tiny-resnet", TINY_RESNET)], ids=lambda p: p[0])
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Each architecture once."""
    return Exported(*request.param, tmp_path_factory.mktemp(request.param[0]))


@pytest.fixture(scope="session")
def vit(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """One model, for what does not depend on the architecture."""
    return Exported("tiny-vit", TINY_VIT, tmp_path_factory.mktemp("vit"))


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory, rng: np.random.Generator) -> list[Path]:
    """Sound pictures of several formats and shapes."""
    root = tmp_path_factory.mktemp("files")
    paths = []
    for i, (height, width) in enumerate([(48, 64), (100, 33), (240, 320), (31, 31), (20, 90)]):
        coarse = Image.fromarray(rng.integers(0, 256, (height // 5 + 1, width // 5 + 1, 3), dtype=np.uint8))
        paths.append(root / f"{i}.{('jpg', 'png', 'webp')[i % 3]}")
        coarse.resize((width, height)).save(paths[-1])
    Image.open(paths[0]).convert("CMYK").save(root / "cmyk.jpg")
    Image.open(paths[0]).convert("L").save(root / "grey.jpg")
    return [*paths, root / "cmyk.jpg", root / "grey.jpg"]


def embedded(exported: Exported, what: str, *arguments: object, **environment: str) -> np.ndarray:
    """What the C++ encoder gives."""
    return np.frombuffer(run_well(exported.folder, what, *arguments, **environment), np.float32).reshape(-1, DIM)


def relative(found: np.ndarray, expected: np.ndarray) -> float:
    """Largest difference over the largest value."""
    assert found.shape == expected.shape
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 2e-6), ("float16", 5e-3), ("bfloat16", 5e-2)])
def test_images(exported: Exported, files: list[Path], precision: str, tolerance: float) -> None:
    expected = exported.images(files)
    found = embedded(exported, "images", *files, SPLICE_PRECISION=precision)
    assert relative(found, expected) <= tolerance
    if precision == "float32":  # the comparison can fail: two pictures in each other's place
        assert relative(found[[1, 0, *range(2, len(files))]], expected) > 10 * tolerance
    else:
        assert relative(found, expected) > 1e-6, "that was float32"


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 2e-6), ("float16", 5e-3), ("bfloat16", 5e-2)])
def test_texts(exported: Exported, tmp_path: Path, precision: str, tolerance: float) -> None:
    (tmp_path / "texts").write_bytes("\0".join(TEXTS).encode() + b"\0")
    found = embedded(exported, "texts", tmp_path / "texts", SPLICE_PRECISION=precision)
    assert relative(found, exported.texts(TEXTS)) <= tolerance


def test_long_texts_are_named(vit: Exported, tmp_path: Path) -> None:
    (tmp_path / "texts").write_bytes("\0".join(TEXTS).encode() + b"\0")
    assert run_tool(vit.folder, "texts", tmp_path / "texts").stderr.decode() == "truncated 4\n"


def test_batches_of_any_size(vit: Exported, files: list[Path]) -> None:
    expected = embedded(vit, "images", *files)
    for batch in ("1", "3"):
        assert relative(embedded(vit, "images", *files, SPLICE_BATCH=batch), expected) <= 2e-6


def test_bad_pictures_are_skipped(vit: Exported, files: list[Path], tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(files[0].read_bytes()[:300])
    (tmp_path / "folder.jpg").mkdir()
    bad = [tmp_path / name for name in ("empty.jpg", "text.png", "cut.jpg", "folder.jpg", "absent.webp")]
    mixed = [bad[0], files[0], bad[1], bad[2], files[1], bad[3], bad[4]]
    done = run_tool(vit.folder, "images", *mixed)
    assert done.returncode == 0
    skipped = [line.split()[1] for line in done.stderr.decode().splitlines()]
    assert skipped == ["0", "2", "3", "5", "6"]
    assert np.frombuffer(done.stdout, np.float32).tobytes() == embedded(vit, "images", files[0], files[1]).tobytes()


def refusal(vit: Exported, files: list[Path], folder: Path) -> str:
    """The error for a copy of the model that was tampered with, whose list of files has been brought up to date."""
    from export.folder import _sha256

    model = json.loads((folder / "model.json").read_text())
    for name in model["files"]:
        model["files"][name] = {"bytes": (folder / name).stat().st_size, "sha256": _sha256(folder / name)}
    (folder / "model.json").write_text(json.dumps(model))
    done = run_tool(folder, "images", files[0])
    assert done.returncode == 1
    return done.stderr.decode()


@pytest.fixture
def copied(vit: Exported, tmp_path: Path) -> Path:
    """A copy of the folder to damage."""
    shutil.copytree(vit.folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_no_torchscript(vit: Exported, files: list[Path], copied: Path) -> None:
    (copied / "image.pt").write_bytes(b"weights, honestly")
    assert "expected a TorchScript archive" in refusal(vit, files, copied)
    torch.save({"weight": torch.zeros(3)}, copied / "image.pt")
    assert "archive of torch.save" in refusal(vit, files, copied)
    torch.save({"weight": torch.zeros(3)}, copied / "image.pt", _use_new_zipfile_serialization=False)
    assert "plain pickle" in refusal(vit, files, copied)


def test_another_width(vit: Exported, files: list[Path], copied: Path) -> None:
    model = json.loads((copied / "model.json").read_text())
    model["dim"] = 25
    (copied / "model.json").write_text(json.dumps(model))
    assert "shape [1, 24], expected [1, 25]" in refusal(vit, files, copied)


def test_a_tower_for_other_input(vit: Exported, files: list[Path], copied: Path) -> None:
    shutil.copy(copied / "text.pt", copied / "image.pt")
    assert "image.pt" in refusal(vit, files, copied)


def tampered(path: Path, member: str, change: Any) -> None:
    """Rewrites one member of an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    assert sum(name.endswith(member) for name in members) == 1
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, change(data) if name.endswith(member) else data)


def test_hostile_pickles(vit: Exported, files: list[Path], copied: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    hostile = b"\x80\x02cos\nsystem\n(X" + len(f"touch {trap}").to_bytes(4, "little") + f"touch {trap}".encode() + b"tR."
    tampered(copied / "image.pt", "/data.pkl", lambda _: hostile)
    assert "os.system" in refusal(vit, files, copied)
    assert not trap.exists()


def test_code_that_writes_files(vit: Exported, files: list[Path], copied: Path, tmp_path: Path) -> None:
    class Writer(torch.nn.Module):
        """Saves what it sees."""

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            torch.save(pixels, "/tmp/splice_clip_trap")
            return pixels.flatten(1)[:, :24]

    torch.jit.script(Writer()).save(str(copied / "image.pt"))
    assert "operator save" in refusal(vit, files, copied)


def test_half_weights(files: list[Path], tmp_path: Path) -> None:
    half = Exported("tiny-vit", TINY_VIT, tmp_path, "--dtype", "float16")
    assert (half.folder / "image.pt").stat().st_size < 400_000
    found = embedded(half, "images", *files)
    assert 1e-7 < relative(found, half.images(files)) < 5e-3
