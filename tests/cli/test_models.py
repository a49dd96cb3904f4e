"""embed, mean, decompose --model, dictionary build --model and the demo's pictures, with a small random model."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from html.parser import HTMLParser

import numpy as np
import scipy.sparse
from conftest import SPLICE, fails, gap_of, prepared, read_safetensors, run, unit
from model_fixtures import made_models, models  # noqa: F401

PICTURES = 10


def embed(models, *more, out="e.npy"):
    done = run("embed", "--model", models.model, "-o", models / out, *more)
    return np.load(models / out), done


def test_embed_pictures_and_their_names(models):
    rows, done = embed(models, "--images", models.pictures)
    assert rows.shape == (PICTURES, 24) and rows.dtype == np.float32
    assert f"{PICTURES} pictures" in done.stdout and "wrote" in done.stderr
    names = (models / "e.txt").read_bytes().decode().split("\n")[:-1]
    assert len(names) == PICTURES and str(models.pictures / "a plain.png") in names
    broken = [name for name in names if "line" in name]
    assert broken == [str(models.pictures / "deep" / "line") + "\\nbreak \\\\ \u202e.png"]
    one, _ = embed(models, "--images", models.pictures / "b.JPG", models.pictures / "a plain.png", out="two.npy")
    order = [names.index(str(models.pictures / name)) for name in ("b.JPG", "a plain.png")]
    np.testing.assert_allclose(one, rows[order], rtol=1e-4, atol=1e-5)
    small, _ = embed(models, "--images", models.pictures, "--batch-size", 3, out="small.npy")
    np.testing.assert_allclose(small, rows, rtol=1e-4, atol=1e-5)


def test_the_example_of_the_help_runs(models):
    example = re.search(r"^Example:\s*\n\s+splice (.*)$", run("embed", "--help").stdout, re.MULTILINE).group(1)
    assert f"{PICTURES} pictures" in run(*example.split(), cwd=models.folder).stdout


def test_embed_types_and_lengths(models):
    rows, _ = embed(models, "--images", models.pictures)
    normal, _ = embed(models, "--images", models.pictures, "--normalize", out="n.npy")
    np.testing.assert_allclose(normal, unit(rows.astype(np.float64)), atol=1e-6)
    half, _ = embed(models, "--images", models.pictures, "--dtype", "float16", out="h.npy")
    np.testing.assert_array_equal(half, rows.astype(np.float16))
    fails(2, "embed", "--model", models.model, "--images", models.pictures, "-o", models / "x.npy", "--dtype", "int8", says=["--dtype", "int8"])


def test_embed_texts(models):
    (models / "t.txt").write_text("red car\nact\ncat\n\n" + "far too long a text " * 20 + "\n")
    rows, done = embed(models, "--texts", models / "t.txt")
    assert rows.shape == (5, 24) and "1 cut off" in done.stdout
    assert "line 5 is longer than the model's context of 16 tokens" in done.stderr
    np.testing.assert_allclose(rows[1], rows[2], rtol=1e-5)
    assert not (models / "e.txt").exists()
    document = json.loads(run("embed", "--model", models.model, "--texts", models / "t.txt", "-o", models / "e.npy", "--json").stdout)
    assert document["rows"] == 5 and document["truncated"] == [4] and document["model"] == "tiny"


def test_what_can_not_be_read_is_skipped_and_listed(models):
    rows, done = embed(models, "--images", models.pictures, models.broken)
    assert len(rows) == PICTURES and "5 skipped" in done.stdout
    for name in ("truncated.jpg", "empty.png", "noise.webp", "text.jpg", "huge.png"):
        assert re.search(rf"skipped .*{name}: .+", done.stderr), name
    assert len((models / "e.txt").read_text().splitlines()) == PICTURES
    document = json.loads(run("embed", "--model", models.model, "--images", models.pictures, models.broken, "-o", models / "e.npy",
                              "--json", "--quiet").stdout)
    assert document["rows"] == PICTURES and len(document["skipped"]) == 5
    assert all(entry["reason"] and entry["file"] not in entry["reason"] for entry in document["skipped"])


def test_nothing_to_embed(models):
    (models / "empty").mkdir()
    target = ["--model", models.model, "-o", models / "x.npy"]
    fails(3, "embed", *target, "--images", models / "empty", says=["--images", "no picture"])
    done = run("embed", *target, "--images", models.broken, code=3)
    assert "none of 5 pictures could be read" in done.stderr and done.stdout == ""
    (models / "none.txt").write_text("")
    fails(3, "embed", *target, "--texts", models / "none.txt", says=["none.txt", "no line"])
    fails(3, "embed", *target, "--images", models / "gone", says=["gone"])
    fails(2, "embed", *target, says=["--images", "--texts"])
    fails(2, "embed", *target, "--images", models.pictures, "--texts", models / "none.txt", says=["--images", "--texts"])
    fails(2, "embed", "--images", models.pictures, "-o", models / "x.npy", says=["--model"])
    assert not (models / "x.npy").exists() and not (models / "x.txt").exists()


def test_an_output_that_is_an_input(models):
    picture = models.pictures / "a plain.png"
    before = picture.read_bytes()
    fails(2, "embed", "--model", models.model, "--images", models.pictures, "-o", picture, says=["--out", "input"])
    assert picture.read_bytes() == before


def test_an_output_that_is_of_the_model(models):
    own = models.with_own("own", dictionary=models.dictionary)
    before = {path.name: path.read_bytes() for path in own.iterdir()}
    images = ["--model", own, "--images", models.pictures]
    fails(2, "mean", *images, "-o", own / "text.pt", says=["--out", "input"])
    fails(2, "embed", *images, "-o", own / "model.json", says=["--out", "input"])
    fails(2, "embed", *images, "-o", models / "e.npy", "--paths-out", own / "tokenizer.json", says=["input"])
    fails(2, "decompose", *images, "-o", models / "c.npz", "--report", own / "image.pt", says=["input"])
    fails(2, "dictionary", "build", "--model", own, "--vocabulary", models / "words.txt", "-o", own / "text.pt", says=["input"])
    fails(2, "demo", "--model", own, "--pictures", models.pictures, "-o", own / "image.pt", says=["input"])
    assert {path.name: path.read_bytes() for path in own.iterdir()} == before
    run("mean", *images, "-o", own / "image_mean.npy")  # a new file is none of the model's
    with_mean = models.with_own("with mean", image_mean=own / "image_mean.npy")
    fails(2, "mean", "--model", with_mean, "--images", models.pictures, "-o", with_mean / "image_mean.npy", says=["--out", "input"])
    embed(models, "--images", models.pictures)


def test_outputs_of_one_place(models):
    target = ["--model", models.model, "--images", models.pictures]
    fails(2, "embed", *target, "-o", "e.npy", "--paths-out", "./e.npy", cwd=models.folder, says=["--paths-out"])
    fails(2, "decompose", *target, "-d", models.dictionary, "-o", "c.npz", "--report", models.pictures / ".." / "c.npz", cwd=models.folder,
          says=["twice"])
    assert not (models / "e.npy").exists() and not (models / "c.npz").exists()


def test_a_signal_stops_embedding_cleanly(models):
    (models / "many").mkdir()
    for i in range(3000):
        os.link(models.pictures / "g large.jpg", models / "many" / f"{i:04}.jpg")
    before = sorted(path.name for path in models.folder.iterdir())
    process = subprocess.Popen([SPLICE, "embed", "--model", models.model, "--images", models / "many", "-o", models / "e.npy"],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(models.folder.glob("e.npy.*")) and process.poll() is None:
        time.sleep(0.05)  # the output is begun once the model is loaded
    time.sleep(0.5)
    assert process.poll() is None, "the run ended before it could be interrupted"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and "interrupted" in err
    assert sorted(path.name for path in models.folder.iterdir()) == before


def test_models_that_are_refused(models):
    def broken(name, change):
        folder = models / name
        shutil.copytree(models.model, folder)
        change(folder)
        return fails(3, "embed", "--model", folder, "--images", models.pictures, "-o", models / "x.npy", says=["splice: "]).stderr

    def unlisted(folder, name, data):
        (folder / name).write_bytes(data)
        document = json.loads((folder / "model.json").read_text())
        document["files"][name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        (folder / "model.json").write_text(json.dumps(document))

    assert "image.pt" in broken("no script", lambda folder: unlisted(folder, "image.pt", b"\x80\x02}q\x00."))
    assert "image.pt" in broken("zip", lambda folder: unlisted(folder, "image.pt", b"PK\x03\x04" + bytes(range(256))))
    assert "image.pt" in broken("damaged", lambda folder: (folder / "image.pt").write_bytes(b"x"))
    assert "image.pt" in broken("missing", lambda folder: (folder / "image.pt").unlink())
    assert "24" in broken("width", lambda folder: (folder / "model.json").write_text(
        (folder / "model.json").read_text().replace('"dim": 24', '"dim": 32')))
    fails(3, "embed", "--model", models / "nowhere", "--images", models.pictures, "-o", models / "x.npy", says=["nowhere"])


def test_mean(models):
    rows, _ = embed(models, "--images", models.pictures)
    done = run("mean", "--model", models.model, "--images", models.pictures, models.broken, "-o", models / "mean.npy")
    assert f"mean of {PICTURES} unit embeddings" in done.stdout and "5 skipped" in done.stdout
    expected = unit(rows.astype(np.float64)).mean(axis=0)
    np.testing.assert_allclose(np.load(models / "mean.npy"), expected, atol=1e-6)
    document = json.loads(run("mean", "--model", models.model, "--images", models.pictures, "-o", models / "mean.npy", "--json").stdout)
    assert document["count"] == PICTURES and document["skipped"] == []


def test_mean_of_embeddings(inputs):
    rows = inputs.images.copy()
    rows[3] = 0
    rows[4, 1] = np.nan
    np.save(inputs / "rows.npy", rows)
    document = json.loads(run("mean", "--embeddings", inputs / "rows.npy", "-o", inputs / "m.npy", "--json").stdout)
    assert document["count"] == len(rows) - 2 and document["left_out"] == 2 and document["dim"] == 24
    expected = unit(np.delete(rows, [3, 4], axis=0).astype(np.float64)).mean(axis=0)
    mean = np.load(inputs / "m.npy")
    assert mean.shape == (24,)
    np.testing.assert_allclose(mean, expected, atol=1e-7)
    np.save(inputs / "zero.npy", np.zeros((3, 24), np.float32))
    fails(3, "mean", "--embeddings", inputs / "zero.npy", "-o", inputs / "z.npy", says=["zero.npy", "no row"])
    fails(2, "mean", "-o", inputs / "z.npy", says=["--embeddings", "--model"])
    fails(2, "mean", "--embeddings", inputs / "rows.npy", "--images", inputs.folder, "-o", inputs / "z.npy", says=["--embeddings"])
    fails(2, "mean", "--embeddings", inputs / "rows.npy", "--batch-size", 8, "-o", inputs / "z.npy", says=["--batch-size", "no --model"])


def selected(rows, names, order, max_cosine):
    """The documented rule, one word after the other from the most frequent."""
    kept = []
    for line in order:
        cosines = [float(rows[line] @ rows[other]) for other in kept]
        assert all(abs(cosine - max_cosine) > 1e-6 for cosine in cosines)
        if all(cosine <= max_cosine for cosine in cosines):
            kept.append(line)
    return [names[line] for line in reversed(kept)]


def test_dictionary_by_the_rules(models):
    words = models.words
    words[5] = words[5].upper()
    (models / "words.txt").write_text("\n".join(words) + "\n")
    (models / "nsfw.txt").write_text(f"AB\ncd\n{words[5].lower()}\n")
    (models / "pairs.txt").write_text("\n".join(["aa ab", "cd ef", "gh ij", "a", "kl mm"]) + "\n")
    (models / "all.txt").write_text("\n".join(words))
    rows, _ = embed(models, "--texts", models / "all.txt")
    rows = unit(rows.astype(np.float64))
    wanted = [line for line in reversed(range(len(words))) if words[line] not in ("ab", "cd", words[5])]
    expected = selected(rows, words, wanted, 0.9)
    document = json.loads(run("dictionary", "build", "--model", models.model, "--vocabulary", models / "words.txt", "--bigrams", models / "pairs.txt",
                              "--nsfw-list", models / "nsfw.txt", "-o", models / "d.safetensors", "--json").stdout)
    tensors, metadata = read_safetensors(models / "d.safetensors")
    names = json.loads(metadata["concepts"])
    assert names[document["bigrams"] :] == expected and document["words"] == len(expected)
    dropped = document["dropped_by_rule"]
    assert [entry["text"] for entry in dropped["unwanted"]] == ["cd", words[5], "ab", "cd ef", "aa ab"]
    assert len(dropped["near_duplicate"]) + len(expected) + 3 >= len(words)
    assert all(entry["cosine"] > 0.9 and entry["rival"] in expected + names for entry in dropped["near_duplicate"])
    assert metadata["provenance.model"] == "tiny" and len(metadata["provenance.model_fingerprint"]) == 64
    assert metadata["provenance.vocabulary"] == "words.txt" and "max_cosine 0.9" in metadata["provenance.rules"]
    text = unit(rows[[words.index(name) for name in expected]])
    if document["bigrams"] == 0:
        np.testing.assert_allclose(tensors["atoms"], unit(text - text.mean(axis=0)), atol=1e-5)
    said = run("dictionary", "build", "--model", models.model, "--vocabulary", models / "words.txt", "--size", 20, "-o", models / "d.safetensors")
    assert "20 words and 0 bigrams kept" in said.stdout and "near to a more frequent concept" in said.stdout


def test_dictionary_arguments(models):
    base = ["dictionary", "build", "--model", models.model, "-o", models / "d.safetensors"]
    fails(2, *base, says=["--vocabulary", "none"])
    fails(2, *base, "--vocabulary", models / "words.txt", "--max-cosine", 1.5, says=["--max-cosine", "1.5"])
    fails(2, *base, "--concepts", models / "words.txt", says=["--concepts", "--embeddings"])
    fails(2, *base, "--vocabulary", models / "words.txt", "--last", 3, says=["--last", "--size"])
    fails(3, *base, "--vocabulary", models / "gone.txt", says=["gone.txt"])
    (models / "blank.txt").write_text("\n \n")
    fails(3, *base, "--vocabulary", models / "blank.txt", says=["blank.txt", "no line"])
    assert not (models / "d.safetensors").exists()
    own = models.with_own("own", vocabulary=models / "words.txt")
    run("dictionary", "build", "--model", own, "-o", models / "d.safetensors")


def test_decompose_pictures(models):
    dictionary = models.dictionary
    run("mean", "--model", models.model, "--images", models.pictures, "-o", models / "mean.npy")
    done = run("decompose", "--model", models.model, "--dictionary", dictionary, "--images", models.pictures, models.broken, "--image-mean",
               models / "mean.npy", "--l1-penalty", 0.1, "-o", models / "codes.npz", "--embeddings-out", models / "e.npy", "--top", 3)
    assert str(models.pictures / "a plain.png") + "  " in done.stdout and "5 skipped" in done.stdout and "row 0" not in done.stdout
    codes = scipy.sparse.load_npz(models / "codes.npz")
    arrays = np.load(models / "codes.npz")
    assert codes.shape[0] == PICTURES and (arrays["status"] == 0).all()
    offsets = arrays["name_offsets"]
    names = [bytes(arrays["names"][a:b]).decode() for a, b in zip(offsets[:-1], offsets[1:])]
    assert names[0] == str(models.pictures / "a plain.png") and any("\n" in name for name in names)
    tensors, _ = read_safetensors(dictionary)
    z = prepared(np.load(models / "e.npy"), np.load(models / "mean.npy"))
    assert gap_of(z, codes, tensors["atoms"].astype(np.float64), 0.1).max() < 1e-6
    assert f": {PICTURES} within" in run("verify", models / "codes.npz").stdout
    options = json.loads(bytes(arrays["options"]))
    assert options["model"] == str(models.model) and len(options["model_fingerprint"]) == 64
    for row in ("a plain.png", models.pictures / "a plain.png", 0):
        assert "a plain.png  l0" in run("show", models / "codes.npz", "--row", row).stdout
    assert json.loads(run("show", models / "codes.npz", "--row", "b.JPG", "--json").stdout)["name"] == str(models.pictures / "b.JPG")
    fails(2, "show", models / "codes.npz", "--row", "a plan.png", says=["--row", "a plan.png", "nearest"])
    fails(2, "show", models / "codes.npz", "--row", PICTURES, says=["--row", str(PICTURES)])


def rows_found(*arguments):
    """What `splice search` shows of each row, by the column of its record, and the rows' scores."""
    document = json.loads(run("search", *arguments, "--json", "--quiet").stdout)
    table = next(one for one in document["tables"] if one["key"] == "rows")
    columns = {column["title"]: (at, column["kind"]) for at, column in enumerate(table["columns"]) if column["key"].startswith("record_")}
    shown = {title: (kind, [row[at] for row in table["rows"]]) for title, (at, kind) in columns.items()}
    return shown, [row[1:3] for row in table["rows"]]


