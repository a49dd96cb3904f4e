"""Peers of our own, in numpy: plain FISTA, and ADMM as the paper has it. A batch at a time, float32."""

import time

import numpy as np
from scipy.linalg import cho_factor, cho_solve


class Fista:
    """Accelerated proximal gradient, step 1/L, no restart. Stops when no weight of the batch moves by more than
    the tolerance."""

    name = "FISTA (numpy)"
    tolerances = tuple(10.0**-k for k in (3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7))
    batched = True
    max_iterations = 20000

    def __init__(self, atoms):
        self._atoms = np.ascontiguousarray(atoms, dtype=np.float32)
        gram = self._atoms.T.astype(np.float64) @ self._atoms
        self._step = np.float32(1 / (1.001 * np.linalg.eigvalsh(gram)[-1]))
        self.note = None

    def solve(self, embeddings, l1_penalty, tolerance):
        """Codes [n, p]."""
        atoms, step = self._atoms, self._step
        w = np.zeros((embeddings.shape[0], atoms.shape[0]), dtype=np.float32)
        ahead = w
        t = 1.0
        for _ in range(self.max_iterations):
            gradient = (ahead @ atoms - embeddings) @ atoms.T
            new = np.maximum(ahead - step * (gradient + np.float32(l1_penalty / 2)), 0)
            new_t = (1 + np.sqrt(1 + 4 * t * t)) / 2
            moved = new - w
            ahead = new + np.float32((t - 1) / new_t) * moved
            w, t = new, new_t
            if np.abs(moved).max() <= tolerance:
                break
        return w


class PaperAdmm:
    """ADMM with rho = 5 and the p x p factor of 2 CC' + rho I. Stops when both residuals of the whole batch are
    below the tolerance, as the original does.

    A solve with the p x p factor moves 0.45 GFLOP a row and iteration, so that a batch would take minutes. The
    iterates are found with the identity of Woodbury (the same x-update by a d x d factor), and `seconds_of` is
    their number times the measured time of one iteration with the p x p factor. Factoring is not counted.
    """

    name = "ADMM of the paper (numpy)"
    tolerances = tuple(10.0**-k for k in (3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7))
    batched = True
    max_iterations = 20000
    rho = 5.0

    def __init__(self, atoms):
        self._atoms = np.ascontiguousarray(atoms, dtype=np.float32)
        self._small_factor = cho_factor(
            0.5 * self.rho * np.eye(atoms.shape[1], dtype=np.float32) + self._atoms.T @ self._atoms)
        self._large_factor = None
        self._iterations = 0
        self.note = "iterations counted with a d x d factor, each timed with the p x p factor; factor not counted"

    def woodbury_update(self, right):
        """(2 CC' + rho I)^-1 right, right [n, p], by the d x d factor."""
        inner = cho_solve(self._small_factor, (right @ self._atoms).T, check_finite=False).T
        return (right - inner @ self._atoms.T) / np.float32(self.rho)

    def factored_update(self, right):
        """The same by the p x p factor, as the original computes it."""
        if self._large_factor is None:
            square = 2 * (self._atoms @ self._atoms.T)
            square[np.diag_indices_from(square)] += np.float32(self.rho)
            self._large_factor = cho_factor(square, overwrite_a=True, check_finite=False)
        return cho_solve(self._large_factor, right.T, check_finite=False).T

    def iterate(self, correlations, z, u, l1_penalty, update):
        rho = np.float32(self.rho)
        x = update(2 * correlations + rho * (z - u))
        new_z = np.maximum(x + u - np.float32(l1_penalty / self.rho), 0)
        new_u = u + x - new_z
        return x, new_z, new_u

    def solve(self, embeddings, l1_penalty, tolerance):
        """Codes [n, p]: the projected iterate."""
        correlations = embeddings @ self._atoms.T
        z = np.zeros_like(correlations)
        u = np.zeros_like(correlations)
        for iteration in range(1, self.max_iterations + 1):
            x, new_z, u = self.iterate(correlations, z, u, l1_penalty, self.woodbury_update)
            primal = np.abs(x - new_z).max()
            dual = self.rho * np.abs(new_z - z).max()
            z = new_z
            if primal <= tolerance and dual <= tolerance:
                break
        self._iterations = iteration
        return z

    def seconds_of(self, embeddings, l1_penalty, iterations_timed=3):
        """Time of the last `solve` at the original's cost of an iteration."""
        correlations = embeddings @ self._atoms.T
        z = np.zeros_like(correlations)
        u = np.zeros_like(correlations)
        _, z, u = self.iterate(correlations, z, u, l1_penalty, self.factored_update)  # makes the factor
        seconds = []
        for _ in range(iterations_timed):
            start = time.perf_counter()
            _, z, u = self.iterate(correlations, z, u, l1_penalty, self.factored_update)
            seconds.append(time.perf_counter() - start)
        return float(np.median(seconds)) * self._iterations
