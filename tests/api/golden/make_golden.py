"""Writes sklearn_objectives.json: what scikit-learn's Lasso(positive=True) reaches at tol 1e-10 on generated problems.

    python tests/api/golden/make_golden.py      (numpy, scikit-learn)

The problems are those of tests/support/sample_problem.cpp: the same splitmix64 stream, the same arithmetic in fp64,
rounded to float32 at the same places.
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import Lasso

CASES = [  # atoms, dim, rows, seed, l1_penalty
    (600, 64, 800, 101, 0.25),
    (307, 37, 800, 102, 0.1),
    (1000, 96, 400, 103, 0.4),
]
MASK = (1 << 64) - 1


class BellStream:
    def __init__(self, seed):
        self.state = seed

    def word(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        mixed = self.state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & MASK
        return mixed ^ (mixed >> 31)

    def next(self):
        bits = self.word()
        return (sum(bits >> (16 * piece) & 0xFFFF for piece in range(4)) - 131070) / 32768.0

    def take(self, count):
        return np.array([self.next() for _ in range(count)])

    def below(self, limit):
        return self.word() % limit


def sample_problem(atoms, dim, rows, seed):
    stream = BellStream(seed)
    topics = atoms // 20 + 1
    centres = stream.take(topics * dim).reshape(topics, dim)
    atom_scale = 1 / np.sqrt(dim * (1 + 0.64) / 3)
    dictionary = np.empty((atoms, dim), np.float32)
    for j in range(atoms):
        topic = stream.below(topics)
        dictionary[j] = (centres[topic] + 0.8 * stream.take(dim)) * atom_scale
    noise_scale = 0.2 / np.sqrt(dim / 3)
    embeddings = np.empty((rows, dim), np.float32)
    for i in range(rows):
        row = np.zeros(dim)
        for _ in range(6):
            atom = stream.below(atoms)
            row += (1 + stream.below(16)) / 24 * dictionary[atom].astype(np.float64)
        embeddings[i] = row + noise_scale * stream.take(dim)
    return dictionary, embeddings


def objectives(dictionary, embeddings, l1_penalty):
    """1/2 |z - C'w|^2 + l1_penalty / 2 * sum(w) a row: scikit-learn's alpha is l1_penalty / (2 d)."""
    atoms = np.asfortranarray(dictionary.T.astype(np.float64))
    lasso = Lasso(alpha=l1_penalty / (2 * atoms.shape[0]), positive=True, fit_intercept=False, tol=1e-10, max_iter=10**6)
    found = []
    for row in embeddings.astype(np.float64):
        weights = lasso.fit(atoms, row).coef_
        found.append(0.5 * np.sum((row - atoms @ weights) ** 2) + l1_penalty / 2 * np.sum(weights))
    return found


def main():
    cases = []
    for atoms, dim, rows, seed, l1_penalty in CASES:
        dictionary, embeddings = sample_problem(atoms, dim, rows, seed)
        cases.append(
            {
                "atoms": atoms, "dim": dim, "rows": rows, "seed": seed, "l1_penalty": l1_penalty,
                "checksum": float(np.sum(dictionary.astype(np.float64)) + np.sum(embeddings.astype(np.float64))),
                "objectives": [float(f"{value:.12g}") for value in objectives(dictionary, embeddings, l1_penalty)],
            }
        )
    path = pathlib.Path(__file__).with_name("sklearn_objectives.json")
    path.write_text(json.dumps({"scikit-learn": sklearn.__version__, "tol": 1e-10, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
