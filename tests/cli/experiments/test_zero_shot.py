"""splice evaluate zero-shot: every figure again in numpy."""

import json

import numpy as np
import pytest
from conftest import fails, run, unit
from evaluation import row_of, rows_of
from labelled_rows import LABELS, LabelledRows, expect_accuracy, expect_charts_fit

VERB = ("evaluate", "zero-shot")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return LabelledRows(tmp_path_factory.mktemp("zero_shot"))


def with_classes(data, task="label"):
    return ["--label", task, "--class-embeddings", data / f"{task}.npy"]


def test_figures_are_those_of_numpy(data):
    document = data.run(*VERB, more=with_classes(data) + ["--conditions", "dense,recomposed,without-mean"])
    codes = data.codes()
    asked = data.has_embedding & data.has_label
    conditions = {"dense": data.dense(), "recomposed": data.recompose(codes), "without-mean": unit(codes @ data.atoms)}
    for condition, rows in conditions.items():
        ranking = data.zero_shot(rows, "label")[asked]
        truth = data.label[asked]
        row = row_of(document, "accuracy", condition=condition)
        expect_accuracy(row, ranking[:, 0] == truth)
        assert row["top5_accuracy"] == 1 and row["chance"] == pytest.approx(1 / 3)
        by_class = [np.mean(ranking[truth == c, 0] == c) for c in range(3)]
        assert row["balanced_accuracy"] == pytest.approx(np.mean(by_class))
        for c, name in enumerate(LABELS):
            expect_accuracy(row_of(document, "classes", condition=condition, **{"class": name}), ranking[truth == c, 0] == c)
            for other, answer in enumerate(LABELS):
                cell = row_of(document, "confusions", condition=condition, truth=name, answer=answer)
                hits = int(np.sum((truth == c) & (ranking[:, 0] == other)))
                assert cell["rows"] == hits and cell["share"] == pytest.approx(hits / np.sum(truth == c))
    assert 0.5 < row_of(document, "accuracy", condition="dense")["accuracy"] < 1, "a task that can be failed"
    quality = row_of(document, "codes", condition="recomposed")
    good = data.has_embedding
    assert quality["l0"] == pytest.approx((codes[good] > 0).sum(axis=1).mean())
    assert quality["cosine"] == pytest.approx((data.recompose(codes) * data.dense())[good].sum(axis=1).mean(), abs=1e-6)
    assert [row["rows"] for row in rows_of(document, "rows")] == [238, 2, 1]
    expect_charts_fit(document)
    assert document["settings"]["label"] == "label" and document["settings"]["classes"] == 3


def test_top_five_and_classes_without_rows(data, tmp_path):
    """More classes than labels, in an order of their own: those without rows can be answered."""
    names = ["crow", "dog", "bird", "whale", "ant", "cat", "eel"]
    generator = np.random.default_rng(5)
    rows = generator.normal(size=(7, 24)) * 0.06 + data.mean
    for name in LABELS:
        rows[names.index(name)] = data.classes["label"][LABELS.index(name)]
    rows[3] = data.classes["label"][0] * 0.9 + 0.02 * generator.normal(size=24)  # takes birds away
    np.save(tmp_path / "seven.npy", rows.astype(np.float32))
    (tmp_path / "seven.txt").write_text("\n".join(names))
    document = data.run(*VERB, more=["--classes", tmp_path / "seven.txt", "--class-embeddings", tmp_path / "seven.npy"])
    asked = data.has_embedding & data.has_label
    truth = np.array([names.index(LABELS[y]) for y in data.label[asked]])
    ranking = np.argsort(-(data.dense()[asked] @ unit(rows.astype(np.float32).astype(np.float64)).T), axis=1, kind="stable")
    row = row_of(document, "accuracy", condition="dense")
    expect_accuracy(row, ranking[:, 0] == truth)
    top5 = (ranking[:, :5] == truth[:, None]).any(axis=1).mean()
    assert row["top5_accuracy"] == pytest.approx(top5)
    empty = row_of(document, "classes", condition="dense", **{"class": "whale"})
    assert empty["rows"] == 0 and empty["accuracy"] is None and empty["standard_error"] is None
    assert row_of(document, "confusions", condition="dense", truth="bird", answer="whale")["rows"] > 0


def test_a_class_of_one_row_has_no_standard_error(data, tmp_path):
    lines = (data / "records.csv").read_text().splitlines()
    lines[1] = "unicorn" + lines[1][lines[1].index(","):]
    (tmp_path / "one.csv").write_text("\n".join(lines))
    np.save(tmp_path / "four.npy", np.vstack([data.classes["label"], data.classes["place"][:1]]))
    document = json.loads(run(*VERB, "-d", data / "dict.safetensors", "-e", data / "rows.npy", "--records", tmp_path / "one.csv", "--l1-penalty", 0.1,
                              "--class-embeddings", tmp_path / "four.npy", "--json").stdout)
    row = row_of(document, "classes", condition="dense", **{"class": "unicorn"})
    assert row["rows"] == 1 and row["accuracy"] in (0, 1) and row["standard_error"] is None


