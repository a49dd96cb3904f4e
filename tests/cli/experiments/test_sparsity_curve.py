import json

import numpy as np
import pytest
from conftest import dictionary_of, fails, run, unit
from curve_oracle import figures, read_atoms, solve
from evaluation import rows_of

PATH = [0.6, 0.3, 0.1]


@pytest.fixture
def task(built):
    """Labels of the 12 rows, and class embeddings that make some answers right."""
    generator = np.random.default_rng(11)
    truth = np.arange(12) % 3
    classes = np.stack([built.images[truth == c].mean(axis=0) for c in range(3)]) + 0.1 * generator.normal(size=(3, 24))
    np.save(built / "classes.npy", classes.astype(np.float32))
    (built / "records.csv").write_text("id,class\n" + "".join(f"{i},c{c}\n" for i, c in enumerate(truth)))
    built.truth, built.classes = truth, classes.astype(np.float32)
    return built


def curve(task, *more, code=0, says=()):
    arguments = ("evaluate", "sparsity-curve", "-d", task / "dict.safetensors", "-e", task / "images.npy", "--records", task / "records.csv", *more)
    if code:
        return fails(code, *arguments, says=says)
    return json.loads(run(*arguments, "--json").stdout)


def labelled(task):
    return ("--label", "class", "--class-embeddings", task / "classes.npy")


def points(document, condition):
    return rows_of(document, "curve", condition=condition)


def test_every_condition_is_what_numpy_finds(task):
    run("dictionary", "random", "--like", task / "dict.safetensors", "--seed", 0, "-o", task / "random.safetensors")
    run("dictionary", "learn", "-e", task / "images.npy", "--size", 6, "--name-by", task / "dict.safetensors", "--l1-penalty", 0.2,
        "-o", task / "learned.safetensors")
    document = curve(task, *labelled(task), "--l1-path", ",".join(map(str, PATH)),
                     "--baseline", f"dense,signed,uncentered,random,learned={task / 'learned.safetensors'}")
    text = unit(task.text.astype(np.float64))
    concepts = dictionary_of(task.text)
    expected = {
        "splice": (concepts, task.image_mean, False),
        "signed": (concepts, task.image_mean, True),
        "uncentered": (text, None, False),
        "random": (read_atoms(task / "random.safetensors")[0], task.image_mean, False),
        "learned": (read_atoms(task / "learned.safetensors")[0], task.image_mean, False),
    }
    for condition, (atoms, mean, signed) in expected.items():
        rows = points(document, condition)
        assert len(rows) == 3
        for row, penalty in zip(rows, PATH):
            l0, cosine, accuracy = figures(atoms, task.images, mean, penalty, task.classes, task.truth, signed)
            assert row["l1_penalty"] == pytest.approx(penalty)
            assert row["l0"] == pytest.approx(l0, abs=0.17), (condition, penalty)  # a weight of 1e-8 may be one or none, twice
            assert row["cosine"] == pytest.approx(cosine, abs=1e-3), (condition, penalty)
            assert row["accuracy"] == pytest.approx(accuracy), (condition, penalty)
            assert row["rows"] == 12 and row["uncertified"] == 0
    dense = (np.argmax(unit(task.images.astype(float)) @ unit(task.classes.astype(float)).T, axis=1) == task.truth).mean()
    assert [row["accuracy"] for row in points(document, "dense")] == pytest.approx([dense, dense])
    assert {chart["key"] for chart in document["charts"]} == {"accuracy_by_l0", "cosine_by_l0"}
    equal = rows_of(document, "equal_l0")
    own = points(document, "splice")
    other = points(document, "signed")
    xs, ys = zip(*sorted((row["l0"], row["cosine"]) for row in other))
    for row in (row for row in equal if row["condition"] == "signed"):
        assert row["cosine"] == pytest.approx(np.interp(row["l0"], xs, ys), abs=1e-9)
        at = next(p for p in own if p["l0"] == row["l0"])
        assert row["cosine_difference"] == pytest.approx(row["cosine"] - at["cosine"], abs=1e-12)


def test_targets_are_the_path_s(task):
    document = curve(task, "--l0-path", "1,3")
    atoms = dictionary_of(task.text)
    centred = unit(unit(task.images.astype(np.float64)) - task.image_mean)
    for row, target in zip(points(document, "splice"), (1, 3)):
        # The smallest penalty before one more enters, by bisection: l0 rises as the penalty falls, near enough.
        high, low = 2 * (centred @ atoms.T).max(axis=1), np.full(12, 1e-3)
        for _ in range(25):
            middle = (high + low) / 2
            few = (solve(atoms, centred, middle) > 0).sum(axis=1) <= target
            high, low = np.where(few, middle, high), np.where(few, low, middle)
        back = unit(unit(solve(atoms, centred, high) @ atoms) + task.image_mean)
        cosines = (back * unit(task.images.astype(np.float64))).sum(axis=1)
        assert row["target_l0"] == target and row["l0"] <= target
        assert row["cosine"] == pytest.approx(np.mean(cosines), abs=2e-3)
        assert row["accuracy"] is None
    assert [chart["key"] for chart in document["charts"]] == ["cosine_by_l0"]


