#!/usr/bin/env python3
"""What the backward of torch.ops.splice_cuda costs beside its forward: medians of turns taken in order, one thread.

    SPLICE_TORCH_LIBRARY=build/release/lib/libsplice_cuda_torch.so bench/torch_gradients.py [--out FILE.json]

Text vectors of ../shared/data (p = 15,000 less copies, d = 384), centred and of length 1. Needs a Python with torch and numpy.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "python" / "splice_cuda"))
import torch_ops  # noqa: E402  the file alone: the package's other parts need not be built

CASES = ((1, 0.25), (64, 0.25), (64, 0.15), (256, 0.25), (256, 0.15), (1024, 0.25), (1024, 0.15), (4096, 0.25))


def text_vectors(data: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings [4096, 384] and atoms [p, 384]."""
    atoms = np.load(data / "concepts15k.f16.npy").astype(np.float32)
    queries = np.load(data / "queries4096.f16.npy").astype(np.float32) - np.load(data / "query_mean.npy").astype(np.float32)
    atoms = np.unique(atoms, axis=0)
    atoms -= (atoms / np.linalg.norm(atoms, axis=1, keepdims=True)).mean(0)
    return tuple(torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True)) for rows in (queries, atoms))


def forward_and_backward(embeddings: torch.Tensor, atoms: torch.Tensor, l1_penalty: float, wanted: str, dense: bool) -> tuple:
    """Seconds of the forward, of the backward, and atoms a row."""
    z = embeddings.clone().requires_grad_()
    c = atoms.requires_grad_(wanted == "all")
    penalties = torch.tensor([l1_penalty], requires_grad=wanted == "all")
    op = torch.ops.splice_cuda.decompose_dense if dense else torch.ops.splice_cuda.decompose
    start = time.perf_counter()
    out = op(z, c, l1_penalties=penalties)
    values = out[0] if dense else out[2]
    forward = time.perf_counter() - start
    total = values.sum()
    start = time.perf_counter()
    total.backward()
    backward = time.perf_counter() - start
    c.grad = None
    return forward, backward, int((values != 0).sum()) / len(z)


def measure(embeddings: torch.Tensor, atoms: torch.Tensor, turns: int) -> list[dict]:
    variants = [(rows, l1, wanted, dense) for rows, l1 in CASES for wanted in ("all", "embeddings") for dense in (False, True)]
    seconds: dict = {variant: [] for variant in variants}
    for turn in range(turns + 1):  # the first prepares the dictionary, and is not counted
        for rows, l1, wanted, dense in variants:
            measured = forward_and_backward(embeddings[:rows], atoms, l1, wanted, dense)
            if turn:
                seconds[rows, l1, wanted, dense].append(measured)
    return [{"rows": rows, "l1_penalty": l1, "gradients": wanted, "dense": dense, "atoms_a_row": round(taken[0][2], 1),
             "forward_ms": round(1e3 * statistics.median(one[0] for one in taken), 3),
             "backward_ms": round(1e3 * statistics.median(one[1] for one in taken), 3),
             "ratio": round(statistics.median(one[1] / one[0] for one in taken), 3)}
            for (rows, l1, wanted, dense), taken in seconds.items()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "text15k")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        parser.error(f"--data: got {arguments.data}, expected the folder with concepts15k.f16.npy and queries4096.f16.npy")
    if arguments.turns < 1:
        parser.error(f"--turns: got {arguments.turns}, expected at least 1")
    torch_ops.load()
    torch.set_num_threads(1)
    embeddings, atoms = text_vectors(arguments.data)
    table = measure(embeddings, atoms, arguments.turns)
    print("| rows | l1_penalty | op | gradients | atoms a row | forward | backward | ratio |\n|---|---|---|---|---|---|---|---|")
    for row in table:
        print(f"| {row['rows']:,} | {row['l1_penalty']} | {'decompose_dense' if row['dense'] else 'decompose'} | {row['gradients']} | "
              f"{row['atoms_a_row']} | {row['forward_ms']:.1f} ms | {row['backward_ms']:.1f} ms | {row['ratio']:.2f} |")
    if arguments.out:
        document = {"torch": str(torch.__version__), "threads": 1, "atoms": len(atoms), "dim": atoms.shape[1],
                    "turns": arguments.turns, "figures": table}
        arguments.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
