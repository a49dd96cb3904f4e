"""Tiny datasets in the layouts that the large ones are published in, with what a reader has to find."""

from __future__ import annotations

import io
import json
import struct
import tarfile
import zlib
from pathlib import Path

import numpy as np
import scipy.io

CARS = ["AM General Hummer SUV 2000", "Aston Martin V8 Vantage Coupe 2012", "BMW 3 Series Sedan 2012", "Ram C/V Cargo Van Minivan 2012",
        "smart fortwo Convertible 2012", "Land Rover LR2 SUV 2012"]
VOC_CLASSES = ["aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike",
               "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"]


def png_bytes(pixels: np.ndarray) -> bytes:
    """[height, width, 3] uint8 as a PNG without filters: what was put in is what is read."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in np.ascontiguousarray(pixels, np.uint8))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


class Pictures:
    """Pictures that can be told apart. Their content is PNG whatever their name says: readers go by content."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.pixels: dict[str, np.ndarray] = {}

    def write(self, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = self.rng.integers(0, 256, (int(self.rng.integers(2, 7)), int(self.rng.integers(2, 7)), 3), np.uint8)
        path.write_bytes(png_bytes(pixels))
        self.pixels[str(path)] = pixels
        return path


def class_folders(folder: Path, classes: list[str], count: int = 2, suffix: str = ".jpg") -> Pictures:
    pictures = Pictures()
    for name in classes:
        for index in range(count):
            pictures.write(folder / name / f"image_{index:04d}{suffix}")
    return pictures


def cifar(folder: Path, hundred: bool = False, counts: int = 3) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """The binary version. Returns pixels [n, 32, 32, 3] and the label bytes, training batches first."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True)
    if hundred:
        (folder / "fine_label_names.txt").write_text("".join(f"fine_{i}\n" for i in range(100)) + "\n")
        (folder / "coarse_label_names.txt").write_text("".join(f"coarse_{i}\n" for i in range(20)) + "\n")
        batches, limits = ["train", "test"], (20, 100)
    else:
        (folder / "batches.meta.txt").write_text("".join(f"class_{i}\n" for i in range(10)) + "\n")
        batches, limits = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"], (10,)
    pixels, labels = [], []
    for batch in batches:
        data = b""
        for _ in range(counts):
            image = rng.integers(0, 256, (32, 32, 3), np.uint8)
            label = tuple(int(rng.integers(0, limit)) for limit in limits)
            data += bytes(label) + image.transpose(2, 0, 1).tobytes()
            pixels.append(image)
            labels.append(label)
        (folder / f"{batch}.bin").write_bytes(data)
    return np.stack(pixels), labels


def stl10(folder: Path, count: int = 2) -> dict[str, tuple[np.ndarray, list[int]]]:
    """stl10_binary: planes hold column after column; classes count from 1."""
    rng = np.random.default_rng(6)
    folder.mkdir(parents=True)
    (folder / "class_names.txt").write_text("".join(f"class_{i}\n" for i in range(10)))
    made = {}
    for split in ("train", "test", "unlabeled"):
        images = rng.integers(0, 256, (count, 96, 96, 3), np.uint8)
        labels = [int(label) for label in rng.integers(0, 10, count)]
        (folder / f"{split}_X.bin").write_bytes(images.transpose(0, 3, 2, 1).tobytes())
        if split != "unlabeled":
            (folder / f"{split}_y.bin").write_bytes(bytes(label + 1 for label in labels))
        made[split] = (images, labels)
    return made


def celeba(folder: Path, count: int = 5) -> tuple[Pictures, np.ndarray]:
    """Attributes [count, 40] of -1 and 1; picture i is of split i % 3."""
    rng = np.random.default_rng(8)
    values = rng.choice([-1, 1], (count, 40))
    names = [f"Attribute_{i}" for i in range(40)]
    pictures = Pictures()
    files = [f"{i + 1:06d}.jpg" for i in range(count)]
    for name in files:
        pictures.write(folder / "img_align_celeba" / name)
    lines = [f"{name}  " + " ".join(f"{value:2d}" for value in row) for name, row in zip(files, values)]
    (folder / "list_attr_celeba.txt").write_text(f"{count}\n{' '.join(names)} \n" + "\n".join(lines) + "\n")
    (folder / "list_eval_partition.txt").write_text("".join(f"{name} {i % 3}\n" for i, name in enumerate(files)))
    return pictures, values


def waterbirds(folder: Path) -> tuple[Pictures, list[tuple[int, int, int]]]:
    pictures = Pictures()
    rows = [(y, place, split) for y in (0, 1) for place in (0, 1) for split in (0, 1, 2)]
    lines = ["img_id,img_filename,y,split,place,place_filename"]
    for index, (y, place, split) in enumerate(rows):
        name = f"{index:03d}.Bird/Bird_{index}.jpg"
        pictures.write(folder / name)
        lines.append(f'{index + 1},{name},{y},{split},{place},"/o/ocean, {index}.jpg"')
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return pictures, rows


def coco(folder: Path, year: str = "2017") -> tuple[Pictures, dict[str, list[str]]]:
    """Returns captions of each path."""
    pictures, captions = Pictures(), {}
    (folder / "annotations").mkdir(parents=True)
    for split, first in (("train", 100), ("val", 500)):
        images, annotations = [], []
        for index in range(4):
            identity = first - index
            path = pictures.write(folder / f"{split}{year}" / f"{identity:012d}.jpg")
            captions[str(path)] = [f'A "caption" {k} of {identity}, żółw' for k in range(5 + index % 2)]
            images.append({"license": 1, "file_name": path.name, "height": 4, "id": identity, "more": {"id": 7, "file_name": "no"}})
        order = [(image["id"], k) for k in range(6) for image in images]
        for identity, k in order:
            texts = captions[str(folder / f"{split}{year}" / f"{identity:012d}.jpg")]
            if k < len(texts):
                annotations.append({"image_id": identity, "id": len(annotations), "caption": texts[k]})
        document = {"info": {"year": 2017, "caption": "no"}, "annotations": annotations, "images": images, "licenses": [{"id": 1}]}
        (folder / "annotations" / f"captions_{split}{year}.json").write_text(json.dumps(document))
    return pictures, captions


def stanford_cars(folder: Path) -> tuple[Pictures, list[tuple[str, int]]]:
    """cars_train, cars_test, devkit. Returns (split, class from 0), training pictures first."""
    pictures, rows = Pictures(), []
    (folder / "devkit").mkdir(parents=True)
    names = np.empty((1, len(CARS)), object)
    names[0] = CARS
    scipy.io.savemat(folder / "devkit" / "cars_meta.mat", {"class_names": names})
    for split, annotations in (("train", "devkit/cars_train_annos.mat"), ("test", "cars_test_annos_withlabels.mat")):
        table = np.empty((1, 5), [("bbox_x1", object), ("class", object), ("fname", object)])
        for index in range(5):
            kind = (index * 2 + len(rows)) % len(CARS)
            name = f"{index + 1:05d}.jpg"
            pictures.write(folder / f"cars_{split}" / name)
            table[0, index] = (np.uint16(3), np.uint8(kind + 1), name)
            rows.append((split, kind))
        scipy.io.savemat(folder / annotations, {"annotations": table}, do_compression=split == "test")
    return pictures, rows


def sun397(folder: Path) -> Pictures:
    pictures = Pictures()
    classes = ["/a/abbey", "/a/apartment_building/outdoor", "/a/apartment_building", "/z/zoo"]
    folder.mkdir(parents=True)
    (folder / "ClassName.txt").write_text("\n".join(classes) + "\n")
    for name in classes:
        for index in range(2):
            pictures.write(folder / name[1:] / f"sun_{name[1:].replace('/', '_')}_{index}.jpg")
    return pictures


def voc2007(folder: Path) -> tuple[Pictures, dict[str, tuple[str, dict[str, list[bool]]]]]:
    """VOCdevkit/VOC2007. Returns the split and whether each object of a class is difficult, by picture."""
    root = folder / "VOCdevkit" / "VOC2007"
    truth = {"000001": ("train", {"dog": [False, True], "person": [False]}), "000003": ("train", {"cat": [True]}),
             "000005": ("val", {"tvmonitor": [False], "chair": [True]}), "000007": ("test", {"car": [False, False]})}
    pictures = Pictures()
    (root / "Annotations").mkdir(parents=True)
    (root / "ImageSets" / "Main").mkdir(parents=True)
    for name, (_, objects) in truth.items():
        pictures.write(root / "JPEGImages" / f"{name}.jpg")
        body = "".join(f"<object><name>{one}</name><pose>Left</pose><difficult>{int(hard)}</difficult>"
                       "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></object>"
                       for one, all_of in objects.items() for hard in all_of)
        (root / "Annotations" / f"{name}.xml").write_text(f"<annotation><folder>VOC2007</folder><filename>{name}.jpg</filename>{body}</annotation>")
    for split, members in (("train", ("train",)), ("val", ("val",)), ("test", ("test",)), ("trainval", ("train", "val"))):
        names = [name for name, (of, _) in truth.items() if of in members]
        (root / "ImageSets" / "Main" / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))
    return pictures, truth


def shard(path: Path, members: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=form) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def random_png(rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    pixels = rng.integers(0, 256, (int(rng.integers(2, 40)), 5, 3), np.uint8)
    return png_bytes(pixels), pixels
