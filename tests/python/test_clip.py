"""ClipEncoder's Python side: arguments, and what the native module gives. Embeddings themselves are tested in tests/clip."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import splice_cuda

if not list(Path(splice_cuda.__file__).parent.glob("_clip.*.so")):
    pytest.skip("built without CLIP encoders (SPLICE_CLIP)", allow_module_level=True)

from splice_cuda import clip  # noqa: E402


def test_a_folder_that_is_no_model(tmp_path):
    with pytest.raises(OSError, match="model.json") as raised:
        splice_cuda.ClipEncoder(tmp_path)
    assert type(raised.value) is splice_cuda.FileError
    (tmp_path / "model.json").write_text("{}")
    with pytest.raises(splice_cuda.FileError, match="model.json"):
        splice_cuda.ClipEncoder(tmp_path)


def test_wrong_arguments(tmp_path):
    with pytest.raises(splice_cuda.ArgumentError, match='precision: got "float8"'):
        splice_cuda.ClipEncoder(tmp_path, precision="float8")
    with pytest.raises(splice_cuda.ArgumentError, match="batch_size: got 1.5, expected an integer"):
        splice_cuda.ClipEncoder(tmp_path, batch_size=1.5)
    with pytest.raises(splice_cuda.ArgumentError, match="max_pixels: "):
        splice_cuda.ClipEncoder(tmp_path, max_pixels=-1)
    for device in ("tpu", None, "\udcff"):
        with pytest.raises(splice_cuda.ArgumentError, match="device: got"):
            splice_cuda.ClipEncoder(tmp_path, device=device)


def test_pixels():
    with pytest.raises(splice_cuda.ArgumentError, match=r"images: got float64 of shape \(2, 2, 3\) at 1"):
        [clip._pixels(image, index) for index, image in enumerate([np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3))])]


TINY = {
    "embed_dim": 24,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8, "head_width": 16},
    "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny model with random weights, as splice-export writes it."""
    for needed in ("torch", "open_clip", "splice_cuda.export"):
        if importlib.util.find_spec(needed) is None:
            pytest.skip(f"no {needed}, which exports the model")
    folder = tmp_path_factory.mktemp("model")
    (folder / "tiny.json").write_text(json.dumps(TINY))
    arguments = ["tiny", str(folder / "out"), "--config", str(folder / "tiny.json"), "--random-seed", "3", "--name", "small"]
    done = subprocess.run(
        [sys.executable, "-m", "splice_cuda.export", *arguments], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder / "out"


def test_a_model(model, tmp_path):
    encoder = splice_cuda.ClipEncoder(model, batch_size=2)
    assert (encoder.name, encoder.dim, encoder.has_text) == ("small", 24, True)
    assert encoder.dictionary_path is None and encoder.image_mean is None and len(encoder.fingerprint) == 64
    generator = np.random.default_rng(0)
    pictures = [generator.integers(0, 256, (60, 50, 3), np.uint8) for _ in range(5)]
    expected = encoder.embed_pixels(pictures)
    assert expected.shape == (5, encoder.dim) and np.isfinite(expected).all()
    image = pytest.importorskip("PIL.Image")
    for index, picture in enumerate(pictures):
        image.fromarray(picture).save(tmp_path / f"{index}.png")
    (tmp_path / "2.png").write_bytes(b"no picture")
    told = []
    found = encoder.embed_images([tmp_path / f"{index}.png" for index in range(5)], progress=lambda *now: told.append(now))
    np.testing.assert_array_equal(found.indices, [0, 1, 3, 4])
    np.testing.assert_allclose(found.embeddings, expected[[0, 1, 3, 4]], rtol=1e-4, atol=1e-5)
    assert [skipped.file for skipped in found.skipped] == [2] and found.skipped[0].reason
    assert told[-1] == (5, 5)
    assert len(splice_cuda.ClipEncoder(model, max_pixels=3000).embed_images([tmp_path / "0.png"]).indices) == 1
    refused = splice_cuda.ClipEncoder(model, max_pixels=2999).embed_images([tmp_path / "0.png"])
    assert "expected at most 2999" in refused.skipped[0].reason
    texts = encoder.embed_texts(["a red cube", "a blue sphere", "a red cube"])
    assert texts.shape == (3, 24) and np.isfinite(texts).all()
    np.testing.assert_allclose(texts[0], texts[2], rtol=1e-4, atol=1e-5)
    assert np.abs(texts[0] - texts[1]).max() > 1e-3
    with pytest.raises(splice_cuda.ArgumentError, match="texts: got one text"):
        encoder.embed_texts("a red cube")


def test_what_is_no_text(model):
    encoder = splice_cuda.ClipEncoder(model)
    for wrong, says in ((b"a red cube", "bytes"), (None, "NoneType"), (float("nan"), "float"), ("\udcff", r"'\\udcff'")):
        with pytest.raises(splice_cuda.ArgumentError, match=f"texts: got {says} at 1, expected texts"):
            encoder.embed_texts(["a red cube", wrong])


def test_paths_that_are_not_utf8(model, tmp_path):
    pytest.importorskip("PIL.Image").new("RGB", (40, 40)).save(tmp_path / "a.png")
    here = os.fsencode(tmp_path)
    wrong = os.fsdecode(here + b"/\xff.jpg")
    found = splice_cuda.ClipEncoder(model).embed_images([tmp_path / "a.png", wrong])
    assert found.indices.tolist() == [0] and found.skipped[0].file == 1
    assert "\\xff.jpg" in found.skipped[0].reason
    Path(wrong).write_bytes((tmp_path / "a.png").read_bytes())
    assert splice_cuda.ClipEncoder(model).embed_images([wrong]).indices.tolist() == [0]
    with pytest.raises(splice_cuda.FileError, match=r"\\xfe"):
        splice_cuda.ClipEncoder(os.fsdecode(here + b"/\xfe"))


def test_cancel(model, tmp_path):
    encoder = splice_cuda.ClipEncoder(model, batch_size=1)
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (1500, 1500)).save(tmp_path / "large.png")
    with pytest.raises(splice_cuda.CancelledError):
        encoder.embed_images([tmp_path / "large.png"] * 200, cancel=lambda: True)
    assert encoder.embed_images([tmp_path / "large.png"]).embeddings.shape == (1, 24)
