"""Merges the output of the benchmarks into bench/results: figures, and what they were measured on.

    collect.py RESULTS_FOLDER NAME INPUT.json [--short]

writes RESULTS_FOLDER/NAME.json: {"machine": {...}, "short": ..., "context": {...}, "figures": [...]}. The input is
Google Benchmark's JSON, of which our counters are kept, or the JSON of compare_peers.py ("comparisons") or of profile_shares.py
("profiles").
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess

DROPPED = {"family_index", "per_family_instance_index", "run_name", "run_type", "repetitions",
           "repetition_index", "threads", "time_unit", "real_time", "cpu_time", "iterations"}
OWN_CONTEXT = ("compiler", "cpu_target", "openblas_kernels", "version")


def cpu_model(cpuinfo="/proc/cpuinfo"):
    """Name, family and model: virtual machines often name no more than the maker."""
    fields = {}
    for line in pathlib.Path(cpuinfo).read_text().splitlines():
        key, _, value = line.partition(":")
        fields.setdefault(key.strip(), value.strip())
    name = fields.get("model name", platform.machine())
    return f"{name} (family {fields['cpu family']}, model {fields['model']})" if "cpu family" in fields else name


def cpu_features(cpuinfo="/proc/cpuinfo"):
    """Which of the instruction sets that decide the speed are there."""
    flags = pathlib.Path(cpuinfo).read_text().split("flags", 1)[-1].split("\n", 1)[0].split()
    return [name for name in ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8") if name in flags]


def commit_of(folder):
    def git(*arguments):
        return subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True,
                              text=True).stdout.strip()

    changed = git("status", "--porcelain", "--", "src", "include", "bench/*.cpp", "bench/*.hpp", "bench/*.py")
    return git("rev-parse", "--short=12", "HEAD") + (" with changes" if changed else "")


def describe_machine():
    return {
        "cpu": cpu_model(), "cores": len(os.sched_getaffinity(0)), "features": cpu_features(),
        "commit": commit_of(pathlib.Path(__file__).parent),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d"),
    }


def figures_of(raw, source):
    """(context, figures) of one output."""
    if "comparisons" in raw:
        context = raw["context"] | {key: raw[key] for key in ("problem", "atoms", "dim", "target_gap", "skipped")}
        return context, raw["comparisons"]
    if "profiles" in raw:
        return {key: raw["context"][key] for key in OWN_CONTEXT}, raw["profiles"]
    if "benchmarks" not in raw:
        raise ValueError(f"{source}: neither \"benchmarks\", \"comparisons\" nor \"profiles\" found, expected one of them")
    failed = [one["name"] for one in raw["benchmarks"] if one.get("error_occurred")]
    if failed or not raw["benchmarks"]:
        raise ValueError(f"{source}: failed or empty: {failed}, expected every case to have run")
    context = {key: raw["context"][key] for key in OWN_CONTEXT}
    figures = [{key: value for key, value in one.items() if key not in DROPPED} for one in raw["benchmarks"]]
    for figure in figures:  # Google Benchmark's own settings at the end of the name
        figure["name"] = figure["name"].split("/iterations:")[0]
    return context, figures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("name")
    parser.add_argument("input", type=pathlib.Path)
    parser.add_argument("--short", action="store_true", help="marks the figures as those of a short run")
    arguments = parser.parse_args()
    context, figures = figures_of(json.loads(arguments.input.read_text()), arguments.input)
    result = {"machine": describe_machine(), "short": arguments.short, "context": context, "figures": figures}
    arguments.folder.mkdir(parents=True, exist_ok=True)
    (arguments.folder / f"{arguments.name}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
