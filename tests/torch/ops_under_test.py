"""The ops, and the module of the package that registers what Python adds: loaded by path, without the rest of the package."""

import importlib.util
import os
from pathlib import Path

import numpy as np
import torch

_path = Path(__file__).parents[2] / "python" / "splice_cuda" / "torch_ops.py"
_spec = importlib.util.spec_from_file_location("splice_torch_ops", _path)
torch_ops = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(torch_ops)
ops = torch.ops.splice_cuda
COLUMN = {name: place for place, name in enumerate(torch_ops.REPORT_COLUMNS)}


def problem(rows=12, atoms=80, dim=32, seed=0, dtype=torch.float32):
    """Unit atoms in general position; unit rows of 4 of them and noise."""
    generator = torch.Generator().manual_seed(seed)
    dictionary = torch.randn(atoms, dim, generator=generator, dtype=torch.float64)
    dictionary /= dictionary.norm(dim=1, keepdim=True)
    chosen = torch.rand(rows, atoms, generator=generator, dtype=torch.float64).topk(min(4, atoms), dim=1).indices
    weights = torch.zeros(rows, atoms, dtype=torch.float64).scatter(1, chosen, 1.0)
    weights *= torch.rand(rows, atoms, generator=generator, dtype=torch.float64) + 0.5
    embeddings = weights @ dictionary + 0.1 * torch.randn(rows, dim, generator=generator, dtype=torch.float64)
    embeddings /= embeddings.norm(dim=1, keepdim=True).clamp_min(1e-30)
    return embeddings.to(dtype), dictionary.to(dtype)


def solve_by_active_set(z, dictionary, l1_penalty, weights=None, nonnegative=True):
    """One row in fp64, by numpy: the lasso by growing and shrinking an active set (Osborne, Presnell & Turlach 2000), no code
    in common with the library."""
    z, dictionary = np.asarray(z, dtype=np.float64), np.asarray(dictionary, dtype=np.float64)
    penalty = l1_penalty / 2 * (np.ones(len(dictionary)) if weights is None else np.asarray(weights, dtype=np.float64))
    w = np.zeros(len(dictionary))
    active, signs = [], {}
    for _ in range(1000):
        pull = dictionary @ (z - w @ dictionary)
        excess = (pull if nonnegative else np.abs(pull)) - penalty
        excess[active] = -np.inf
        entering = int(np.argmax(excess))
        if excess[entering] <= 1e-12:
            return w
        active.append(entering)
        signs[entering] = 1.0 if nonnegative else np.sign(pull[entering])
        while True:
            atoms = dictionary[active]
            sign = np.array([signs[j] for j in active])
            target = np.linalg.solve(atoms @ atoms.T, atoms @ z - penalty[active] * sign)
            wrong = [i for i in range(len(active)) if target[i] * sign[i] <= 0]
            if not wrong:
                w[:] = 0
                w[active] = target
                break
            # As far as the first weight that reaches 0, which leaves.
            steps = {i: w[active[i]] / (w[active[i]] - target[i]) for i in wrong}
            first = min(steps, key=steps.get)
            w[active] += steps[first] * (target - w[active])
            w[active[first]] = 0
            del active[first]
    raise AssertionError("the active set did not settle")


def dense(codes, atoms):
    """CSR tensors as a dense matrix."""
    row_offsets, atom_indices, values = codes[:3]
    out = torch.zeros(len(row_offsets) - 1, atoms, dtype=values.dtype)
    for row in range(len(out)):
        entries = slice(int(row_offsets[row]), int(row_offsets[row + 1]))
        out[row, atom_indices[entries].long()] = values[entries]
    return out


def library(variable):
    path = os.environ.get(variable)
    return path if path and Path(path).is_file() else None
