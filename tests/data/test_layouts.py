"""Every layout, made tiny, against what was put into it."""

from __future__ import annotations

import json
import os
import shutil

import numpy as np
import pytest
import scipy.io
from conftest import check_files, dump, refused, run_tool
from layouts import CARS, VOC_CLASSES, Pictures, celeba, cifar, class_folders, coco, stanford_cars, stl10, sun397, voc2007, waterbirds


def test_image_folder(tmp_path):
    root = tmp_path / "d"
    pictures = class_folders(root, ["zebra", "ant", "żółw"])
    pictures.write(root / "ant" / "deeper" / "x.PNG")
    (root / "ant" / "notes.txt").write_text("no picture")
    pictures.write(root / "beside.png")
    found = dump("imagefolder", root, tmp_path)
    assert found.columns == ["path", "label"] and found.missing == []
    assert found.column("label") == ["ant"] * 3 + ["zebra"] * 2 + ["żółw"] * 2
    check_files(found, pictures)


def test_image_folder_with_splits(tmp_path):
    root = tmp_path / "d"
    pictures = class_folders(root / "train", ["a", "b"])
    pictures.pixels |= class_folders(root / "test", ["b"]).pixels
    found = dump("imagefolder", root, tmp_path)
    assert list(zip(found.column("split"), found.column("label"))) == [("test", "b")] * 2 + [("train", "a")] * 2 + [("train", "b")] * 2
    assert dump("imagefolder", root, tmp_path, split="train", limit=3).column("label") == ["a", "a", "b"]
    refused("imagefolder", root, tmp_path, "split: ", "'val'", "'test', 'train'", code=2, split="val")
    # a class called train among others is a class
    class_folders(root, ["x"])
    assert "split" not in dump("imagefolder", root, tmp_path).columns
    refused("imagefolder", root, tmp_path, "split", code=2, split="train")


def test_what_is_no_image_folder(tmp_path):
    refused("imagefolder", tmp_path / "none", tmp_path, "no such folder")
    (tmp_path / "empty" / "class").mkdir(parents=True)
    refused("imagefolder", tmp_path / "empty", tmp_path, "no sample", "pictures")
    refused("no-kind", tmp_path, tmp_path, "'no-kind'", "imagefolder", "waterbirds", code=2)
    refused("imagefolder", tmp_path, tmp_path, "root", "manifest", code=2, root=tmp_path)
    refused("imagefolder", "", tmp_path, "KIND:PATH", code=2)


@pytest.mark.parametrize("name", ["list.csv", "list.tsv", "list.jsonl"])
def test_manifest(tmp_path, name):
    root = tmp_path / "d"
    pictures = Pictures()
    outside = pictures.write(tmp_path / "elsewhere" / "c.png")
    for path in ("a.png", "sub/b.png"):
        pictures.write(root / path)
    rows = [{"label": "x", "path": "a.png", "age": "3"}, {"label": "y", "path": "sub/b.png", "age": ""}, {"label": "z", "path": "none.png", "age": ""},
            {"label": "z", "path": "", "age": ""}, {"label": "", "path": str(outside), "age": "1"}, {"label": "", "path": "../elsewhere/c.png", "age": ""}]
    separator = {"list.csv": ",", "list.tsv": "\t"}.get(name)
    lines = [json.dumps(row) for row in rows] if separator is None else [separator.join(row.values()) for row in [{k: k for k in rows[0]}, *rows]]
    (root / name).write_text("\n".join(lines) + "\n")
    pictures.pixels[str(root / "../elsewhere/c.png")] = pictures.pixels[str(outside)]
    found = dump("manifest", root / name, tmp_path)
    assert found.columns[0] == "path" and sorted(found.columns) == ["age", "label", "path"]
    assert found.column("path") == [str(root / "a.png"), str(root / "sub/b.png"), str(outside), str(root / "../elsewhere/c.png")]
    assert found.column("label") == ["x", "y", "", ""] and found.column("age") == ["3", "", "1", ""]
    check_files(found, pictures)
    assert found.missing == [(str(root / "none.png"), "no such file"), ("record 4", "found no path")]
    # the same list elsewhere
    (tmp_path / name).write_text((root / name).read_text())
    assert len(dump("manifest", tmp_path / name, tmp_path, root=root).records) == 4
    assert len(dump("manifest", tmp_path / name, tmp_path, root=tmp_path / "nowhere").missing) == 5  # the absolute path is there all the same


