"""splice evaluate retrieval, beside recall out of sorted cosines in numpy."""

import json

import numpy as np
import pytest
from conftest import fails, prepared, run, unit
from evaluation import error_of, evaluate, row_of, rows_of
from model_fixtures import made_models, models  # noqa: F401


def recalls(images, texts, batch, k):
    """Each image's chance to have its text among the k nearest of its batch, equals in random order."""
    images, texts = unit(np.asarray(images, np.float64)), unit(np.asarray(texts, np.float64))
    hits = []
    for first in range(0, len(images), batch):
        cosines = images[first:first + batch] @ texts[first:first + batch].T
        for i, row in enumerate(cosines):
            greater, equal = (row > row[i] + 1e-13).sum(), (np.abs(row - row[i]) <= 1e-13).sum() - 1
            hits.append(np.clip((k - greater) / (equal + 1), 0, 1))
    return np.array(hits)


@pytest.fixture
def pairs(built):
    """60 rows and texts that lie near them."""
    generator = np.random.default_rng(1)
    images = built.images[generator.integers(0, 12, 60)] + 0.6 * generator.normal(size=(60, 24)).astype(np.float32)
    built.many = images.astype(np.float32)
    built.texts = (images + 0.8 * generator.normal(size=(60, 24))).astype(np.float32)
    built.texts[10] = built.texts[11]  # captions that are the same
    np.save(built / "many.npy", built.many)
    np.save(built / "texts.npy", built.texts)
    built.call = ("retrieval", "-d", built / "dict.safetensors", "-e", built / "many.npy", "--text-embeddings", built / "texts.npy")
    return built


def recomposed(built, l1_penalty):
    run("decompose", "-d", built / "dict.safetensors", "-e", built / "many.npy", "--l1-penalty", l1_penalty, "-o", built / "many.npz")
    run("recompose", built / "many.npz", "-o", built / "back.npy")
    return np.load(built / "back.npy"), np.load(built / "many.npz")


def test_recall_is_that_of_sorted_cosines(pairs):
    document = evaluate(*pairs.call, "--batch", 25, "--l1-path", "0.3,0.1")
    conditions = {"dense": pairs.many}
    for penalty in ("0.3", "0.1"):
        back, codes = recomposed(pairs, penalty)
        conditions[f"recomposed, l1_penalty {penalty}"] = back
        row = row_of(document, "conditions", images=f"recomposed, l1_penalty {penalty}")
        assert row["mean_l0"] == pytest.approx(codes["l0"].mean())
        assert row["mean_cosine"] == pytest.approx(codes["cosine"].mean(), abs=1e-6)
    assert len(rows_of(document, "recall")) == 3 * 2 * 3
    for name, images in conditions.items():
        for direction, a, b in (("image to text", images, pairs.texts), ("text to image", pairs.texts, images)):
            for k in (1, 5, 10):
                row = row_of(document, "recall", images=name, direction=direction, k=str(k))
                hits = recalls(a, b, 25, k)
                assert row["recall"] == pytest.approx(hits.mean(), abs=1e-9)
                assert row["standard_error"] == pytest.approx(error_of(hits), abs=1e-9)
    assert "last batch has 10 rows" in document["summary"]
    assert document["settings"]["rows_of_partial_batch"] == 10


def test_the_oracle_tells_other_pairs(pairs):
    """A comparator that sees nothing would let shuffled texts pass."""
    assert recalls(pairs.many, np.roll(pairs.texts, 1, axis=0), 25, 1).mean() < recalls(pairs.many, pairs.texts, 25, 1).mean() - 0.1


def test_last_batch_dropped_and_target(pairs):
    document = evaluate(*pairs.call, "--batch", 25, "--drop-last", "--target-l0", 3)
    assert document["settings"]["rows"] == 50
    assert document["settings"]["dropped"] == 10
    assert row_of(document, "conditions", images="recomposed, at most 3 concepts")["mean_l0"] <= 3
    assert row_of(document, "recall", images="dense", direction="image to text", k="1")["recall"] == pytest.approx(
        recalls(pairs.many[:50], pairs.texts[:50], 25, 1).mean())


def test_no_batch_is_full(pairs):
    pairs.many[3] = 0
    np.save(pairs / "many.npy", pairs.many)
    document = evaluate(*pairs.call, "--drop-last")
    assert (document["settings"]["rows"], document["settings"]["dropped"]) == (0, 59)
    assert "59 rows were dropped, fewer than --batch 1024" in document["summary"]
    assert "1 row without a direction" in document["summary"] and "No row has both" not in document["summary"]


