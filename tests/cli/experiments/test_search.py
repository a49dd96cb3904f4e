"""splice search: rows by concepts, by a code, and by a shifted code."""

import numpy as np
import pytest
from conftest import fails, run
from evaluation import document_of, rows_of
from grouped_rows import FOREST, NAMES, WATER, checked_charts, cosine, grouped


def best(scores, count):
    """Rows by falling score, ties by row; only those above 0."""
    order = np.lexsort((np.arange(len(scores)), -scores))
    return [int(row) for row in order if scores[row] > 0][:count]


@pytest.mark.parametrize("source", ["solved", "stored"])
def test_concepts_add_up(grouped, source):
    document = document_of("search", *getattr(grouped, source), "--concept", "water", "--concept", "night=0.5", "--concept", "cat=-1", "--top", 8)
    scores = grouped.codes @ np.array([{"water": 1, "night": 0.5, "cat": -1}.get(name, 0) for name in NAMES])
    found = rows_of(document, "rows")
    assert [row["row"] for row in found] == best(scores, 8)
    for row in found:
        assert row["score"] == pytest.approx(scores[row["row"]], rel=1e-9)
        assert row["l0"] == (grouped.codes[row["row"]] != 0).sum()
        assert row["cosine"] == pytest.approx(grouped.cosine[row["row"]], rel=1e-6)
        assert row["record_path"] == f"pictures/{row['row']}.png" and row["record_1"] == grouped.label[row["row"]]
        assert row["concepts"].split(", ")[0].rsplit(" ", 1)[0] == NAMES[grouped.codes[row["row"]].argmax()]
    assert checked_charts(document) == ["rows"]
    assert "2 rows of zeros, or with NaN or infinity, left out" in document["summary"]


@pytest.mark.parametrize("source", ["solved", "stored"])
@pytest.mark.parametrize("like", ["12", "pictures/12.png", "12.png"])
def test_nearest_codes_leave_out_the_row_itself(grouped, source, like):
    found = rows_of(document_of("search", *getattr(grouped, source), "--like", like, "--top", 5), "rows")
    scores = np.array([0 if i == 12 or not code.any() else cosine(code, grouped.codes[12]) for i, code in enumerate(grouped.codes)])
    assert [row["row"] for row in found] == best(scores, 5)
    assert [row["score"] for row in found] == pytest.approx([scores[row["row"]] for row in found], rel=1e-6)


def test_arithmetic_moves_the_query(grouped):
    row = int(np.flatnonzero((grouped.codes[:, WATER] > 0) & (grouped.codes[:, FOREST] == 0))[0])
    query = grouped.codes[row].copy()
    usual = query.max()
    query[FOREST] += usual
    query[WATER] -= 0.75
    document = document_of("search", *grouped.stored, "--like", row, "--more", "forest", "--less", "water=0.75", "--top", 10)
    scores = np.array([0 if i == row or not code.any() else cosine(code, query) for i, code in enumerate(grouped.codes)])
    assert [one["row"] for one in rows_of(document, "rows")] == best(scores, 10)
    assert {one["concept"]: one["weight"] for one in rows_of(document, "query")} == pytest.approx({NAMES[j]: query[j] for j in np.flatnonzero(query)})
    before = [one["row"] for one in rows_of(document_of("search", *grouped.stored, "--like", row, "--top", 10), "rows")]
    assert before != [one["row"] for one in rows_of(document, "rows")]


def test_ties_go_by_row(grouped, tmp_path):
    rows = np.repeat(grouped.rows[[12, 40]], 6, axis=0)
    np.save(tmp_path / "twins.npy", rows)
    arguments = ["-d", grouped / "dict.safetensors", "-e", tmp_path / "twins.npy", "--l1-penalty", 0.12]
    found = rows_of(document_of("search", *arguments, "--like", 2, "--top", 4), "rows")
    assert [row["row"] for row in found] == [0, 1, 3, 4]
    assert [row["score"] for row in found] == pytest.approx([1] * 4)


def test_what_is_not_there_is_not_found(grouped):
    document = document_of("search", *grouped.stored, "--concept", "water=-1")
    assert rows_of(document, "rows") == [] and "None of 148 rows" in document["summary"]


def test_wrong_arguments_are_named(grouped):
    fails(2, "search", *grouped.stored, says=["--concept", "--like"])
    fails(2, "search", *grouped.stored, "--concept", "water", "--like", 3, says=["--concept", "--like"])
    fails(2, "search", *grouped.stored, "--concept", "water", "--more", "sea", says=["--more", "--like"])
    fails(2, "search", *grouped.stored, "--concept", "watr", says=["--concept", "nearest: water"])
    for wrong in ("water=", "water=x", "water=0", "water=inf", "water=nan"):
        fails(2, "search", *grouped.stored, "--concept", wrong, says=["--concept", f"'{wrong}'"])
    fails(2, "search", *grouped.stored, "--like", 150, says=["--like", "150"])
    fails(2, "search", *grouped.stored, "--like", "pictures/1.pgn", says=["--like", "nearest: pictures/1.png"])
    fails(2, "search", *grouped.solved, "--like", 5, says=["--like", "'5'", "empty"])
    fails(2, "search", *grouped.stored, "--like", 3, "--less", "forrest", says=["--less", "nearest: forest"])
