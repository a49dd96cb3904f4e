"""Peers from other packages. Each: `solve(embeddings, l1_penalty, tolerance)` gives codes [n, p]; `tolerances` are
what the comparison may choose from, loosest first; `note` is what a reader of its figure has to know.

Coordinate descent packages take one row a call, in fp64: their objective is 1/(2d) |z - C'w|^2 + alpha sum(w), so
alpha = l1_penalty / (2d).
"""

import warnings

import numpy as np


class RowByRow:
    """A scikit-learn-like estimator, fitted to one embedding at a time."""

    note = None

    def __init__(self, name, make_estimator, atoms, tolerances):
        self.name = name
        self.tolerances = tolerances
        self._make_estimator = make_estimator
        self._design = np.asfortranarray(np.asarray(atoms, dtype=np.float64).T)

    def solve(self, embeddings, l1_penalty, tolerance):
        estimator = self._make_estimator(
            alpha=l1_penalty / (2 * self._design.shape[0]), positive=True, fit_intercept=False, tol=tolerance)
        codes = np.empty((embeddings.shape[0], self._design.shape[1]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of convergence: the certificate judges it
            for i, z in enumerate(np.asarray(embeddings, dtype=np.float64)):
                codes[i] = estimator.fit(self._design, z).coef_
        return codes


class Spams:
    """LARS of SPAMS: the exact path down to lambda. It has no tolerance, so float32 and float64 are the choice.
    C C' is made once for the dictionary and not counted."""

    name = "SPAMS lasso"
    tolerances = ("float32", "float64")
    note = "Gram matrix C C' made once a dictionary, not counted"

    def __init__(self, atoms, rows):
        import spams

        self.rows = rows
        self._lasso = spams.lasso
        self._atoms = atoms
        self._designs = {}

    def _design(self, precision):
        if precision not in self._designs:
            self._designs.clear()  # the Gram matrix of 15,000 atoms takes 0.9 or 1.8 GB
            atoms = np.asarray(self._atoms, dtype=precision)
            self._designs[precision] = (np.asfortranarray(atoms.T), np.asfortranarray(atoms @ atoms.T))
        return self._designs[precision]

    def solve(self, embeddings, l1_penalty, tolerance):
        design, gram = self._design(tolerance)
        rows = np.asfortranarray(np.asarray(embeddings, dtype=tolerance).T)
        correlations = np.asfortranarray(design.T @ rows)
        codes = self._lasso(rows, Q=gram, q=correlations, lambda1=l1_penalty / 2, mode=2, pos=True, numThreads=1)
        return np.asarray(codes.T.todense(), dtype=np.float64)


def powers_of_ten(first, last):
    """10^-first ... 10^-last in half powers of ten."""
    return tuple(10 ** (-k / 2) for k in range(2 * first, 2 * last + 1))


def make_sklearn(atoms):
    from sklearn.linear_model import Lasso

    def estimator(**settings):
        return Lasso(max_iter=100000, **settings)

    return RowByRow("scikit-learn Lasso", estimator, atoms, powers_of_ten(3, 9))


def make_celer(atoms):
    import celer

    def estimator(**settings):
        return celer.Lasso(max_iter=1000, **settings)

    return RowByRow("celer Lasso", estimator, atoms, powers_of_ten(4, 10))


def make_skglm(atoms):
    import skglm

    def estimator(**settings):
        return skglm.Lasso(max_iter=1000, **settings)

    return RowByRow("skglm Lasso", estimator, atoms, powers_of_ten(4, 11))
