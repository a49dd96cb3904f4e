"""Decomposition by the project's own command."""
from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse
import torch
from torch import Tensor


class SpliceCommand:
    """The command `splice` with one dictionary (.safetensors, or .npy of atoms)."""

    def __init__(self, command: Path, dictionary: Path) -> None:
        self._command, self._dictionary = command, dictionary

    def decompose(self, embeddings: Tensor, l1_penalty: float, *options: str) -> scipy.sparse.csr_array:
        """Codes [n, p] of unit embeddings [n, d], all of them certified.

        Raises RuntimeError where a row is not.
        """
        with tempfile.TemporaryDirectory() as scratch:
            source, out = Path(scratch) / "embeddings.npy", Path(scratch) / "codes.npz"
            np.save(source, embeddings.numpy())
            self._run("decompose", "--dictionary", self._dictionary, "--embeddings", source, "--l1-penalty", l1_penalty,
                      "--out", out, *options)
            uncertified = int((np.load(out)["status"] != 0).sum())
            if uncertified:
                raise RuntimeError(f"splice decompose: {uncertified} of {len(embeddings)} rows are not certified")
            return scipy.sparse.csr_array(scipy.sparse.load_npz(out))

    def recompose(self, codes: scipy.sparse.csr_array, *options: str) -> Tensor:
        """Embeddings [n, d] of codes, which may have been edited."""
        with tempfile.TemporaryDirectory() as scratch:
            source, out = Path(scratch) / "codes.npz", Path(scratch) / "embeddings.npy"
            scipy.sparse.save_npz(source, scipy.sparse.csr_matrix(codes), compressed=False)
            self._run("recompose", source, "--dictionary", self._dictionary, "--out", out, *options)
            return torch.from_numpy(np.load(out))

    def _run(self, *arguments: str | float | Path) -> None:
        subprocess.run([str(self._command), *map(str, arguments), "--quiet", "--threads", "1"], check=True,
                       stdout=subprocess.DEVNULL)
