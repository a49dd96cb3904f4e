"""Writes a TorchScript module that calls the op: the C++ test loads it. Usage: write_scripted.py FILE"""

import sys

import torch

from ops_under_test import ops  # noqa: F401  (loads the ops)


class Concepts(torch.nn.Module):
    """Embeddings [n, d] to concept weights [n, p]."""

    def __init__(self, dictionary: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("dictionary", dictionary)

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        weights, _ = torch.ops.splice_cuda.decompose_dense(embeddings, self.dictionary, 0.5)
        return weights


if __name__ == "__main__":
    torch.manual_seed(3)
    torch.jit.script(Concepts(torch.randn(50, 24))).save(sys.argv[1])
