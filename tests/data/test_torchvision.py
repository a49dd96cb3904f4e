"""The same folders by torchvision's readers: the same samples with the same classes and pixels."""

from __future__ import annotations

import hashlib
import importlib.util
import pickle

import numpy as np
import pytest
from conftest import dump
from layouts import CARS, celeba, cifar, class_folders, stanford_cars, stl10, sun397, voc2007


MISSING = [name for name in ("PIL", "torch", "torchvision", "scipy") if importlib.util.find_spec(name) is None]
if MISSING:
    pytest.exit(f"skipped: this Python lacks {', '.join(MISSING)}, which datasets are compared with", returncode=5)

from torchvision import datasets  # noqa: E402


def array(image):
    return np.asarray(image.convert("RGB"))


def compare(found, theirs, label):
    """By order; `label` gives the name of a target of theirs."""
    assert len(found.records) == len(theirs) > 0
    for record, pixels, (image, target) in zip(found.records, found.pixels, theirs, strict=True):
        assert record["label"] == label(target)
        np.testing.assert_array_equal(pixels, array(image))


def by_path(found):
    return {record["path"]: (record, pixels) for record, pixels in zip(found.records, found.pixels, strict=True)}


def compare_files(found, paths, labels):
    """By path, whatever the order."""
    ours = by_path(found)
    assert sorted(ours) == sorted(map(str, paths))
    for path, label in zip(paths, labels, strict=True):
        assert ours[str(path)][0]["label"] == label


def test_image_folder(tmp_path):
    class_folders(tmp_path / "d", ["zebra", "Ant", "ant", "żółw"], 3, ".png")
    theirs = datasets.ImageFolder(str(tmp_path / "d"))
    compare(dump("imagefolder", tmp_path / "d", tmp_path), theirs, lambda target: theirs.classes[target])


@pytest.mark.parametrize("hundred", [False, True])
def test_cifar(tmp_path, hundred):
    """torchvision reads the pickles: the same data in both forms."""
    base = datasets.CIFAR100 if hundred else datasets.CIFAR10
    pixels, labels = cifar(tmp_path / ("cifar-100-binary" if hundred else "cifar-10-batches-bin"), hundred)
    folder = tmp_path / base.base_folder
    folder.mkdir()
    names = ["train", "test"] if hundred else [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    sums = {}
    for index, name in enumerate(names):
        part = slice(3 * index, 3 * index + 3)
        batch = {"data": pixels[part].transpose(0, 3, 1, 2).reshape(3, -1)}
        batch["fine_labels" if hundred else "labels"] = [label[-1] for label in labels[part]]
        (folder / name).write_bytes(pickle.dumps(batch))
        sums[name] = hashlib.md5((folder / name).read_bytes()).hexdigest()
    kind = "fine" if hundred else "class"
    meta = {("fine_label_names" if hundred else "label_names"): [f"{kind}_{i}" for i in range(100 if hundred else 10)]}
    (folder / base.meta["filename"]).write_bytes(pickle.dumps(meta))

    class Local(base):
        train_list = [[name, sums[name]] for name in names[:-1]]
        test_list = [[names[-1], sums[names[-1]]]]
        meta = base.meta | {"md5": hashlib.md5((folder / base.meta["filename"]).read_bytes()).hexdigest()}

    for split in ("train", "test"):
        theirs = Local(str(tmp_path), train=split == "train")
        compare(dump("cifar100" if hundred else "cifar10", tmp_path, tmp_path, split=split), theirs, lambda target: theirs.classes[target])


def test_stl10(tmp_path, monkeypatch):
    stl10(tmp_path / "stl10_binary")
    monkeypatch.setattr(datasets.STL10, "_check_integrity", lambda self: True)
    for split in ("train", "test"):
        theirs = datasets.STL10(str(tmp_path), split=split)
        compare(dump("stl10", tmp_path, tmp_path, split=split), theirs, lambda target: theirs.classes[target])


def test_caltech101(tmp_path):
    class_folders(tmp_path / "caltech101" / "101_ObjectCategories", ["wrench", "Faces", "BACKGROUND_Google"], 2)
    (tmp_path / "caltech101" / "Annotations").mkdir()
    for category in (tmp_path / "caltech101" / "101_ObjectCategories").iterdir():
        for index in (1, 0):  # theirs count from 1
            (category / f"image_{index:04d}.jpg").rename(category / f"image_{index + 1:04d}.jpg")
    theirs = datasets.Caltech101(str(tmp_path))
    compare(dump("caltech101", tmp_path, tmp_path), theirs, lambda target: theirs.categories[target])


def test_sun397(tmp_path):
    sun397(tmp_path / "SUN397")
    theirs = datasets.SUN397(str(tmp_path))
    found = dump("sun397", tmp_path, tmp_path)
    compare_files(found, theirs._image_files, [theirs.classes[label] for label in theirs._labels])


def test_celeba(tmp_path, monkeypatch):
    celeba(tmp_path / "celeba", 6)
    for name in ("identity_CelebA.txt", "list_bbox_celeba.txt", "list_landmarks_align_celeba.txt"):
        header, values = ("", "1") if name.startswith("identity") else ("6\na b\n", "1 2")
        (tmp_path / "celeba" / name).write_text(header + "".join(f"{i + 1:06d}.jpg {values}\n" for i in range(6)))
    monkeypatch.setattr(datasets.CelebA, "_check_integrity", lambda self: True)
    for split, name in (("train", "train"), ("valid", "val"), ("test", "test")):
        theirs = datasets.CelebA(str(tmp_path), split=split, target_type="attr")
        found = dump("celeba", tmp_path / "celeba", tmp_path, split=name)
        assert len(theirs) == len(found.records) == 2
        for record, pixels, (image, attributes) in zip(found.records, found.pixels, theirs, strict=True):
            assert [int(record[one]) for one in theirs.attr_names if one] == attributes.tolist()
            np.testing.assert_array_equal(pixels, array(image))


def test_voc2007(tmp_path):
    voc2007(tmp_path)
    for split in ("train", "val", "trainval"):
        theirs = datasets.VOCDetection(str(tmp_path), year="2007", image_set=split)
        found = by_path(dump("voc2007", tmp_path, tmp_path))
        assert len(theirs) > 0
        for index, (image, target) in enumerate(theirs):
            record, pixels = found[theirs.images[index]]
            names = {one["name"] for one in target["annotation"]["object"] if one["difficult"] == "0"}
            assert set(filter(None, record["label"].split(";"))) == names
            np.testing.assert_array_equal(pixels, array(image))


def test_stanford_cars(tmp_path):
    stanford_cars(tmp_path / "stanford_cars")
    for split in ("train", "test"):
        theirs = datasets.StanfordCars(str(tmp_path), split=split)
        assert theirs.classes == CARS
        compare(dump("stanford-cars", tmp_path, tmp_path, split=split), theirs, lambda target: theirs.classes[target])
