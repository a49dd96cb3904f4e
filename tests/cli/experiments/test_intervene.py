"""splice intervene: edited codes, recomposed embeddings, answers, subgroups and controls again in numpy."""

import json

import numpy as np
import pytest
import scipy.sparse
from conftest import fails, run, unit
from evaluation import row_of, rows_of
from labelled_rows import LABELS, PLACES, LabelledRows, expect_accuracy, expect_charts_fit

VERB = ("intervene",)
OF_PROBES = (("--split-column", "split"), ("--train", "train"), ("--test", "test"), ("--test-share", 0.2), ("--penalty", "l1"), ("--cost", 1))
OF_CLASSES = (("--classes", "names.txt"), ("--prompt", "a {}."), ("--class-embeddings", "label.npy"))


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return LabelledRows(tmp_path_factory.mktemp("intervene"))


def tasks(data):
    return ["--task", "label", "--task", "place", "--class-embeddings", f"label={data / 'label.npy'}", "--class-embeddings",
            f"place={data / 'place.npy'}"]


def edited(codes, **weights):
    codes = codes.copy()
    for atom, change in weights.items():
        column = codes[:, int(atom[1:])]
        column[...] = change(column)
    return codes


def test_edited_codes_and_embeddings_are_written(data, tmp_path):
    codes = data.codes()
    data.run(*VERB, more=["--remove", "forest", "--scale", "cat=0.5", "--force", "thing 9=0.25", "--codes-out", tmp_path / "e.npz", "--recomposed-out",
                          tmp_path / "e.npy"])
    expected = edited(codes, a3=lambda w: 0 * w, a1=lambda w: 0.5 * w, a9=lambda w: np.where(data.has_embedding, 0.25, 0))
    written = scipy.sparse.load_npz(tmp_path / "e.npz")
    assert np.array_equal(written.toarray(), expected.astype(np.float32))
    assert (written.data != 0).all() and written.has_sorted_indices
    good = data.has_embedding
    assert np.abs(np.load(tmp_path / "e.npy")[good] - data.recompose(expected)[good]).max() < 1e-6
    run("recompose", tmp_path / "e.npz", "-o", tmp_path / "again.npy")
    assert np.array_equal(np.load(tmp_path / "again.npy"), np.load(tmp_path / "e.npy"))
    assert "cat" in run("show", tmp_path / "e.npz", "--row", int(np.flatnonzero(expected[:, 1])[0])).stdout


def test_the_answers_of_each_condition(data):
    more = tasks(data) + ["--group", "land=forest,dark forest", "--subgroups", "label,place"]
    document = data.run(*VERB, more=more)
    codes = data.codes()
    control = [row["concept"] for row in rows_of(document, "control")]
    assert len(set(control)) == 2 and not {"forest", "dark forest"} & set(control)
    drop = [data.names.index(name) for name in control]
    conditions = {"dense": data.dense(), "recomposed": data.recompose(codes), "edited": data.recompose(edited(codes, a3=lambda w: 0 * w, a5=lambda w: 0 * w)),
                  "control": data.recompose(edited(codes, **{f"a{j}": lambda w: 0 * w for j in drop}))}
    for task, truth in (("label", data.label), ("place", data.place)):
        asked = data.has_embedding & (data.has_label | (task == "place"))
        for condition, rows in conditions.items():
            right = data.zero_shot(rows, task)[:, 0] == truth
            row = row_of(document, "accuracy", task=task, condition=condition)
            expect_accuracy(row, right[asked])
            shares = {}
            for c, name in enumerate(LABELS):
                for b, place in enumerate(PLACES):
                    inside = asked & data.has_label & (data.label == c) & (data.place == b)
                    cell = row_of(document, "subgroups", task=task, condition=condition, subgroup=f"{name}, {place}")
                    expect_accuracy(cell, right[inside])
                    shares[f"{name}, {place}"] = right[inside].mean()
            assert row["worst_group_accuracy"] == pytest.approx(min(shares.values())) == pytest.approx(shares[row["worst_group"]])
    place = {condition: row_of(document, "accuracy", task="place", condition=condition)["accuracy"] for condition in conditions}
    assert place["edited"] < place["recomposed"] - 0.15 and place["control"] > place["edited"] + 0.1, place
    good = data.has_embedding
    after = row_of(document, "codes", condition="edited")
    assert after["l0"] == pytest.approx((edited(codes, a3=lambda w: 0 * w, a5=lambda w: 0 * w)[good] > 0).sum(axis=1).mean())
    assert after["cosine"] == pytest.approx((conditions["edited"] * data.dense())[good].sum(axis=1).mean(), abs=1e-6)
    expect_charts_fit(document)


