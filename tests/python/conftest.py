"""Small problems, and their answers in numpy fp64, which shares nothing with the library."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import splice_cuda


def unit(rows):
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)


def objective(weights, atoms, z, l1_penalty):
    """Half form of each row, fp64. `l1_penalty` may be one a row."""
    residual = z - weights @ atoms
    return (residual**2).sum(axis=1) / 2 + np.asarray(l1_penalty) / 2 * np.abs(weights).sum(axis=1)


def solve(atoms, z, l1_penalty, sweeps=3000):
    """Non-negative LASSO by cyclic coordinate descent in fp64, all rows at once: [n, p]."""
    gram = atoms @ atoms.T
    correlations = z @ atoms.T - np.asarray(l1_penalty).reshape(-1, 1) / 2
    weights = np.zeros((z.shape[0], atoms.shape[0]))
    for _ in range(sweeps):
        before = weights.copy()
        for j in range(atoms.shape[0]):
            gradient = correlations[:, j] - weights @ gram[:, j]
            weights[:, j] = np.maximum(weights[:, j] + gradient / gram[j, j], 0)
        if np.abs(weights - before).max() < 1e-14:
            return weights
    raise AssertionError("the oracle did not converge")


class Problem(NamedTuple):
    atoms: np.ndarray
    """[40, 24] float32, unit rows"""
    z: np.ndarray
    """[15, 24] float32, unit rows"""


@pytest.fixture(scope="session")
def problem():
    generator = np.random.default_rng(11)
    atoms = unit(generator.normal(size=(40, 24)) + 0.5).astype(np.float32)
    mix = generator.exponential(size=(15, 40)) * (generator.random((15, 40)) < 0.1)
    z = unit(mix @ atoms + 0.1 * generator.normal(size=(15, 24))).astype(np.float32)
    return Problem(atoms, z)


@pytest.fixture
def dictionary(problem):
    return splice_cuda.Dictionary(problem.atoms)


@pytest.fixture(scope="session")
def long_problem():
    """Minutes of work in small tiles, for calls that something happens to meanwhile."""
    generator = np.random.default_rng(5)
    atoms = unit(generator.normal(size=(2000, 128)) + 0.3).astype(np.float32)
    z = np.tile(unit(np.abs(generator.normal(size=(500, 2000))) @ atoms).astype(np.float32), (200, 1))
    return Problem(atoms, z)


def same(first, second):
    """Whether two results are equal bit by bit."""
    one, other = first.codes, second.codes
    return (
        one.shape == other.shape
        and one.row_offsets.tobytes() == other.row_offsets.tobytes()
        and one.atom_indices.tobytes() == other.atom_indices.tobytes()
        and one.values.tobytes() == other.values.tobytes()
        and all(first.reports[name].tobytes() == second.reports[name].tobytes() for name in splice_cuda.REPORT_DTYPE.names)
    )
