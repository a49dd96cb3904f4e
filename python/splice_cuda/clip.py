"""Pictures and texts to embeddings, by a CLIP model in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _core
from ._texts import as_text, as_texts
from .context import _whole
from .progress import Progress, progress_function

try:
    from . import _clip
except ImportError as error:
    raise ImportError(
        f"splice_cuda.ClipEncoder: {error}; expected a package built with SPLICE_CLIP=ON (libjpeg, libpng, libwebp, ICU)"
    ) from error

__all__ = ["ClipEncoder", "EmbeddedImages", "SkippedImage"]


class SkippedImage(NamedTuple):
    """A picture that gave no embedding."""

    file: int
    """into the list of files"""
    reason: str


class EmbeddedImages(NamedTuple):
    """Embeddings of the files that could be read."""

    embeddings: npt.NDArray[np.float32]
    """[len(indices), dim], as the tower gives them: not normalised"""
    indices: npt.NDArray[np.int64]
    """into the list of files, ascending"""
    skipped: list[SkippedImage]


class ClipEncoder:
    """A CLIP model: image tower, text tower, preprocessing, tokenizer. Python threads that share one run one after the other.

    Args:
        folder: as docs/model_folder.md says; `splice-export` writes one.
        device: ``"cpu"``, ``"cuda"``, ``"cuda:N"``, ``"auto"``.
        precision: what towers compute in; embeddings are float32 always.
        batch_size: rows a tower takes at once. Another one may change last bits.
        threads: of towers and decoding; 0 = all that this process may use. Another number may change last bits.
        max_pixels: a file of more is skipped before memory is taken for it.
        check_files: recompute the SHA-256 of the model's files.

    Raises:
        FileError: (an OSError) for what is missing or damaged. It names the file.
        DeviceError: where the device can't be used.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        device: str = "cpu",
        precision: Literal["float32", "float16", "bfloat16"] = "float32",
        batch_size: int = 64,
        threads: int = 0,
        max_pixels: int = 1 << 28,
        check_files: bool = True,
    ) -> None:
        self._native = _clip.ClipEncoder(
            Path(folder),
            as_text(device, "device"),
            as_text(precision, "precision"),
            _whole(batch_size, "batch_size"),
            _whole(threads, "threads"),
            _whole(max_pixels, "max_pixels", least=0),
            bool(check_files),
        )

    @property
    def name(self) -> str:
        return self._native.name

    @property
    def dim(self) -> int:
        """Length of an embedding d."""
        return self._native.dim

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what embeddings depend on: preprocessing, towers, tokenizer."""
        return self._native.fingerprint

    @property
    def has_text(self) -> bool:
        return self._native.has_text

    @property
    def dictionary_path(self) -> Path | None:
        """The model's dictionary for ConceptSpace.load, where it has one."""
        return self._native.dictionary_path

    @property
    def vocabulary_path(self) -> Path | None:
        return self._native.vocabulary_path

    @property
    def image_mean(self) -> npt.NDArray[np.float32] | None:
        """Mean of unit image embeddings, [d], where the model has one."""
        mean = self._native.image_mean
        return np.asarray(mean, np.float32) if mean else None

    def embed_images(
        self,
        files: Iterable[str | os.PathLike[str]],
        *,
        progress: Progress = False,
        cancel: Callable[[], bool] | None = None,
    ) -> EmbeddedImages:
        """Reads and embeds files. One that can't be read is skipped and listed; the rest goes on. Ctrl-C stops the call."""
        paths = [Path(file) for file in files]
        with progress_function(progress, "embed_images", "picture") as tell:
            embeddings, indices, skipped = self._native.embed_files(paths, tell, cancel)
        found = np.frombuffer(embeddings, np.float32).reshape(-1, self.dim)
        return EmbeddedImages(found, np.frombuffer(indices, np.int64), [SkippedImage(*one) for one in skipped])

    def embed_pixels(self, images: Sequence[Any]) -> npt.NDArray[np.float32]:
        """Embeds pictures in memory: PIL images, or uint8 arrays [height, width, 3]. [n, dim], not normalised."""
        pixels = [_pixels(image, index) for index, image in enumerate(images)]
        out = np.empty((len(pixels), self.dim), np.float32)
        self._native.embed_pixels(pixels, out)
        return out

    def embed_texts(self, texts: Iterable[str]) -> npt.NDArray[np.float32]:
        """[n, dim], not normalised. A text longer than the context keeps its beginning.

        Raises:
            ArgumentError: for a model without text tower, and for what is no text, which it names by its index.
        """
        listed = as_texts(texts, "texts")
        out = np.empty((len(listed), self.dim), np.float32)
        self._native.embed_texts(listed, out)
        return out


def _pixels(image: Any, index: int) -> npt.NDArray[np.uint8]:
    pixels = np.asarray(image.convert("RGB") if hasattr(image, "convert") else image)
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise _core.ArgumentError(
            f"images: got {pixels.dtype} of shape {pixels.shape} at {index}, expected uint8 [height, width, 3]"
        )
    return np.ascontiguousarray(pixels)
