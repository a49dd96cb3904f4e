"""splice evaluate relevance, beside Hausdorff distances in numpy and scipy."""

import json

import numpy as np
import pytest
import scipy.sparse
from conftest import fails, read_safetensors, run, unit
from evaluation import centred, evaluate, error_of, mean_of, row_of, rows_of
from model_fixtures import made_models, models  # noqa: F401


def relevance(concepts, nouns):
    """1 - Hausdorff distance by cosine, of unit rows."""
    distances = 1 - concepts @ nouns.T
    return 1 - max(distances.min(axis=1).max(), distances.min(axis=0).max())


@pytest.fixture
def captioned(built):
    """Captions that name the concept which rows were made of, and a few that hold none."""
    built.codes, _ = built.decompose()
    built.codes = built.codes.toarray()
    built.captions = [f"A {built.names[int(row.argmax())]}, the concept 7!" if row.any() else "of the" for row in built.codes]
    built.captions[2] = "nothing to be seen"
    built.write = lambda: (built / "captions.csv").write_text("caption\n" + "".join('"' + caption + '"\n' for caption in built.captions))
    built.write()
    built.call = ("relevance", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--records", built / "captions.csv", "--captions", "caption",
                  "--l1-penalty", 0.1)
    return built


def nouns_of(caption, names):
    words = caption.lower().replace(",", " , ").replace("!", " ! ").split()
    return sorted({names.index(phrase) for phrase in words + [f"{a} {b}" for a, b in zip(words, words[1:])] if phrase in names})


def expected(built, z, top):
    values = {}
    for i, (row, caption) in enumerate(zip(built.codes, built.captions)):
        nouns = nouns_of(caption, built.names)
        order = np.argsort(-row, kind="stable")[: top or len(row)]
        concepts = [j for j in order if row[j] > 0]
        if nouns and concepts:
            values[i] = relevance(z[concepts], z[nouns])
    return values


@pytest.mark.parametrize("top", [0, 2])
def test_hausdorff_distance(captioned, top):
    document = evaluate(*captioned.call, "--top", top)
    for embeddings, z in (("raw", unit(np.float64(captioned.text))), ("centred", centred(captioned.text, mean_of(captioned.text)))):
        values = expected(captioned, z, top)
        row = row_of(document, "relevance", embeddings=embeddings, captions="its own")
        assert row["rows"] == len(values) == 11
        assert row["mean"] == pytest.approx(np.mean(list(values.values())), abs=2e-6)
        assert row["standard_error"] == pytest.approx(error_of(list(values.values())), abs=2e-6)
        if embeddings == "raw":
            listed = {int(row["row"]): row["relevance"] for row in rows_of(document, "examples")}
            assert listed == pytest.approx(values, abs=2e-6)
        other = row_of(document, "relevance", embeddings=embeddings, captions="another's")
        difference = row_of(document, "relevance", embeddings=embeddings, captions="difference")
        assert difference["mean"] == pytest.approx(row["mean"] - other["mean"], abs=1e-12)
        assert other["rows"] == 11
    assert row_of(document, "left_out", reason="rows whose caption has no noun")["count"] == 1


def test_the_oracle_tells_other_captions(captioned):
    z = unit(np.float64(captioned.text))
    own = expected(captioned, z, 0)
    captioned.captions = captioned.captions[1:] + captioned.captions[:1]
    assert np.mean(list(expected(captioned, z, 0).values())) != pytest.approx(np.mean(list(own.values())), abs=1e-4)


def test_perfect_and_shuffled(captioned):
    """Captions that name all concepts of the code have relevance 1; dealt to others, less."""
    captioned.captions = [", ".join(np.array(captioned.names)[row > 0]) for row in captioned.codes]
    captioned.write()
    document = evaluate(*captioned.call)
    assert row_of(document, "relevance", embeddings="centred", captions="its own")["mean"] == pytest.approx(1, abs=2e-6)
    assert row_of(document, "relevance", embeddings="centred", captions="another's")["mean"] < 0.7
    assert document == evaluate(*captioned.call)
    assert document["tables"][0] != evaluate(*captioned.call, "--seed", 9)["tables"][0]


def test_list_of_nouns(captioned):
    """Words of the list that are no concepts have no embedding without a model, and are told."""
    (captioned / "nouns.txt").write_text("Concept 7\nSeen\n")
    document = evaluate(*captioned.call, "--nouns", captioned / "nouns.txt")
    assert {row["nouns"] for row in rows_of(document, "examples")} == {"concept 7", "seen"}
    assert row_of(document, "left_out", reason="nouns that are no concepts, without a text tower to embed them")["count"] == 1
    assert row_of(document, "relevance", embeddings="raw", captions="its own")["rows"] == 11
    assert "--model" in document["summary"]


def test_concepts_are_found_however_they_are_spelt(captioned):
    usual = evaluate(*captioned.call)
    (captioned / "words.txt").write_text("\n".join(name.title() for name in captioned.names) + "\n", encoding="utf-8")
    captioned.build()
    spelt = evaluate(*captioned.call)
    assert row_of(spelt, "relevance", embeddings="raw", captions="its own") == row_of(usual, "relevance", embeddings="raw", captions="its own")
    (captioned / "nouns.txt").write_text("CONCEPT 7\n")
    document = evaluate(*captioned.call, "--nouns", captioned / "nouns.txt")
    assert row_of(document, "left_out", reason="nouns that are no concepts, without a text tower to embed them")["count"] == 0


