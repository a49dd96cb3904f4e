"""Reads what collect.py and collect_gpu.py wrote."""

import json
import pathlib
import re

CASE = re.compile(r"(?P<sweep>\w+)/(?P<problem>\w+)/p:(?P<p>\d+)/d:(?P<d>\d+)(/n:(?P<n>\d+))?/(?P<asked>l1|l0|cosine):(?P<value>[\d.]+)"
                  r"(/(?P<solver>\w+)/threads:(?P<threads>\d+))?")

PARTS = ("machine", "context", "figures")
GPU_PARTS = ("context", "sweep", "peers", "profile")


def load_results(path, parts=PARTS, writer="collect.py"):
    """The file's object. Raises ValueError naming the file where it is none of ours."""
    path = pathlib.Path(path)
    try:
        results = json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: {error}, expected a JSON file that {writer} wrote") from error
    missing = set(parts) - set(results if isinstance(results, dict) else ())
    if missing:
        raise ValueError(f"{path}: {', '.join(sorted(missing))} missing, expected a file that {writer} wrote")
    return results


def parse_case(name):
    """A benchmark's name as a dictionary: sweep, problem, p, d, n, l1 (or l0, cosine), solver, threads."""
    match = CASE.fullmatch(name)
    if not match:
        raise ValueError(f"{name}: not a benchmark's name, expected sweep/problem/p:../d:../n:../l1:../...")
    case = match.groupdict()
    for key in ("p", "d", "n", "threads"):
        case[key] = int(case[key]) if case[key] else None
    case[case.pop("asked")] = float(case.pop("value"))
    return case


def sweep_of(results, sweep, problem=None):
    """Figures of one sweep, each with its case's values, in the file's order."""
    rows = []
    for figure in results["figures"]:
        case = parse_case(figure["name"])
        if case["sweep"] == sweep and problem in (None, case["problem"]):
            rows.append(case | figure)
    return rows
