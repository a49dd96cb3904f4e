"""The recipe of bench/synthetic.hpp with numpy's generator: the same geometry, other numbers."""

import numpy as np


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def synthetic_problem(atoms, dim, rows, seed=1):
    """(atoms [p, d], embeddings [n, d]), unit rows, float32."""
    random = np.random.default_rng(seed)
    deviations = (np.arange(dim) + 2.0) ** -0.5
    families = -(-atoms // 6)
    centers = random.standard_normal((families, dim)) * deviations
    own = random.standard_normal((atoms, dim)) * deviations
    dictionary = unit(np.sqrt(0.6) * own + np.sqrt(0.4) * centers[random.integers(families, size=atoms)])
    explained = np.zeros((rows, dim))
    for k in range(8):
        explained += np.exp(-k / 4) * dictionary[random.integers(atoms, size=rows)]
    noise = unit(random.standard_normal((rows, dim)))
    embeddings = unit(np.sqrt(0.8) * noise + np.sqrt(0.2) * unit(explained))
    return dictionary.astype(np.float32), embeddings.astype(np.float32)
