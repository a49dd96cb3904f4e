"""Time a row of dense solvers in PyTorch on a GPU, at the same certified gap as decompose, and of the product Z C' in
each precision; all in turns, medians over the turns.

A row of FISTA or of the paper's ADMM counts the iterations until its certificate in fp64 is at most the target; the
time of an iteration is measured on a full batch and multiplied. A stopping rule and rows that leave cost them nothing.
With --bench-rows, decompose runs in the same turns, from rows in host memory. Exit status: 0; 1 where something did not
run, which the file says, beside what did.

    gpu_peers.py --out OUT.json [--problem FOLDER] [--device cuda] [--bench-rows PROGRAM] [--short]
    gpu_peers.py --out OUT.json --device cpu --tiny [--library numpy]      tries the logic, anywhere

FOLDER holds atoms.npy and embeddings.npy (bench_rows export); without it, a synthetic problem is made.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import sys
import tempfile
from dataclasses import dataclass, field

import numpy as np

import array_libraries
from batch_solvers import BatchCertificate, Fista, PaperAdmm, iterations_to_gap
from matrix_products import products_of
from synthetic_problem import synthetic_problem
from turns import run_in_turns

TARGET_GAP = 1e-6


@dataclass
class Settings:
    penalties: tuple
    size: tuple  # atoms, dim, rows of the synthetic problem
    product_rows: int
    counted_rows: int  # whose iterations are counted
    fista_rows: int  # of which an iteration is timed
    admm_rows: int
    our_rows: int
    timed_iterations: int
    most_iterations: int
    turns: int
    compiled: bool = True  # FISTA by torch.compile, too


FULL = Settings(penalties=(0.35, 0.25), size=(15000, 512, 65536), product_rows=65536, counted_rows=512, fista_rows=8192,
                admm_rows=1024, our_rows=65536, timed_iterations=10, most_iterations=8000, turns=5)
SHORT = Settings(penalties=(0.25,), size=(15000, 512, 65536), product_rows=65536, counted_rows=64, fista_rows=4096,
                 admm_rows=512, our_rows=65536, timed_iterations=4, most_iterations=3000, turns=3, compiled=False)
TINY = Settings(penalties=(0.3,), size=(240, 24, 64), product_rows=64, counted_rows=12, fista_rows=32, admm_rows=32,
                our_rows=64, timed_iterations=3, most_iterations=6000, turns=3)


@dataclass
class Entrant:
    name: str
    note: str
    rows: int  # that a timing is of
    scale: float  # what a timing is multiplied with, for all iterations of a row
    run: object  # gives the seconds of one timing
    figures: dict
    seconds: list = field(default_factory=list)

    def result(self):
        us = 1e6 * statistics.median(self.seconds) * self.scale / self.rows
        result = {"name": self.name, "us_per_row": us, "timed_rows": self.rows, "seconds": self.seconds,
                  "note": self.note} | self.figures
        if "factor_s" in self.figures:
            result["us_per_row_with_factor"] = us + 1e6 * self.figures["factor_s"] / self.rows
        return result


def iterated_entrant(arrays, solver, certificate, embeddings, l1_penalty, timed_rows, settings):
    counted = embeddings[:settings.counted_rows]
    iterations, gaps = iterations_to_gap(solver, certificate, counted, l1_penalty, TARGET_GAP,
                                         most=settings.most_iterations)
    reached = gaps <= TARGET_GAP
    # A row that never gets there counts as the most iterations: its solver's time is a lower bound then.
    figures = {"rows": len(counted), "iterations": float(iterations.mean()),
               "iterations_where_reached": float(iterations[reached].mean()) if reached.any() else None,
               "reached_share": float(reached.mean()), "max_relative_gap": float(gaps.max()),
               "median_relative_gap": float(np.median(gaps))}
    if hasattr(solver, "make_factor"):
        solver.make_factor()  # warms up
        figures["factor_s"] = arrays.seconds_of(solver.make_factor)
    batch = embeddings[:timed_rows]
    state = [solver.step(solver.start(batch), l1_penalty)]

    def some_iterations():
        for _ in range(settings.timed_iterations):
            state[0] = solver.step(state[0], l1_penalty)

    print(f"  {solver.name}: {figures}", file=sys.stderr)
    return Entrant(solver.name, solver.note, len(batch), figures["iterations"] / settings.timed_iterations,
                   lambda: arrays.seconds_of(some_iterations), figures)


def our_entrant(served, l1_penalty, rows):
    answer = served.decompose(l1_penalty, TARGET_GAP, rows, rows)
    figures = {"rows": rows, "max_relative_gap": 2 * answer["max_gap"], "reached_share": answer["certified"] / rows,
               "mean_l0": answer["mean_l0"]}
    return Entrant("splice_cuda", "rows in host memory, wall clock", rows, 1.0,
                   lambda: served.decompose_seconds(l1_penalty, TARGET_GAP, rows, rows), figures)


def product_entrant(arrays, name, run, atoms, rows, problem):
    """A product's result has its rate; one that did not run, why."""
    operations = 2 * rows * atoms.size
    entrant = Entrant(f"product, {name}", "operands converted beforehand", rows, 1.0,
                      (lambda: arrays.seconds_of(run)) if run else None, {"error": problem} if problem else {})
    entrant.figures["operations"] = operations
    return entrant