def test_how_concepts_came_in(data):
    codes, atoms = data.codes(), data.atoms
    document = data.run(*VERB, more=["--remove", "forest", "--scale", "lake=2", "--synonyms", 0.6])
    nearest = {j: float(atoms[j] @ atoms[3]) for j in range(40) if j != 3 and atoms[j] @ atoms[3] >= 0.6}
    assert list(nearest) == [5], "the planted synonym"
    rows = rows_of(document, "edits")
    assert [row["concept"] for row in rows] == ["forest", "lake", "dark forest"]
    synonym = row_of(document, "edits", concept="dark forest")
    assert (synonym["origin"], synonym["by"], synonym["asked"], synonym["action"]) == ("synonym", "forest", "forest", "remove")
    assert synonym["cosine"] == pytest.approx(nearest[5], abs=1e-6)
    for row in rows:
        column = codes[:, data.names.index(row["concept"])]
        assert row["rows"] == np.sum(column > 0) and row["weight"] == pytest.approx(column[column > 0].mean(), rel=1e-6)
    assert row_of(document, "edits", concept="lake")["number"] == 2
    words = data.run(*VERB, more=["--remove", "forest", "--words"])
    assert {row["concept"]: row["origin"] for row in rows_of(words, "edits")} == {"forest": "named", "dark forest": "word"}


def test_controls_are_used_about_as_often(data):
    codes = data.codes()
    uses = (codes > 0).sum(axis=0)
    document = data.run(*VERB, more=tasks(data) + ["--remove", "thing 8", "--remove", "thing 21", "--force", "thing 30=0.2"])
    rows = rows_of(document, "control")
    assert [row["action"] for row in sorted(rows, key=lambda row: row["action"])] == ["force", "remove", "remove"]
    others = [j for j in range(40) if j not in (8, 21, 30)]
    for row in rows:
        assert row["rows"] == uses[data.names.index(row["concept"])]
    removed = sorted(row["rows"] for row in rows if row["action"] == "remove")
    for found, wanted in zip(removed, sorted([uses[8], uses[21]])):
        tenth = sorted(abs(uses[j] - wanted) for j in others)[12]
        assert abs(found - wanted) <= tenth
    again = data.run(*VERB, more=tasks(data) + ["--remove", "thing 8", "--remove", "thing 21", "--force", "thing 30=0.2", "--seed", 9])
    assert [row["concept"] for row in rows_of(again, "control")] != [row["concept"] for row in rows]


def test_resolving_solves_without_them(data, tmp_path):
    more = ["--remove", "forest", "--remove", "dark forest", "--mode", "resolve"]
    document = data.run(*VERB, more=tasks(data) + more + ["--codes-out", tmp_path / "r.npz"])
    banned = data.codes("--ban", "forest", "--ban", "dark forest")
    assert np.array_equal(scipy.sparse.load_npz(tmp_path / "r.npz").toarray(), banned.astype(np.float32))
    assert (banned[:, [3, 5]] == 0).all() and not np.array_equal(banned > 0, data.codes() > 0)
    run("verify", tmp_path / "r.npz")  # certified, the bans known
    right = data.zero_shot(data.recompose(banned), "place")[:, 0] == data.place
    expect_accuracy(row_of(document, "accuracy", task="place", condition="edited"), right[data.has_embedding])
    control = [row["concept"] for row in rows_of(document, "control")]
    without = data.codes("--ban", control[0], "--ban", control[1])
    right = data.zero_shot(data.recompose(without), "place")[:, 0] == data.place
    expect_accuracy(row_of(document, "accuracy", task="place", condition="control"), right[data.has_embedding])
    # Scaling comes after solving, and is then in no certificate.
    data.run(*VERB, more=more + ["--scale", "lake=0.5", "--codes-out", tmp_path / "s.npz"])
    assert np.array_equal(scipy.sparse.load_npz(tmp_path / "s.npz").toarray(), edited(banned, a4=lambda w: 0.5 * w).astype(np.float32))
    assert "FAILED" in run("verify", tmp_path / "s.npz", code=1).stdout


