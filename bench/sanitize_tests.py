#!/usr/bin/env python3
"""Runs one tool of compute-sanitizer over the demo and the GPU tests of a build.

    sanitize_tests.py BUILD --tool memcheck|racecheck|initcheck|synccheck

Tests are those that ctest labels gpu_small, or gpu where none is; but of FISTA and ADMM two alone, as a sanitizer makes each of
their thousands of launches slow. Exit status: 0 nothing found, 1 something found, or a test failed.
"""

import argparse
import json
import pathlib
import subprocess
import sys

LABELS = ("gpu_small", "gpu")
FOUND = 99
ITERATIVE = ("/fista", "/admm")
SHORT = ("ABadRowCostsTheOthersNothing", "EmptyBatch")
DEMO = ("demo", "--device", "cuda", "--rows", "64", "--atoms", "512", "--dim", "64")


def has_time_for(name):
    return not name.endswith(ITERATIVE) or any(short in name for short in SHORT)


def commands_of(tests):
    """One command an executable, [program, argument...], with the Google Test filters of its tests joined."""
    filters, others = {}, []
    for test in tests:
        program, *arguments = test["command"]
        if arguments and arguments[0].startswith("--gtest_filter="):
            name = arguments[0].partition("=")[2]
            if has_time_for(name):
                filters.setdefault(program, []).append(name)
        else:
            others.append([program, *arguments])
    return [[program, f"--gtest_filter={':'.join(names)}"] for program, names in filters.items()] + others


def labels_of(test):
    return {label for one in test.get("properties", []) if one["name"] == "LABELS" for label in one["value"]}


def gpu_tests(build):
    done = subprocess.run(["ctest", "--test-dir", str(build), "--show-only=json-v1"], check=True, capture_output=True,
                          text=True)
    tests = [test for test in json.loads(done.stdout)["tests"] if "command" in test]
    for label in LABELS:
        chosen = [test for test in tests if label in labels_of(test)]
        if chosen:
            return chosen
    return []


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--tool", required=True, choices=("memcheck", "racecheck", "initcheck", "synccheck"))
    arguments = parser.parse_args(argv)
    commands = [[str(arguments.build / "bin" / "splice"), *DEMO]] + commands_of(gpu_tests(arguments.build))
    bad = 0
    for command in commands:
        status = subprocess.run(["compute-sanitizer", "--tool", arguments.tool, "--error-exitcode", str(FOUND),
                                 *command]).returncode
        verdict = "ok" if status == 0 else "errors found" if status == FOUND else f"exit status {status}"
        print(f"{arguments.tool}: {verdict}: {' '.join(command)[:200]}", flush=True)
        bad += status != 0
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