def test_learning_on_the_spot_keeps_rows_apart(task):
    generator = np.random.default_rng(3)
    np.save(task / "images.npy", np.concatenate([task.images] * 30) + 0.05 * generator.normal(size=(360, 24)).astype(np.float32))
    (task / "records.csv").write_text("id\n" + "".join(f"{i}\n" for i in range(360)))
    document = curve(task, "--l0-path", "1,2,4", "--baseline", "learned", "--learn", 0.5, "--seed", 4)
    settings = document["settings"]
    assert settings["learned_from_rows"] + points(document, "splice")[0]["rows"] == 360
    assert 130 < settings["learned_from_rows"] < 230
    again = curve(task, "--l0-path", "1,2,4", "--baseline", "learned", "--learn", 0.5, "--seed", 4, "--threads", 1)
    assert points(again, "learned") == points(document, "learned")
    for own, learned in zip(points(document, "splice"), points(document, "learned")):
        assert learned["cosine"] > own["cosine"]


def test_rows_without_a_direction_and_without_a_class(task):
    images = task.images.copy()
    images[0] = 0
    images[1, 3] = np.nan
    np.save(task / "images.npy", images)
    text = (task / "records.csv").read_text().replace("5,c2", "5,")
    (task / "records.csv").write_text(text)
    document = curve(task, *labelled(task), "--l1-path", "0.3")
    row = points(document, "splice")[0]
    kept = np.arange(12) >= 2
    l0, cosine, _ = figures(dictionary_of(task.text), task.images[kept], task.image_mean, 0.3)
    assert row["rows"] == 10 and row["l0"] == pytest.approx(l0) and row["cosine"] == pytest.approx(cosine, abs=1e-3)
    assert document["settings"]["left_out"] == 2
    assert "2 rows of zeros, or with NaN or infinity, left out" in document["summary"]
    assert "1 record without a class" in document["summary"]


def test_nothing_but_empty_codes_offers_a_penalty(task):
    document = curve(task, "--l1-path", "9,8")
    assert all(row["l0"] == 0 and row["empty"] == 12 for row in points(document, "splice"))
    assert "No row has a concept at any of these penalties." in document["summary"]
    penalty = float(document["summary"].split("penalty of ")[1].rstrip("."))
    assert 5 <= points(curve(task, "--l1-path", penalty), "splice")[0]["l0"] <= 12


def test_a_document_is_written_whole(task):
    out = task / "curve.json"
    done = run("evaluate", "sparsity-curve", "-d", task / "dict.safetensors", "-e", task / "images.npy", "--l1-path", "0.5,0.2", "-o", out)
    document = json.loads(out.read_text())
    assert document["format"] == "splice_cuda.result.1" and document["experiment"] == "evaluate sparsity-curve"
    assert document["summary"] in done.stdout


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ((), ["--l0-path", "--l1-path"]),
        (("--l1-path", "0.3", "--l0-path", "3"), ["--l0-path", "together"]),
        (("--l0-path", "3,2"), ["--l0-path", "3,2", "ascending"]),
        (("--l0-path", "3,,4"), ["3,,4"]),
        (("--l0-path", "0"), ["--l0-path", "'0'"]),
        (("--l0-path", "3,"), ["'3,'"]),
        (("--l1-path", "0.1,0.3"), ["--l1-path"]),
        (("--l1-penalty", "0.1", "--l1-path", "0.3"), ["--l1-penalty", "--l1-path"]),
        (("--target-l0", "3", "--l1-path", "0.3"), ["--target-l0"]),
        (("--l0-path", "3", "--solver", "fista"), ["--solver", "fista"]),
        (("--l0-path", "3", "--baseline", "none"), ["--baseline", "'none'", "random"]),
        (("--l0-path", "3", "--baseline", "random,random"), ["random", "twice"]),
        (("--l0-path", "3", "--baseline", "signed=a"), ["signed=a"]),
        (("--l0-path", "3", "--baseline", "learned"), ["learned", "--learn"]),
        (("--l0-path", "3", "--baseline", "learned", "--learn", "1.5"), ["--learn", "1.5"]),
        (("--l0-path", "3", "--baseline", "learned", "--learn", "0.5"), ["--learn", "12 rows", "40"]),
        (("--l0-path", "3", "--learn", "0.5"), ["--learn"]),
        (("--l0-path", "3", "--label", "klass"), ["--label", "klass", "class"]),
        (("--l0-path", "3", "--class-embeddings", "x.npy"), ["--label"]),
        (("--l0-path", "3", "--learn-epochs", "10"), ["--learn-epochs", "--learn"]),
        (("--l0-path", "3", "--learn-l1-penalty", "0.1"), ["--learn-l1-penalty", "--learn"]),
    ],
)
def test_wrong_arguments(task, more, says):
    curve(task, *more, code=2, says=says)


def test_wrong_files(task):
    curve(task, "--l0-path", "3", "--baseline", f"learned={task / 'absent.safetensors'}", code=3, says=["absent"])
    np.save(task / "narrow.npy", np.eye(7, dtype=np.float32))
    curve(task, "--l0-path", "3", "--baseline", f"learned={task / 'narrow.npy'}", code=2, says=["7", "24"])
    (task / "broken.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{\"a\": 1}")
    curve(task, "--l0-path", "3", "--baseline", f"random={task / 'broken.safetensors'}", code=3, says=["broken"])
    curve(task, "--l0-path", "3", "--baseline", f"random={task / 'dict.safetensors'}", "-o", task / "dict.safetensors", code=2, says=["dict"])
    np.save(task / "images.npy", np.zeros((0, 24), np.float32))
    (task / "records.csv").write_text("id\n")
    done = run("evaluate", "sparsity-curve", "-d", task / "dict.safetensors", "-e", task / "images.npy", "--l0-path", 3, code=2)
    assert "no row" in done.stderr
