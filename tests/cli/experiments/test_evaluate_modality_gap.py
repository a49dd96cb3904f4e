"""splice evaluate modality-gap, beside all pairs in numpy."""

import numpy as np
import pytest
from conftest import fails, prepared, run, unit
from evaluation import centred, error_of, evaluate, jackknife, mean_of, row_of, rows_of
from model_fixtures import made_models, models  # noqa: F401


@pytest.fixture
def modalities(built):
    generator = np.random.default_rng(2)
    common = generator.normal(size=(30, 24))
    built.rows = (common + 0.5 * generator.normal(size=(30, 24)) + 1).astype(np.float32)
    built.texts = (common + 0.5 * generator.normal(size=(30, 24)) - 1).astype(np.float32)
    np.save(built / "rows.npy", built.rows)
    np.save(built / "texts.npy", built.texts)
    built.call = ("modality-gap", "-d", built / "dict.safetensors", "-e", built / "rows.npy", "--text-embeddings", built / "texts.npy")
    return built


def off_diagonal(matrix):
    return matrix[~np.eye(len(matrix), dtype=bool)]


def check_stage(document, stage, x, t):
    """All figures of one stage, of unit rows x and t that belong together."""
    count = len(x)
    figures = {
        "image, image": lambda kept: off_diagonal(x[kept] @ x[kept].T).mean(),
        "text, text": lambda kept: off_diagonal(t[kept] @ t[kept].T).mean(),
        "image, text": lambda kept: off_diagonal(x[kept] @ t[kept].T).mean(),
    }
    every = np.arange(count)
    for pairs, figure in figures.items():
        row = row_of(document, "cosines", stage=stage, pairs=pairs)
        assert row["mean"] == pytest.approx(figure(every), abs=1e-6)
        assert row["standard_error"] == pytest.approx(jackknife(count, figure), abs=1e-6)
    upper = (x @ x.T)[np.triu_indices(count, 1)]
    assert row_of(document, "cosines", stage=stage, pairs="image, image")["count"] == len(upper)
    assert row_of(document, "cosines", stage=stage, pairs="image, image")["sd"] == pytest.approx(np.std(upper, ddof=1), abs=1e-6)
    matched = (x * t).sum(axis=1)
    row = row_of(document, "cosines", stage=stage, pairs="image, its text")
    assert row["mean"] == pytest.approx(matched.mean(), abs=1e-6)
    assert row["standard_error"] == pytest.approx(error_of(matched), abs=1e-6)
    row = row_of(document, "distance", stage=stage)
    assert row["distance"] == pytest.approx(np.linalg.norm(x.mean(axis=0) - t.mean(axis=0)), abs=1e-6)
    assert row["standard_error"] == pytest.approx(
        jackknife(count, lambda kept: np.linalg.norm(x[kept].mean(axis=0) - t[kept].mean(axis=0))), abs=1e-6)
    for pairs, cosines in (("image, image", upper), ("image, text", off_diagonal(x @ t.T)), ("image, its text", matched)):
        counts = [row["count"] for row in rows_of(document, "histogram", stage=stage, pairs=pairs)]
        assert counts == np.histogram(cosines, bins=np.linspace(-1, 1, len(counts) + 1))[0].tolist()


def test_all_pairs_of_few_rows(modalities):
    document = evaluate(*modalities.call, "--bins", 23)
    x, t = modalities.rows, modalities.texts
    check_stage(document, "raw", unit(np.float64(x)), unit(np.float64(t)))
    check_stage(document, "centred", centred(x, mean_of(x)), centred(t, mean_of(t)))
    raw, after = (row_of(document, "distance", stage=stage)["distance"] for stage in ("raw", "centred"))
    assert raw > 1 and after < 0.2
    assert document["charts"][0]["kind"] == "histogram"


def test_the_check_sees_other_texts(modalities):
    document = evaluate(*modalities.call)
    with pytest.raises(AssertionError):
        check_stage(document, "raw", unit(np.float64(modalities.rows)), unit(np.float64(np.roll(modalities.texts, 1, axis=0))))


def test_means_of_the_dictionary(modalities):
    document = evaluate(*modalities.call, "--means", "dictionary", "--bins", 17)
    text_mean = mean_of(modalities.text)
    check_stage(document, "centred", centred(modalities.rows, modalities.image_mean), centred(modalities.texts, text_mean))


def test_pairs_are_drawn_by_the_seed(modalities):
    all_pairs = evaluate(*modalities.call)
    drawn = evaluate(*modalities.call, "--pairs", 50, "--seed", 3)
    assert drawn == evaluate(*modalities.call, "--pairs", 50, "--seed", 3)
    assert drawn["tables"][2] != evaluate(*modalities.call, "--pairs", 50, "--seed", 4)["tables"][2]
    for pairs in ("image, image", "text, text", "image, text"):
        row, exact = (row_of(document, "cosines", stage="raw", pairs=pairs) for document in (drawn, all_pairs))
        assert row["looked_at"] == 50
        assert row["mean"] == exact["mean"]
        assert row["sd"] == pytest.approx(exact["sd"], rel=0.5)


