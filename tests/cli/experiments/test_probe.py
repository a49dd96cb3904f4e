"""splice evaluate probe against logistic regressions by scipy's minimisers."""

import json

import numpy as np
import pytest
import scipy.optimize
from conftest import fails, run
from evaluation import row_of, rows_of
from labelled_rows import LABELS, LabelledRows, expect_charts_fit

VERB = ("evaluate", "probe")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return LabelledRows(tmp_path_factory.mktemp("probe"))


def fit(x, y, cost, penalty):
    """Coefficients and intercept (last) of the binary problem with labels y of -1 and 1, the intercept penalised like the others."""
    x = np.hstack([x, np.ones((len(x), 1))])

    def loss(w):
        margins = y * (x @ w)
        return cost * np.logaddexp(0, -margins).sum(), -cost * x.T @ (y / (1 + np.exp(margins)))

    size = x.shape[1]
    options = {"maxiter": 20000, "maxfun": 40000, "ftol": 1e-15, "gtol": 1e-9}
    if penalty == "l2":
        def smooth(w):
            value, gradient = loss(w)
            return value + w @ w / 2, gradient + w
        return scipy.optimize.minimize(smooth, np.zeros(size), jac=True, method="L-BFGS-B", options=options).x

    def split(parts):  # w = u - v, both at least 0
        value, gradient = loss(parts[:size] - parts[size:])
        return value + parts.sum(), np.concatenate([gradient + 1, 1 - gradient])
    parts = scipy.optimize.minimize(split, np.zeros(2 * size), jac=True, method="L-BFGS-B", bounds=[(0, None)] * (2 * size), options=options).x
    return parts[:size] - parts[size:]


def scores(x, y, cost, penalty, classes, rows):
    """Scores of rows for each class, by one problem a class."""
    fits = np.array([fit(x, np.where(y == c, 1.0, -1.0), cost, penalty) for c in range(classes)])
    return np.hstack([rows, np.ones((len(rows), 1))]) @ fits.T, fits


def expect_answers(row, values, truth):
    """Accuracies agree but for rows whose two best scores are as good as equal (the solver's tolerance)."""
    best = np.sort(values, axis=1)
    close = int(np.sum(best[:, -1] - best[:, -2] < 0.02))
    right = int(np.sum(values.argmax(axis=1) == truth))
    assert row["rows"] == len(truth)
    assert abs(row["accuracy"] * len(truth) - right) <= close + 1e-9, (row, right, close)
    assert close < 0.1 * len(truth)


@pytest.mark.parametrize("label, penalty, cost", [("label", "l1", 4.0), ("label", "l2", 1.0), ("place", "l1", 1.0), ("place", "l2", 10.0)])
def test_figures_are_those_of_scipy(data, label, penalty, cost):
    document = data.run(*VERB, more=["--label", label, "--split-column", "split", "--penalty", penalty, "--cost", cost, "--top", 40])
    codes, dense = data.codes(), data.dense()
    truth = data.label if label == "label" else data.place
    classes = 3 if label == "label" else 2
    known = data.has_embedding & (data.has_label | (label == "place"))
    train, test = known & (data.split == "train"), known & (data.split == "test")
    by_codes, fits = scores(codes[train], truth[train], cost, penalty, classes, codes[test])
    expect_answers(row_of(document, "accuracy", condition="codes"), by_codes, truth[test])
    for condition, rows in (("dense", dense), ("recomposed", data.recompose(codes))):
        values, _ = scores(dense[train], truth[train], cost, penalty, classes, rows[test])
        row = row_of(document, "accuracy", condition=condition)
        assert row["classifier"] == "probe on dense"
        expect_answers(row, values, truth[test])
    names = LABELS if label == "label" else ["land", "water"]
    for c, name in enumerate(names):
        found = {row["concept"]: row["coefficient"] for row in rows_of(document, "coefficients") if row["class"] == name}
        coefficients = np.array([found.get(concept, 0.0) for concept in data.names])
        assert np.abs(coefficients - fits[c, :-1]).max() < 0.03 * max(1, np.abs(fits[c]).max())
        sizes = [abs(row["coefficient"]) for row in rows_of(document, "coefficients") if row["class"] == name]
        assert sizes == sorted(sizes, reverse=True) and all(sizes)
        split = row_of(document, "split", **{"class": name})
        assert (split["train"], split["test"]) == (np.sum(truth[train] == c), np.sum(truth[test] == c))
    uses = row_of(document, "coefficients", concept=names[0] if label == "label" else "forest", **{"class": names[0]})["rows"]
    assert uses == np.sum(codes[:, 0 if label == "label" else 3] > 0)
    expect_charts_fit(document)
    assert document["settings"]["cost"] == cost and document["settings"]["split"] == "split"


def test_planted_concepts_come_out_on_top(data):
    document = data.run(*VERB, more=["--label", "label", "--split-column", "split", "--cost", 1, "--on", "codes"])
    for name in LABELS:
        rows = [row for row in rows_of(document, "coefficients") if row["class"] == name]
        assert max(rows, key=lambda row: row["coefficient"])["concept"] == name
    assert [row["condition"] for row in rows_of(document, "accuracy")] == ["codes"]