def test_what_is_no_manifest(tmp_path):
    (tmp_path / "t.csv").write_text("file,label\na,b\n")
    refused("manifest", tmp_path / "t.csv", tmp_path, "'path'", "'file', 'label'")
    (tmp_path / "t.csv").write_text("path\na\nb\n")
    refused("manifest", tmp_path / "t.csv", tmp_path, "none of 2 samples", str(tmp_path / "a"))


def test_pictures_that_break_are_told_when_they_are_read(tmp_path):
    pictures = class_folders(tmp_path / "d", ["a"], 3)
    broken = tmp_path / "d" / "a" / "image_0001.jpg"
    broken.write_bytes(broken.read_bytes()[:40])
    found = dump("imagefolder", tmp_path / "d", tmp_path)
    assert [pixels.size > 0 for pixels in found.pixels] == [True, False, True] and found.missing[0][0] == str(broken)
    np.testing.assert_array_equal(found.pixels[2], pictures.pixels[found.records[2]["path"]])


@pytest.mark.parametrize("below", ["", "cifar-10-batches-bin"])
def test_cifar10(tmp_path, below):
    pixels, labels = cifar(tmp_path / "d" / below if below else tmp_path / "d")
    found = dump("cifar10", tmp_path / "d", tmp_path)
    assert found.columns == ["name", "label", "split"] and found.missing == []
    np.testing.assert_array_equal(np.stack(found.pixels), pixels)
    assert found.column("label") == [f"class_{label[0]}" for label in labels]
    assert found.column("split") == ["train"] * 15 + ["test"] * 3
    assert found.records[4]["name"] == "data_batch_2/1"
    test = dump("cifar10", tmp_path / "d", tmp_path, split="test", limit=2)
    np.testing.assert_array_equal(np.stack(test.pixels), pixels[15:17])


def test_cifar100(tmp_path):
    pixels, labels = cifar(tmp_path / "d", hundred=True)
    found = dump("cifar100", tmp_path / "d", tmp_path)
    np.testing.assert_array_equal(np.stack(found.pixels), pixels)
    assert found.columns == ["name", "label", "superclass", "split"]
    assert found.column("label") == [f"fine_{label[1]}" for label in labels]
    assert found.column("superclass") == [f"coarse_{label[0]}" for label in labels]


def test_what_is_no_cifar(tmp_path):
    folder = tmp_path / "d"
    cifar(folder)
    whole = (folder / "data_batch_2.bin").read_bytes()
    for data in (whole[:-1], whole + b"x", b""):
        (folder / "data_batch_2.bin").write_bytes(data)
        refused("cifar10", folder, tmp_path, "data_batch_2.bin", f"{len(data)} bytes", "3073")
    (folder / "data_batch_2.bin").write_bytes(b"\x0a" + whole[1:])
    refused("cifar10", folder, tmp_path, "picture 0", "class 10", "0 to 9")
    (folder / "data_batch_2.bin").unlink()
    found = dump("cifar10", folder, tmp_path)
    assert len(found.records) == 15 and found.missing == [(str(folder / "data_batch_2.bin"), "no such file")]
    pickles = tmp_path / "p" / "cifar-10-batches-py"
    pickles.mkdir(parents=True)
    (pickles / "batches.meta").write_bytes(b"\x80\x02.")
    for path in (pickles, pickles.parent):
        refused("cifar10", path, tmp_path, "pickles", "cifar-10-batches-bin", "https://www.cs.toronto.edu/~kriz/cifar.html")
    refused("cifar100", tmp_path, tmp_path, "cifar-100-binary")


def test_stl10(tmp_path):
    made = stl10(tmp_path / "stl10_binary")
    for root in (tmp_path, tmp_path / "stl10_binary"):
        found = dump("stl10", root, tmp_path)
        assert found.columns == ["name", "label", "split"]
        np.testing.assert_array_equal(np.stack(found.pixels), np.concatenate([images for images, _ in made.values()]))
        assert found.column("split") == [split for split in made for _ in range(2)]
        labels = [f"class_{label}" if split != "unlabeled" else "" for split, (_, all_of) in made.items() for label in all_of]
        assert found.column("label") == labels
    folder = tmp_path / "stl10_binary"
    (folder / "unlabeled_X.bin").unlink()
    (folder / "test_X.bin").unlink()
    assert dump("stl10", folder, tmp_path).missing == [(str(folder / "test_X.bin"), "no such file")]
    for data, says in ((b"\1", "1 bytes"), (b"\0\1", "class 0"), (b"\x0b\1", "class 11")):
        (folder / "train_y.bin").write_bytes(data)
        refused("stl10", folder, tmp_path, "train_y.bin", says)


