"""Runs the protocols, prints their checks, and writes results, documentation and a report."""
from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Callable, Sequence

import torch

from . import ROOT
from .checks import checks_document
from .command import CommandError, Splice, progress
from .documents import DocumentError
from .protocols import classes, drift, edits, explanations, linearity, search, sparsity, texts
from .workspace import Workspace

PROTOCOLS: dict[str, Callable[[Workspace], None]] = {
    "truth": explanations.run, "linearity": linearity.run, "sparsity": sparsity.run, "probes": sparsity.probes,
    "classes": classes.run, "scan": classes.scan, "edits": edits.run, "bias": edits.bias, "drift": drift.run,
    "gap": texts.gap, "antonyms": texts.antonyms, "retrieval": texts.retrieval, "relevance": texts.relevance, "search": search.run}


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("--splice", type=Path, default=ROOT / "build/release/bin/splice", help="the command (%(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "build/experiments", help="data, results, report (%(default)s)")
    parser.add_argument("--only", action="append", choices=list(PROTOCOLS), metavar="PROTOCOL", help="one of %(choices)s; repeatable")
    parser.add_argument("--quick", action="store_true", help="fewer scenes, and no documentation")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--force", action="store_true", help="run again what has not changed")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Exit code: 0, or 1 where a check failed or a run of the command did, 2 for wrong arguments."""
    arguments = _arguments(words)
    if not arguments.splice.is_file():
        print(f"experiments: --splice: got '{arguments.splice}', expected the command (make build)")
        return 2
    torch.set_num_threads(arguments.threads)
    out = arguments.out.resolve()
    splice = Splice(arguments.splice.resolve(), ROOT, out / "stamps", arguments.threads, arguments.force)
    workspace = Workspace(splice, out, scale=0.2 if arguments.quick else 1.0)
    begun = time.monotonic()
    broken = 0
    for name in arguments.only or PROTOCOLS:
        progress(f"{name} ({time.monotonic() - begun:.0f} s)")
        try:
            PROTOCOLS[name](workspace)
        except (CommandError, DocumentError) as error:
            broken += 1
            print(f"FAILED  {name}: {error}", flush=True)
    failed = sum(not check.passed for check in workspace.checks)
    workspace.add("checks", checks_document(workspace.checks))
    print(f"{len(workspace.checks) - failed} of {len(workspace.checks)} claims hold, {broken} protocols could not be run, "
          f"{time.monotonic() - begun:.0f} s")
    return 1 if failed or broken else 0