def test_text_and_documents(data, tmp_path):
    done = run(*VERB, *data.sources, "--l1-penalty", 0.1, *with_classes(data, "place"), "--out", tmp_path / "result.json")
    assert "Accuracy" in done.stdout and "water" in done.stdout and "recomposed" in done.stdout
    document = json.loads((tmp_path / "result.json").read_text())
    assert document["experiment"] == "evaluate zero-shot" and document == data.run(*VERB, more=with_classes(data, "place"))


def test_a_penalty_that_leaves_nothing_is_told(data):
    done = run(*VERB, *data.sources, "--l1-penalty", 5, *with_classes(data), "--json")
    assert "--l1-penalty" in done.stderr and "--l1-penalty" in json.loads(done.stdout)["summary"]
    row = row_of(json.loads(done.stdout), "accuracy", condition="recomposed")
    assert row["rows"] == 237, "the image mean is classified"
    assert row_of(json.loads(done.stdout), "codes", condition="recomposed")["l0"] == 0


def test_a_recomposition_of_zeros_is_a_wrong_answer(data):
    document = data.run(*VERB, penalty=5, more=with_classes(data) + ["--conditions", "dense,without-mean"])
    row = row_of(document, "accuracy", condition="without-mean")
    assert row["rows"] == 237 and row["accuracy"] == 0 and row["top5_accuracy"] == 0 and row["balanced_accuracy"] == 0
    assert all(cell["rows"] == 0 for cell in rows_of(document, "confusions") if cell["condition"] == "without-mean")


@pytest.mark.parametrize("more, says", [
    (["--label", "colour"], ["--label", "'colour'", "'place'"]),
    (["--conditions", "dense,sparse"], ["--conditions", "'sparse'", "recomposed"]),
    (["--conditions", "dense,dense"], ["--conditions", "twice"]),
    (["--class-embeddings", "text.npy"], ["--class-embeddings", "40 rows", "3 rows"]),
    (["--class-embeddings", "absent.npy"], ["absent.npy"]),
    (["--class-embeddings", "bad.npy"], ["--class-embeddings", "'cat'", "not finite"]),
    (["--class-embeddings", "label.npy", "--class-embeddings", "label.npy"], ["--class-embeddings", "one file a task"]),
    ([], ["--class-embeddings: got none for 'label'", "--model"]),
    (["--prompt", "a photo"], ["--prompt", "'a photo'", "{}"]),
    (["--prompt", "a {}.", "--class-embeddings", "label.npy"], ["--prompt", "'a {}.'", "--class-embeddings"]),
    (["--prompt", "label=a {}.", "--class-embeddings", "label.npy"], ["--prompt", "'a {}.'", "--class-embeddings"]),
    (["--classes", "twice.txt", "--class-embeddings", "label.npy"], ["twice.txt", "'cat'", "line 3"]),
    (["--classes", "gap.txt", "--class-embeddings", "label.npy"], ["gap.txt", "line 2"]),
    (["--classes", "single.txt", "--class-embeddings", "label.npy"], ["single.txt", "at least two"]),
    (["--classes", "others.txt", "--class-embeddings", "place.npy"], ["--label", "no row has a label"]),
    (["--label", "split", "--records", "constant.csv"], ["--label", "'train' alone", "two classes"]),
    (["--records", "short.csv"], ["--records", "2 records", "240"]),
    (["--model", "absent"], ["absent"]),
])
def test_wrong_arguments(data, more, says):
    bad = data.classes["label"].copy()
    bad[1, 3] = np.inf
    np.save(data / "bad.npy", bad)
    (data / "twice.txt").write_text("bird\ncat\ncat\n")
    (data / "gap.txt").write_text("bird\n\ncat\n")
    (data / "single.txt").write_text("bird\n")
    (data / "others.txt").write_text("eel\nwhale\n")
    (data / "constant.csv").write_text("split\n" + "train\n" * 240)
    (data / "short.csv").write_text("label\ncat\ndog\n")
    given = [str(part) for part in data.sources + more]
    if "--records" in more:  # in place of the others
        at = given.index("--records")
        del given[at:at + 2]
    given = [str(data / part) if part.endswith((".npy", ".txt", ".csv", "absent")) else part for part in given]
    fails(None, *VERB, "--l1-penalty", 0.1, *given, says=says)


def test_no_records_and_outputs_that_are_inputs(data):
    fails(2, *VERB, "-d", data / "dict.safetensors", "-e", data / "rows.npy", says=["--label", "no records", "--records"])
    before = (data / "label.npy").read_bytes()
    fails(2, *VERB, *data.sources, *with_classes(data), "--out", data / "label.npy", says=["label.npy"])
    assert (data / "label.npy").read_bytes() == before
