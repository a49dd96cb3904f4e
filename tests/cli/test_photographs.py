"""The README's example on real vectors, to the letter."""

import re
import shlex
from pathlib import Path

import pytest
from conftest import SHARED_DATA, run

README = Path(__file__).parents[2] / "README.md"

pytestmark = pytest.mark.skipif(not (SHARED_DATA / "coco_b16").is_dir(), reason=f"needs {SHARED_DATA}/coco_b16, which is absent")


def readme_session():
    """(command, lines printed) of the README's section on the command."""
    section = README.read_text(encoding="utf-8").split("## The command")[1].split("\n## ")[0].replace("\\\n", " ")
    session = []
    for line in section.splitlines():
        if line.startswith("    $ "):
            session.append((line[6:], []))
        elif line.startswith("    ") and session:
            session[-1][1].append(line[4:])
    return session


def test_the_readme_shows_what_the_command_prints(tmp_path):
    for folder, name in (("coco_b16", "images500.npy"), ("coco_b16", "concepts171.npy"), ("coco_b16", "concepts171.txt"),
                         ("means", "clip_ViT-B-16.npy")):
        (tmp_path / name).symlink_to(SHARED_DATA / folder / name)
    session = readme_session()
    assert len(session) >= 4
    for command, expected in session:
        words = shlex.split(command)
        assert words[0] == "splice"
        printed = run(*words[1:], cwd=tmp_path, env={"COLUMNS": "80"}).stdout.splitlines()
        for line in expected:
            if line.strip() == "...":
                continue
            # Figures of rounding size depend on the instruction set.
            stable = re.sub(r"(gap|largest gap) [0-9.e-]+", r"\1 *", line)
            assert stable in [re.sub(r"(gap|largest gap) [0-9.e-]+", r"\1 *", seen) for seen in printed], (command, line, printed[:5])


def test_a_motorcycle_is_named_first(tmp_path):
    coco = SHARED_DATA / "coco_b16"
    run("dictionary", "build", "-e", coco / "concepts171.npy", "-c", coco / "concepts171.txt", "--image-mean",
        SHARED_DATA / "means" / "clip_ViT-B-16.npy", "-o", tmp_path / "coco.safetensors")
    printed = run("decompose", "-d", tmp_path / "coco.safetensors", "-e", coco / "images500.npy", "--l1-penalty", 0.1).stdout
    assert re.match(r"row 0  motorcycle 0\.3\d\d, ", printed)
    assert "500 rows in" in printed and "100% certified" in printed
