"""Runs of the command: again only where something changed, and loud where one fails."""

import os
import stat

import pytest

from conftest import skip_without_packages

skip_without_packages()

from experiments.command import CommandError, Splice

# Copies the file after --embeddings to the one after --out, and counts its runs.
PROGRAM = """#!/bin/sh
echo run >> "$0.runs"
case "$1" in fail) echo "splice: something is wrong" >&2; exit 3;; esac
cp "$3" "$5"
"""


@pytest.fixture
def place(tmp_path):
    program = tmp_path / "splice"
    program.write_text(PROGRAM)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "in.txt").write_text("one")
    return tmp_path


def splice(place, **options):
    return Splice(place / "splice", place, place / "stamps", **options)


def runs(place):
    return len((place / "splice.runs").read_text().splitlines())


def copy(command, place):
    command.run(["copy", "--embeddings", place / "in.txt", "--out", place / "out" / "o.txt"], [place / "out" / "o.txt"])


def test_nothing_is_run_twice(place):
    copy(splice(place), place)
    copy(splice(place), place)
    assert runs(place) == 1 and (place / "out" / "o.txt").read_text() == "one"


@pytest.mark.parametrize("change", ["input", "program", "output", "force"])
def test_what_changed_is_run_again(place, change):
    copy(splice(place), place)
    if change == "input":
        (place / "in.txt").write_text("two")
    elif change == "program":
        (place / "splice").write_text(PROGRAM + "\n# another version\n")
    elif change == "output":
        (place / "out" / "o.txt").unlink()
    copy(splice(place, force=change == "force"), place)
    assert runs(place) == 2
    assert (place / "out" / "o.txt").read_text() == (place / "in.txt").read_text()


def test_files_behind_a_name_are_inputs(place):
    def named(command):
        command.run(["copy", "--embeddings", "in.txt", "--out", place / "o.txt", "--baseline", "dense,learned=atoms.txt"], [place / "o.txt"])

    for text in ("one", "one", "two"):
        (place / "atoms.txt").write_text(text)
        named(splice(place))
    assert runs(place) == 2


def test_a_dataset_that_changed_is_embedded_again(place):
    (place / "pictures").mkdir()
    for text in ("one", "one", "two more"):
        (place / "pictures" / "a.png").write_text(text)
        os.utime(place / "pictures" / "a.png", (1, 1))
        splice(place).run(["embed", "--embeddings", "in.txt", "--out", place / "o.txt", "--dataset", "imagefolder:pictures"], [place / "o.txt"])
    assert runs(place) == 2


def test_lines_are_as_a_reader_would_type_them(place):
    command = splice(place)
    copy(command, place)
    assert command.line_of(place / "out" / "o.txt") == "splice copy --embeddings in.txt --out out/o.txt"


def test_a_failure_says_what_the_command_said(place):
    with pytest.raises(CommandError, match="(?s)exit 3 of splice fail now.*something is wrong"):
        splice(place).run(["fail", "now"], [place / "out.txt"])
    with pytest.raises(CommandError):  # nothing is remembered of it
        splice(place).run(["fail", "now"], [place / "out.txt"])
    assert runs(place) == 2