def product_result(entrant):
    if entrant.run is None:
        return {"name": entrant.name} | entrant.figures
    result = entrant.result()
    return result | {"tera_operations_per_s": result.pop("operations") / statistics.median(entrant.seconds) * 1e-12}


def text_of(error):
    return f"{type(error).__name__}: {error}".splitlines()[0]


def entrant_makers(arrays, served, atoms, embeddings, l1_penalty, settings):
    """Functions, one an entrant, so that each may fail alone."""
    certificate = BatchCertificate(arrays, atoms)

    def iterated(make, timed_rows):
        return lambda: iterated_entrant(arrays, make(), certificate, embeddings, l1_penalty, timed_rows, settings)

    def fista(precision, compiled):
        return iterated(lambda: Fista(arrays, atoms, precision, compiled), settings.fista_rows)

    makers = [fista(precision, False) for precision in arrays.precisions]
    if arrays.compiles and settings.compiled:
        makers += [fista(precision, True) for precision in arrays.precisions if precision != "fp64"]
    makers.append(iterated(lambda: PaperAdmm(arrays, atoms), settings.admm_rows))
    if served is not None:
        makers.append(lambda: our_entrant(served, l1_penalty, min(settings.our_rows, len(embeddings))))
    return makers


def compare(arrays, served, atoms, embeddings, l1_penalty, settings):
    """Figures of one penalty. A solver that fails (out of memory, say) is a figure too, and stops no other."""
    print(f"l1 {l1_penalty}", file=sys.stderr)
    entrants, failures = [], []
    for make in entrant_makers(arrays, served, atoms, embeddings, l1_penalty, settings):
        try:
            entrants.append(make())
        except Exception as error:  # whatever it is: it is reported, and the others are measured
            failures.append(text_of(error))
            print(f"  failed: {failures[-1]}", file=sys.stderr)
    batch = embeddings[:settings.product_rows]
    products = [product_entrant(arrays, name, run, atoms, len(batch), problem)
                for name, run, problem in products_of(arrays, atoms, batch)]
    run_in_turns([(one.seconds, one.run) for one in entrants + products if one.run], settings.turns)
    return {"l1_penalty": l1_penalty, "turns": settings.turns, "peers": [one.result() for one in entrants],
            "products": [product_result(one) for one in products], "failures": failures}


def load(arguments, settings):
    if arguments.problem is None:
        return "synthetic (numpy)", *synthetic_problem(*settings.size)
    folder = arguments.problem
    return folder.name, np.load(folder / "atoms.npy"), np.load(folder / "embeddings.npy")


@contextlib.contextmanager
def serve(arguments, atoms, embeddings):
    """bench_rows and, where it did not start, why."""
    if arguments.bench_rows is None:
        yield None, None
        return
    from served_rows import ServedRows

    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / name for name in ("atoms.npy", "embeddings.npy")]
        for path, matrix in zip(paths, (atoms, embeddings)):
            np.save(path, matrix)
        try:
            served = ServedRows(arguments.bench_rows, *paths, threads=0, device=arguments.device)
        except (OSError, RuntimeError) as error:
            yield None, text_of(error)
            return
        with served:
            yield served, None


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--problem", type=pathlib.Path, help="folder with atoms.npy and embeddings.npy")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--library", choices=("auto", "torch", "numpy"), default="auto")
    parser.add_argument("--bench-rows", type=pathlib.Path, help="this program runs decompose in the same turns")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--short", action="store_true", help="one penalty, fewer rows and iterations: a minute of a GPU")
    size.add_argument("--tiny", action="store_true", help="a problem that takes seconds on a CPU")
    arguments = parser.parse_args(argv)
    settings = TINY if arguments.tiny else SHORT if arguments.short else FULL
    try:
        arrays = array_libraries.choose(arguments.library, arguments.device)
    except (ImportError, RuntimeError) as error:
        print(f"gpu_peers: {error}", file=sys.stderr)
        return 1
    problem, atoms, embeddings = load(arguments, settings)
    result = {"context": arrays.describe(), "problem": problem, "atoms": atoms.shape[0], "dim": atoms.shape[1],
              "target_gap": TARGET_GAP, "comparisons": []}
    with serve(arguments, atoms, embeddings) as (served, problem_of_ours):
        result["problem_of_ours"] = problem_of_ours
        for l1_penalty in settings.penalties:
            result["comparisons"].append(compare(arrays, served, atoms, embeddings, l1_penalty, settings))
            arguments.out.write_text(json.dumps(result, indent=1) + "\n")  # what is measured stays, whatever comes next
    failed = problem_of_ours or any(one["failures"] for one in result["comparisons"])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
