"""Certificate of a row in fp64 by brute force over all atoms: one judge for every peer, and none of our C++ code."""

import numpy as np


def relative_gap(atoms, embedding, code, l1_penalty):
    """Duality gap of min over w >= 0 of 1/2 |z - C'w|^2 + lambda sum(w), lambda = l1_penalty / 2, over 1/2 |z|^2.

    atoms [p, d] and embedding [d] are taken to fp64 as they are. Infinite for a code that is no answer at all:
    of another length, not finite, or negative somewhere.
    """
    atoms = np.asarray(atoms, dtype=np.float64)
    z = np.asarray(embedding, dtype=np.float64)
    w = np.asarray(code, dtype=np.float64)
    if w.shape != (atoms.shape[0],) or not np.all(np.isfinite(w)) or np.any(w < 0):
        return np.inf
    penalty = l1_penalty / 2
    support = np.flatnonzero(w)
    residual = z - w[support] @ atoms[support]
    primal = 0.5 * residual @ residual + penalty * w.sum()

    # The dual point is the residual, scaled: feasible (c_j . theta <= lambda), and of all such multiples the best.
    square = residual @ residual
    if square == 0:
        theta = residual
    else:
        scale = max(z @ residual / square, 0.0)
        largest = (atoms @ residual).max()
        if largest > 0:
            scale = min(scale, penalty / largest)
        theta = scale * residual
    dual = 0.5 * z @ z - 0.5 * (z - theta) @ (z - theta)
    return (primal - dual) / (0.5 * z @ z)


def relative_gaps(atoms, embeddings, codes, l1_penalty):
    """relative_gap of each row; codes [n, p]."""
    atoms = np.asarray(atoms, dtype=np.float64)
    if codes.shape[0] != embeddings.shape[0]:
        raise ValueError(f"codes: {codes.shape[0]} rows given, expected {embeddings.shape[0]}, one per embedding")
    return np.array([relative_gap(atoms, z, w, l1_penalty) for z, w in zip(embeddings, codes, strict=True)])