def test_caltech101(tmp_path):
    pictures = class_folders(tmp_path / "101_ObjectCategories", ["wrench", "Faces", "BACKGROUND_Google"])
    found = dump("caltech101", tmp_path, tmp_path)
    assert found.column("label") == ["Faces"] * 2 + ["wrench"] * 2
    check_files(found, pictures)
    refused("caltech101", tmp_path / "none", tmp_path, "none", "no such folder")
    refused("caltech101", tmp_path / "101_ObjectCategories" / "wrench", tmp_path, "101_ObjectCategories")


def test_mit_states(tmp_path):
    pictures = class_folders(tmp_path / "images", ["young tiger", "adj tiger", "old fire engine", "strange"])
    found = dump("mit-states", tmp_path, tmp_path)
    assert found.columns == ["path", "label", "adjective", "noun"]
    assert [tuple(record[name] for name in found.columns[1:]) for record in found.records[::2]] == [
        ("adj tiger", "", "tiger"), ("old fire engine", "old", "fire engine"), ("young tiger", "young", "tiger")]
    assert found.missing[0][0].endswith("strange")
    check_files(found, pictures)


def test_celeba(tmp_path):
    pictures, values = celeba(tmp_path)
    (tmp_path / "img_align_celeba" / "000002.jpg").unlink()
    found = dump("celeba", tmp_path, tmp_path)
    kept = [0, 2, 3, 4]
    assert found.columns == ["path", "split"] + [f"Attribute_{i}" for i in range(40)]
    table = np.array([[int(record[f"Attribute_{i}"]) for i in range(40)] for record in found.records])
    np.testing.assert_array_equal(table, (values[kept] + 1) // 2)
    assert found.column("split") == [["train", "val", "test"][i % 3] for i in kept]
    assert found.missing == [(str(tmp_path / "img_align_celeba" / "000002.jpg"), "no such file")]
    check_files(found, pictures)
    text = (tmp_path / "list_attr_celeba.txt").read_text()
    for broken, says in ((text.replace("5\n", "6\n", 1), "expected 6"), (text.rsplit(" ", 1)[0] + "\n", "words"),
                         (text.replace(" 1", " 2"), "expected 1 or -1"), ("99999999999\n", "1 lines"), (text.replace("5\n", "x\n", 1), "'x'")):
        (tmp_path / "list_attr_celeba.txt").write_text(broken)
        refused("celeba", tmp_path, tmp_path, "list_attr_celeba.txt", says)


def test_celeba_as_tables(tmp_path):
    _, values = celeba(tmp_path)
    (tmp_path / "list_attr_celeba.txt").unlink()
    (tmp_path / "list_eval_partition.txt").unlink()
    rows = [",".join([f"{i + 1:06d}.jpg", *map(str, row)]) for i, row in enumerate(values)]
    (tmp_path / "list_attr_celeba.csv").write_text("image_id," + ",".join(f"A{i}" for i in range(40)) + "\n" + "\n".join(rows))
    (tmp_path / "list_eval_partition.csv").write_text("image_id,partition\n" + "".join(f"{i + 1:06d}.jpg,{i % 3}\n" for i in range(5)))
    found = dump("celeba", tmp_path, tmp_path, split="train")
    assert [found.column(f"A{i}") for i in range(40)] == [[str((values[row, i] + 1) // 2) for row in (0, 3)] for i in range(40)]


def test_waterbirds(tmp_path):
    pictures, rows = waterbirds(tmp_path)
    found = dump("waterbirds", tmp_path, tmp_path)
    birds, places, splits = ["landbird", "waterbird"], ["land", "water"], ["train", "val", "test"]
    expected = [(birds[y], places[place], f"{birds[y]} on {places[place]}", splits[split]) for y, place, split in rows]
    assert found.columns == ["path", "label", "place", "group", "split"]
    assert [tuple(record[name] for name in found.columns[1:]) for record in found.records] == expected
    check_files(found, pictures)
    text = (tmp_path / "metadata.csv").read_text()
    (tmp_path / "metadata.csv").write_text(text.replace(".jpg,1,2,", ".jpg,7,2,"))
    refused("waterbirds", tmp_path, tmp_path, "metadata.csv", "'y'", "found 7")
    (tmp_path / "metadata.csv").write_text("img_filename,y\n")
    refused("waterbirds", tmp_path, tmp_path, "'place'")


WORDS = {"n02012849": "crane", "n03126707": "crane", "n01440764": "tench, Tinca tinca", "n09999999": "tench, no class of the challenge"}


def imagenet(root, flat=False):
    pictures = class_folders(root / "train", list(WORDS)[:3], suffix=".JPEG")
    if flat:
        for number in (1, 2, 3):
            pictures.write(root / "val" / f"ILSVRC2012_val_{number:08d}.JPEG")
    else:
        pictures.pixels |= class_folders(root / "val", list(WORDS)[:2], 1, ".JPEG").pixels
    return pictures


def test_imagenet(tmp_path):
    pictures = imagenet(tmp_path / "d")
    found = dump("imagenet", tmp_path / "d", tmp_path)
    assert found.columns == ["path", "label", "split", "synset"]
    assert found.column("label") == found.column("synset") == ["n01440764"] * 2 + ["n02012849"] * 2 + ["n03126707"] * 2 + ["n02012849", "n03126707"]
    check_files(found, pictures)
    (tmp_path / "d" / "words.txt").write_text("".join(f"{synset}\t{words}\n" for synset, words in WORDS.items()))
    found = dump("imagenet", tmp_path / "d", tmp_path, split="val")
    assert found.column("label") == ["crane (n02012849)", "crane (n03126707)"]
    assert dump("imagenet", tmp_path / "d", tmp_path, limit=1).records[0]["label"] == "tench"


def test_imagenet_as_it_comes(tmp_path):
    """ILSVRC/Data/CLS-LOC, with val flat."""
    root = tmp_path / "ILSVRC" / "Data" / "CLS-LOC"
    pictures = imagenet(root, flat=True)
    refused("imagenet", tmp_path, tmp_path, "LOC_val_solution.csv", "ground_truth")
    (tmp_path / "LOC_synset_mapping.txt").write_text("".join(f"{synset} {words}\n" for synset, words in WORDS.items()))
    (tmp_path / "LOC_val_solution.csv").write_text("ImageId,PredictionString\nILSVRC2012_val_00000003,n01440764 1 2 3 4 n01440764 5 6 7 8 \n"
                                                   "ILSVRC2012_val_00000001,n03126707 1 2 3 4 \n")
    found = dump("imagenet", tmp_path, tmp_path, split="val")
    assert found.column("synset") == ["n03126707", "n01440764"]
    assert [name for name, _ in found.missing] == [str(root / "val" / "ILSVRC2012_val_00000002.JPEG")]
    check_files(found, pictures)


def test_imagenet_with_its_devkit(tmp_path):
    pictures = imagenet(tmp_path, flat=True)
    data = tmp_path / "ILSVRC2012_devkit_t12" / "data"
    data.mkdir(parents=True)
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text("3\n1\n2\n")
    synsets = np.empty((3, 1), [("ILSVRC2012_ID", object), ("WNID", object), ("words", object)])
    for index, synset in enumerate(["n03126707", "n02012849", "n01440764"]):
        synsets[index, 0] = (np.float64(index + 1), synset, WORDS[synset])
    scipy.io.savemat(data / "meta.mat", {"synsets": synsets})
    found = dump("imagenet", tmp_path, tmp_path, split="val")
    assert found.column("synset") == ["n01440764", "n03126707", "n02012849"]
    check_files(found, pictures)
    (data / "ILSVRC2012_validation_ground_truth.txt").write_text("3\n9\n")
    refused("imagenet", tmp_path, tmp_path, "line 2", "'9'")


@pytest.mark.parametrize("where", ["", "images"])
def test_coco_captions(tmp_path, where):
    root = tmp_path / "d"
    pictures, captions = coco(root)
    if where:
        for split in ("train2017", "val2017"):
            (root / "images").mkdir(exist_ok=True)
            shutil.move(root / split, root / "images" / split)
        pictures.pixels = {path.replace("/d/", "/d/images/"): pixels for path, pixels in pictures.pixels.items()}
        captions = {path.replace("/d/", "/d/images/"): texts for path, texts in captions.items()}
    found = dump("coco-captions", root, tmp_path)
    columns = ["caption", "caption_2", "caption_3", "caption_4", "caption_5", "caption_6"]
    assert found.columns == ["path", "split", *columns] and found.column("split") == ["train"] * 4 + ["val"] * 4
    for record in found.records:
        assert [record[name] for name in columns if record[name]] == captions[record["path"]]
    check_files(found, pictures)


def test_what_is_no_coco(tmp_path):
    root = tmp_path / "d"
    coco(root)
    file = root / "annotations" / "captions_train2017.json"
    text = file.read_text()
    for broken in (text[:-30], "[" * 200000, text.replace('"file_name"', '"name"', 1), text.replace('"image_id"', '"image"', 1), "", "{}x"):
        file.write_text(broken)
        refused("coco-captions", root, tmp_path, file.name, "annotations of captions")
    shutil.rmtree(root / "annotations")
    refused("coco-captions", root, tmp_path, "annotations")


def expected_cars(rows):
    makes = ["AM General", "Aston Martin", "BMW", "Ram", "smart", "Land Rover"]
    models = ["Hummer SUV", "V8 Vantage Coupe", "3 Series Sedan", "C/V Cargo Van Minivan", "fortwo Convertible", "LR2 SUV"]
    return [(CARS[kind], split, makes[kind], models[kind], "2000" if kind == 0 else "2012") for split, kind in rows]


def cars_found(found):
    assert found.columns == ["path", "label", "split", "make", "model", "year"]
    return [tuple(record[name] for name in found.columns[1:]) for record in found.records]


def test_stanford_cars(tmp_path):
    pictures, rows = stanford_cars(tmp_path)
    found = dump("stanford-cars", tmp_path, tmp_path)
    assert cars_found(found) == expected_cars(rows)
    check_files(found, pictures)
    (tmp_path / "cars_test_annos_withlabels.mat").unlink()
    found = dump("stanford-cars", tmp_path, tmp_path)
    assert len(found.records) == 5 and "no classes" in found.missing[0][1]


def test_stanford_cars_as_tables(tmp_path):
    pictures, rows = Pictures(), []
    (tmp_path / "names.csv").write_text("\n".join(CARS) + "\n")
    for split in ("train", "test"):
        lines = []
        for kind, name in enumerate(CARS):
            pictures.write(tmp_path / "car_data" / "car_data" / split / name.replace("/", "-") / f"{kind:05d}.jpg")
            lines.append(f"{kind:05d}.jpg,1,2,3,4,{kind + 1}")
            rows.append((split, kind))
        (tmp_path / f"anno_{split}.csv").write_text("\n".join(lines) + "\n")
    found = dump("stanford-cars", tmp_path, tmp_path)
    assert cars_found(found) == expected_cars(rows)
    check_files(found, pictures)
    (tmp_path / "anno_test.csv").write_text("00000.jpg,1,2,3,4,7\n")
    refused("stanford-cars", tmp_path, tmp_path, "anno_test.csv", "class 7", "1 to 6")
    for name in ("names.csv", "anno_test.csv", "anno_train.csv"):
        (tmp_path / name).unlink()
    assert len(dump("stanford-cars", tmp_path, tmp_path, split="test").records) == len(CARS)


def test_mat_files_that_are_refused(tmp_path):
    stanford_cars(tmp_path)
    meta = tmp_path / "devkit" / "cars_meta.mat"
    whole = meta.read_bytes()
    scipy.io.savemat(meta, {"other": 1})
    refused("stanford-cars", tmp_path, tmp_path, "cars_meta.mat", "no variable 'class_names'")
    scipy.io.savemat(meta, {"class_names": np.array([[1], [np.zeros(3)]], object)})
    refused("stanford-cars", tmp_path, tmp_path, "cars_meta.mat", "texts and numbers")
    for data in (whole[:200], b"MATLAB 7.3 MAT-file" + b" " * 105 + b"\0\2IM" + b"\x89HDF\r\n\x1a\n", b"", b"\0" * 4096):
        meta.write_bytes(data)
        refused("stanford-cars", tmp_path, tmp_path, "cars_meta.mat")
    meta.write_bytes(whole)
    annotations = tmp_path / "devkit" / "cars_train_annos.mat"
    scipy.io.savemat(annotations, {"annotations": np.zeros(3)})
    refused("stanford-cars", tmp_path, tmp_path, "no field 'fname'")


def test_mat_files_that_lie(tmp_path):
    """Bytes anywhere: read, or refused with the file's name; never another end."""
    stanford_cars(tmp_path)
    meta = tmp_path / "devkit" / "cars_meta.mat"
    whole = bytearray(meta.read_bytes())
    rng = np.random.default_rng(0)
    for _ in range(12):
        damaged = bytearray(whole)
        for at in rng.integers(124, len(whole), 3):
            damaged[at] = int(rng.choice([0, 255, 127, 128]))
        meta.write_bytes(damaged)
        try:
            dump("stanford-cars", tmp_path, tmp_path)
        except AssertionError as error:
            assert "exit 3" in str(error) and "cars_meta.mat" in str(error) or "cars_train_annos.mat" in str(error)


def test_sun397(tmp_path):
    pictures = sun397(tmp_path / "SUN397")
    found = dump("sun397", tmp_path, tmp_path)
    classes = ["abbey", "apartment_building/outdoor", "apartment_building", "zoo"]
    assert found.columns == ["path", "label"] and found.column("label") == [name for name in classes for _ in range(2)]
    check_files(found, pictures)
    shutil.rmtree(tmp_path / "SUN397" / "z")
    (tmp_path / "SUN397" / "Training_01.txt").write_text("/a/abbey/sun_a_abbey_0.jpg\n")
    (tmp_path / "SUN397" / "Testing_01.txt").write_text("/a/abbey/sun_a_abbey_1.jpg\n")
    found = dump("sun397", tmp_path / "SUN397", tmp_path)
    assert found.column("split") == ["train", "test", "", "", "", ""] and found.missing[0][0].endswith("z/zoo")
    (tmp_path / "SUN397" / "ClassName.txt").write_text("abbey\n")
    refused("sun397", tmp_path, tmp_path, "'abbey'", "/letter/class")


def test_voc2007(tmp_path):
    pictures, truth = voc2007(tmp_path)
    for root in (tmp_path, tmp_path / "VOCdevkit", tmp_path / "VOCdevkit" / "VOC2007"):
        found = dump("voc2007", root, tmp_path)
        assert found.columns == ["path", "label", "split", *VOC_CLASSES]
        assert [(record["path"][-10:-4], record["split"]) for record in found.records] == [(name, split) for name, (split, _) in truth.items()]
        for record, (_, objects) in zip(found.records, truth.values()):
            for name in VOC_CLASSES:
                assert record[name] == ("0" if name not in objects else "" if all(objects[name]) else "1")
            assert record["label"] == ";".join(sorted(name for name in objects if not all(objects[name])))
        check_files(found, pictures)


@pytest.mark.parametrize(("text", "says"), [
    ("", "no XML"), ("<annotation>", "no XML"), ("<other/>", "annotation"),
    ("<annotation><object><name>unicorn</name></object></annotation>", "unicorn"), ("<a>" * 100000, "no XML"),
    ('<!DOCTYPE x [<!ENTITY a "dog"><!ENTITY b "&a;&a;&a;&a;">]><annotation><object><name>&b;</name></object></annotation>', "&b;"),
], ids=["empty", "cut", "other", "class", "deep", "entities"])
def test_voc_annotations_that_are_passed_over(tmp_path, text, says):
    voc2007(tmp_path)
    broken = tmp_path / "VOCdevkit" / "VOC2007" / "Annotations" / "000003.xml"
    broken.write_text(text)
    found = dump("voc2007", tmp_path, tmp_path)
    assert len(found.records) == 3 and found.missing[0][0] == str(broken) and says in found.missing[0][1]


def test_pipes_in_a_dataset_are_not_waited_for(tmp_path):
    root = tmp_path / "coco"
    coco(root)
    os.mkfifo(root / "annotations" / "captions_more2017.json")
    refused("coco-captions", root, tmp_path, "captions_more2017.json", "no regular file")
    birds = tmp_path / "birds"
    waterbirds(birds)
    (birds / "metadata.csv").unlink()
    os.mkfifo(birds / "metadata.csv")
    refused("waterbirds", birds, tmp_path, "metadata.csv")


def test_names_that_no_table_holds(tmp_path):
    root = tmp_path / "d"
    pictures = class_folders(root, ["ant", "bee"])
    bad = os.fsencode(root) + b"/b\xffd"
    os.mkdir(bad)
    shutil.copy(next(iter(pictures.pixels)), bad + b"/x.jpg")
    done = run_tool("samples", f"imagefolder:{root}", tmp_path / "out.csv", tmp_path / "out.pixels", errors="surrogateescape")
    assert done.stdout == f"{os.fsdecode(bad)}/x.jpg\tfound a path that is not UTF-8, which tables of records can't hold\n"
    run_tool("records", tmp_path / "out.csv", tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()