def test_rows_without_codes(captioned):
    images = captioned.images.copy()
    images[0] = 0
    images[1, 4] = np.nan
    np.save(captioned / "images.npy", images)
    document = evaluate(*captioned.call)
    assert row_of(document, "left_out", reason="rows without a direction: zeros, NaN or infinity")["count"] == 2
    assert row_of(document, "relevance", embeddings="raw", captions="its own")["mean"] is not None
    done = run("evaluate", *captioned.call[:-1], 5, "--json")
    assert "No concept in any of" in done.stderr and "--l1-penalty" in done.stderr
    document = evaluate(*captioned.call[:-1], 5)
    assert row_of(document, "left_out", reason="rows without a concept")["count"] == 10
    assert row_of(document, "relevance", embeddings="raw", captions="its own")["mean"] is None


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows(captioned, rows):
    np.save(captioned / "images.npy", captioned.images[:rows])
    captioned.captions = captioned.captions[:rows]
    captioned.write()
    document = evaluate(*captioned.call)
    own = row_of(document, "relevance", embeddings="raw", captions="its own")
    assert own["rows"] == rows and own["standard_error"] is None
    assert row_of(document, "relevance", embeddings="raw", captions="another's")["rows"] == 0


def test_what_does_not_fit(captioned):
    base = ("evaluate", *captioned.call)
    fails(2, *base, "--captions-file", captioned / "words.txt", says=["--captions", "several"])
    fails(2, "evaluate", "relevance", "-d", captioned / "dict.safetensors", "-e", captioned / "images.npy", "--captions-file", captioned / "words.txt",
          says=["--captions-file", "40 lines", "expected 12"])
    (captioned / "empty.txt").write_text("\n\n")
    fails(3, *base, "--nouns", captioned / "empty.txt", says=["empty.txt"])
    fails(3, *base, "--nouns", captioned / "gone.txt", says=["gone.txt"])
    fails(2, *base, "-o", captioned / "captions.csv", says=["captions.csv"])


def changed_model(models, name, change):  # noqa: F811
    """The model with another description."""
    folder = models.with_own(name)
    document = json.loads((folder / "model.json").read_text())
    change(document)
    (folder / "model.json").write_text(json.dumps(document))
    return folder


def test_models_that_embed_no_noun(models):  # noqa: F811
    """Without a text tower they are as none; one that did not build the dictionary is refused before the walk, which would tell of empty codes."""
    run("embed", "--model", models.model, "--images", models.pictures, "-o", models / "images.npy")
    concept = json.loads(read_safetensors(models.dictionary)[1]["concepts"])[0]
    (models / "captions.txt").write_text(f"a zebra beside the {concept}\n" * len(np.load(models / "images.npy")))
    (models / "nouns.txt").write_text(f"zebra\n{concept}\n")
    call = ("relevance", "-d", models.dictionary, "--captions-file", models / "captions.txt", "--nouns", models / "nouns.txt")
    blind = changed_model(models, "blind", lambda document: document.pop("text"))
    by_none = evaluate(*call, "-e", models / "images.npy", "--l1-penalty", 0.3)
    for given in (["-e", models / "images.npy", "--model", blind], ["--images", models.pictures, "--model", blind, "--any-model"]):
        document = evaluate(*call, *given, "--l1-penalty", 0.3)
        assert row_of(document, "left_out", reason="nouns that are no concepts, without a text tower to embed them")["count"] == 1
        assert row_of(document, "relevance", embeddings="raw", captions="its own")["mean"] == pytest.approx(
            row_of(by_none, "relevance", embeddings="raw", captions="its own")["mean"], abs=1e-6)
    other = changed_model(models, "other", lambda document: document["image"].update(mean=[0.25, 0.5, 0.5]))
    done = fails(2, "evaluate", *call, "-e", models / "images.npy", "--model", other, "--l1-penalty", 9, says=["--dictionary", "--any-model"])
    assert "No concept" not in done.stderr


def test_nouns_by_a_text_tower(models):  # noqa: F811
    """A noun that is no concept goes through the model's text tower."""
    run("embed", "--model", models.model, "--images", models.pictures, "-o", models / "images.npy")
    count = len(np.load(models / "images.npy"))
    (models / "captions.txt").write_text("a zebra beside the ab\n" * count)
    (models / "nouns.txt").write_text("zebra\nab\n")
    call = ("relevance", "--model", models.model, "-d", models.dictionary, "-e", models / "images.npy", "--captions-file", models / "captions.txt", "--nouns",
            models / "nouns.txt", "--l1-penalty", 0.3)
    document = evaluate(*call)
    before = (models / "nouns.txt").read_bytes()
    fails(2, "evaluate", "relevance", "--model", models.model, "-d", models.dictionary, "--images", models.pictures, "--captions", "label", "--nouns",
          models / "nouns.txt", "--embeddings-out", models / "nouns.txt", says=["nouns.txt", "which is an input"])
    assert (models / "nouns.txt").read_bytes() == before
    run("decompose", "-d", models.dictionary, "-e", models / "images.npy", "--l1-penalty", 0.3, "-o", models / "codes.npz")
    codes = scipy.sparse.load_npz(models / "codes.npz").toarray()
    _, metadata = read_safetensors(models.dictionary)
    (models / "concepts.txt").write_text("".join(name + "\n" for name in json.loads(metadata["concepts"])))
    run("embed", "--model", models.model, "--texts", models / "concepts.txt", "-o", models / "words.npy")
    run("embed", "--model", models.model, "--texts", models / "nouns.txt", "-o", models / "nouns.npy")
    words, nouns = (unit(np.float64(np.load(models / name))) for name in ("words.npy", "nouns.npy"))
    values = [relevance(words[row > 0], nouns) for row in codes if row.any()]
    assert row_of(document, "relevance", embeddings="raw", captions="its own")["mean"] == pytest.approx(np.mean(values), abs=1e-5)
