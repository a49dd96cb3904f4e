"""Merges what bench/gpu_check.sh left in its OUT into one file of bench/results: collect_gpu.py OUT [RESULTS_FOLDER]

writes RESULTS_FOLDER/gpu.json: {"context": {...}, "sweep": [...], "targets": [...], "peers": {...}, "profile": [...]}. OUT holds
sweep.jsonl, targets.jsonl, peers.json and summary.json. OUT/profile.json is optional: a list with kernel times of one call a
penalty, as torch.profiler counts them, {"l1": ..., "span_us": ..., "busy_us": ..., "kernels": {NAME: [TOTAL_US, LAUNCHES]}}; the
span lasts from the first kernel to the end of the last, busy is the sum of all kernels.
"""

import argparse
import json
import pathlib
import sys

BUILD = ("compiler", "cpu_target", "openblas_kernels", "version")  # the same in every line
PROFILE_KEYS = {"l1", "span_us", "busy_us", "kernels"}


def read_json(path):
    try:
        return json.loads(path.read_text())
    except (OSError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: {error}, expected a JSON file as bench/gpu_check.sh leaves it") from error


def sweep_of(path):
    """(lines without the build, the build) of bench_gpu's output. Raises ValueError naming the line where a case failed."""
    try:
        texts = path.read_text().splitlines()
    except OSError as error:
        raise ValueError(f"{path}: {error}, expected the lines of bench_gpu") from error
    lines, build = [], {}
    for count, text in enumerate(texts, 1):
        try:
            line = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}:{count}: {error}, expected a JSON object a line") from error
        if not isinstance(line, dict):
            raise ValueError(f"{path}:{count}: {text}, expected a JSON object a line")
        if "us_per_row" not in line:
            raise ValueError(f"{path}:{count}: {line.get('error', 'no us_per_row')}, expected every case to have run")
        if not line["same_bits"]:
            raise ValueError(f"{path}:{count}: {line['name']}: bits differ, expected the same from call to call")
        build = {key: line.pop(key) for key in BUILD}
        lines.append(line)
    if not lines:
        raise ValueError(f"{path}: empty, expected the lines of bench_gpu")
    return lines, build


def context_of(machine, peers, build):
    gpu = machine.get("gpu", {})
    missing = {"name", "driver_version", "compute_cap"} - gpu.keys()
    if missing:
        raise ValueError(f"summary.json: gpu without {', '.join(sorted(missing))}, expected a run on a GPU")
    return {"device": gpu["name"], "driver": gpu["driver_version"], "cuda": peers["context"].get("cuda", gpu.get("driver_cuda")),
            "torch": peers["context"]["library"].removeprefix("torch "), "commit": machine["commit"], "date": machine.get("date", "unknown"),
            "architecture": "sm_" + gpu["compute_cap"].replace(".", ""), "cpu": machine.get("cpu", "unknown"), "compiler": build["compiler"],
            "version": build["version"]}


def profile_of(path):
    """Empty without the file."""
    if not path.exists():
        return []
    profile = read_json(path)
    if not isinstance(profile, list) or any(not isinstance(one, dict) or set(one) != PROFILE_KEYS for one in profile):
        raise ValueError(f"{path}: other keys found, expected a list of objects with {', '.join(sorted(PROFILE_KEYS))}")
    return profile


def check_peers(peers, path):
    """The tables need the yardstick and our own time beside the others'."""
    failures = [text for one in peers["comparisons"] for text in one["failures"]]
    if failures or peers["problem_of_ours"]:
        raise ValueError(f"{path}: {failures or peers['problem_of_ours']}, expected every solver to have run")
    for one in peers["comparisons"]:
        if not any(product["name"] == "product, FP16" and "us_per_row" in product for product in one["products"]):
            raise ValueError(f"{path}: no time of the product in FP16 at l1 {one['l1_penalty']}, expected one")
        if not any(peer["name"] == "splice_cuda" for peer in one["peers"]):
            raise ValueError(f"{path}: no splice_cuda at l1 {one['l1_penalty']}, expected gpu_peers.py --bench-rows")


def collect(folder):
    """All of gpu.json. Raises ValueError naming the file that is missing or holds a failure."""
    try:
        peers = read_json(folder / "peers.json")
        check_peers(peers, folder / "peers.json")
        sweep, build = sweep_of(folder / "sweep.jsonl")
        targets, _ = sweep_of(folder / "targets.jsonl")
        context = context_of(read_json(folder / "summary.json")["machine"], peers, build)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{folder}: {type(error).__name__} {error}, expected files as bench/gpu_check.sh leaves them") from error
    return {"context": context, "sweep": sweep, "targets": targets, "peers": peers, "profile": profile_of(folder / "profile.json")}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="OUT of bench/gpu_check.sh")
    parser.add_argument("results", type=pathlib.Path, nargs="?", default=pathlib.Path(__file__).parent / "results")
    arguments = parser.parse_args(argv)
    try:
        result = collect(arguments.folder)
    except ValueError as error:
        print(f"collect_gpu: {error}", file=sys.stderr)
        return 2
    arguments.results.mkdir(parents=True, exist_ok=True)
    (arguments.results / "gpu.json").write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
