"""Sparse concept codes as a scikit-learn transformer."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._options import Solver
from .codes import Codes, DecomposeResult
from .concept_space import ConceptSpace
from .context import Context

try:
    from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_array, check_is_fitted, validate_data
except ImportError as error:
    raise ImportError(f"splice_cuda.ConceptTransformer needs scikit-learn 1.6 or newer (pip install splice-cuda[sklearn]): {error}") from error

if TYPE_CHECKING:
    import scipy.sparse

    from .progress import Progress

__all__ = ["ConceptTransformer"]


class ConceptTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Embeddings to non-negative sparse codes on a dictionary of named concepts, each row with a certificate.

    min over w >= 0 of  |z - C'w|^2 + l1_penalty * sum(w),   z = normalise(normalise(x) - mean)     (arXiv 2402.10376, eq. 3)

    Parameters
    ----------
    dictionary : ConceptSpace, path, array-like of shape (n_concepts, n_features), or None
        A ConceptSpace or its file; or atoms, used exactly as given. None: rows of X are the atoms ("exemplars"), normalised, centred
        by their mean and normalised again; rows without a direction of their own and repeated ones are left out. Nothing is learnt.
    n_exemplars : int or None, default=None
        With ``dictionary=None``: at most so many rows, drawn without replacement. None: all.
    l1_penalty : float, default=0.25
        scikit-learn's ``Lasso(alpha)`` times 2 n_features.
    target_l0 : int or None, default=None
        In place of l1_penalty: at most so many concepts a row.
    normalize : bool, default=True
        False: rows are used exactly as given.
    center : bool, default=True
        Subtract the mean that belongs to the dictionary, where it has one.
    solver : {"working_set", "coordinate_descent", "fista", "admm"}, default="working_set"
    gap_tolerance : float, default=1e-6
        A row is certified when its duality gap is at most this, times 1/2 |z|^2.
    sparse_output : bool, default=True
        scipy CSR, else a dense array. ``set_output(transform="pandas")`` needs the dense one.
    threads : int, default=0
        0: all that this process may use. Results do not depend on it.
    device : str, default="cpu"
        "cpu", "cuda", "cuda:N" or "auto".
    random_state : int, RandomState or None, default=None
        Draws the exemplars.
    progress : bool or callable, default=False
        A bar by tqdm, or f(done, total).

    Attributes
    ----------
    space_ : ConceptSpace
    components_ : ndarray of shape (n_concepts, n_features)
        The atoms, float32.
    exemplars_ : ndarray of int
        With ``dictionary=None``: rows of X that became atoms.
    n_features_in_, feature_names_in_
    """

    def __init__(
        self,
        dictionary: Any = None,
        *,
        n_exemplars: int | None = None,
        l1_penalty: float = 0.25,
        target_l0: int | None = None,
        normalize: bool = True,
        center: bool = True,
        solver: Solver = "working_set",
        gap_tolerance: float = 1e-6,
        sparse_output: bool = True,
        threads: int = 0,
        device: str = "cpu",
        random_state: Any = None,
        progress: Progress = False,
    ) -> None:
        self.dictionary = dictionary
        self.n_exemplars = n_exemplars
        self.l1_penalty = l1_penalty
        self.target_l0 = target_l0
        self.normalize = normalize
        self.center = center
        self.solver = solver
        self.gap_tolerance = gap_tolerance
        self.sparse_output = sparse_output
        self.threads = threads
        self.device = device
        self.random_state = random_state
        self.progress = progress

    def fit(self, X: Any, y: Any = None) -> ConceptTransformer:
        """Takes the dictionary, or makes one of X.

        Raises:
            ValueError: (an ArgumentError) for a dictionary of another length than X's rows, or X without any direction.
        """
        least = 2 if self.dictionary is None else 1
        X = validate_data(self, X, dtype=[np.float32, np.float64, np.float16], ensure_min_samples=least, ensure_min_features=least)
        if self.dictionary is None:
            self.space_, self.exemplars_ = self._exemplar_space(X)
        else:
            self.space_ = _space_of(self.dictionary)
        if self.space_.dim != X.shape[1]:
            raise _core.ArgumentError(f"X: got {X.shape[1]} features, expected the dictionary's dimension, {self.space_.dim}")
        return self

    def transform(self, X: Any) -> scipy.sparse.csr_matrix | npt.NDArray[np.float32]:
        """Codes of shape (n_samples, n_concepts), float32."""
        codes = self.decompose(X).codes
        return codes.to_scipy() if self.sparse_output else codes.to_dense()

    def decompose(self, X: Any) -> DecomposeResult:
        """Codes with their certificates."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float32, np.float64, np.float16])
        return self.space_.decompose(
            X,
            self.l1_penalty,
            normalize=self.normalize,
            center=self.center,
            context=Context(self.device, threads=self.threads),
            progress=self.progress,
            target_l0=self.target_l0,
            solver=self.solver,
            gap_tolerance=self.gap_tolerance,
        )

    def inverse_transform(self, X: Any) -> npt.NDArray[np.float32]:
        """Codes to embeddings: normalise(normalise(C'w) + mean), of unit length; with ``normalize=False`` the plain C'w.

        An empty code has no direction: it gives the mean's, or zero.
        """
        check_is_fitted(self)
        X = check_array(X, accept_sparse="csr", dtype=np.float32)
        if X.shape[1] != self.space_.size:
            raise _core.ArgumentError(f"X: got {X.shape[1]} columns, expected one a concept, {self.space_.size}")
        context = Context(self.device, threads=self.threads)
        codes = Codes.of(X)
        if not self.normalize:
            out = np.empty((codes.shape[0], self.space_.dim), np.float32)
            _core.recompose(context._native, self.space_._native.dictionary(context._native), codes._native, out)
            return out
        space = self.space_ if self.center else self.space_.with_image_mean(None)
        return space.recompose(codes, context=context)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """The concepts' names."""
        check_is_fitted(self)
        return np.asarray(self.space_.names, dtype=object)

    @property
    def components_(self) -> npt.NDArray[np.float32]:
        check_is_fitted(self)
        return self.space_.atoms()

    def _exemplar_space(self, X: npt.NDArray[Any]) -> tuple[ConceptSpace, npt.NDArray[np.intp]]:
        rows = np.arange(X.shape[0])
        if self.n_exemplars is not None:
            if not 1 <= self.n_exemplars:
                raise _core.ArgumentError(f"n_exemplars: got {self.n_exemplars!r}, expected 1 or more, or None")
            if self.n_exemplars < rows.size:
                rows = np.sort(check_random_state(self.random_state).choice(rows, self.n_exemplars, replace=False))
        space, dropped = ConceptSpace.build(X[rows], [f"exemplar{row}" for row in rows], center=self.center)
        gone = sorted(line for lines in dropped for line in lines)
        if self.center:
            space = space.with_image_mean(space.text_mean)
        return space, np.delete(rows, gone)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        tags.input_tags.sparse = False
        return tags


def _space_of(dictionary: Any) -> ConceptSpace:
    if isinstance(dictionary, ConceptSpace):
        return dictionary
    if isinstance(dictionary, (str, os.PathLike)):
        return ConceptSpace.load(Path(dictionary))
    return ConceptSpace.from_atoms(check_array(dictionary, dtype=[np.float32, np.float64, np.float16]))
