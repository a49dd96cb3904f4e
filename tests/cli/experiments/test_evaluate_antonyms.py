"""splice evaluate antonyms, beside cosines in numpy."""

import numpy as np
import pytest
from conftest import fails, run, unit
from evaluation import centred, error_of, evaluate, mean_of, reader_of, row_of, rows_of
from model_fixtures import made_models, models  # noqa: F401


@pytest.fixture
def words(tmp_path):
    """Words that lie about a mean; opposites lie near each other."""
    generator = np.random.default_rng(4)
    names = [f"word {i}" for i in range(60)]
    rows = generator.normal(size=(60, 16)) + 0.7
    rows[1:40:2] = rows[0:40:2] + 0.5 * generator.normal(size=(20, 16))
    names[50] = "not word 3"
    tmp_path.joinpath("names.txt").write_text("".join(name + "\n" for name in names))
    tmp_path.joinpath("opposites.csv").write_text("word,opposite\n" + "".join(f"word {i},word {i + 1}\n" for i in range(0, 40, 2)) + "word 7,no word\n")
    np.save(tmp_path / "rows.npy", rows.astype(np.float32))
    run("dictionary", "build", "-e", tmp_path / "rows.npy", "-c", tmp_path / "names.txt", "-o", tmp_path / "dict.safetensors")
    return tmp_path, rows.astype(np.float32), names


def check(document, rows, names, tolerance):
    place = {name: i for i, name in enumerate(names)}
    spaces = {"raw": unit(np.float64(rows)), "centred": centred(rows, mean_of(rows))}
    means = {}
    for embeddings, z in spaces.items():
        for kind in ("antonyms", 'X, "not X"'):
            listed = rows_of(document, "pairs", kind=kind)
            cosines = [z[place[row["first"]]] @ z[place[row["second"]]] if row["first"] in place and row["second"] in place else None for row in listed]
            for row, cosine in zip(listed, cosines):
                assert row[embeddings] == (None if cosine is None else pytest.approx(cosine, abs=tolerance))
                assert (row["left_out"] == "not in the vocabulary") == (cosine is None)
            known = [cosine for cosine in cosines if cosine is not None]
            row = row_of(document, "cosines", pairs=kind, embeddings=embeddings)
            assert (row["count"], row["left_out"]) == (len(known), len(cosines) - len(known))
            assert row["mean"] == pytest.approx(np.mean(known), abs=tolerance)
            if len(known) > 1:
                assert row["standard_error"] == pytest.approx(error_of(known), abs=tolerance)
            means[kind, embeddings] = row
        every = (z @ z.T)[np.triu_indices(len(z), 1)]
        row = row_of(document, "cosines", pairs="random pairs", embeddings=embeddings)
        assert row["count"] == len(every)  # all there are
        assert row["mean"] == pytest.approx(every.mean(), abs=tolerance)
        antonyms = means["antonyms", embeddings]
        assert antonyms["above_random"] == pytest.approx(antonyms["mean"] - row["mean"], abs=1e-12)
        assert antonyms["above_error"] == pytest.approx(np.hypot(antonyms["standard_error"], row["standard_error"]), abs=1e-12)


def test_stored_embeddings(words):
    folder, rows, names = words
    document = evaluate("antonyms", "-e", folder / "rows.npy", "-c", folder / "names.txt", "--pairs-file", folder / "opposites.csv", "--random-pairs", 5000)
    check(document, rows, names, 1e-7)
    assert row_of(document, "cosines", pairs="antonyms", embeddings="centred")["above_random"] > 0.5
    with pytest.raises(AssertionError):
        check(document, np.roll(rows, 1, axis=0), names, 1e-7)


def test_dictionary_alone(words):
    """Raw embeddings come back out of atoms and text mean, up to float32."""
    folder, rows, names = words
    document = evaluate("antonyms", "-d", folder / "dict.safetensors", "--pairs-file", folder / "opposites.csv", "--random-pairs", 5000)
    check(document, rows, names, 3e-6)
    assert "1 of antonyms left out" in document["summary"]


def test_random_pairs_are_drawn_by_the_seed(words):
    folder, *_ = words
    call = ("antonyms", "-d", folder / "dict.safetensors", "--pairs-file", folder / "opposites.csv", "--random-pairs", 30)
    assert evaluate(*call) == evaluate(*call)
    assert row_of(evaluate(*call), "cosines", pairs="random pairs", embeddings="raw")["count"] == 30
    assert evaluate(*call)["tables"][0] != evaluate(*call, "--seed", 1)["tables"][0]


