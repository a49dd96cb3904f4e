"""A dictionary whose atoms have names, with the means and the provenance that belong to it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from . import _core
from ._arrays import as_rows, as_vector
from ._options import DecomposeKeywords, native_options
from ._texts import as_text, as_texts, has_utf8
from .codes import Codes, DecomposeResult, result_of
from .context import Context, default_context
from .progress import Progress, progress_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Unpack

__all__ = ["ConceptSpace", "DictionaryHealth", "DroppedConcepts"]


class DroppedConcepts(NamedTuple):
    """What `ConceptSpace.build` left out, by line (from 0) of the names, ascending."""

    empty_name: list[int]
    duplicate_name: list[int]
    """The name stood on an earlier line."""
    zero_embedding: list[int]
    """No direction, or none after centring."""
    non_finite: list[int]
    duplicate_vector: list[int]
    """The atom equals an earlier one, bit by bit."""


class DictionaryHealth(NamedTuple):
    """How alike the atoms are, and how many directions they really have."""

    coherence: float
    """Largest cosine of two different atoms."""
    nearest_pairs: tuple[tuple[int, int, float], ...]
    """(first, second, cosine), largest cosine first."""
    nearest_cosine_quantiles: tuple[float, ...]
    """Quantiles 0, 0.25, 0.5, 0.75, 1 of each atom's cosine with its nearest neighbour."""
    effective_rank: float
    """exp(entropy of the normalised eigenvalues of C'C), between 1 and d (Roy & Vetterli 2007)."""
    non_unit_atoms: int
    equal_atoms: int


