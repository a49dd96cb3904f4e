"""ClipEncoder's Python side: arguments, and what the native module gives. Embeddings themselves are tested in tests/clip."""

import os
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
    with pytest.raises(splice_cuda.ArgumentError, match="device: got"):
        splice_cuda.ClipEncoder(tmp_path, device="tpu")


def test_pixels():
    with pytest.raises(splice_cuda.ArgumentError, match=r"images: got float64 of shape \(2, 2, 3\) at 1"):
        [clip._pixels(image, index) for index, image in enumerate([np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3))])]


@pytest.mark.skipif(not os.environ.get("SPLICE_MODEL"), reason="no model folder: SPLICE_MODEL is not set")
def test_a_model(tmp_path):
    encoder = splice_cuda.ClipEncoder(os.environ["SPLICE_MODEL"], batch_size=2)
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
    if encoder.has_text:
        texts = encoder.embed_texts(["a red cube", "a blue sphere"])
        assert texts.shape == (2, encoder.dim) and np.isfinite(texts).all()
    if encoder.dictionary_path:
        assert splice_cuda.ConceptSpace.load(encoder.dictionary_path).dim == encoder.dim
