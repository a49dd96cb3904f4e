"""Regression gate: check_ratio.py RESULTS.json BASELINE.json [--margin 0.15]

Compares ratios to the matrix product of the same run, not times, case by case: a case fails whose lower quartile, and so
three of four repetitions, lies above the baseline's median by more than the margin (on a machine that others use too,
medians of single cases move by more than that). So do a row that was not certified, and a case of the baseline that a
full run lacks.
Machines of another kernel target (AVX2, AVX3_ZEN4, ...) need a baseline of their own: the ratio is one of our kernels
to OpenBLAS's. Exit status: 0 fine, 1 worse, 2 wrong input.
"""

import argparse
import sys

from results_file import load_results


def ratios_of(results):
    return {figure["name"]: figure for figure in results["figures"] if "ratio" in figure}


def compare(results, baseline, margin):
    """Complaints, one a case."""
    for key in ("cpu_target", "openblas_kernels"):
        if results["context"][key] != baseline["context"][key]:
            raise ValueError(f"{key} {results['context'][key]} compared with a baseline of "
                             f"{baseline['context'][key]}, expected the same")
    complaints = []
    measured, expected = ratios_of(results), ratios_of(baseline)
    if not expected:
        raise ValueError("the baseline holds no ratio, expected at least one case")
    # A short run is compared in what it has; a full one must have all.
    names = expected.keys() & measured.keys() if results.get("short") else expected.keys()
    if not names:
        raise ValueError("no case of the results is in the baseline, expected common ones")
    for name in sorted(names):
        if name not in measured:
            complaints.append(f"{name}: not measured")
            continue
        now, before = measured[name]["ratio_q1"], expected[name]["ratio"]
        if not now <= before * (1 + margin):
            complaints.append(f"{name}: {now:.2f} products or more in three of four repetitions, baseline {before:.2f}, "
                              f"at most {before * (1 + margin):.2f}")
    for name, figure in measured.items():
        if not figure["certified_share"] >= 1:
            complaints.append(f"{name}: {figure['certified_share']:.2%} of rows certified, expected all")
    return complaints


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results")
    parser.add_argument("baseline")
    parser.add_argument("--margin", type=float, default=0.15, help="tolerated relative increase (default 0.15)")
    arguments = parser.parse_args(argv)
    try:
        complaints = compare(load_results(arguments.results), load_results(arguments.baseline), arguments.margin)
    except ValueError as error:
        print(f"check_ratio: {error}", file=sys.stderr)
        return 2
    for complaint in complaints:
        print(f"check_ratio: {complaint}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