def test_rows_that_are_texts(models):
    """Texts are told as texts: on the way, out of stored codes, and out of codes that do not say what their names are."""
    texts = ["a/b ab", "cd and ef", "ab. cd", "gh"]
    (models / "t.txt").write_text("\n".join(texts) + "\n")
    source = ["--model", models.model, "-d", models.dictionary, "--texts", models / "t.txt", "--l1-penalty", 0.1]
    run("decompose", *source, "-o", models / "codes.npz")
    with np.load(models / "codes.npz") as arrays:
        members = {name: arrays[name] for name in arrays.files}
    options = json.loads(bytes(members["options"]))
    assert options.pop("names") == "texts"
    np.savez(models / "old.npz", **members | {"options": np.frombuffer(json.dumps(options).encode(), np.uint8)})
    concept = ["--concept", json.loads(run("decompose", *source, "--top", 1, "--json").stdout)["rows"][0]["concepts"][0]["concept"]]
    found = rows_found(*source, *concept)
    assert list(found[0]) == ["text"] and found[1]
    assert found[0]["text"] == ("text", [texts[row] for row, _ in found[1]])
    for codes in (models / "codes.npz", models / "old.npz"):
        assert rows_found("--codes", codes, *concept) == found
        assert rows_found("--codes", codes, "--like", "cd and ef") == rows_found("--codes", codes, "--like", 1)
        fails(2, "report", "--codes", codes, "--pictures", "-o", models / "r.html", says=["--pictures", "are texts"])
    groups = json.loads(run("summarize", *source, "--by", "text", "--json").stdout)["tables"][0]
    assert sorted(row[0] for row in groups["rows"]) == sorted(texts)
    fails(2, "search", *source, "--like", "gh", says=["--like", "--texts"])


