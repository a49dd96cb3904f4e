"""Runs the SpLiCE paper's protocols by the command `splice`.

Without --model: on scene-clip, each result beside the truth, with checks; writes results, docs/experiments.md and a report. With
--model and --data: the paper's tables on real data sets, as far as they are given.
"""
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
from .outputs import write_page, write_report
from .paper.data import NAMES, DataSource, PaperData, concept_names
from .paper.parts import PARTS, Paper
from .paper.run import run_paper
from .protocols import classes, drift, edits, explanations, linearity, search, sparsity, texts
from .workspace import Workspace

PROTOCOLS: dict[str, Callable[[Workspace], None]] = {
    "truth": explanations.run, "linearity": linearity.run, "sparsity": sparsity.run, "probes": sparsity.probes,
    "classes": classes.run, "scan": classes.scan, "edits": edits.run, "bias": edits.bias, "drift": drift.run,
    "gap": texts.gap, "antonyms": texts.antonyms, "retrieval": texts.retrieval, "relevance": texts.relevance, "search": search.run}
QUICK_SCALE = 0.25
COMMAND = "build/release/bin/splice"  # of `make build` and `make experiments`


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splice", type=Path, help=f"the command ({COMMAND})")
    parser.add_argument("--out", type=Path, help="data, results, report (build/experiments; with --model build/experiments-paper)")
    parser.add_argument("--only", action="append", metavar="NAME",
                        help=f"of scene-clip: {', '.join(PROTOCOLS)}; with --model: {', '.join(part.key for part in PARTS)}; repeatable")
    parser.add_argument("--quick", action="store_true", help="fewer scenes, or fewer points of each curve")
    parser.add_argument("--docs", action="store_true", help="write docs/experiments.json and docs/experiments.md of this run, which has to be whole")
    parser.add_argument("--threads", type=int, default=2, help="of each run of the command (%(default)s)")
    parser.add_argument("--force", action="store_true", help="run again what has not changed")
    parser.add_argument("--model", type=Path, help="model folder (splice-export)")
    parser.add_argument("--dictionary", type=Path, help="dictionary of that model; default: the one in its folder")
    parser.add_argument("--data", action="append", default=[], metavar="NAME=KIND:PATH", help=f"repeatable; names: {', '.join(NAMES)}")
    parser.add_argument("--embed-option", action="append", default=[], metavar="WORD", help="for splice embed, such as --embed-option=--limit=1000")
    return parser.parse_args(words)


def main(words: Sequence[str] | None = None) -> int:
    """Exit code: 0; 1 where a check or a run of the command failed; 2 for wrong arguments."""
    arguments = _arguments(words)
    try:
        _check(arguments)
        torch.set_num_threads(arguments.threads)
        out = (arguments.out or ROOT / ("build/experiments-paper" if arguments.model else "build/experiments")).resolve()
        splice = Splice(_command(arguments.splice).resolve(), ROOT, out / "stamps", arguments.threads, arguments.force)
        return _run_paper(arguments, splice, out) if arguments.model else _run_scenes(arguments, splice, out)
    except ValueError as error:
        print(f"experiments: {error}")
        return 2


def _check(arguments: argparse.Namespace) -> None:
    if arguments.data and not arguments.model:
        raise ValueError(f"--data: got '{arguments.data[0]}' without --model, expected a model folder")
    if arguments.docs and (arguments.quick or arguments.only or arguments.model):
        raise ValueError("--docs: got it with --quick, --only or --model, expected a whole run on scene-clip")
    known = [part.key for part in PARTS] if arguments.model else list(PROTOCOLS)
    for name in arguments.only or []:
        if name not in known:
            raise ValueError(f"--only: got '{name}', expected one of {', '.join(known)}")


def _command(given: Path | None) -> Path:
    """The command that was named, else the one that was built."""
    path = ROOT / COMMAND if given is None else given
    if path.is_file():
        return path
    got = f"none, and there is no {COMMAND}" if given is None else f"'{given}'"
    raise ValueError(f"--splice: got {got}; expected the command (make build)")


def _run_scenes(arguments: argparse.Namespace, splice: Splice, out: Path) -> int:
    workspace = Workspace(splice, out, scale=QUICK_SCALE if arguments.quick else 1.0)
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
    write_report(workspace, workspace.dictionary, "Experiments on scene-clip")
    if arguments.docs and not broken:
        write_page(workspace)
    print(f"{len(workspace.checks) - failed} of {len(workspace.checks)} claims hold, {broken} protocols could not be run, "
          f"{time.monotonic() - begun:.0f} s")
    return 1 if failed or broken else 0


def _run_paper(arguments: argparse.Namespace, splice: Splice, out: Path) -> int:
    model = arguments.model.resolve()
    dictionary = (arguments.dictionary or model / "dictionary.safetensors").resolve()
    for option, path in (("--model", model / "model.json"), ("--dictionary", dictionary)):
        if not path.is_file():
            raise ValueError(f"{option}: found no {path}")
    sources = [DataSource.parse(text) for text in arguments.data]
    data = PaperData(splice, model, out / "data", {source.name: source for source in sources}, arguments.embed_option)
    workspace = Workspace(splice, out, model)
    paper = Paper(workspace, data, dictionary, frozenset(concept_names(dictionary)), arguments.quick)
    failed = run_paper(paper, out / "paper.md", arguments.only)
    write_report(workspace, dictionary, f"The paper's experiments with {model.name}")
    print(f"experiments: wrote {out / 'paper.md'}, {out / 'report.html'}")
    return 1 if failed else 0