def test_zero_and_nan_rows(words):
    folder, rows, _ = words
    rows[0] = 0
    rows[5, 1] = np.nan
    np.save(folder / "rows.npy", rows)
    document = evaluate("antonyms", "-e", folder / "rows.npy", "-c", folder / "names.txt", "--pairs-file", folder / "opposites.csv")
    row = row_of(document, "cosines", pairs="antonyms", embeddings="raw")
    assert (row["count"], row["left_out"]) == (18, 3)
    assert row["mean"] is not None
    assert [pair["left_out"] for pair in rows_of(document, "pairs", kind="antonyms")[:3]] == ["no direction", "", "no direction"]


def test_the_list_that_comes_with_it(words):
    folder, *_ = words
    document = evaluate("antonyms", "-d", folder / "dict.safetensors")
    assert len(rows_of(document, "pairs", kind="antonyms")) >= 40
    assert row_of(document, "cosines", pairs="antonyms", embeddings="raw")["mean"] is None


def test_pairs_that_another_program_reads(words):
    folder, *_ = words
    reader = reader_of(folder, "a,b\nword 3,word 4\n")
    document = evaluate("antonyms", "-d", folder / "dict.safetensors", "--pairs-file", folder / "table.parquet", "--python", reader)
    assert [(row["first"], row["second"]) for row in rows_of(document, "pairs", kind="antonyms")] == [("word 3", "word 4")]
    fails(2, "evaluate", "antonyms", "-d", folder / "dict.safetensors", "--python", reader, says=["--python", "no table"])


def test_what_does_not_fit(words):
    folder, *_ = words
    for more in (["--any-model"], ["--batch-size", 3], ["--precision", "float16"]):
        fails(2, "evaluate", "antonyms", "-d", folder / "dict.safetensors", *more, says=[more[0], "no --model"])
        fails(2, "evaluate", "antonyms", "-e", folder / "rows.npy", "-c", folder / "names.txt", *more, says=[more[0], "no --model"])
    fails(2, "evaluate", "antonyms", says=["--dictionary", "none"])
    fails(2, "evaluate", "antonyms", "-e", folder / "rows.npy", says=["--concepts"])
    fails(2, "evaluate", "antonyms", "-e", folder / "rows.npy", "-c", folder / "names.txt", "-d", folder / "dict.safetensors", says=["--embeddings"])
    fails(2, "evaluate", "antonyms", "-e", folder / "rows.npy", "-c", folder / "opposites.csv", says=["--concepts", "22 lines", "expected 60"])
    fails(2, "evaluate", "antonyms", "-d", folder / "dict.safetensors", "--negation", "not", says=["--negation"])
    (folder / "three.csv").write_text("a,b,c\n1,2,3\n")
    fails(3, "evaluate", "antonyms", "-d", folder / "dict.safetensors", "--pairs-file", folder / "three.csv", says=["3 columns"])
    (folder / "ragged.csv").write_text("a,b\n1\n")
    fails(3, "evaluate", "antonyms", "-d", folder / "dict.safetensors", "--pairs-file", folder / "ragged.csv", says=["1 fields"])
    fails(2, "evaluate", "antonyms", "-d", folder / "dict.safetensors", "--pairs-file", folder / "opposites.csv", "-o", folder / "opposites.csv",
          says=["opposites.csv"])


def test_text_tower(models):  # noqa: F811
    """Any word, negated too, by a model; mean and random pairs of its dictionary."""
    (models / "opposites.tsv").write_text("first\tsecond\nab\tcd\nxyz\tbig\n")
    document = evaluate("antonyms", "--model", models.model, "-d", models.dictionary, "--pairs-file", models / "opposites.tsv")
    listed = [row for row in rows_of(document, "pairs")]
    assert [row["second"] for row in listed[2:]] == ["not ab", "not xyz", "not cd", "not big"]
    (models / "texts.txt").write_text("".join(row["first"] + "\n" + row["second"] + "\n" for row in listed))
    run("embed", "--model", models.model, "--texts", models / "texts.txt", "-o", models / "texts.npy")
    run("embed", "--model", models.model, "--texts", models / "words.txt", "-o", models / "vocabulary.npy")
    z = unit(np.float64(np.load(models / "texts.npy")))
    assert [row["raw"] for row in listed] == pytest.approx((z[::2] * z[1::2]).sum(axis=1).tolist(), abs=1e-5)
    assert all(row["left_out"] == "" for row in listed)
    fails(2, "evaluate", "antonyms", "--model", models.model, says=["--dictionary"])