def test_rows_that_are_pictures(models):
    """Names of pictures are paths, whether the codes say so or not."""
    run("decompose", "--model", models.model, "-d", models.dictionary, "--images", models.pictures, "-o", models / "codes.npz", "--l1-penalty", 0.1)
    with np.load(models / "codes.npz") as arrays:
        members = {name: arrays[name] for name in arrays.files}
    options = json.loads(bytes(members["options"]))
    assert options.pop("names") == "pictures"
    np.savez(models / "old.npz", **members | {"options": np.frombuffer(json.dumps(options).encode(), np.uint8)})
    one, other = (rows_found("--codes", models / name, "--like", 0) for name in ("codes.npz", "old.npz"))
    assert one == other and {title: kind for title, (kind, _) in one[0].items()} == {"path": "picture", "label": "text"}
    run("report", "--codes", models / "old.npz", "--pictures", "-o", models / "r.html")


def test_rows_of_one_name_are_not_guessed(models):
    dictionary = models.dictionary
    shutil.copy(models.pictures / "a plain.png", models.pictures / "deep" / "a plain.png")
    run("decompose", "--model", models.model, "-d", dictionary, "--images", models.pictures, "-o", models / "codes.npz")
    fails(2, "show", models / "codes.npz", "--row", "a plain.png", says=["2 rows", "whole path"])


