"""splice evaluate linearity, beside numpy's least squares."""

import numpy as np
import pytest
from conftest import fails, run, unit
from evaluation import centred, error_of, evaluate, mean_of, reader_of, row_of, rows_of, write_png
from model_fixtures import made_models, models  # noqa: F401


def fits(joint, first, second):
    """Weights and cosine of each triple of unit rows."""
    weights, cosines = [], []
    for j, a, b in zip(joint, first, second):
        w = np.linalg.lstsq(np.stack([a, b], axis=1), j, rcond=None)[0]
        weights.append(w)
        fit = w[0] * a + w[1] * b
        cosines.append(fit @ j / np.linalg.norm(fit) / np.linalg.norm(j))
    return np.array(weights), np.array(cosines)


def check(document, embeddings, joint, first, second):
    weights, cosines = fits(joint, first, second)
    for name, values in (("first", weights[:, 0]), ("second", weights[:, 1]), ("sum", weights.sum(axis=1)), ("cosine of the fit", cosines)):
        row = row_of(document, "weights", embeddings=embeddings, pair="its own", weight=name)
        assert row["triples"] == len(joint)
        assert row["mean"] == pytest.approx(values.mean(), abs=1e-6)
        assert row["sd"] == pytest.approx(np.std(values, ddof=1), abs=1e-6)
        assert row["standard_error"] == pytest.approx(error_of(values), abs=1e-6)
    triples = rows_of(document, "triples", embeddings=embeddings)
    assert [triple["w_first"] for triple in triples] == pytest.approx(weights[:, 0].tolist(), abs=1e-6)


class Triples:
    def __init__(self, folder):
        generator = np.random.default_rng(3)
        self.folder = folder
        self.first, self.second = (generator.normal(size=(25, 16)) + 0.5 for _ in range(2))
        self.joint = 0.6 * unit(self.first) + 0.3 * unit(self.second) + 0.05 * generator.normal(size=(25, 16))
        self.save()

    def save(self):
        for name in ("joint", "first", "second"):
            np.save(self.folder / f"{name}.npy", getattr(self, name).astype(np.float32))

    def call(self, *more):
        return ("linearity", "-e", self.folder / "joint.npy", "--first", self.folder / "first.npy", "--second", self.folder / "second.npy", *more)

    def units(self, mean=None):
        rows = [getattr(self, name).astype(np.float32) for name in ("joint", "first", "second")]
        return [unit(np.float64(x)) if mean is None else centred(x, mean) for x in rows]


@pytest.fixture
def triples(tmp_path):
    return Triples(tmp_path)


def test_least_squares(triples):
    document = evaluate(*triples.call())
    check(document, "raw", *triples.units())
    check(document, "centred", *triples.units(mean_of(np.concatenate([triples.first, triples.second]).astype(np.float32))))
    own, other = (row_of(document, "weights", embeddings="raw", pair=pair, weight="cosine of the fit")["mean"] for pair in ("its own", "another's"))
    assert own > 0.95 > 0.8 > other
    assert document["settings"]["mean"] == "data"
    with pytest.raises(AssertionError):
        check(document, "raw", *triples.units(np.full(16, 0.01)))


def test_means(triples, built):
    mean = np.full(16, 0.05, np.float32)
    np.save(triples.folder / "mean of 16.npy", mean)
    check(evaluate(*triples.call("--mean", triples.folder / "mean of 16.npy")), "centred", *triples.units(mean))
    document = evaluate(*triples.call("--mean", "none"))
    assert not rows_of(document, "weights", embeddings="centred")
    fails(2, "evaluate", *triples.call("--mean", built / "mean.npy"), says=["--mean", "24 numbers", "expected 16"])
    fails(2, "evaluate", *triples.call("-d", built / "dict.safetensors"), says=["16", "24"])


