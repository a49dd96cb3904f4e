"""Shards, against Python's tarfile, which writes them."""

from __future__ import annotations

import gzip
import json
import os
import tarfile

import numpy as np
import pytest
from conftest import dump, refused
from layouts import random_png, shard


def sample(rng, key, suffix="png", **texts):
    """Members of one sample, and its pixels."""
    data, pixels = random_png(rng)
    return [(f"{key}.{suffix}", data)] + [(f"{key}.{name}", text.encode()) for name, text in texts.items()], pixels


def shards(folder, count=3, samples=4):
    rng = np.random.default_rng(3)
    rows = []
    for number in range(count):
        members = []
        for index in range(samples):
            key = f"{number}/{index:04d}"
            more, pixels = sample(rng, key, ["png", "JPG", "webp", "jpeg"][index], cls=f"{index}\n", txt=f" a caption {index}, żółw\n",
                                  json=json.dumps({"width": 3, "ok": True, "none": None, "list": [1], "name": "of json", "tag": f"t{number}"}))
            members += more
            rows.append((f"shard-{number:03d}.tar", key, pixels))
        shard(folder / f"shard-{number:03d}.tar", members)
    return rows


@pytest.mark.parametrize("path", ["", "shard-{000..002}.tar", "shard-00{0,1,2}.tar", "{shard-000,shard-001,shard-002}.tar"])
def test_shards(tmp_path, path):
    rows = shards(tmp_path / "d")
    found = dump("webdataset", tmp_path / "d" / path, tmp_path)
    assert found.missing == [] and found.columns[0] == "name"
    assert found.column("name") == [f"{name}/{key}" for name, key, _ in rows]
    assert found.column("shard") == [name for name, _, _ in rows]
    assert found.column("label") == ["0", "1", "2", "3"] * 3
    assert found.column("caption") == [f"a caption {index % 4}, żółw" for index in range(12)]
    assert found.column("width") == ["3"] * 12 and found.column("ok") == ["true"] * 12 and found.column("none") == [""] * 12
    assert found.column("json.name") == ["of json"] * 12 and "list" not in found.columns
    for pixels, (_, _, expected) in zip(found.pixels, rows):
        np.testing.assert_array_equal(pixels, expected)


def test_one_shard_and_parts_of_it(tmp_path):
    rows = shards(tmp_path / "d")
    found = dump("webdataset", tmp_path / "d" / "shard-001.tar", tmp_path, limit=2)
    assert found.column("name") == ["shard-001.tar/1/0000", "shard-001.tar/1/0001"]
    np.testing.assert_array_equal(found.pixels[1], rows[5][2])
    found = dump("webdataset", tmp_path / "d" / "shard-{000..004}.tar", tmp_path)
    assert len(found.records) == 12 and [name[-7:] for name, _ in found.missing] == ["003.tar", "004.tar"]


def test_splits_are_folders(tmp_path):
    shards(tmp_path / "d" / "train", 1)
    shards(tmp_path / "d" / "val", 2)
    (tmp_path / "d" / "other").mkdir()
    assert dump("webdataset", tmp_path / "d", tmp_path).column("split") == ["train"] * 4 + ["val"] * 8
    assert len(dump("webdataset", tmp_path / "d", tmp_path, split="val").records) == 8


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_format_of_headers(tmp_path, form):
    """Long names have headers of their own before the member's."""
    rng = np.random.default_rng(1)
    keys = ["d" * 90 + "/" + "k" * 90 + str(index) for index in range(3)] + (["dir/" + "long" * 100] if form != tarfile.USTAR_FORMAT else []) + ["żółw"]
    members, pixels = [], []
    for key in keys:
        more, image = sample(rng, key, cls=key[:20])
        members += more
        pixels.append(image)
    shard(tmp_path / "s.tar", members, form)
    found = dump("webdataset", tmp_path / "s.tar", tmp_path)
    assert found.column("name") == [f"s.tar/{key}" for key in keys] and found.column("label") == [key[:20] for key in keys]
    for given, expected in zip(found.pixels, pixels):
        np.testing.assert_array_equal(given, expected)


def test_names_never_touch_the_disk(tmp_path):
    rng = np.random.default_rng(2)
    keys = [f"{tmp_path}/absolute", "../../upwards", "./here"]
    members, pixels = [], []
    for key in keys:
        more, image = sample(rng, key)
        members += more
        pixels.append(image)
    (tmp_path / "d").mkdir()
    shard(tmp_path / "d" / "s.tar", members)
    before = sorted(path.name for path in tmp_path.iterdir())
    found = dump("webdataset", tmp_path / "d" / "s.tar", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "out.csv", "out.pixels"])
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["s.tar"]
    assert found.column("name") == [f"s.tar/{key}" for key in keys]
    for given, expected in zip(found.pixels, pixels):
        np.testing.assert_array_equal(given, expected)


