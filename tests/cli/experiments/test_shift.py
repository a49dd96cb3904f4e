"""splice shift: mean codes across splits and years, and a concept beside its true share."""

import numpy as np
import pytest
from conftest import fails, run
from evaluation import document_of, error_of, rows_of
from grouped_rows import FOREST, WATER, checked_charts, cosine, grouped

YEARS = [999, 2003, 2010]


def test_cosines_are_those_of_mean_codes(grouped):
    for source in (grouped.solved, grouped.stored):
        document = document_of("shift", *source, "--by", "label", "--across", "year")
        found = {(row["class"], row["first"], row["second"]): row for row in rows_of(document, "cosines")}
        assert len(found) == 4 * 3
        for (label, first, second), row in found.items():
            own = grouped.embedded & (grouped.label != "") & ((grouped.label == label) | (label == "all"))
            a, b = own & (grouped.year == int(first)), own & (grouped.year == int(second))
            assert (row["rows_first"], row["rows_second"]) == (a.sum(), b.sum())
            if a.any() and b.any():
                assert row["cosine"] == pytest.approx(cosine(grouped.codes[a].mean(axis=0), grouped.codes[b].mean(axis=0)), abs=1e-12)
            else:
                assert row["cosine"] is None
        # Years go as numbers, not as text: 999 comes first.
        assert ("all", "999", "2003") in found and ("all", "2003", "2010") in found
        assert checked_charts(document) == ["cosines"]


def test_a_concept_goes_with_its_true_share(grouped):
    document = document_of("shift", *grouped.stored, "--by", "label", "--across", "year", "--concept", "water", "--group", "places=water,forest",
                           "--truth", "wet")
    assert checked_charts(document) == ["course", "shares", "cosines"]
    sums = {"water": grouped.codes[:, WATER], "places": grouped.codes[:, [WATER, FOREST]].sum(axis=1)}
    known = np.arange(150) != 20
    for row in rows_of(document, "course"):
        own = grouped.embedded & (grouped.label != "") & ((grouped.label == row["class"]) | (row["class"] == "all")) & (grouped.year == row["value"])
        values = sums[row["group"]][own]
        assert row["rows"] == len(values)
        if len(values) == 0:
            assert row["weight"] is None and row["share"] is None and row["truth"] is None
            continue
        assert row["weight"] == pytest.approx(values.mean(), rel=1e-9, abs=1e-15)
        assert row["share"] == pytest.approx((values > 0).mean())
        assert row["error"] is None if len(values) == 1 else row["error"] == pytest.approx(error_of(values), rel=1e-9, abs=1e-15)
        assert row["truth"] == pytest.approx(grouped.wet[own & known].mean())
    for row in rows_of(document, "agreement"):
        course = [one for one in rows_of(document, "course") if (one["group"], one["class"]) == (row["group"], row["class"]) and one["truth"] is not None]
        assert row["values"] == len(course)
        if row["class"] == "all":
            truth = [one["truth"] for one in course]
            assert row["weight"] == pytest.approx(np.corrcoef([one["weight"] for one in course], truth)[0, 1], rel=1e-9)
            assert row["share"] == pytest.approx(np.corrcoef([one["share"] for one in course], truth)[0, 1], rel=1e-9)
    water = next(row for row in rows_of(document, "agreement") if (row["group"], row["class"]) == ("water", "all"))
    assert water["weight"] > 0.95
    assert [row["value"] for row in rows_of(document, "shares") if row["group"] == "water" and row["quantity"] == "true"] == YEARS


def test_one_class_is_not_told_twice(grouped):
    document = document_of("shift", *grouped.stored, "--across", "split", "--concept", "water")
    assert [row["class"] for row in rows_of(document, "course")] == ["all", "all"]
    assert [row["value"] for row in rows_of(document, "course")] == ["test", "train"]
    (row,) = rows_of(document, "cosines")
    test, train = (grouped.embedded & (grouped.split == name) for name in ("test", "train"))
    assert row["cosine"] == pytest.approx(cosine(grouped.codes[test].mean(axis=0), grouped.codes[train].mean(axis=0)), abs=1e-12)


def test_a_class_called_all_is_not_the_total(grouped, tmp_path):
    labels = ["all" if i % 3 else "some" for i in range(150)]
    (tmp_path / "records.csv").write_text("label,split\n" + "".join(f"{label},{split}\n" for label, split in zip(labels, grouped.split)))
    document = document_of("shift", "--codes", grouped / "codes.npz", "--records", tmp_path / "records.csv", "--by", "label", "--across", "split",
                           "--concept", "water")
    rows = {}
    for row in rows_of(document, "course"):
        rows[row["class"]] = rows.get(row["class"], 0) + row["rows"]
    own = np.array(labels) == "all"
    assert rows == {"all": (own & grouped.embedded).sum(), "some": (~own & grouped.embedded).sum(), "(all)": grouped.embedded.sum()}
    assert [row["class"] for row in rows_of(document, "cosines")] == ["all", "some", "(all)"]


def test_values_are_told_with_their_decimals(grouped, tmp_path):
    lines = ["1.2", "1.4", "3"] * 50
    (tmp_path / "records.csv").write_text("factor\n" + "\n".join(lines) + "\n")
    call = ("shift", "--codes", grouped / "codes.npz", "--records", tmp_path / "records.csv", "--across", "factor", "--concept", "water")
    document = document_of(*call)
    (course,) = (one for one in document["tables"] if one["key"] == "course")
    assert next(column for column in course["columns"] if column["key"] == "value")["digits"] == 1
    done = run(*call)
    assert "1.2" in done.stdout and "1.4" in done.stdout


def test_pairs_have_a_limit(grouped, tmp_path):
    np.save(tmp_path / "rows.npy", np.tile(grouped.rows[:1], (1001, 1)))
    (tmp_path / "records.csv").write_text("path\n" + "".join(f"{i}.png\n" for i in range(1001)))
    fails(2, "shift", "-d", grouped / "dict.safetensors", "-e", tmp_path / "rows.npy", "--records", tmp_path / "records.csv", "--across", "path",
          says=["--across", "'path'", "1001 values", "at most 1000"])


def test_wrong_arguments_are_named(grouped):
    fails(2, "shift", *grouped.stored, "--across", "yaer", says=["--across", "'yaer'", "'year'"])
    fails(2, "shift", *grouped.stored, "--by", "label", says=["--across"])
    fails(2, "shift", *grouped.stored, "--across", "year", "--truth", "wet", says=["--truth", "--concept"])
    fails(2, "shift", *grouped.stored, "--across", "year", "--concept", "watr", says=["--concept", "nearest: water"])
    fails(2, "shift", *grouped.stored, "--across", "year", "--concept", "water", "--truth", "split", says=["--truth", "'test'", "record 1"])
    fails(2, "shift", *grouped.stored, "--across", "year", "--concept", "water", "--truth", "dry", says=["--truth", "'dry'", "'wet'"])
