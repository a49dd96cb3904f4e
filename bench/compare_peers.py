"""Time a row of decompose and of other solvers, at equal duality gap, in one run, interleaved, one thread each.

For every peer the loosest tolerance is searched that brings the largest relative gap of its rows below the target,
by one fp64 certificate for all (certificate.py). Then all are timed in turns; medians over the turns are reported,
as multiples of one fp32 matrix product Z C' too.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import numpy as np
import threadpoolctl

import dense_peers
import lasso_peers
from certificate import relative_gaps
from served_rows import ServedRows

TARGET_GAP = 1e-6


@dataclass
class Settings:
    penalties: tuple
    batch: int          # rows of ours, of the matrix products and of SPAMS
    row_budget_s: float  # a peer's time in one turn, which decides how many of the rows it gets
    turns: int


FULL = Settings(penalties=(0.35, 0.25), batch=512, row_budget_s=2.0, turns=5)
SHORT = Settings(penalties=(0.35,), batch=256, row_budget_s=0.5, turns=3)


@dataclass
class Entrant:
    peer: object
    rows: int = 0
    tolerance: object = None
    max_gap: float = float("inf")
    mean_l0: float = 0.0
    search: list = field(default_factory=list)
    seconds: list = field(default_factory=list)


class Ours:
    """decompose of `bench_rows serve` in the shape of a peer; the tolerance is its own bound of the gap."""

    batched = True
    tolerances = (TARGET_GAP,)

    def __init__(self, served, at_a_time=None):
        self.name = "splice_cuda" if at_a_time is None else f"splice_cuda, {at_a_time} row a call"
        self.note = None
        self._served = served
        self._at_a_time = at_a_time

    def solve(self, embeddings, l1_penalty, tolerance):
        return self._served.decompose_codes(l1_penalty, tolerance, embeddings.shape[0])

    def timed(self, embeddings, l1_penalty, tolerance):
        return self._served.decompose_seconds(l1_penalty, tolerance, embeddings.shape[0], self._at_a_time)


def seconds_of(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def timed_solve(peer, embeddings, l1_penalty, tolerance):
    """Seconds of one solve as the peer is charged for it."""
    if hasattr(peer, "timed"):
        return peer.timed(embeddings, l1_penalty, tolerance)
    if hasattr(peer, "prepare"):
        peer.prepare(tolerance)
    seconds = seconds_of(lambda: peer.solve(embeddings, l1_penalty, tolerance))
    return peer.seconds_of(embeddings, l1_penalty) if hasattr(peer, "seconds_of") else seconds


def search_tolerance(peer, atoms, embeddings, l1_penalty, target=TARGET_GAP):
    """The loosest of the peer's tolerances whose largest relative gap is at most the target, and what was tried.

    Where none is good enough, the best one is returned: its gap says so.
    """
    tried = []
    best = (None, np.inf, 0.0)
    for tolerance in peer.tolerances:
        codes = peer.solve(embeddings, l1_penalty, tolerance)
        gap = float(relative_gaps(atoms, embeddings, codes, l1_penalty).max())
        tried.append({"tolerance": tolerance, "max_gap": gap})
        if gap < best[1]:
            best = (tolerance, gap, float(np.count_nonzero(codes) / codes.shape[0]))
        if gap <= target:
            break
    return best, tried


def rows_for(peer, embeddings, l1_penalty, settings):
    """As many rows as fit the budget of one turn, by the time of a few at a middling tolerance."""
    if peer.name.startswith(("splice_cuda", "SPAMS")):
        return settings.batch
    few = embeddings[:2] if not peer.batched else embeddings[:8]
    tolerance = peer.tolerances[len(peer.tolerances) // 2]
    peer.solve(few[:1], l1_penalty, peer.tolerances[0])  # compiles, warms up
    seconds = seconds_of(lambda: peer.solve(few, l1_penalty, tolerance)) / few.shape[0]
    return int(np.clip(settings.row_budget_s / seconds, 8, settings.batch))


def choose(peer, atoms, embeddings, l1_penalty, settings):
    entrant = Entrant(peer, rows=rows_for(peer, embeddings, l1_penalty, settings))
    best, entrant.search = search_tolerance(peer, atoms, embeddings[:entrant.rows], l1_penalty)
    entrant.tolerance, entrant.max_gap, entrant.mean_l0 = best
    print(f"  {peer.name}: {entrant.rows} rows, tolerance {entrant.tolerance}, gap {entrant.max_gap:.1e}",
          file=sys.stderr)
    return entrant


def run_turns(entrants, products, embeddings, l1_penalty, turns):
    """Every entrant and every product once a turn; each turn starts with another one."""
    order = [(entrant.seconds, lambda e=entrant: timed_solve(
        e.peer, embeddings[:e.rows], l1_penalty, e.tolerance)) for entrant in entrants]
    order += [(seconds, run) for seconds, run in products]
    for turn in range(turns):
        first = turn * len(order) // turns
        for seconds, run in order[first:] + order[:first]:
            seconds.append(run())


def entrant_figures(entrant, product_us):
    us = 1e6 * statistics.median(entrant.seconds) / entrant.rows
    return {
        "name": entrant.peer.name, "us_per_row": us, "rows": entrant.rows, "tolerance": entrant.tolerance,
        "max_relative_gap": entrant.max_gap, "reached": entrant.max_gap <= TARGET_GAP, "mean_l0": entrant.mean_l0,
        "ratio_cpp_product": us / product_us["cpp"], "ratio_numpy_product": us / product_us["numpy"],
        "seconds": entrant.seconds, "search": entrant.search, "note": entrant.peer.note,
    }


def compare(peers, served, atoms, embeddings, l1_penalty, settings):
    """Figures of one penalty."""
    print(f"l1 {l1_penalty}", file=sys.stderr)
    entrants = [choose(peer, atoms, embeddings, l1_penalty, settings) for peer in peers]
    batch = embeddings[:settings.batch]
    output = np.empty((settings.batch, atoms.shape[0]), dtype=np.float32)
    numpy_seconds, cpp_seconds = [], []
    products = [
        (numpy_seconds, lambda: seconds_of(lambda: np.matmul(batch, atoms.T, out=output))),
        (cpp_seconds, lambda: served.product_seconds(settings.batch)),
    ]
    for _, run in products:
        run()
    run_turns(entrants, products, embeddings, l1_penalty, settings.turns)
    product_us = {"numpy": 1e6 * statistics.median(numpy_seconds) / settings.batch,
                  "cpp": 1e6 * statistics.median(cpp_seconds) / settings.batch}
    return {"l1_penalty": l1_penalty, "batch": settings.batch, "turns": settings.turns,
            "product_us_per_row": product_us,
            "peers": [entrant_figures(entrant, product_us) for entrant in entrants]}


def make_peers(served, atoms):
    """All that can be imported, and a line for each that cannot."""
    peers = [Ours(served), Ours(served, at_a_time=1)]
    skipped = []
    for make in (lasso_peers.Spams, lasso_peers.make_celer, lasso_peers.make_skglm, lasso_peers.make_sklearn,
                 dense_peers.Fista, dense_peers.PaperAdmm):
        try:
            peers.append(make(atoms))
        except ImportError as error:
            skipped.append(str(error))
            print(f"compare_peers: a peer is left out: {error}", file=sys.stderr)
    return peers, skipped


def run(program, settings):
    with tempfile.TemporaryDirectory() as folder, threadpoolctl.threadpool_limits(1):
        folder = pathlib.Path(folder)
        name = subprocess_output([str(program), "export", str(folder), str(settings.batch)])
        atoms, embeddings = np.load(folder / "atoms.npy"), np.load(folder / "embeddings.npy")
        with ServedRows(program, folder / "atoms.npy", folder / "embeddings.npy") as served:
            peers, skipped = make_peers(served, atoms)
            with threadpoolctl.threadpool_limits(1):  # also of what the peers have loaded
                comparisons = [compare(peers, served, atoms, embeddings, l1, settings)
                               for l1 in settings.penalties]
            build = served.build
    blas = next((pool for pool in threadpoolctl.threadpool_info() if "numpy" in pool["filepath"]), {})
    return {"problem": name, "atoms": atoms.shape[0], "dim": atoms.shape[1], "target_gap": TARGET_GAP,
            "context": build | {"numpy_openblas": f"{blas.get('version')}, {blas.get('architecture')}"},
            "skipped": skipped, "comparisons": comparisons}


def subprocess_output(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench-rows", type=pathlib.Path, required=True, help="the program bench_rows")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="JSON file to write")
    parser.add_argument("--short", action="store_true", help="one penalty, fewer rows and turns")
    arguments = parser.parse_args()
    if not arguments.bench_rows.is_file():
        parser.error(f"--bench-rows: {arguments.bench_rows} is no file, expected the built program bench_rows")
    figures = run(arguments.bench_rows, SHORT if arguments.short else FULL)
    arguments.out.write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
