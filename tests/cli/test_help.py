"""--help of each verb, and its examples run to the letter."""

import json
import re
import shlex

import numpy as np
import pytest
from conftest import run

VERBS = [["dictionary", "build"], ["dictionary", "info"], ["dictionary", "check"], ["vocabulary", "count"], ["mean"], ["decompose"],
         ["recompose"], ["show"], ["verify"], ["report"], ["info"], ["demo"]]  # embed needs a model: test_models.py


def test_the_command_lists_its_verbs_and_exit_codes():
    text = run("--help").stdout
    for verb in VERBS:
        assert verb[0] in text
    for code in ("0", "1", "2", "3", "4", "5", "70", "130"):
        assert re.search(rf"^\s+{code}\s", text, re.MULTILINE), code
    assert re.fullmatch(r"splice \d+\.\d+\.\d+\n", run("--version").stdout)


@pytest.mark.parametrize("group", ["dictionary", "vocabulary", "evaluate", "dataset"])
def test_verbs_of_verbs(group):
    """The group's own example, and its verbs, of which each has an example of its own."""
    text = run(group, "--help").stdout
    assert re.search(rf"^Example:\s*\n\s+splice {group} ", text, re.MULTILINE) and f"splice {group} VERB --help" in text
    verbs = re.findall(r"^  ([a-z-]+)  ", text[text.upper().index("SUBCOMMANDS") :], re.MULTILINE)
    assert verbs
    for verb in verbs:
        assert re.search(rf"^Example:\s*\n\s+splice {group} {verb} ", run(group, verb, "--help").stdout, re.MULTILINE), verb


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_example_of_each_verb_runs(built, verb):
    text = run(*verb, "--help").stdout
    example = re.search(r"^Example:\s*\n\s+splice (.*)$", text, re.MULTILINE)
    assert example, text
    generator = np.random.default_rng(1)
    np.save(built / "images.npy", generator.normal(size=(30, 24)).astype(np.float32))
    (built / "captions.txt").write_text("a red car\na red bus\n")
    for name in ("summary.json", "shift.json"):
        (built / name).write_text(json.dumps({"format": "splice_cuda.result.1", "experiment": "x", "title": "x", "tables": [], "charts": []}))
    if verb[0] in ("recompose", "show", "verify"):
        built.decompose()
    done = run(*shlex.split(example.group(1)), cwd=built.folder)
    assert done.stdout


def test_info_and_demo_as_json():
    info = json.loads(run("info", "--json").stdout)
    assert info["threads"] >= 1 and info["cpu_target"] and info["cuda"]
    demo = json.loads(run("demo", "--rows", 60, "--atoms", 500, "--dim", 64, "--json").stdout)
    assert demo["rows"] == 60 and demo["passed"] is True


def test_the_names_of_the_original_script_work(built):
    run("decompose", "-vocab", built / "dict.safetensors", "-path", built / "images.npy", "-out_path", built / "codes.npz",
        "-l1_penalty", 0.1, "-device", "cpu")
    assert (built / "codes.npz").exists()