def test_random_splits_are_stratified_and_repeat(data):
    more = ["--label", "label", "--test-share", 0.25, "--seed", 3]
    document = data.run(*VERB, more=more)
    labelled = data.has_label
    for c, name in enumerate(LABELS):
        row = row_of(document, "split", **{"class": name})
        of_class = np.sum(labelled & (data.label == c))
        lost = np.sum(labelled & (data.label == c) & ~data.has_embedding)
        assert abs(row["test"] - np.floor(0.25 * of_class + 0.5)) <= lost and row["train"] + row["test"] == of_class - lost
    assert document == data.run(*VERB, more=more)
    other = data.run(*VERB, more=more[:-1] + [4])
    assert other["tables"] != document["tables"]


def test_classes_absent_from_training_are_told(data, tmp_path):
    lines = (data / "records.csv").read_text().splitlines()
    changed = [lines[0]] + [line.replace("dog,", "unicorn,") if line.endswith("test") else line for line in lines[1:]]
    (tmp_path / "records.csv").write_text("\n".join(changed))
    done = run(*VERB, "-d", data / "dict.safetensors", "-e", data / "rows.npy", "--records", tmp_path / "records.csv", "--l1-penalty", 0.1, "--label",
               "label", "--split-column", "split", "--json")
    assert "class 'unicorn'" in done.stderr and "none to learn from" in done.stderr
    document = json.loads(done.stdout)
    assert row_of(document, "classes", condition="codes", **{"class": "unicorn"})["accuracy"] == 0
    lost = row_of(document, "classes", condition="codes", **{"class": "dog"})
    assert lost["rows"] == 0 and lost["accuracy"] is None


def test_more_classes_than_rows_are_told(data, tmp_path):
    lines = (data / "records.csv").read_text().splitlines()
    kept = [",".join([f"row {i}" if i > 4 else "a" if i % 2 else "b", "x", "train" if i < 4 else "test"]) for i in range(240)]
    (tmp_path / "records.csv").write_text("\n".join([lines[0]] + kept))
    done = run(*VERB, "-d", data / "dict.safetensors", "-e", data / "rows.npy", "--records", tmp_path / "records.csv", "--l1-penalty", 0.1, "--label",
               "label", "--split-column", "split", "--on", "codes", "--json")
    assert "4 rows to learn 237 classes from" in done.stderr
    row = row_of(json.loads(done.stdout), "accuracy", condition="codes")
    assert row["accuracy"] <= 1 / 200


def test_a_penalty_that_leaves_nothing_is_told(data):
    done = run(*VERB, *data.sources, "--l1-penalty", 5, "--label", "label", "--split-column", "split", "--json")
    assert "--l1-penalty" in json.loads(done.stdout)["summary"] and "--l1-penalty" in done.stderr
    assert rows_of(json.loads(done.stdout), "coefficients") == []


@pytest.mark.parametrize("more, says", [
    (["--label", "colour"], ["--label", "'colour'", "'place'"]),
    (["--label", "one"], ["--label", "'same' alone", "two classes"]),
    (["--label", "none"], ["--label", "no label"]),
    (["--label", "label", "--split-column", "colour"], ["--split-column", "'colour'"]),
    (["--label", "label", "--split-column", "split", "--train", "learn"], ["--train", "'learn'", "'train'"]),
    (["--label", "label", "--split-column", "split", "--test", "train"], ["--train, --test", "different"]),
    (["--label", "label", "--split-column", "split", "--test-share", 0.2], ["--test-share", "--split-column"]),
    (["--label", "label", "--test-share", 1], ["--test-share", "between 0 and 1"]),
    (["--label", "label", "--test-share", 0.0001], ["--label", "rows to test 0"]),
    (["--label", "split", "--split-column", "split"], ["--label", "to learn from 1"]),
    (["--label", "label", "--penalty", "l3"], ["--penalty", "'l3'", "l1 or l2"]),
    (["--label", "label", "--cost", 0], ["--cost", "'0'"]),
    (["--label", "label", "--train", "train"], ["--train", "'train'", "--split-column"]),
    (["--label", "label", "--test", "held"], ["--test", "'held'", "--split-column"]),
    (["--label", "label", "--on", "codes,images"], ["--on", "'images'"]),
    (["--label", "label", "--on", "codes,codes"], ["--on", "twice"]),
])
def test_wrong_arguments(data, more, says):
    lines = (data / "records.csv").read_text().splitlines()
    (data / "more.csv").write_text("\n".join([lines[0] + ",one,none"] + [line + ",same," for line in lines[1:]]))
    fails(2, *VERB, "-d", data / "dict.safetensors", "-e", data / "rows.npy", "--records", data / "more.csv", *more, says=says)


def test_classes_whose_rows_have_no_direction(data, tmp_path):
    """Labels of two classes, of which one has rows of zeros alone."""
    rows = data.rows.copy()
    rows[np.array(data.place) == 1] = 0
    np.save(tmp_path / "rows.npy", rows)
    fails(2, *VERB, "-d", data / "dict.safetensors", "-e", tmp_path / "rows.npy", "--records", data / "records.csv", "--l1-penalty", 0.1, "--label", "place",
          says=["--label", "one class"])


def test_a_label_is_needed(data):
    done = run(*VERB, *data.sources, code=2)
    assert "--label" in done.stderr
