"""Time a row of decompose and of other solvers, at equal duality gap, in one run, interleaved, one thread each.

For every peer the loosest tolerance is searched that brings the largest relative gap of its rows below the target,
by one fp64 certificate for all (certificate.py). Then all are timed in turns; medians over the turns are reported,
as multiples of one fp32 matrix product Z C' too.
"""

import argparse
import functools
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
from certificate import relative_gap, relative_gaps
from served_rows import Ours, ServedRows
from turns import run_in_turns

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
    rows: int = 0        # that the tolerance was chosen for
    timed_rows: int = 0  # that are solved in a turn; more than the above for iterated peers only
    tolerance: object = None
    max_gap: float = float("inf")
    mean_l0: float = 0.0
    search: list = field(default_factory=list)
    seconds: list = field(default_factory=list)


def seconds_of(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def timed_solve(peer, embeddings, l1_penalty, tolerance):
    """Seconds of one solve as the peer is charged for it."""
    if hasattr(peer, "seconds_for"):
        return peer.seconds_for(embeddings, l1_penalty, tolerance)
    return seconds_of(lambda: peer.solve(embeddings, l1_penalty, tolerance))


def search_tolerance(peer, atoms, embeddings, l1_penalty, target=TARGET_GAP):
    """The loosest of the peer's tolerances whose largest relative gap is at most the target, and what was tried.

    Returns (tolerance, gap, mean l0), [tried]. Where none is good enough, the best one: its gap says so. An iterated
    peer's tolerance is its mean number of iterations.
    """
    if hasattr(peer, "needed_iterations"):
        def gap_of(row, code):
            return relative_gap(atoms, embeddings[row], code, l1_penalty)

        iterations, codes = peer.needed_iterations(embeddings, l1_penalty, gap_of, target)
        gap = float(relative_gaps(atoms, embeddings, codes, l1_penalty).max())
        return (iterations, gap, mean_l0(codes)), [{"tolerance": iterations, "max_gap": gap}]
    tried = []
    best = (None, np.inf, 0.0)
    for tolerance in peer.tolerances:
        codes = peer.solve(embeddings, l1_penalty, tolerance)
        gap = float(relative_gaps(atoms, embeddings, codes, l1_penalty).max())
        tried.append({"tolerance": tolerance, "max_gap": gap})
        if gap < best[1]:
            best = (tolerance, gap, mean_l0(codes))
        if gap <= target:
            break
    return best, tried


def mean_l0(codes):
    return float(np.count_nonzero(codes) / codes.shape[0])


def rows_for(peer, embeddings, l1_penalty, settings):
    """As many rows as fit the budget of one turn, by the time of two at a middling tolerance."""
    if getattr(peer, "rows", None):
        return peer.rows
    tolerance = peer.tolerances[len(peer.tolerances) // 2]
    peer.solve(embeddings[:1], l1_penalty, tolerance)  # compiles, warms up
    seconds = seconds_of(lambda: peer.solve(embeddings[:2], l1_penalty, tolerance)) / 2
    return int(np.clip(settings.row_budget_s / seconds, 8, settings.batch))


def choose(peer, atoms, embeddings, l1_penalty, settings):
    entrant = Entrant(peer, rows=rows_for(peer, embeddings, l1_penalty, settings))
    entrant.timed_rows = min(getattr(peer, "timed_rows", entrant.rows), settings.batch)
    best, entrant.search = search_tolerance(peer, atoms, embeddings[:entrant.rows], l1_penalty)
    entrant.tolerance, entrant.max_gap, entrant.mean_l0 = best
    print(f"  {peer.name}: {entrant.rows} rows, tolerance {entrant.tolerance}, gap {entrant.max_gap:.1e}",
          file=sys.stderr)
    return entrant


def run_turns(entrants, products, embeddings, l1_penalty, turns):
    """Every entrant and every product once a turn; each turn starts with another one."""
    def run_entrant(entrant):
        return timed_solve(entrant.peer, embeddings[:entrant.timed_rows], l1_penalty, entrant.tolerance)

    order = [(entrant.seconds, functools.partial(run_entrant, entrant)) for entrant in entrants]
    run_in_turns(order + products, turns)


def entrant_figures(entrant, product_us):
    us = 1e6 * statistics.median(entrant.seconds) / entrant.timed_rows
    return {
        "name": entrant.peer.name, "us_per_row": us, "rows": entrant.rows, "tolerance": entrant.tolerance,
        "max_relative_gap": entrant.max_gap, "reached": entrant.max_gap <= TARGET_GAP, "mean_l0": entrant.mean_l0,
        "ratio_cpp_product": us / product_us["cpp"], "ratio_numpy_product": us / product_us["numpy"],
        "seconds": entrant.seconds, "search": entrant.search, "note": entrant.peer.note,
    }


def compare(peers, served, atoms, embeddings, l1_penalty, settings):
    """Figures of one penalty."""
    print(f"l1 {l1_penalty}", file=sys.stderr)
    exact_atoms = atoms.astype(np.float64)
    entrants = [choose(peer, exact_atoms, embeddings, l1_penalty, settings) for peer in peers]
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


def make_peers(served, atoms, batch):
    """All that can be imported, and a line for each that cannot."""
    peers = [Ours(served, batch, TARGET_GAP), Ours(served, batch, TARGET_GAP, at_a_time=1)]
    skipped = []
    makers = (functools.partial(lasso_peers.Spams, rows=batch), lasso_peers.make_celer, lasso_peers.make_skglm,
              lasso_peers.make_sklearn, dense_peers.Fista, dense_peers.PaperAdmm)
    for make in makers:
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
            peers, skipped = make_peers(served, atoms, settings.batch)
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
