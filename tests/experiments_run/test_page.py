"""The page shows what the results hold."""

from types import SimpleNamespace

import pytest

from conftest import skip_without_packages

skip_without_packages()

from experiments.checks import Check
from experiments.documents import Column, Document, Table
from experiments.page import PageError, collect, render, shortened

TABLE = Table("figures", "Figures", [Column("name", "Name", "text"), Column("rows", "rows", "integer"), Column("share", "share", digits=2)],
              [["a", 1234, 0.126], ["b c", 2, None], ["d", 3, 1.0]])


def workspace():
    document = Document("scan", "Scan", "Nothing found.", tables=[TABLE])
    splice = SimpleNamespace(line_of=lambda path: "splice scan --by shape")
    return SimpleNamespace(documents={"scan": document}, splice=splice, path=lambda name: name,
                           checks=[Check("scan", "found", 0.5, low=0.4), Check("scan", "lost", 0.5, high=0.4)])


def page(template):
    return render(template, collect(template, workspace()))


def test_tables_and_their_parts():
    assert page("{{ table scan.figures }}") == ("| Name | rows | share |\n|---|---:|---:|\n| a | 1,234 | 0.13 |\n| b c | 2 | - |\n"
                                                "| d | 3 | 1.00 |")
    assert page("{{ table scan.figures columns=share,name rows=1 }}") == "| share | Name |\n|---:|---|\n| 0.13 | a |"
    assert page("{{ table scan.figures columns=rows where=name:b_c }}").splitlines()[2:] == ["| 2 |"]


def test_values_summaries_and_commands():
    assert page("of {{ value scan.figures.rows where=name:a }} rows, {{summary scan}}") == "of 1,234 rows, Nothing found."
    assert page("{{ value scan.figures.name where=share:1 }}") == "d"
    assert page("{{ command scan }}") == "    splice scan --by shape"


def test_claims_that_fail_are_shown():
    assert page("{{ checks scan }}").splitlines()[2:] == ["| found | 0.500 | at least 0.4 | holds |",
                                                          "| lost | 0.500 | at most 0.4 | **fails** |"]


@pytest.mark.parametrize("template, says", [
    ("{{ table shift.figures }}", "a result of this run: scan"), ("{{ value scan.figures.rows }}", "has 3 cells"),
    ("{{ checks shift }}", "expected a protocol"), ("{{ chart scan }}", "got 'chart'")])
def test_what_is_not_there_is_named(template, says):
    with pytest.raises(PageError, match=says):
        collect(template, workspace())


def test_a_page_of_other_results_is_refused():
    with pytest.raises(PageError, match="run the experiments again"):
        render("{{ summary scan }}", collect("{{ command scan }}", workspace()))
    with pytest.raises(PageError, match="format"):
        render("", {"format": "other"})


def test_long_lists_are_cut():
    line = shortened("splice scan --group 'night=" + ",".join(f"word {number}" for number in range(30)) + "' --out x.json")
    assert line == "splice scan --group 'night=word 0,word 1,word 2,...' [30 names] --out x.json"
    assert "'dense,random,signed,uncentered,learned=" in shortened("splice x 'dense,random,signed,uncentered,learned=" + "a" * 60 + "'")
    assert all(len(part) < 120 for part in shortened("splice " + "--option value " * 40).splitlines())