def test_mean_of_the_dictionary(built):
    for name in ("joint", "first", "second"):
        np.save(built / f"{name}.npy", np.random.default_rng(len(name)).normal(size=(8, 24)).astype(np.float32))
    document = evaluate("linearity", "-e", built / "joint.npy", "--first", built / "first.npy", "--second", built / "second.npy", "-d",
                        built / "dict.safetensors")
    check(document, "centred", *(centred(np.load(built / f"{name}.npy"), built.image_mean) for name in ("joint", "first", "second")))
    assert document["settings"]["mean"] == "dictionary"


def test_some_triples(triples):
    document = evaluate(*triples.call("--pairs", 7, "--seed", 2))
    drawn = [int(row["first"].split()[1]) for row in rows_of(document, "triples", embeddings="raw")]
    assert drawn == sorted(set(drawn)) and len(drawn) == 7
    check(document, "raw", *(rows[drawn] for rows in triples.units()))
    assert document == evaluate(*triples.call("--pairs", 7, "--seed", 2))


def test_triples_that_have_no_fit(triples):
    triples.second[0] = -3 * triples.first[0]
    triples.joint[1] = 0
    triples.first[2, 5] = np.nan
    triples.save()
    document = evaluate(*triples.call("--mean", "none"))
    row = row_of(document, "left_out", embeddings="raw", pair="its own")
    assert (row["parallel"], row["no_direction"]) == (1, 2)
    weights, _ = fits(*(rows[3:] for rows in triples.units()))
    assert row_of(document, "weights", embeddings="raw", pair="its own", weight="first")["mean"] == pytest.approx(weights[:, 0].mean(), abs=1e-6)
    assert "3 triples left out" in document["summary"]


@pytest.mark.parametrize("rows", [0, 1])
def test_few_triples(triples, rows):
    triples.joint, triples.first, triples.second = (x[:rows] for x in (triples.joint, triples.first, triples.second))
    triples.save()
    document = evaluate(*triples.call())
    own = row_of(document, "weights", embeddings="raw", pair="its own", weight="first")
    assert own["triples"] == rows
    assert (own["mean"] is None) == (rows == 0)
    assert own["standard_error"] is None
    assert row_of(document, "weights", embeddings="raw", pair="another's", weight="first")["triples"] == 0


def test_what_does_not_fit(triples):
    fails(2, "evaluate", "linearity", says=["--images", "none"])
    fails(2, "evaluate", "linearity", "-e", triples.folder / "joint.npy", says=["--first"])
    np.save(triples.folder / "second.npy", triples.second[:-1].astype(np.float32))
    fails(2, "evaluate", *triples.call(), says=["--second", "24 rows", "25"])
    triples.save()
    fails(2, "evaluate", *triples.call("--images", triples.folder), says=["--images", "several"])
    fails(2, "evaluate", *triples.call("--model", triples.folder), says=["--model"])
    fails(2, "evaluate", *triples.call("--join", "{}"), says=["--join"])
    fails(2, "evaluate", *triples.call("--layout", "round"), says=["--layout", "round"])
    fails(2, "evaluate", *triples.call("--layout", "pad"), says=["--layout", "'pad'", "no pictures"])
    fails(2, "evaluate", *triples.call("--join", "{} and {}"), says=["--join", "no texts"])
    for more in (["--any-model"], ["--batch-size", 3], ["--precision", "float16"]):
        fails(2, "evaluate", *triples.call(*more), says=[more[0], "no --model"])
    for mean in ("data", "none", triples.folder / "mean.npy"):
        fails(2, "evaluate", *triples.call("--mean", mean, "-d", triples.folder / "dict.safetensors"), says=["--dictionary", "--mean"])
    by_model = ("evaluate", "linearity", "--model", triples.folder)
    fails(2, *by_model, "--texts", triples.folder / "t.txt", "--layout", "squash", says=["--layout", "'squash'", "no pictures"])
    fails(2, *by_model, "--text-pairs", triples.folder / "t.csv", "--layout", "pad", says=["--layout", "no pictures"])
    fails(2, *by_model, "--images", triples.folder, "--join", "{}, {}", says=["--join", "no texts"])
    fails(2, "evaluate", *triples.call("-o", triples.folder / "first.npy"), says=["first.npy"])
    fails(2, "evaluate", "linearity", "--images", triples.folder, says=["--model", "none"])


