"""`bench_rows serve`: our decompose and the C++ matrix product, asked over a pipe so that they run between peers."""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
import scipy.sparse


class ServedRows:
    def __init__(self, program, atoms_path, rows_path, threads=1, device="cpu"):
        self._scratch = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [str(program), "serve", str(atoms_path), str(rows_path), str(threads), device],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.build = self._read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._scratch.cleanup()

    def _read(self):
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"bench_rows ended with exit status {self._process.wait()}, expected an answer")
        return json.loads(line)

    def _ask(self, **request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._read()

    def decompose(self, l1_penalty, gap_tolerance, count, at_a_time):
        """Figures of one solve: seconds, certified, mean_l0, max_gap."""
        return self._ask(l1=l1_penalty, gap_tolerance=gap_tolerance, first=0, count=count, at_a_time=at_a_time)

    def decompose_seconds(self, l1_penalty, gap_tolerance, count, at_a_time):
        return self.decompose(l1_penalty, gap_tolerance, count, at_a_time)["seconds"]

    def decompose_codes(self, l1_penalty, gap_tolerance, count):
        path = pathlib.Path(self._scratch.name) / "codes.npz"
        self._ask(l1=l1_penalty, gap_tolerance=gap_tolerance, first=0, count=count, codes=str(path))
        return np.asarray(scipy.sparse.load_npz(path).todense(), dtype=np.float64)

    def product_seconds(self, count):
        return self._ask(product=True, first=0, count=count)["seconds"]


class Ours:
    """decompose in the shape of a peer: `rows` rows, `at_a_time` in a call. Its tolerance bounds the gap itself.

    The process that solves is timed inside; the pipe is not.
    """

    def __init__(self, served, rows, target, at_a_time=None):
        self.name = "splice_cuda" if at_a_time is None else f"splice_cuda, {at_a_time} row a call"
        self.rows = rows
        self.tolerances = (target,)
        self.note = None
        self._served = served
        self._at_a_time = at_a_time or rows

    def solve(self, embeddings, l1_penalty, tolerance):
        return self._served.decompose_codes(l1_penalty, tolerance, embeddings.shape[0])

    def seconds_for(self, embeddings, l1_penalty, tolerance):
        return self._served.decompose_seconds(l1_penalty, tolerance, embeddings.shape[0], self._at_a_time)
