"""Peers of our own, in numpy: plain FISTA, and ADMM as the paper has it, a batch at a time.

Both need thousands of products, so that no turn can hold a whole solve. `needed_iterations` runs a batch once; a row
leaves as soon as the certificate says that it is good enough: the choice of a stopping rule does not count against
them. `seconds_for` times a few iterations and multiplies.
"""

import time

import numpy as np
from scipy.linalg import cho_factor, cho_solve

ITERATIONS_TIMED = 5


class IteratedPeer:
    """What the two share. Derived: start, step (what is timed), fast_step (the same iterates), codes, keep."""

    rows = 4         # whose iterations are counted
    timed_rows = 64  # of which iterations are timed: a product with few rows waits for memory
    check_every = 50
    max_iterations = 10000

    def needed_iterations(self, embeddings, l1_penalty, gaps_of, target):
        """Mean iterations of a row until gaps_of(its index, its code) is at most the target, or the maximum; codes."""
        state = self.start(embeddings)
        left = np.arange(embeddings.shape[0])
        iterations = np.full(left.size, self.max_iterations)
        codes = np.zeros(self.codes(state).shape)
        for iteration in range(1, self.max_iterations + 1):
            state = self.fast_step(state, l1_penalty)
            if iteration % self.check_every and iteration != self.max_iterations:
                continue
            codes[left] = self.codes(state)
            going = np.array([gaps_of(row, codes[row]) > target for row in left])
            iterations[left[~going]] = iteration
            left = left[going]
            if left.size == 0:
                break
            state = self.keep(state, going)
        return float(iterations.mean()), codes

    def seconds_for(self, embeddings, l1_penalty, iterations):
        state = self.step(self.start(embeddings), l1_penalty)  # warms up, makes what is made once
        seconds = []
        for _ in range(ITERATIONS_TIMED):
            start = time.perf_counter()
            state = self.step(state, l1_penalty)
            seconds.append(time.perf_counter() - start)
        return float(np.median(seconds)) * iterations

    def fast_step(self, state, l1_penalty):
        return self.step(state, l1_penalty)


class Fista(IteratedPeer):
    """Accelerated proximal gradient, step 1/L, no restart. In fp64: in fp32 its gap stays above 1e-5."""

    name = "FISTA (numpy)"
    note = "fp64; iterations needed, times the measured time of one"

    def __init__(self, atoms):
        self._atoms = np.ascontiguousarray(atoms, dtype=np.float64)
        self._step = 1 / np.linalg.eigvalsh(self._atoms.T @ self._atoms)[-1]

    def start(self, embeddings):
        zero = np.zeros((embeddings.shape[0], self._atoms.shape[0]))
        return np.asarray(embeddings, dtype=np.float64), zero, zero, 1.0

    def step(self, state, l1_penalty):
        embeddings, w, ahead, t = state
        gradient = (ahead @ self._atoms - embeddings) @ self._atoms.T
        new = np.maximum(ahead - self._step * (gradient + l1_penalty / 2), 0)
        new_t = (1 + np.sqrt(1 + 4 * t * t)) / 2
        return embeddings, new, new + ((t - 1) / new_t) * (new - w), new_t

    def keep(self, state, rows):
        embeddings, w, ahead, t = state
        return embeddings[rows], w[rows], ahead[rows], t

    def codes(self, state):
        return state[1]


class PaperAdmm(IteratedPeer):
    """ADMM with rho = 5 on |z - C'x|^2 + l1_penalty sum(w), x = w, with the p x p factor of 2 CC' + rho I, fp32.

    The iterates are found by a d x d factor (identity of Woodbury), which gives the same x; an iteration is timed
    with the p x p factor. Factoring, which the original repeats for every batch, is not counted.
    """

    name = "ADMM of the paper (numpy)"
    note = "fp32; iterations needed, times the measured time of one; p x p factor not counted"
    rho = np.float32(5)

    def __init__(self, atoms):
        self._atoms = np.ascontiguousarray(atoms, dtype=np.float32)
        small = self._atoms.T @ self._atoms
        small[np.diag_indices_from(small)] += self.rho / 2
        self._small_factor = cho_factor(small)
        self._large_factor = None

    def woodbury_update(self, right):
        """(2 CC' + rho I)^-1 right of each row, by the d x d factor."""
        inner = cho_solve(self._small_factor, (right @ self._atoms).T, check_finite=False).T
        return (right - inner @ self._atoms.T) / self.rho

    def factored_update(self, right):
        """The same by the p x p factor."""
        if self._large_factor is None:
            large = 2 * (self._atoms @ self._atoms.T)
            large[np.diag_indices_from(large)] += self.rho
            self._large_factor = cho_factor(large, overwrite_a=True, check_finite=False)
        return cho_solve(self._large_factor, right.T, check_finite=False).T

    def start(self, embeddings):
        correlations = np.asarray(embeddings, dtype=np.float32) @ self._atoms.T
        zero = np.zeros_like(correlations)
        return correlations, zero, zero

    def step(self, state, l1_penalty):
        return self._iterate(state, l1_penalty, self.factored_update)

    def fast_step(self, state, l1_penalty):
        return self._iterate(state, l1_penalty, self.woodbury_update)

    def _iterate(self, state, l1_penalty, update):
        correlations, z, u = state
        x = update(2 * correlations + self.rho * (z - u))
        new_z = np.maximum(x + u - np.float32(l1_penalty / self.rho), 0)
        return correlations, new_z, u + x - new_z

    def keep(self, state, rows):
        return tuple(part[rows] for part in state)

    def codes(self, state):
        """The projected iterate: feasible, x is not."""
        return state[1]