def colour(*rgb):
    return np.full((32, 32, 3), rgb, np.uint8)


def embedded(models, kind, source, name):  # noqa: F811
    run("embed", "--model", models.model, kind, source, "-o", models / name, "--quiet")
    return np.load(models / name)


def test_pictures_side_by_side(models):  # noqa: F811
    """Both layouts, of pictures whose composition numpy makes as well."""
    generator = np.random.default_rng(5)
    left, right = (generator.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(2))
    (models / "pairs").mkdir()
    write_png(models / "pairs" / "left.png", left)
    write_png(models / "pairs" / "right.png", right)
    write_png(models / "pairs" / "green.png", colour(10, 200, 30))
    write_png(models / "pairs" / "red.png", colour(220, 20, 60))
    (models / "pairs" / "table.csv").write_text("first,second\nleft.png,right.png\ngreen.png,red.png\nleft.png,gone.png\n")
    bands = np.zeros((2, 64, 64, 3), np.uint8)
    bands[0, 16:48] = np.concatenate([left, right], axis=1)
    bands[1, 16:48] = np.concatenate([colour(10, 200, 30), colour(220, 20, 60)], axis=1)
    for i in range(2):
        write_png(models / f"joint {i}.png", bands[i])
    halves = np.concatenate([colour(10, 200, 30)[:, :16], colour(220, 20, 60)[:, :16]], axis=1)
    write_png(models / "halves.png", halves)
    embed = lambda name: embedded(models, "--images", models / name, "one.npy")[0]  # noqa: E731
    first = np.stack([embed("pairs/left.png"), embed("pairs/green.png")])
    second = np.stack([embed("pairs/right.png"), embed("pairs/red.png")])

    call = ("linearity", "--model", models.model, "--pairs-file", models / "pairs" / "table.csv", "--mean", "none")
    document = evaluate(*call)
    weights, cosines = fits(*(unit(np.float64(x)) for x in (np.stack([embed("joint 0.png"), embed("joint 1.png")]), first, second)))
    rows = rows_of(document, "triples", embeddings="raw")
    assert [row["w_first"] for row in rows] == pytest.approx(weights[:, 0].tolist(), abs=1e-4)
    assert [row["cosine"] for row in rows] == pytest.approx(cosines.tolist(), abs=1e-5)
    assert "gone.png" in document["settings"]["skipped"][0]["reason"]
    assert row_of(document, "left_out", embeddings="raw", pair="its own")["unreadable"] == 1

    document = evaluate(*call, "--layout", "squash")
    weights, _ = fits(*(unit(np.float64(x[None])) for x in (embed("halves.png"), first[1], second[1])))
    assert rows_of(document, "triples", embeddings="raw")[1]["w_second"] == pytest.approx(weights[0, 1], abs=1e-4)


def test_random_pairs_of_pictures(models):  # noqa: F811
    document = evaluate("linearity", "--model", models.model, "--images", models.pictures, models.broken, "--pairs", 200)
    count = len([path for path in models.pictures.rglob("*") if path.is_file()]) + 5
    total = count * (count - 1) // 2
    readable = (count - 5) * (count - 6) // 2
    assert document["settings"]["triples"] == readable
    assert len(document["settings"]["skipped"]) == total - readable
    assert run("evaluate", "linearity", "--model", models.model, "--images", models.pictures, "-o", models.pictures / "a plain.png",
               code=2).stderr.count("a plain.png") > 0