def test_rows_without_direction_are_left_out(pairs):
    pairs.many[3] = 0
    pairs.texts[7] = np.nan
    pairs.many[59, 2] = np.inf
    np.save(pairs / "many.npy", pairs.many)
    np.save(pairs / "texts.npy", pairs.texts)
    document = evaluate(*pairs.call, "--batch", 20)
    kept = np.delete(np.arange(60), [3, 7, 59])
    assert document["settings"]["left_out"] == 3
    assert row_of(document, "recall", images="dense", direction="text to image", k="5")["recall"] == pytest.approx(
        recalls(pairs.texts[kept], pairs.many[kept], 20, 5).mean())


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows(pairs, rows):
    np.save(pairs / "many.npy", pairs.many[:rows])
    np.save(pairs / "texts.npy", pairs.texts[:rows])
    document = evaluate(*pairs.call)
    recall = row_of(document, "recall", images="dense", direction="image to text", k="1")
    assert recall["recall"] == (None if rows == 0 else 1)
    assert recall["standard_error"] is None


def test_no_concepts_at_all(pairs):
    done = run("evaluate", *pairs.call, "--l1-penalty", 5, "--json")
    document = json.loads(done.stdout)
    assert "No concept in any of" in done.stderr and "--l1-penalty" in done.stderr
    assert row_of(document, "conditions", images="recomposed, l1_penalty 5")["empty"] == 60
    # All recompositions are the mean: each rank is as likely, and texts find no image more than another.
    assert row_of(document, "recall", images="recomposed, l1_penalty 5", direction="text to image", k="10")["recall"] == pytest.approx(10 / 60)


def test_what_does_not_fit(pairs):
    np.save(pairs / "short.npy", pairs.texts[:-1])
    base = ("evaluate", "retrieval", "-d", pairs / "dict.safetensors", "-e", pairs / "many.npy")
    fails(2, *base, "--text-embeddings", pairs / "short.npy", says=["--text-embeddings", "59 rows", "expected 60"])
    np.save(pairs / "narrow.npy", pairs.texts[:, :20])
    fails(2, *base, "--text-embeddings", pairs / "narrow.npy", says=["--text-embeddings", "20 numbers", "expected 24"])
    fails(2, *base, says=["--captions", "none"])
    fails(2, *base, "--captions", "caption", says=["--captions", "no records"])
    (pairs / "table.csv").write_text("caption\n" + "a\n" * 60)
    fails(2, *base, "--records", pairs / "table.csv", "--captions", "words", says=["--captions", "'words'", "'caption'"])
    fails(2, *base, "--records", pairs / "table.csv", "--captions", "caption", says=["--text-embeddings", "--model"])
    fails(2, *base, "--text-embeddings", pairs / "texts.npy", "--captions-file", pairs / "table.csv", says=["several"])
    fails(2, *base, "--text-embeddings", pairs / "texts.npy", "-o", pairs / "texts.npy", says=["texts.npy"])
    fails(2, *base, "--text-embeddings", pairs / "texts.npy", "--l1-path", "0.3", "--l1-penalty", "0.2", says=["--l1-path"])
    fails(2, *base, "--text-embeddings", pairs / "texts.npy", "--raw", says=["--raw"])
    fails(3, *base, "--text-embeddings", pairs / "none.npy", says=["none.npy"])
    (pairs / "cut.npy").write_bytes((pairs / "texts.npy").read_bytes()[:-9])
    fails(3, *base, "--text-embeddings", pairs / "cut.npy", says=["cut.npy"])


def test_document_is_written_whole(pairs):
    run("evaluate", *pairs.call, "-o", pairs / "result.json", "--quiet")
    document = json.loads((pairs / "result.json").read_text())
    assert document["format"] == "splice_cuda.result.1"
    assert document["charts"][0]["table"] == "recall"
    assert run("evaluate", *pairs.call, "--quiet").stdout.startswith("Retrieval of images and texts\n")


def test_pictures_and_captions_by_a_model(models):  # noqa: F811
    """Captions through the text tower, beside embeddings and beside pictures."""
    run("embed", "--model", models.model, "--images", models.pictures, "-o", models / "images.npy")
    count = len(np.load(models / "images.npy"))
    captions = [f"{word} thing" for word in models.words[:count]]
    (models / "captions.txt").write_text("".join(caption + "\n" for caption in captions))
    run("embed", "--model", models.model, "--texts", models / "captions.txt", "-o", models / "texts.npy")
    stored = evaluate("retrieval", "-d", models.dictionary, "-e", models / "images.npy", "--text-embeddings", models / "texts.npy", "--l1-penalty", 0.2)
    by_texts = evaluate("retrieval", "-d", models.dictionary, "--model", models.model, "-e", models / "images.npy", "--captions-file",
                        models / "captions.txt", "--l1-penalty", 0.2)
    by_both = evaluate("retrieval", "-d", models.dictionary, "--model", models.model, "--images", models.pictures, "--captions-file",
                       models / "captions.txt", "--l1-penalty", 0.2, "--batch-size", 3)
    assert stored["tables"][0] == by_texts["tables"][0]
    for own, other in zip(rows_of(stored, "recall"), rows_of(by_both, "recall")):
        assert own["recall"] == pytest.approx(other["recall"], abs=1e-6)