def test_rows_are_drawn_by_the_seed(modalities):
    document = evaluate(*modalities.call, "--rows", 10, "--seed", 5)
    assert row_of(document, "distance", stage="raw")["images"] == 10
    assert row_of(document, "cosines", stage="raw", pairs="image, its text")["count"] == 10


def test_unpaired(modalities):
    np.save(modalities / "fewer.npy", modalities.texts[:20])
    call = modalities.call[:-1] + (modalities / "fewer.npy",)
    fails(2, "evaluate", *call, says=["--text-embeddings", "20 rows", "expected 30"])
    document = evaluate(*call, "--unpaired")
    x, t = unit(np.float64(modalities.rows)), unit(np.float64(modalities.texts[:20]))
    row = row_of(document, "cosines", stage="raw", pairs="image, text")
    assert row["count"] == 600
    assert row["mean"] == pytest.approx((x @ t.T).mean(), abs=1e-6)
    assert row["standard_error"] == pytest.approx(np.hypot(error_of(x @ t.mean(axis=0)), error_of(t @ x.mean(axis=0))), abs=1e-6)
    assert not rows_of(document, "cosines", pairs="image, its text")


def test_rows_without_direction(modalities):
    modalities.rows[4] = 0
    modalities.texts[9, 3] = np.nan
    np.save(modalities / "rows.npy", modalities.rows)
    np.save(modalities / "texts.npy", modalities.texts)
    document = evaluate(*modalities.call, "--bins", 19)
    kept = np.delete(np.arange(30), [4, 9])
    check_stage(document, "raw", unit(np.float64(modalities.rows[kept])), unit(np.float64(modalities.texts[kept])))
    assert "Left out" in document["summary"]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows(modalities, rows):
    np.save(modalities / "rows.npy", modalities.rows[:rows])
    np.save(modalities / "texts.npy", modalities.texts[:rows])
    document = evaluate(*modalities.call)
    row = row_of(document, "cosines", stage="raw", pairs="image, image")
    assert row["count"] == rows * (rows - 1) // 2
    assert (row["mean"] is None) == (rows < 2)
    assert row["standard_error"] is None


def test_constant_rows(modalities):
    np.save(modalities / "rows.npy", np.tile(modalities.rows[:1], (30, 1)))
    document = evaluate(*modalities.call)
    assert row_of(document, "cosines", stage="raw", pairs="image, image")["mean"] == pytest.approx(1)
    assert row_of(document, "distance", stage="centred")["images"] == 0
    assert "lie in the mean" in document["summary"]


def test_what_does_not_fit(modalities):
    fails(2, "evaluate", *modalities.call, "--means", "all", says=["--means", "'all'"])
    fails(2, "evaluate", *modalities.call, "--image-mean", modalities / "mean.npy", says=["--image-mean", "--means dictionary"])
    modalities.build("--no-center")
    fails(2, "evaluate", *modalities.call, "--means", "dictionary", says=["--means", "text mean"])
    fails(2, "evaluate", *modalities.call, "--pairs", 0, says=["--pairs"])


def test_unpaired_captions_are_of_any_number(models):  # noqa: F811
    run("embed", "--model", models.model, "--images", models.pictures, "-o", models / "images.npy")
    (models / "captions.txt").write_text("ab thing\ncd thing\nef\n")
    run("embed", "--model", models.model, "--texts", models / "captions.txt", "-o", models / "texts.npy")
    assert len(np.load(models / "images.npy")) != 3
    call = ("modality-gap", "-d", models.dictionary, "-e", models / "images.npy")
    by_file = (*call, "--model", models.model, "--captions-file", models / "captions.txt")
    fails(2, "evaluate", *by_file, says=["--captions-file", "3 lines"])
    document = evaluate(*by_file, "--unpaired")
    assert document["tables"] == evaluate(*call, "--text-embeddings", models / "texts.npy", "--unpaired")["tables"]
    before = (models / "captions.txt").read_bytes()
    fails(2, "evaluate", "modality-gap", "-d", models.dictionary, "--model", models.model, "--images", models.pictures, "--captions-file",
          models / "captions.txt", "--unpaired", "--embeddings-out", models / "captions.txt", says=["captions.txt", "which is an input"])
    assert (models / "captions.txt").read_bytes() == before


def test_options_without_a_meaning(modalities):
    for option, value in (("--l1-penalty", 0.1), ("--target-l0", 3), ("--solver", "fista"), ("--gap-tolerance", 1e-3), ("--max-rounds", 5), ("--max-iterations", 5)):
        fails(2, "evaluate", *modalities.call, option, value, says=[f"{option}:"])