def test_samples_that_are_passed_over(tmp_path):
    rng = np.random.default_rng(4)
    good, pixels = sample(rng, "good", cls="1")
    first, first_pixels = sample(rng, "twice", "png")
    members = [("__meta__.txt", b"about"), ("no_suffix", b"x"), (".hidden.png", b"x"), ("text.txt", b"alone"), *good, ("bad.png", b"no picture"),
               ("bad.cls", b"2"), ("latin.png", good[0][1]), ("latin.txt", b"\xff"), ("list.png", good[0][1]), ("list.json", b"[1]"),
               ("long.png", good[0][1]), ("long.txt", b"x" * (1 << 21)), *first, ("twice.jpg", b"the second is not read")]
    shard(tmp_path / "s.tar", members)
    found = dump("webdataset", tmp_path / "s.tar", tmp_path)
    assert found.column("name") == ["s.tar/good", "s.tar/bad", "s.tar/twice"]
    reasons = {name: reason for name, reason in found.missing}
    assert "no .jpg" in reasons["s.tar/text"] and "UTF-8" in reasons["s.tar/latin"] and "no object" in reasons["s.tar/list"]
    assert "1 MiB" in reasons["s.tar/long"] and "JPEG, PNG or WebP" in reasons["s.tar/bad"] and len(reasons) == 5
    np.testing.assert_array_equal(found.pixels[0], pixels)
    np.testing.assert_array_equal(found.pixels[2], first_pixels)
    assert found.pixels[1].size == 0


def test_links_and_holes_are_no_samples(tmp_path):
    rng = np.random.default_rng(5)
    data, _ = random_png(rng)
    with tarfile.open(tmp_path / "s.tar", "w") as tar:
        for name, kind, link in (("a.png", tarfile.SYMTYPE, "/etc/passwd"), ("b.png", tarfile.LNKTYPE, "a.png"), ("c.png", tarfile.DIRTYPE, ""),
                                 ("d.png", tarfile.CHRTYPE, ""), ("e.png", tarfile.FIFOTYPE, "")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, link
            tar.addfile(info)
    refused("webdataset", tmp_path / "s.tar", tmp_path, "no sample")


def test_shards_that_are_damaged(tmp_path):
    shards(tmp_path / "d")
    path = tmp_path / "d" / "shard-001.tar"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    found = dump("webdataset", tmp_path / "d", tmp_path)
    assert 8 <= len(found.records) < 12 and all(pixels.size for pixels in found.pixels)
    assert found.missing[0][0] == str(path)
    for data in (gzip.compress(whole), b"not a tar" * 1000, whole[:300]):
        path.write_bytes(data)
        found = dump("webdataset", tmp_path / "d", tmp_path)
        assert len(found.records) == 8 and found.missing[0][0] == str(path), data[:10]
        refused("webdataset", path, tmp_path, "shard-001.tar")


def test_a_pipe_among_shards_is_told(tmp_path):
    rows = shards(tmp_path / "d", 1)
    os.mkfifo(tmp_path / "d" / "a.tar")
    found = dump("webdataset", tmp_path / "d", tmp_path)
    assert len(found.records) == len(rows)
    assert [name for name, _ in found.missing] == [str(tmp_path / "d" / "a.tar")] and "no regular file" in found.missing[0][1]


def test_a_member_that_claims_to_be_huge(tmp_path):
    rng = np.random.default_rng(6)
    data, _ = random_png(rng)
    shard(tmp_path / "s.tar", [("a.png", data)], tarfile.GNU_FORMAT)
    whole = bytearray((tmp_path / "s.tar").read_bytes())
    whole[124:136] = b"77777777777\0"  # 8 GiB
    whole[148:156] = b" " * 8
    whole[148:156] = b"%06o\0 " % sum(whole[:512])
    (tmp_path / "s.tar").write_bytes(whole)
    assert "middle of 'a.png'" in refused("webdataset", tmp_path / "s.tar", tmp_path, "s.tar")


def test_wrong_lists(tmp_path):
    for path, says in (("{0..}.tar", "whole numbers"), ("{3..1}.tar", "rises"), ("{0..999999}.tar", "100000"), ("{a.tar", "'}'"),
                       ("{0..999}{0..999}.tar", "100000")):
        refused("webdataset", tmp_path / path, tmp_path, says, code=2)
    refused("webdataset", tmp_path / "none.tar", tmp_path, "no such file")
    refused("webdataset", tmp_path, tmp_path, "no .tar")
