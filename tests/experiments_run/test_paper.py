"""Data sources, columns and layout of the paper's tables; nothing is run."""

import json
from types import SimpleNamespace

import pytest

from conftest import skip_without_packages

skip_without_packages()

from experiments.command import CommandError
from experiments.documents import Column, Document, DocumentError, Table
from experiments.paper import run as paper_run
from experiments.paper.data import DataSource, EmbeddedData, PaperData, concept_names
from experiments.paper.parts import Missing, Paper, Part, _across
from experiments.scenes.store import write_records


def test_sources():
    source = DataSource.parse("cifar100=cifar100:/data/a=b:c")
    assert (source.name, source.dataset) == ("cifar100", "cifar100:/data/a=b:c")


@pytest.mark.parametrize("text", ["cifar100", "cifar100=", "cifar100=/data", "cifar100=cifar100:", "mnist=imagefolder:/x"])
def test_wrong_sources_are_named(text):
    with pytest.raises(ValueError, match="--data: got"):
        DataSource.parse(text)


def dictionary(path, metadata):
    header = json.dumps({"__metadata__": metadata}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    return path


def test_names_of_a_dictionary(tmp_path):
    assert concept_names(dictionary(tmp_path / "d", {"concepts": '["a", "b c"]'})) == ["a", "b c"]
    with pytest.raises(ValueError, match="no names of concepts"):
        concept_names(dictionary(tmp_path / "d", {"format": "other"}))
    (tmp_path / "d").write_bytes(b"\xff" * 20)
    with pytest.raises(ValueError, match="header of"):
        concept_names(tmp_path / "d")


def test_columns_are_added(tmp_path):
    """The command is replaced by one that lists two faces."""

    runs = []

    def run(arguments, outputs):
        runs.append(arguments[0])
        write_records(outputs[1], {"path": ["a", "b"], "Male": ["1", "0"], "Eyeglasses": ["0", "1"]})

    data = PaperData(SimpleNamespace(run=run), tmp_path, tmp_path, {"celeba": DataSource("celeba", "celeba:/x")})
    (tmp_path / "celeba").mkdir()
    columns = data.embedded("celeba").columns()
    assert columns["gender"] == ["man", "woman"] and columns["glasses"] == ["person", "person with glasses"]
    assert data.embedded("celeba").columns() == columns and runs == ["embed"], "embedded once"
    assert data.has("celeba") and not data.has("coco")


def paper(concepts=("bamboo", "forest")):
    data = SimpleNamespace(has=lambda name: name == "cars", embedded=lambda name: EmbeddedData(name, None, None))
    workspace = SimpleNamespace(add=lambda name, document: kept.__setitem__(name, document))
    kept = workspace.kept = {}
    return Paper(workspace, data, None, frozenset(concepts))


def test_groups_hold_what_there_is():
    page = paper()
    assert page.group("land", ("bamboo", "hiking", "forest")) == ["--group", "land=bamboo,forest"]
    assert page.notes == ["no concept: hiking"]
    with pytest.raises(Missing, match="none of glasses, visor is a concept"):
        page.group("eyewear", ("glasses", "visor"))


def test_data_that_are_not_given():
    page = paper()
    assert [data.name for data in page.given(("cars", "coco"))] == ["cars"] and page.notes == ["not given: coco"]
    with pytest.raises(Missing, match="none of the data sets coco"):
        page.given(("coco",))
    with pytest.raises(Missing, match="no data set 'coco'"):
        page.need("coco")


def test_long_tables_become_wide():
    table = Table("t", "", [Column("a", "A", "text"), Column("b", "B", "text"), Column("v", "V")],
                  [["x", "1", 0.1], ["x", "2", 0.2], ["y", "2", 0.4]])
    wide = _across(table, "a", "b", "v")
    assert [column.title for column in wide.columns] == ["A", "1", "2"]
    assert wide.rows == [["x", 0.1, 0.2], ["y", None, 0.4]]


def test_parts_that_are_missing_or_fail_do_not_end_the_run(tmp_path, monkeypatch, capsys):
    def part(key, outcome):
        def make(page):
            if isinstance(outcome, Exception):
                raise outcome
            page.notes.append("not given: coco")
            return [Table("t", "", [Column("w", "weight")], [[0.5]])]

        return Part(key, key.title(), "a title", make)

    monkeypatch.setattr(paper_run, "PARTS", (part("one", None), part("two", Missing("no data set 'coco'")),
                                             part("three", CommandError("exit 3")), part("four", DocumentError("no table"))))
    page = paper()
    assert paper_run.run_paper(page, tmp_path / "paper.md") == 2
    text = (tmp_path / "paper.md").read_text()
    assert "## One: a title\n\n| weight |\n|---:|\n| 0.500 |\n\nnot given: coco." in text
    assert "## Three: a title\n\nFAILED: exit 3" in text and "- Two (a title): no data set 'coco'" in text
    assert capsys.readouterr().out.count("##") == 4
    assert isinstance(page.workspace.kept["paper_one"], Document) and list(page.workspace.kept) == ["paper_one"]