def test_random_pairs_of_a_dataset(models):  # noqa: F811
    """The pairs of the same pictures by --images, one of which is no picture."""
    folder = models / "classes"
    generator = np.random.default_rng(8)
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
        for i in range(3):
            write_png(folder / name / f"{i}.png", generator.integers(0, 256, (32, 32, 3), np.uint8))
    (folder / "dog" / "2.png").write_bytes(b"no picture")
    call = ("linearity", "--model", models.model, "--pairs", 200)
    document = evaluate(*call, "--dataset", f"imagefolder:{folder}")
    expected = evaluate(*call, "--images", folder)
    assert document["settings"]["triples"] == 10 and len(document["settings"]["skipped"]) == 5
    assert document["settings"]["dataset"] == f"imagefolder:{folder}"
    rows, others = (rows_of(one, "triples", embeddings="raw") for one in (document, expected))
    assert [row["w_first"] for row in rows] == pytest.approx([row["w_first"] for row in others], abs=1e-6)
    (models / "pairs of two.csv").write_text("first,second\n")
    fails(2, "evaluate", *call, "--dataset", f"imagefolder:{folder}", "--pairs-file", models / "pairs of two.csv", says=["several", "--dataset"])
    fails(2, "evaluate", *call, "--dataset", f"imagefolder:{folder}", "-o", folder / "cat" / "1.png", says=["1.png"])


def test_samples_without_a_picture_are_no_pairs(models):  # noqa: F811
    """They are listed among what was skipped, but make no triple that could be left out."""
    generator = np.random.default_rng(9)
    for i in range(3):
        write_png(models / f"{i}.png", generator.integers(0, 256, (32, 32, 3), np.uint8))
    (models / "m.csv").write_text("path\n0.png\n1.png\n2.png\ngone.png\nnone.png\n")
    call = ("linearity", "--model", models.model, "--dataset", f"manifest:{models / 'm.csv'}")
    document = evaluate(*call)
    assert document["settings"]["triples"] == 3
    assert [one["file"].rsplit("/", 1)[-1] for one in document["settings"]["skipped"]] == ["gone.png", "none.png"]
    assert row_of(document, "left_out", embeddings="raw", pair="its own")["unreadable"] == 0
    for i in range(3):
        (models / f"{i}.png").write_bytes(b"no picture")
    done = fails(3, "evaluate", *call, says=["none of 3 pairs could be read; the first"])
    assert "gone.png" not in done.stderr.split("none of 3 pairs")[1]


def test_pairs_that_another_program_reads(models):  # noqa: F811
    pairs = [("ab", "cd"), ("ef", "gh"), ("ij", "kl")]
    reader = reader_of(models.folder, "first,second\n" + "".join(f"{a},{b}\n" for a, b in pairs))
    call = ("linearity", "--model", models.model, "--text-pairs", models / "table.parquet", "--python", reader)
    document = evaluate(*call, "-o", models / "r.json")
    assert [(row["first"], row["second"]) for row in rows_of(document, "triples", embeddings="raw")] == pairs
    reader_of(models.folder, "first,second\nno.png,none.png\n")
    fails(3, "evaluate", *call[:3], "--pairs-file", models / "table.parquet", "--python", reader, says=["none of 1 pairs", "no.png"])


def test_texts_joined(models):  # noqa: F811
    words = models.words[:30]
    (models / "some.txt").write_text("".join(word + "\n" for word in words))
    document = evaluate("linearity", "--model", models.model, "--texts", models / "some.txt", "--pairs", 12, "--join", "{} with {}", "--mean", "none")
    pairs = [(row["first"], row["second"]) for row in rows_of(document, "triples", embeddings="raw")]
    assert len(set(pairs)) == 12 and all(a != b and a in words and b in words for a, b in pairs)
    parts = []
    for texts in ([f"{a} with {b}" for a, b in pairs], [a for a, _ in pairs], [b for _, b in pairs]):
        (models / "texts.txt").write_text("".join(text + "\n" for text in texts))
        parts.append(unit(np.float64(embedded(models, "--texts", models / "texts.txt", "texts.npy"))))
    check(document, "raw", *parts)
    (models / "table.csv").write_text("first,second,joint\n" + "".join(f"{a},{b},{a} with {b}\n" for a, b in pairs))
    table = evaluate("linearity", "--model", models.model, "--text-pairs", models / "table.csv", "--mean", "none")
    check(table, "raw", *parts)
    fails(3, "evaluate", "linearity", "--model", models.model, "--text-pairs", models / "words.txt", says=["'first'"])
