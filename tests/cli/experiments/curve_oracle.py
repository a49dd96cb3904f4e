"""Non-negative LASSO, recomposition and classification in numpy fp64, which share nothing with the library."""

import numpy as np
from conftest import read_safetensors, unit


def read_atoms(path):
    """Tensor "atoms" of a dictionary, and its metadata."""
    tensors, metadata = read_safetensors(path)
    return tensors["atoms"].astype(np.float64), metadata


def solve(atoms, z, l1_penalty, signed=False):
    """Cyclic coordinate descent for min |z - w C|^2 + l1_penalty |w|; one penalty, or one a row; [n, p]."""
    weights = np.zeros((len(z), len(atoms)))
    residual = z.copy()
    half = np.asarray(l1_penalty) / 2
    for _ in range(20000):
        moved = 0.0
        for j, atom in enumerate(atoms):
            square = atom @ atom
            product = residual @ atom + square * weights[:, j]
            new = np.maximum(product - half, 0) - (np.maximum(-product - half, 0) if signed else 0)
            step = new / square - weights[:, j]
            residual -= step[:, None] * atom
            weights[:, j] += step
            moved = max(moved, np.abs(step).max())
        if moved < 1e-11:
            break
    weights[np.abs(weights) < 1e-9] = 0
    return weights


def figures(atoms, raw, mean, l1_penalty, classes=None, truth=None, signed=False):
    """Mean l0, mean cosine and accuracy of recomposed rows."""
    rows = unit(np.asarray(raw, np.float64))
    centred = rows if mean is None else unit(rows - mean)
    weights = solve(atoms, centred, l1_penalty, signed)
    back = unit(weights @ atoms)
    back = back if mean is None else unit(back + mean)
    accuracy = None
    if classes is not None:
        accuracy = (np.argmax(back @ unit(np.asarray(classes, np.float64)).T, axis=1) == truth).mean()
    return (weights != 0).sum(axis=1).mean(), (rows * back).sum(axis=1).mean(), accuracy
