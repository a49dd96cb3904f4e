"""dataset info, and --dataset where pictures are taken. Layouts themselves: tests/data."""

import csv
import json
import sys
from pathlib import Path

import numpy as np
from conftest import fails, run
from model_fixtures import made_models, models  # noqa: F401

sys.path.append(str(Path(__file__).parent.parent / "data"))
from layouts import cifar, shard, voc2007, waterbirds  # noqa: E402


def info(*arguments):
    return json.loads(run("dataset", "info", *arguments, "--json").stdout)


def records_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_info(tmp_path):
    _, rows = waterbirds(tmp_path / "birds")
    (tmp_path / "birds" / "000.Bird" / "Bird_0.jpg").unlink()
    given = f"waterbirds:{tmp_path / 'birds'}"
    document = info(given)
    assert document["kind"] == "waterbirds" and document["samples"] == len(rows) - 1
    assert document["columns"] == ["path", "label", "place", "group", "split"]
    assert document["splits"] == {"test": 4, "train": 3, "val": 4}
    assert document["labels"] == [{"label": "landbird", "samples": 5, "splits": {"test": 2, "train": 1, "val": 2}},
                                  {"label": "waterbird", "samples": 6, "splits": {"test": 2, "train": 2, "val": 2}}]
    assert [(Path(one["name"]).name, one["reason"]) for one in document["missing"]] == [("Bird_0.jpg", "no such file")]
    text = run("dataset", "info", given).stdout
    for line in ("11 samples", "split train: 3", "landbird: 5 (test 2, train 1, val 2)", "missing: 1", "Bird_0.jpg: no such file"):
        assert line in text
    assert "and 1 more" in run("dataset", "info", given, "--top", 1).stdout
    assert info(given, "--split", "val", "--limit", 3)["samples"] == 3


def test_records_are_written(tmp_path):
    _, labels = cifar(tmp_path / "cifar")
    done = run("dataset", "info", f"cifar10:{tmp_path / 'cifar'}", "--split", "test", "--records-out", tmp_path / "r.csv")
    assert "wrote" in done.stderr
    assert records_of(tmp_path / "r.csv") == [{"name": f"test_batch/{i}", "label": f"class_{labels[15 + i][0]}", "split": "test"} for i in range(3)]
    before = (tmp_path / "cifar" / "test_batch.bin").read_bytes()
    fails(2, "dataset", "info", f"cifar10:{tmp_path / 'cifar'}", "--records-out", tmp_path / "cifar" / "test_batch.bin", says=["input"])
    assert (tmp_path / "cifar" / "test_batch.bin").read_bytes() == before


def test_no_file_of_a_dataset_is_replaced(models):
    _, folder = dataset_of(models)
    given = ("--dataset", f"imagefolder:{folder}", "--split", "val", "--limit", 1)
    for picture in (path for path in folder.rglob("*") if path.is_file()):
        before = picture.read_bytes()
        fails(2, "embed", "--model", models.model, *given, "-o", picture, says=["--out", "input"])
        fails(2, "dataset", "info", *given[1:], "--records-out", picture, says=["input"])
        assert picture.read_bytes() == before
    voc2007(models / "voc")
    files = [path for path in (models / "voc").rglob("*") if path.is_file()]
    assert len(files) == 12  # pictures, annotations, lists
    for file in files:
        before = file.read_bytes()
        fails(2, "dataset", "info", f"voc2007:{models / 'voc'}", "--limit", 1, "--records-out", file, says=["input"])
        assert file.read_bytes() == before


def test_choices_without_a_dataset_are_refused(models):
    for option, value in (("--split", "train"), ("--limit", 1), ("--root", models), ("--python", sys.executable)):
        fails(2, "embed", "--model", models.model, option, value, "--images", models.pictures, "-o", models / "e.npy", says=[f"{option}: got '{value}'", "--dataset"])
    assert not (models / "e.npy").exists()


def test_wrong_arguments(tmp_path):
    cifar(tmp_path / "cifar")
    given = f"cifar10:{tmp_path / 'cifar'}"
    fails(2, "dataset", "info", "cifar10", says=["--dataset", "KIND:PATH", "imagefolder"])
    fails(2, "dataset", "info", f"cifar9:{tmp_path}", says=["--dataset", "'cifar9'", "cifar10"])
    fails(2, "dataset", "info", given, "--split", "val", says=["--split", "'val'", "'test', 'train'"])
    fails(2, "dataset", "info", given, "--root", tmp_path, says=["--root", "manifest"])
    fails(2, "dataset", "info", given, "--limit", -1, says=["--limit"])
    fails(3, "dataset", "info", f"imagefolder:{tmp_path / 'none'}", says=["none", "no such folder"])
    fails(2, "dataset", says=["info"])
    fails(2, "embed", "--model", tmp_path, "--dataset", given, "--images", tmp_path, "-o", tmp_path / "e.npy", says=["--images", "--dataset"])
    fails(2, "mean", "--dataset", given, "-o", tmp_path / "m.npy", says=["--dataset"])