class ConceptSpace:
    """Unit atoms, their names, image mean and text mean. Immutable: `with_image_mean` and `with_provenance` make another one.

    Made by `build` from text embeddings, by `from_atoms`, or by `load` from a file that the command or `save` wrote.
    """

    def __init__(self, native: _core.ConceptSpace) -> None:
        self._native = native

    @classmethod
    def build(
        cls,
        text_embeddings: Any,
        names: Iterable[str],
        *,
        center: bool = True,
        last: int = 0,
        dtype: Literal["float32", "float16", "bfloat16"] = "float32",
        image_mean: npt.ArrayLike | None = None,
    ) -> tuple[ConceptSpace, DroppedConcepts]:
        """Raw text embeddings to unit atoms: normalise, subtract their mean, normalise (arXiv 2402.10376, section 4).

        Args:
            text_embeddings: [p, d].
            names: one a row; can be written as UTF-8. Empty and repeated ones are left out.
            center: False: only normalised.
            last: keep only the last k lines, the most frequent ones of vocabularies that are sorted so; 0 = all.
            dtype: what atoms are rounded to; the rounded numbers are the atoms from then on.
            image_mean: [d], mean of unit image embeddings.

        Returns:
            The space, and what was left out of it.

        Raises:
            ArgumentError: when names and rows differ in number, or nothing is left.
        """
        rows = as_rows(text_embeddings, "text_embeddings")
        lines = as_texts(names, "names")
        native, dropped = _core.ConceptSpace.build(
            rows.array, rows.bfloat16, lines, bool(center), int(last), as_text(dtype, "dtype")
        )
        space = cls(native)
        return space if image_mean is None else space.with_image_mean(image_mean), DroppedConcepts(**dropped)

    @classmethod
    def from_atoms(cls, atoms: Any, names: Iterable[str] = ()) -> ConceptSpace:
        """Atoms [p, d] used exactly as given, copied. Without names they are "atom 0", "atom 1", ..."""
        rows = as_rows(atoms, "atoms")
        return cls(_core.ConceptSpace.from_atoms(rows.array, rows.bfloat16, as_texts(names, "names")))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ConceptSpace:
        """Reads a .safetensors dictionary, or a plain .npy of atoms. Atoms stay in the file, which is mapped.

        Raises:
            FileError: (an OSError) for what is no such file. It names the path.
        """
        return cls(_core.ConceptSpace.load(Path(path)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes .safetensors, whole or not at all.

        Raises:
            FileError: (an OSError).
        """
        self._native.save(Path(path))

    @property
    def size(self) -> int:
        """Number of concepts p."""
        return self._native.size

    def __len__(self) -> int:
        return self.size

    @property
    def dim(self) -> int:
        """Length of an atom d."""
        return self._native.dim

    @property
    def dtype(self) -> str:
        """The type that atoms are stored in."""
        return self._native.dtype

    @property
    def names(self) -> list[str]:
        """The concepts, [p]."""
        return self._native.names

    def atoms(self) -> npt.NDArray[np.float32]:
        """Unit atoms [p, d] as float32: a read-only view of the space's own memory where they are stored so, else a copy."""
        stored = cast("npt.NDArray[np.float32] | None", self._native.stored_float32())
        if stored is not None:
            return stored
        out = np.empty((self.size, self.dim), np.float32)
        self._native.read_atoms(0, out)
        return out

    def find(self, name: str) -> int | None:
        """Index of a concept; None if there is none of this name."""
        return None if isinstance(name, str) and not has_utf8(name) else self._native.find(as_text(name, "concept"))

    def at(self, name: str) -> int:
        """Index of a concept.

        Raises:
            ArgumentError: that offers the nearest names.
        """
        return self._native.at(as_text(name, "concept"))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    @property
    def image_mean(self) -> npt.NDArray[np.float32] | None:
        """Mean of unit image embeddings, [d]; None if not known."""
        return _mean(self._native.image_mean)

    @property
    def text_mean(self) -> npt.NDArray[np.float32] | None:
        """Mean that was subtracted from the text embeddings, [d]; None if not known."""
        return _mean(self._native.text_mean)

    @property
    def provenance(self) -> dict[str, str]:
        """Free text kept in the file: "model", "vocabulary", ..."""
        return self._native.provenance

    def with_image_mean(self, mean: npt.ArrayLike | None) -> ConceptSpace:
        """A space with another image mean [d], or none. Shares the atoms."""
        native = self._native.copy()
        native.image_mean = [] if mean is None else as_vector(mean, np.float32, "image_mean").tolist()
        return ConceptSpace(native)

    def with_provenance(self, provenance: Mapping[str, str]) -> ConceptSpace:
        """A space with other provenance. Shares the atoms."""
        native = self._native.copy()
        native.provenance = {
            as_text(str(key), "provenance"): as_text(str(value), "provenance") for key, value in provenance.items()
        }
        return ConceptSpace(native)

    def prepare(self, embeddings: Any, *, normalize: bool = True, center: bool = True) -> npt.NDArray[np.float32]:
        """normalise -> subtract the image mean -> normalise, [n, d]. Zero and non-finite rows pass unchanged.

        Args:
            normalize: False: rows are used exactly as given.
            center: False: the image mean is not subtracted.
        """
        rows = as_rows(embeddings, "embeddings")
        out = np.empty(rows.array.shape, np.float32)
        self._native.prepare(rows.array, rows.bfloat16, out, _core.PrepareOptions(bool(normalize), bool(center)))
        return out

    def decompose(
        self,
        embeddings: Any,
        l1_penalty: float | npt.ArrayLike | None = None,
        *,
        normalize: bool = True,
        center: bool = True,
        context: Context | None = None,
        progress: Progress = False,
        cancel: Callable[[], bool] | None = None,
        **options: Unpack[DecomposeKeywords],
    ) -> DecomposeResult:
        """`prepare`, then `Dictionary.decompose`, whose arguments, promises and errors these are.

        Args:
            embeddings: raw ones, [n, d].
            options: ``banned_atoms`` may hold names.
        """
        rows = as_rows(embeddings, "embeddings")
        native = native_options(l1_penalty, self._by_index(options), rows.array.shape[0])
        prepare = _core.PrepareOptions(bool(normalize), bool(center))
        with progress_function(progress, "decompose") as tell:
            return result_of(
                self._native.decompose(_native(context), rows.array, rows.bfloat16, native, prepare, tell, cancel)
            )

    def decompose_path(
        self,
        embeddings: Any,
        l1_penalties: npt.ArrayLike,
        *,
        normalize: bool = True,
        center: bool = True,
        context: Context | None = None,
        progress: Progress = False,
        cancel: Callable[[], bool] | None = None,
        **options: Unpack[DecomposeKeywords],
    ) -> list[DecomposeResult]:
        """`prepare`, then `Dictionary.decompose_path`: one result a penalty, strictly descending."""
        rows = as_rows(embeddings, "embeddings")
        penalties = as_vector(l1_penalties, np.float32, "l1_penalties")
        native = native_options(None, self._by_index(options))
        prepare = _core.PrepareOptions(bool(normalize), bool(center))
        with progress_function(progress, "decompose_path") as tell:
            results = self._native.decompose_path(
                _native(context), rows.array, rows.bfloat16, penalties, native, prepare, tell, cancel
            )
        return [result_of(result) for result in results]

    def recompose(self, codes: Any, *, context: Context | None = None) -> npt.NDArray[np.float32]:
        """normalise(normalise(C'w) + image_mean), [n, d]; for an empty code the image mean's direction, or zero."""
        given = Codes.of(codes)
        out = np.empty((given.shape[0], self.dim), np.float32)
        self._native.recompose(_native(context), given._native, out)
        return out

    def cosine(self, embeddings: Any, codes: Any, *, context: Context | None = None) -> npt.NDArray[np.float32]:
        """Cosine of each raw embedding with its recomposition, [n]; 0 for zero and non-finite rows."""
        rows = as_rows(embeddings, "embeddings")
        found = self._native.cosine(_native(context), rows.array, rows.bfloat16, Codes.of(codes)._native)
        return np.asarray(found, np.float32)

    def explain(self, codes: Any, row: int, top: int | None = None) -> list[tuple[str, float]]:
        """(concept, weight) of one row's code, largest absolute weight first; the `top` first of them."""
        atoms, values = Codes.of(codes).row(row)
        order = np.argsort(-np.abs(values), kind="stable")[:top]
        names = self.names
        return [(names[atoms[entry]], float(values[entry])) for entry in order]

    def health(
        self, pairs: int = 10, *, context: Context | None = None, progress: Progress = False
    ) -> DictionaryHealth:
        """What the dictionary is like. O(p^2 d): seconds for 15,000 atoms.

        Args:
            pairs: number of nearest pairs wanted.
        """
        with progress_function(progress, "health", "atom") as tell:
            return DictionaryHealth(**self._native.health(_native(context), int(pairs), tell, None))

    def _by_index(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        banned = options.get("banned_atoms")
        if isinstance(banned, str):
            banned = [banned]
        if not isinstance(banned, Sequence) or not any(isinstance(atom, str) for atom in banned):
            return options
        return {**options, "banned_atoms": [self.at(atom) if isinstance(atom, str) else atom for atom in banned]}

    def __copy__(self) -> ConceptSpace:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> ConceptSpace:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "space.safetensors"
            self.save(path)
            return _unpickle, (path.read_bytes(),)

    def __repr__(self) -> str:
        return f"ConceptSpace(size={self.size}, dim={self.dim}, dtype={self.dtype!r})"


def _unpickle(contents: bytes) -> ConceptSpace:
    """Out of a file's bytes. The file may go at once: it stays mapped."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "space.safetensors"
        path.write_bytes(contents)
        return ConceptSpace.load(path)


def _native(context: Context | None) -> _core.Context:
    return (context or default_context())._native


def _mean(values: list[float]) -> npt.NDArray[np.float32] | None:
    return np.asarray(values, np.float32) if values else None
