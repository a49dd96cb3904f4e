"""Whole runs: a few protocols on few scenes, and the paper's tables on tiny data sets of the published layouts."""

import csv
import subprocess
import sys
from types import SimpleNamespace

import pytest

from conftest import ROOT, skip_without_packages

skip_without_packages()

import fake_layouts

from experiments.documents import Document
from experiments import run as runs
from experiments.outputs import TEMPLATE
from experiments.page import collect, directives
from experiments.run import main


def run(command, *arguments):
    return subprocess.run([sys.executable, "-m", "experiments", "--splice", command, "--threads", "1", *map(str, arguments)], cwd=ROOT,
                          text=True, capture_output=True, check=False)


@pytest.fixture(scope="module")
def quick(command, tmp_path_factory):
    """A run of protocols whose claims hold of few scenes, too."""
    out = tmp_path_factory.mktemp("quick")
    return out, run(command, "--quick", "--out", out, "--only", "truth", "--only", "gap", "--only", "scan", "--only", "drift")


def test_claims_hold(quick):
    out, done = quick
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].startswith(f"{len(lines) - 1} of {len(lines) - 1} claims hold, 0 protocols")
    assert all(line.startswith("ok ") for line in lines[:-1])
    assert (out / "report.html").stat().st_size > 10_000
    for name in ("truth", "modality_gap", "scan", "drift_desert", "checks"):
        assert Document.read(out / "results" / f"{name}.json").tables


def test_the_page_finds_what_it_shows(quick, command):
    """Tables and columns that its template names are there in results of now, not only in those that are stored."""
    out, _ = quick
    assert run(command, "--quick", "--out", out, "--only", "search").returncode in (0, 1)  # its claims are of more scenes
    results = {path.stem: Document.read(path) for path in (out / "results").glob("*.json")}
    wanted = [one for one in directives(TEMPLATE.read_text()) if one.startswith("table ") and one.split()[1].split(".")[0] in results]
    assert {one.split()[1].split(".")[0] for one in wanted} >= {"truth", "scan", "search_like", "search_shifted"}
    facts = collect("".join("{{ " + one + " }}" for one in wanted), SimpleNamespace(documents=results))
    assert all(fact["rows"] for fact in facts["facts"].values())