def dataset_of(models):
    """The model's pictures in folders, and the same in a shard."""
    pictures = sorted(path for path in models.pictures.iterdir() if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"))
    folder = models / "set"
    members = []
    for index, path in enumerate(pictures):
        target = folder / ("train" if index % 3 else "val") / f"class {index % 2}" / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        members += [(f"{index:03d}{path.suffix.lower()}", path.read_bytes()), (f"{index:03d}.cls", str(index % 2).encode())]
    shard(models / "s.tar", members)
    return pictures, folder


def test_embed(models):
    pictures, folder = dataset_of(models)
    run("embed", "--model", models.model, "--images", *pictures, "-o", models / "e.npy")
    expected = dict(zip((path.name for path in pictures), np.load(models / "e.npy")))
    (folder / "val" / "class 0" / "broken.png").write_bytes(b"no picture")
    done = run("embed", "--model", models.model, "--dataset", f"imagefolder:{folder}", "-o", models / "d.npy", "--records-out", models / "r.csv", "--json")
    rows, records = np.load(models / "d.npy"), records_of(models / "r.csv")
    assert len(rows) == len(records) == len(pictures) == json.loads(done.stdout)["rows"]
    assert [Path(one["file"]).name for one in json.loads(done.stdout)["skipped"]] == ["broken.png"]
    for row, record in zip(rows, records):
        path = Path(record["path"])
        np.testing.assert_array_equal(row, expected[path.name])
        assert record["label"] == path.parent.name and record["split"] == path.parent.parent.name
    assert (models / "d.txt").read_text().splitlines() == [record["path"] for record in records]
    # pictures that are no files
    run("embed", "--model", models.model, "--dataset", f"webdataset:{models / 's.tar'}", "-o", models / "w.npy", "--records-out", models / "w.csv")
    np.testing.assert_array_equal(np.load(models / "w.npy"), np.stack([expected[path.name] for path in pictures]))
    assert [record["label"] for record in records_of(models / "w.csv")] == [str(index % 2) for index in range(len(pictures))]


def test_records_of_pictures_and_texts(models):
    run("embed", "--model", models.model, "--images", models.pictures, "-o", models / "e.npy", "--records-out", models / "r.csv")
    records = records_of(models / "r.csv")
    escaped = [record["path"].replace("\\", "\\\\").replace("\n", "\\n") for record in records]
    assert escaped == (models / "e.txt").read_bytes().decode().split("\n")[:-1]
    assert [record["label"] for record in records] == [Path(record["path"]).parent.name for record in records]
    (models / "t.txt").write_text('a "b", c\nd\n')
    run("embed", "--model", models.model, "--texts", models / "t.txt", "-o", models / "e.npy", "--records-out", models / "r.csv")
    assert records_of(models / "r.csv") == [{"text": 'a "b", c'}, {"text": "d"}]
    for wrong in (models / "e.npy", models / "t.txt"):
        fails(2, "embed", "--model", models.model, "--texts", models / "t.txt", "-o", models / "e.npy", "--records-out", wrong, says=["expected another file"])


def test_mean_and_decompose(models):
    pictures, folder = dataset_of(models)
    run("embed", "--model", models.model, "--dataset", f"imagefolder:{folder}", "--split", "train", "-o", models / "e.npy")
    run("mean", "--embeddings", models / "e.npy", "-o", models / "m.npy")
    run("mean", "--model", models.model, "--dataset", f"imagefolder:{folder}", "--split", "train", "-o", models / "n.npy")
    np.testing.assert_array_equal(np.load(models / "m.npy"), np.load(models / "n.npy"))
    run("decompose", "--model", models.model, "-d", models.dictionary, "--dataset", f"webdataset:{models / 's.tar'}", "--limit", 3,
        "--l1-penalty", 0.05, "-o", models / "c.npz", "--embeddings-out", models / "k.npy")
    run("embed", "--model", models.model, "--images", *pictures[:3], "-o", models / "e.npy")
    np.testing.assert_array_equal(np.load(models / "k.npy"), np.load(models / "e.npy"))
    before = (models / "s.tar").read_bytes()
    fails(2, "decompose", "--model", models.model, "-d", models.dictionary, "--dataset", f"webdataset:{models / 's.tar'}", "-o", models / "s.tar",
          says=["input"])
    assert (models / "s.tar").read_bytes() == before


def test_datasets_without_a_picture_that_can_be_read(models):
    folder = models / "set" / "a"
    folder.mkdir(parents=True)
    for index in range(130):
        (folder / f"{index:03d}.png").write_bytes(b"no picture")
    done = fails(3, "embed", "--model", models.model, "--dataset", f"imagefolder:{folder.parent}", "-o", models / "e.npy", says=["--dataset: none of 130"])
    assert "skipped 30 more" in done.stderr and not (models / "e.npy").exists()


def test_search_like_a_sample(models):
    """A sample of a dataset by its number or name, whether it is a file or not."""
    pictures, _ = dataset_of(models)
    base = ("search", "--model", models.model, "-d", models.dictionary, "--l1-penalty", 0.05, "--json")
    by_picture = json.loads(run(*base, "--images", *pictures, "--like", 2).stdout)
    shards = (*base, "--dataset", f"webdataset:{models / 's.tar'}")
    by_number = json.loads(run(*shards, "--like", 2).stdout)

    def scores(document):
        table = next(one for one in document["tables"] if one["key"] == "rows")
        at = [column["key"] for column in table["columns"]].index("score")
        return [row[at] for row in table["rows"]]
    assert scores(by_number) == scores(by_picture) and len(scores(by_number)) > 1
    cifar(models / "cifar")
    given = (*base, "--dataset", f"cifar10:{models / 'cifar'}")
    assert scores(json.loads(run(*given, "--like", "test_batch/1").stdout)) == scores(json.loads(run(*given, "--like", 16).stdout))
    fails(2, *given, "--like", "test_batch/9", says=["--like", "'test_batch/9'", "cifar10"])
    fails(2, *given, "--like", 900, says=["--like", "900"])
