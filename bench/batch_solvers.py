"""FISTA and the paper's ADMM on a whole batch, and the certificate that judges them, over numpy or PyTorch.

min over w >= 0 of 1/2 |z - C'w|^2 + lambda sum(w) for each row z, lambda = l1_penalty / 2. A solver has `start`,
`step`, `keep` (rows that go on) and `codes`. `step` is timed; `fast_step` gives the same iterates, to count them.
"""

import numpy as np


class BatchCertificate:
    """Relative gaps of codes in fp64 over all atoms (the formula of docs/design.md)."""

    def __init__(self, arrays, atoms):
        self._arrays = arrays
        self._atoms = arrays.array(atoms, "fp64")

    def relative_gaps(self, embeddings, codes, l1_penalty):
        """As a numpy vector; infinite for a code that is no answer: not finite, or negative somewhere."""
        self._arrays.use_precision("fp64")
        z, w = self._arrays.array(embeddings, "fp64"), self._arrays.array(codes, "fp64")
        penalty = l1_penalty / 2
        residual = z - w @ self._atoms
        square = (residual * residual).sum(1)
        largest = self._arrays.row_max(residual @ self._atoms.T)
        numbers = [(z * z).sum(1), square, (z * residual).sum(1), w.sum(1), largest, -self._arrays.row_max(-w)]
        norm, square, product, weight, largest, least = map(self._arrays.to_numpy, numbers)
        with np.errstate(all="ignore"):
            scale = np.where(square > 0, np.maximum(product / square, 0), 1)
            scale = np.where(largest > 0, np.minimum(scale, penalty / largest), scale)
            # D(s r) = s z.r - 1/2 s^2 |r|^2
            gaps = (square / 2 + penalty * weight - scale * product + scale * scale * square / 2) / (norm / 2)
        return np.where(np.isfinite(gaps) & (least >= 0), gaps, np.inf)


class Fista:
    """Accelerated proximal gradient, step 1/L; a row whose momentum points uphill starts anew (O'Donoghue & Candes)."""

    def __init__(self, arrays, atoms, precision, compiled=False):
        self.name = f"FISTA ({arrays.name}, {precision}{', compiled' if compiled else ''})"
        self.note = "iterations needed, times the measured time of one; no stopping rule"
        self._arrays = arrays
        self._precision = precision
        self._atoms = arrays.array(atoms, precision)
        exact = arrays.array(atoms, "fp64")
        self._timed_update = arrays.compiled(self._update) if compiled else self._update
        self._step_size = 1 / arrays.largest_eigenvalue(exact.T @ exact)

    def start(self, embeddings):
        z = self._arrays.array(embeddings, self._precision)
        zero = self._arrays.zeros_like(z @ self._atoms.T)
        return z, zero, zero, self._arrays.zeros_like(z[:, :1]) + 1

    def _update(self, gradient, w, ahead, t, penalty):
        """All of a step but its two products."""
        new = (ahead - self._step_size * (gradient + penalty)).clip(min=0)
        moved = new - w
        uphill = ((ahead - new) * moved).sum(1)[:, None] > 0
        next_t = self._arrays.where(uphill, self._arrays.zeros_like(t) + 1, (1 + (1 + 4 * t * t) ** 0.5) / 2)
        momentum = self._arrays.where(uphill, self._arrays.zeros_like(t), (t - 1) / next_t)
        return new, new + momentum * moved, next_t

    def _iterate(self, state, l1_penalty, update):
        self._arrays.use_precision(self._precision)
        z, w, ahead, t = state
        gradient = (ahead @ self._atoms - z) @ self._atoms.T
        return z, *update(gradient, w, ahead, t, l1_penalty / 2)

    def step(self, state, l1_penalty):
        return self._iterate(state, l1_penalty, self._timed_update)

    def fast_step(self, state, l1_penalty):
        return self._iterate(state, l1_penalty, self._update)

    def keep(self, state, rows):
        return tuple(part[rows] for part in state)

    def codes(self, state):
        return state[1]


class PaperAdmm:
    """ADMM with rho = 5 on |z - C'x|^2 + l1_penalty sum(w), x = w: an iteration solves with the p x p factor of
    2 CC' + rho I, which the original makes for every batch. A d x d factor gives the same x (Woodbury): `fast_step`.
    """

    rho = 5.0

    def __init__(self, arrays, atoms):
        self.name = f"ADMM of the paper ({arrays.name}, fp32)"
        self.note = "iterations needed, times the measured time of one; factor apart; no stopping rule"
        self._arrays = arrays
        self._atoms = arrays.array(atoms, "fp32")
        arrays.use_precision("fp32")
        small = self._atoms.T @ self._atoms
        arrays.add_to_diagonal(small, self.rho / 2)
        self._small_factor = arrays.cholesky(small)
        self._factor = None

    def make_factor(self):
        self._arrays.use_precision("fp32")
        large = 2 * (self._atoms @ self._atoms.T)
        self._arrays.add_to_diagonal(large, self.rho)
        self._factor = self._arrays.cholesky(large)

    def factored_update(self, right):
        if self._factor is None:
            self.make_factor()
        return self._arrays.cholesky_solve(self._factor, right.T).T

    def woodbury_update(self, right):
        inner = self._arrays.cholesky_solve(self._small_factor, (right @ self._atoms).T).T
        return (right - inner @ self._atoms.T) / self.rho

    def start(self, embeddings):
        self._arrays.use_precision("fp32")
        correlations = self._arrays.array(embeddings, "fp32") @ self._atoms.T
        zero = self._arrays.zeros_like(correlations)
        return correlations, zero, zero

    def _iterate(self, state, l1_penalty, update):
        self._arrays.use_precision("fp32")
        correlations, w, u = state
        x = update(2 * correlations + self.rho * (w - u))
        new = (x + u - l1_penalty / self.rho).clip(min=0)
        return correlations, new, u + x - new

    def step(self, state, l1_penalty):
        return self._iterate(state, l1_penalty, self.factored_update)

    def fast_step(self, state, l1_penalty):
        return self._iterate(state, l1_penalty, self.woodbury_update)

    def keep(self, state, rows):
        return tuple(part[rows] for part in state)

    def codes(self, state):
        """The projected iterate: feasible, x is not."""
        return state[1]


def iterations_to_gap(solver, certificate, embeddings, l1_penalty, target, check_every=25, most=10000):
    """(iterations, relative gap) of each row, as numpy vectors. A row leaves when it is certified at the target; one
    that is not within `most` iterations keeps the best gap that it had."""
    rows = embeddings.shape[0]
    iterations, gaps = np.full(rows, most), np.full(rows, np.inf)
    left = np.arange(rows)
    state = solver.start(embeddings)
    for iteration in range(1, most + 1):
        state = solver.fast_step(state, l1_penalty)
        if iteration % check_every and iteration != most:
            continue
        now = certificate.relative_gaps(embeddings[left], solver.codes(state), l1_penalty)
        gaps[left] = np.minimum(gaps[left], now)
        done = now <= target
        iterations[left[done]] = iteration
        if done.all():
            break
        if done.any():
            left = left[~done]
            state = solver.keep(state, np.flatnonzero(~done))
    return iterations, gaps