def test_probes_lose_coefficients(data):
    """Waterbirds' protocol: a probe on codes, the coefficients of a group zeroed, subgroups before and after."""
    split = ["--split-column", "split", "--cost", 2]
    removed = ["--group", "land=forest,dark forest", "--remove", "lake"]
    document = data.run(*VERB, more=["--task", "label", "--probe", "--retrain", "--subgroups", "label,place"] + split + removed)
    probe = data.run("evaluate", "probe", more=["--label", "label", "--top", 40] + split)
    codes = data.codes()
    coefficients = np.zeros((3, 40))
    for row in rows_of(probe, "coefficients"):
        coefficients[LABELS.index(row["class"]), data.names.index(row["concept"])] = row["coefficient"]
    test = data.has_embedding & data.has_label & (data.split == "test")
    before = row_of(document, "accuracy", classifier="probe on codes", condition="codes")
    assert before["accuracy"] == row_of(probe, "accuracy", condition="codes")["accuracy"]
    for condition in ("dense", "recomposed"):
        assert row_of(document, "accuracy", classifier="probe on dense", condition=condition)["accuracy"] == row_of(
            probe, "accuracy", condition=condition)["accuracy"]
    # The difference of scores before and after is that of the zeroed coefficients; the intercepts are found from the answers' agreement.
    edit = coefficients.copy()
    edit[:, [3, 4, 5]] = 0
    after = row_of(document, "accuracy", classifier="probe on codes", condition="edited")
    right = {name: w for name, w in (("codes", coefficients), ("edited", edit))}
    from test_probe import fit

    train = data.has_embedding & data.has_label & (data.split == "train")
    intercepts = np.array([fit(codes[train], np.where(data.label[train] == c, 1.0, -1.0), 2, "l1")[-1] for c in range(3)])
    for name, row in (("codes", before), ("edited", after)):
        values = codes[test] @ right[name].T + intercepts
        best = np.sort(values, axis=1)
        close = np.sum(best[:, -1] - best[:, -2] < 0.02)
        assert abs(row["accuracy"] * test.sum() - np.sum(values.argmax(axis=1) == data.label[test])) <= close
    rows = [row for row in rows_of(document, "subgroups") if row["classifier"] == "probe on codes" and row["condition"] == "edited"]
    assert sum(row["rows"] for row in rows) == test.sum() == after["rows"]
    assert sum(row["rows"] * (row["accuracy"] or 0) for row in rows) == pytest.approx(after["accuracy"] * after["rows"])
    again = [row for row in rows_of(document, "accuracy") if row["classifier"] == "probe on codes, retrained"]
    assert len(again) == 1 and again[0]["condition"] == "edited"
    assert len(rows_of(document, "control")) == 3
    expect_charts_fit(document)


def test_without_tasks_it_only_edits(data):
    document = data.run(*VERB, more=["--remove", "forest"])
    assert [one["key"] for one in document["tables"]] == ["edits", "codes", "rows"] and document["charts"] == []


def test_in_blocks_threads_and_text(data, tmp_path):
    more = tasks(data) + ["--remove", "forest"]
    document = data.run(*VERB, more=more + ["--threads", 1])
    assert document == data.run(*VERB, more=more + ["--threads", 2, "--memory-limit", "2M"])
    done = run(*VERB, *data.sources, "--l1-penalty", 0.1, *map(str, more), "--out", tmp_path / "i.json")
    assert "place: " in done.stdout and "Edited concepts" in done.stdout
    assert json.loads((tmp_path / "i.json").read_text()) == document


def test_a_penalty_that_leaves_nothing_is_told(data):
    done = run(*VERB, *data.sources, "--l1-penalty", 5, "--remove", "forest", *tasks(data), "--json")
    document = json.loads(done.stdout)
    assert "--l1-penalty" in document["summary"] and "--l1-penalty" in done.stderr
    assert row_of(document, "edits", concept="forest")["weight"] is None


def test_recompositions_of_zeros_are_wrong_answers(data):
    done = run(*VERB, *data.sources, "--l1-penalty", 5, "--image-mean", "none", "--remove", "forest", *tasks(data), "--json")
    document = json.loads(done.stdout)
    rows = [row for row in rows_of(document, "accuracy") if row["condition"] != "dense"]
    assert len(rows) >= 3 and all(row["rows"] > 0 and row["accuracy"] == 0 for row in rows)


def test_summaries_without_rows_tell_no_nan(data, tmp_path):
    np.save(tmp_path / "zeros.npy", np.zeros_like(data.rows))
    done = run(*VERB, "-d", data / "dict.safetensors", "-e", tmp_path / "zeros.npy", "--records", data / "records.csv", "--l1-penalty", 0.1, "--remove",
               "forest", *tasks(data), "--json")
    summary = json.loads(done.stdout)["summary"]
    assert "nan" not in summary and "no row has an embedding" in summary and "not defined dense" in summary


def test_subgroups_that_read_alike_stay_apart(data, tmp_path):
    values = [("x", "y, z"), ("x, y", "z"), ("x", "z"), ("x, y", "")]
    lines = [f'{PLACES[b]},"{values[i % 4][0]}","{values[i % 4][1]}"' for i, b in enumerate(data.place)]
    (tmp_path / "records.csv").write_text("place,A,B\n" + "\n".join(lines) + "\n")
    done = run(*VERB, "-d", data / "dict.safetensors", "-e", data / "rows.npy", "--records", tmp_path / "records.csv", "--l1-penalty", 0.1, "--json",
               "--remove", "forest", "--task", "place", "--class-embeddings", data / "place.npy", "--subgroups", "A,B")
    document = json.loads(done.stdout)
    right = data.zero_shot(data.dense(), "place")[:, 0] == data.place
    found = {row["subgroup"]: row for row in rows_of(document, "subgroups", condition="dense")}
    assert list(found) == ["A=x; B=y, z", "x, z", "A=x, y; B=z"]
    for name, kind in (("A=x; B=y, z", 0), ("A=x, y; B=z", 1), ("x, z", 2)):
        expect_accuracy(found[name], right[data.has_embedding & (np.arange(240) % 4 == kind)])