def test_decompose_as_json_and_without_kept_embeddings(models):
    dictionary = models.dictionary
    document = json.loads(run("decompose", "--model", models.model, "-d", dictionary, "--images", models.pictures, models.broken, "-o",
                              models / "codes.npz", "--top", 1, "--json").stdout)
    assert len(document["rows"]) == PICTURES and document["rows"][0]["name"].endswith("a plain.png")
    assert len(document["summary"]["skipped"]) == 5
    fails(2, "verify", models / "codes.npz", says=["--embeddings"])


def test_texts_are_centred_by_the_text_mean(models):
    dictionary = models.dictionary
    (models / "t.txt").write_text("aa\nbb cc\nlong " + "word " * 40 + "\n")
    done = run("decompose", "--model", models.model, "-d", dictionary, "--texts", models / "t.txt", "--l1-penalty", 0.05, "-o", models / "t.npz",
               "--embeddings-out", models / "t.npy")
    assert "1 cut off" in done.stdout
    tensors, _ = read_safetensors(dictionary)
    z = prepared(np.load(models / "t.npy"), tensors["text_mean"])
    codes = scipy.sparse.load_npz(models / "t.npz")
    assert gap_of(z, codes, tensors["atoms"].astype(np.float64), 0.05).max() < 1e-6
    assert "bb cc  l0" in run("show", models / "t.npz", "--row", "bb cc").stdout


