"""Shares of a run's time by function: profile_shares.py OUT.json BENCHMARK.json PERF_REPORT.txt ...

Pairs of what bench_stages wrote of one case and the text of `perf report -F overhead,symbol` for it. An empty report
gives no profile.
"""

import json
import pathlib
import re
import sys

LINE = re.compile(r"\s*([\d.]+)%\s+\[\.\]\s+(.+?)\s*$")


def short_name(symbol):
    """Without namespaces: the instruction set (N_AVX2) is the same for all, and named elsewhere."""
    return re.sub(r"(\w+|\(anonymous namespace\))::", "", symbol).split("(")[0]


def functions_of(report):
    """[{"function", "share"}], largest first; the kernel's are left out."""
    shares = {}
    for line in report.splitlines():
        match = LINE.match(line)
        if match:
            name = short_name(match[2])
            shares[name] = shares.get(name, 0.0) + float(match[1]) / 100
    return [{"function": name, "share": round(share, 4)}
            for name, share in sorted(shares.items(), key=lambda one: -one[1])]


def main(arguments):
    out, *inputs = arguments
    if not inputs or len(inputs) % 2:
        raise SystemExit("profile_shares: expected OUT.json and pairs of BENCHMARK.json and PERF_REPORT.txt")
    profiles = []
    for benchmark, report in zip(inputs[::2], inputs[1::2]):
        run = json.loads(pathlib.Path(benchmark).read_text())
        functions = functions_of(pathlib.Path(report).read_text())
        if functions:
            profiles.append({"name": run["benchmarks"][0]["name"].split("/iterations:")[0], "functions": functions})
    pathlib.Path(out).write_text(json.dumps({"context": run["context"], "profiles": profiles}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