def test_subgroups_need_values(data, tmp_path):
    lines = (data / "records.csv").read_text().splitlines()
    lines = [lines[0] + ",empty,some"] + [line + ("," + "," if i % 2 else ",,x") for i, line in enumerate(lines[1:])]
    (tmp_path / "records.csv").write_text("\n".join(lines) + "\n")
    given = (*VERB, "-d", data / "dict.safetensors", "-e", data / "rows.npy", "--records", tmp_path / "records.csv", "--l1-penalty", 0.1, "--remove", "forest",
             *tasks(data))
    fails(2, *given, "--subgroups", "place,empty", says=["--subgroups", "'empty'", "no value"])
    run(*given, "--subgroups", "place,some")


@pytest.mark.parametrize("more, says", [
    ([], ["--remove: got none", "--force"]),
    (["--remove", "forst"], ["--remove", "'forst'", "forest"]),
    (["--remove", ""], ["--remove"]),
    (["--scale", "forest"], ["--scale", "'forest'", "NAME=NUMBER"]),
    (["--scale", "forest=-1"], ["--scale", "'forest=-1'", "at least 0"]),
    (["--scale", "forest=nan"], ["--scale", "NAME=NUMBER"]),
    (["--scale", "forest=1e99"], ["--scale", "NAME=NUMBER"]),
    (["--scale", "lak=0.5"], ["--scale", "lake"]),
    (["--force", "=0.5"], ["--force", "NAME=NUMBER"]),
    (["--force", "forest=0.5x"], ["--force", "NAME=NUMBER"]),
    (["--remove", "forest", "--force", "forest=0.2"], ["--force", "'forest'", "remove", "one edit a concept"]),
    (["--group", "land"], ["--group"]),
    (["--group", "land=forest,meadow"], ["--group", "meadow"]),
    (["--remove", "forest", "--synonyms", 1.5], ["--synonyms", "1.5"]),
    (["--remove", "forest", "--mode", "again"], ["--mode", "'again'", "resolve"]),
    (["--remove", "forest", "--task", "colour"], ["--task", "'colour'"]),
    (["--remove", "forest", "--task", "label"], ["--class-embeddings: got none for 'label'"]),
    *[(["--remove", "forest", "--task", "label", option, value], [f"{option}: got no --probe"]) for option, value in OF_PROBES],
    *[(["--remove", "forest", option, value], [f"{option}: got no --task"]) for option, value in (*OF_PROBES, *OF_CLASSES)],
    *[(["--remove", "forest", "--task", "label", "--probe", option, value], [option, "--probe"]) for option, value in OF_CLASSES],
    (["--remove", "forest", "--task", "label", "--task", "label"], ["--task", "twice"]),
    (["--remove", "forest", "--probe"], ["--probe", "--task"]),
    (["--remove", "forest", "--subgroups", "label"], ["--subgroups", "--task"]),
    (["--remove", "forest", "--task", "label", "--subgroups", "place,place"], ["--subgroups", "'place' twice"]),
    (["--remove", "forest", "--retrain"], ["--retrain", "--probe"]),
    (["--remove", "forest", "--task", "label", "--probe", "--split-column", "nothing"], ["--split-column", "'nothing'"]),
    (["--remove", "forest", "--task", "split", "--probe", "--subgroups", "label,ground"], ["--subgroups", "'ground'"]),
])
def test_wrong_arguments(data, more, says, tmp_path):
    fails(2, *VERB, *data.sources, "--l1-penalty", 0.1, *more, "--codes-out", tmp_path / "e.npz", says=says)
    assert not (tmp_path / "e.npz").exists()


def test_outputs_never_replace_inputs(data):
    before = (data / "rows.npy").read_bytes()
    fails(2, *VERB, *data.sources, "--remove", "forest", "--recomposed-out", data / "rows.npy", says=["--recomposed-out:", "rows.npy"])
    fails(2, *VERB, *data.sources, "--remove", "forest", *tasks(data), "--recomposed-out", data / "place.npy", says=["--recomposed-out:", "place.npy"])
    fails(2, *VERB, *data.sources, "--remove", "forest", "--recomposed-out", data / "x.npy", "--codes-out", data / "x.npy", says=["--recomposed-out:", "x.npy", "twice"])
    assert (data / "rows.npy").read_bytes() == before
    assert np.load(data / "place.npy").shape == (2, 24)