def test_the_models_own_dictionary(models):
    own = models.with_own("own", dictionary=models.dictionary)
    assert "10 rows in" in run("decompose", "--model", own, "--images", models.pictures).stdout
    assert "10 rows in" in run("decompose", "--model", own, "-d", own / "dict.safetensors", "--images", models.pictures).stdout
    # A dictionary that is added changes no embedding: it is the same model still.
    assert "10 rows in" in run("decompose", "--model", own, "-d", models / "dict.safetensors", "--images", models.pictures).stdout
    fails(2, "decompose", "--model", models.model, "--images", models.pictures, says=["--dictionary", "none of its own"])


def test_a_dictionary_of_another_model_is_refused(models):
    dictionary = models.dictionary
    other = models.with_own("other", vocabulary=models / "words.txt")
    document = json.loads((other / "model.json").read_text())
    document["name"] = "another"
    document["image"]["mean"][0] = 0.25
    (other / "model.json").write_text(json.dumps(document))
    arguments = ["decompose", "--model", other, "-d", dictionary, "--images", models.pictures]
    fails(2, *arguments, says=["--dictionary", "'tiny'", "'another'", "--any-model"])
    run(*arguments, "--any-model")


def test_decompose_arguments(models, inputs):
    dictionary = models.dictionary
    pictures = ["--images", models.pictures]
    fails(2, "decompose", "-d", dictionary, *pictures, says=["--embeddings", "--model"])
    fails(2, "decompose", "--model", models.model, "-d", dictionary, "-e", inputs / "images.npy", *pictures, says=["--embeddings", "--model"])
    fails(2, "decompose", "--model", models.model, "-d", dictionary, *pictures, "--image-mean", "batch", says=["--image-mean", "batch", "splice mean"])
    fails(2, "decompose", "--model", models.model, "-d", dictionary, *pictures, "--report", models / "r.html", "--l1-path", "0.2,0.1", says=["--report"])
    fails(2, "decompose", "--model", models.model, "-d", dictionary, *pictures, "-o", models / "x", "--report", models / "x", says=["--report", "twice"])
    np.save(models / "short.npy", np.eye(5, dtype=np.float32))
    fails(2, "decompose", "--model", models.model, "-d", models / "short.npy", *pictures, says=["--model", "24", "5"])