def test_records_say_what_was_drawn(quick):
    out, _ = quick
    with (out / "data" / "years" / "records.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all((row["background"] == "desert") == (row["desert"] == "1") for row in rows)
    assert all(f"/{row['year']}/" in row["path"] for row in rows)
    share = {year: [row["desert"] == "1" for row in rows if row["year"] == year] for year in ("2001", "2010")}
    assert sum(share["2010"]) / len(share["2010"]) > 0.4 > 0.2 > sum(share["2001"]) / len(share["2001"])


def test_a_second_run_runs_nothing(quick, command):
    out, _ = quick
    done = run(command, "--quick", "--out", out, "--only", "truth", "--only", "gap")
    assert done.returncode == 0 and "experiments: splice decompose" not in done.stderr
    assert "experiments: render" not in done.stderr


def test_a_claim_that_fails_ends_with_1(quick, command, tmp_path):
    """Codes of other scenes: what was found is not true of them."""
    out, _ = quick
    program = tmp_path / "splice"
    program.write_text(f'#!/bin/sh\n"{command}" "$@" || exit\n'
                       f'case "$1" in decompose) "{sys.executable}" "{tmp_path}/shuffle.py" "$@";; esac\n')
    program.chmod(0o755)
    (tmp_path / "shuffle.py").write_text(
        "import sys, numpy, scipy.sparse\n"
        "out = sys.argv[sys.argv.index('--out') + 1]\n"
        "arrays = dict(numpy.load(out)); codes = scipy.sparse.load_npz(out)\n"
        "codes = codes[numpy.roll(numpy.arange(codes.shape[0]), 1)].tocsr()\n"
        "arrays.update(data=codes.data, indices=codes.indices, indptr=codes.indptr)\n"
        "numpy.savez(out, **arrays)\n")
    done = run(program, "--quick", "--out", out, "--only", "truth")
    assert done.returncode == 1
    assert "FAILED  truth: the heaviest concept is true" in done.stdout


@pytest.fixture(scope="module")
def published(command, tmp_path_factory):
    """Every data set of the paper, tiny, with a dictionary that knows the paper's words."""
    folder = tmp_path_factory.mktemp("published")
    data = []
    for name, (kind, make) in fake_layouts.LAYOUTS.items():
        (folder / name).mkdir()
        make(folder / name)
        data += ["--data", f"{name}={kind}:{folder / name}"]
    embeddings, words = fake_layouts.word_embeddings(folder)
    model = ROOT / "models" / "scene_clip"
    subprocess.run([command, "dictionary", "build", "--embeddings", embeddings, "--concepts", words, "--image-mean", model / "image_mean.npy",
                    "--out", folder / "words.safetensors", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return ["--model", model, "--dictionary", folder / "words.safetensors", *data]


def test_every_table_of_the_paper_is_made(published, command, tmp_path):
    done = run(command, "--quick", "--out", tmp_path / "out", *published)
    page = (tmp_path / "out" / "paper.md").read_text() if done.returncode == 0 else ""
    assert done.returncode == 0, done.stdout + done.stderr
    for place in ("Table 1", "Table 2", "Figure 3, Tables 5 and 6", "Tables 3 and 4", "Figures 4 and 10", "Figures 4 and 11", "Figure 7",
                  "Table 7", "Tables 8 and 9", "Figure 12", "Table 10"):
        assert f"## {place}: " in page
    assert "## Missing" not in page and "FAILED" not in page
    assert "no concept: trunks." in page and "no class man or woman: all classes are shown." in page
    glasses = Document.read(tmp_path / "out" / "results" / "paper_glasses.json").table("table")
    before, after = (glasses.value("glasses", classifier="probe on codes", condition=name) for name in ("codes", "edited"))
    assert before > 0.8 and after < before - 0.1  # stripes are glasses here: without them they are not seen
    assert glasses.value("gender", classifier="probe on codes", condition="edited") > 0.75


def test_what_is_not_given_is_listed(published, command, tmp_path):
    done = run(command, "--quick", "--out", tmp_path / "out", *published[:4], "--only", "birds", "--only", "antonyms")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "## Missing\n\n- Table 7 (Waterbirds: land backgrounds removed from a probe): no data set 'waterbirds'" in done.stdout
    assert "## Table 10" in done.stdout


@pytest.mark.parametrize("arguments, says", [
    (["--only", "zero"], "--only: got 'zero'"), (["--docs", "--quick"], "--docs: got it with --quick"),
    (["--data", "coco=coco-captions:/x"], "without --model"), (["--model", "nowhere"], "--model: found no"),
    (["--model", str(ROOT / "models/scene_clip"), "--data", "mnist=x:y"], "--data: got the name 'mnist'")])
def test_wrong_arguments(command, arguments, says, capsys):
    assert main(["--splice", str(command), *arguments]) == 2
    assert says in capsys.readouterr().out


def test_the_command_is_the_one_that_was_built(tmp_path, monkeypatch, capsys):
    """That of `make build`; that of `make demo` has no experiments."""
    monkeypatch.setattr(runs, "ROOT", tmp_path)
    path = tmp_path / "build/release/bin/splice"
    demo = tmp_path / "build/demo/bin/splice"
    demo.parent.mkdir(parents=True)
    demo.touch()
    assert main(["--only", "gap"]) == 2
    assert "--splice: got none, and there is no build/release/bin/splice" in capsys.readouterr().out
    assert main(["--splice", "nowhere"]) == 2 and "--splice: got 'nowhere'" in capsys.readouterr().out
    used = []
    monkeypatch.setattr(runs, "_run_scenes", lambda arguments, splice, out: used.append(splice.command) or 0)
    path.parent.mkdir(parents=True)
    path.touch()
    assert main([]) == 0 and used == [path]
