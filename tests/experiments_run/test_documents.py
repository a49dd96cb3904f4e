"""Result documents as they are read and written."""

import json

import pytest

from conftest import skip_without_packages

skip_without_packages()

from experiments.documents import Column, Document, DocumentError, Table


def example():
    table = Table("figures", "Figures", [Column("name", "name", "text"), Column("l1", "penalty"), Column("share", "share", digits=2)],
                  [["a", 0.25, 0.5], ["b", 0.25, float("nan")], ["b", 0.1, 1.0]], "A note.")
    chart = {"key": "c", "title": "C", "description": "D", "kind": "bars", "table": "figures", "x": "name", "y": "share"}
    return Document("truth", "Example", "All is well.", {"dictionary": "d"}, [table], [chart], "1.0")


def test_a_document_survives_the_file(tmp_path):
    example().write(tmp_path / "x" / "e.json")
    read = Document.read(tmp_path / "x" / "e.json")
    assert read.table("figures").rows == [["a", 0.25, 0.5], ["b", 0.25, None], ["b", 0.1, 1.0]]
    assert (read.title, read.summary, read.settings, read.version) == ("Example", "All is well.", {"dictionary": "d"}, "1.0")
    assert read.charts == [{**example().charts[0], "y_log": False}]
    assert not list((tmp_path / "x").glob("*.tmp"))


def test_cells_are_found_by_their_row():
    table = example().table("figures")
    assert table.value("share", name="b", l1=0.1) == 1.0
    assert table.where(name="b").column("l1") == [0.25, 0.1]
    assert table.value("share", name="a", l1=0.25000000001) == 0.5  # penalties are float32 in places


@pytest.mark.parametrize("call, says", [
    (lambda document: document.table("figure"), "got table 'figure', expected one of figures"),
    (lambda document: document.table("figures").column("shares"), "expected one of name, l1, share"),
    (lambda document: document.table("figures").value("share", name="b"), "got 2 rows"),
    (lambda document: document.table("figures").value("share", name="c"), "got 0 rows"),
])
def test_what_is_not_there_is_named(call, says):
    with pytest.raises(DocumentError, match=says):
        call(example())


def test_documents_that_do_not_fit_together_are_not_written(tmp_path):
    for spoil, says in ((lambda d: d.charts[0].update(y="shares"), "shares"), (lambda d: d.charts[0].update(table="t"), "table 't'"),
                        (lambda d: d.tables[0].rows.append(["c"]), "a row of 1 cells")):
        document = example()
        spoil(document)
        with pytest.raises(DocumentError, match=says):
            document.write(tmp_path / "e.json")
    assert list(tmp_path.iterdir()) == []


def test_other_formats_are_refused(tmp_path):
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"format": "splice_cuda.result.2"}))
    with pytest.raises(DocumentError, match="splice_cuda.result.2"):
        Document.read(path)