def test_the_page(models):
    names = ["<b>bold</b>", "a&b", "plain \u202e word", "ein\"'s"] + models.words
    (models / "w.txt").write_text("\n".join(reversed(names)) + "\n", encoding="utf-8")
    run("dictionary", "build", "--model", models.model, "--vocabulary", models / "w.txt", "-o", models / "d.safetensors", "--max-cosine", 1)
    done = run("decompose", "--model", models.model, "-d", models / "d.safetensors", "--images", models.pictures, models.broken, "--l1-penalty",
               0.02, "--report", models / "r.html", "--report-title", "<script>alert(2)</script>")
    assert f"wrote {models / 'r.html'}" in done.stderr
    page = (models / "r.html").read_text(encoding="utf-8")
    check_page(page, PICTURES)
    assert page.count("data:image/jpeg;base64,") + page.count("data:image/png;base64,") + page.count("data:image/webp;base64,") == PICTURES
    assert models.folder.parent.name not in page  # nor any path below it
    assert "&lt;script&gt;alert(1)" in page and "&lt;script&gt;alert(2)" in page
    few = run("decompose", "--model", models.model, "-d", models / "d.safetensors", "--images", models.pictures, "--report", models / "f.html",
              "--report-limit", 3)
    assert few.stdout
    page = (models / "f.html").read_text(encoding="utf-8")
    check_page(page, 3)
    assert "first 3 of 10 pictures" in page


def check_page(page, rows):
    """Well formed, without scripts and references to anything outside, each picture with a text."""
    class Checker(HTMLParser):
        void = {"meta", "img", "link", "br"}

        def __init__(self):
            super().__init__(convert_charrefs=True)
            self.open, self.articles = [], 0

        def handle_starttag(self, tag, attributes):
            attributes = dict(attributes)
            assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form")
            assert not [name for name in attributes if name.startswith("on") or name == "href"]
            assert attributes.get("src", "data:image/").startswith("data:image/")
            if tag == "img":
                assert attributes["alt"]
            self.articles += tag == "article"
            if tag not in self.void:
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    checker = Checker()
    checker.feed(page)
    assert checker.open == [] and checker.articles == rows
    assert "\u202e" not in page and "{{" not in page and "http" not in page.replace("http-equiv", "")


def test_a_page_of_embeddings(built):
    run("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--l1-penalty", 0.1, "--report", built / "r.html")
    check_page((built / "r.html").read_text(encoding="utf-8"), 12)


def demo_pictures(models, right):
    """A model of which each picture's heaviest concept is known, told rightly or wrongly."""
    own = models.with_own("own", dictionary=models.dictionary)
    rows = json.loads(run("decompose", "--model", own, "--images", models.pictures, "--l1-penalty", 0.1, "--top", 1, "--json").stdout)["rows"]
    truth = [{"file": row["name"].rsplit("/", 1)[1], "concepts": [row["concepts"][0]["concept"] if right else "nothing"]} for row in rows]
    truth += [{"file": "without concepts.png"}, {"file": "of no picture.png", "concepts": []}]
    (models.pictures / "truth.json").write_text(json.dumps(truth))
    return ["demo", "--model", own, "--pictures", models.pictures, "--l1-penalty", 0.1]


def test_demo_of_pictures(models):
    arguments = demo_pictures(models, True)
    done = run(*arguments, cwd=models.folder)
    assert done.stdout.count("\nok      ") == 3 and "✓" in done.stdout and "a plain.png  " in done.stdout
    page = (models / "build" / "demo" / "report.html").read_text(encoding="utf-8")
    check_page(page, PICTURES)
    assert page.count("true of this picture") >= PICTURES
    document = json.loads(run(*arguments, "--out", models / "page.html", "--json").stdout)
    assert document["passed"] is True and document["first_is_true"] == PICTURES and (models / "page.html").exists()


def test_demo_does_not_pass_over_a_broken_model(models):
    shipped = models / "models" / "scene_clip"
    shipped.parent.mkdir()
    shutil.copytree(models.model, shipped)
    (shipped / "image.pt").write_bytes(b"x")
    (shipped / "pictures").mkdir()
    fails(3, "demo", cwd=models.folder, says=["image.pt"])


def test_demo_says_when_concepts_are_wrong(models):
    done = run(*demo_pictures(models, False), code=1, cwd=models.folder)
    assert "FAILED  the heaviest concept" in done.stdout


def test_demo_refuses_a_damaged_truth(models):
    arguments = demo_pictures(models, True)
    (models.pictures / "truth.json").write_text("[1, 2")
    fails(3, *arguments, "--out", models / "p.html", says=["truth.json"])
    assert not (models / "p.html").exists()


def test_models_need_libtorch(inputs):
    """Whatever was built: without a library that runs towers a model is refused by name."""
    (inputs / "model").mkdir()
    done = run("embed", "--model", inputs / "model", "--images", inputs / "images.npy", "-o", inputs / "x.npy", code=None)
    assert done.returncode in (3, 5) and done.stderr.startswith("splice: ") and done.stdout == ""
