"""The tool that reads datasets for tests (DUMP_DATASET)."""

from __future__ import annotations

import csv
import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from layouts import Pictures

TOOL = os.environ["DUMP_DATASET"]
csv.field_size_limit(1 << 24)


@dataclass
class Dump:
    """What was read."""

    columns: list[str]
    records: list[dict[str, str]]
    pixels: list[np.ndarray]
    missing: list[tuple[str, str]]

    def column(self, name: str) -> list[str]:
        return [record[name] for record in self.records]


def read_csv(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """By Python's reader, which is not ours."""
    with open(path, encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        records = list(reader)
    return list(reader.fieldnames or []), records


def run_tool(*arguments: object, code: int = 0, errors: str = "strict") -> subprocess.CompletedProcess[str]:
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, encoding="utf-8", errors=errors, timeout=300)
    assert done.returncode == code, f"exit {done.returncode}, expected {code}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done


def dump(kind: str, path: Path | str, tmp: Path, split: str = "", limit: int = 0, root: Path | str = "") -> Dump:
    """A dataset as the library reads it."""
    done = run_tool("samples", f"{kind}:{path}", tmp / "out.csv", tmp / "out.pixels", split, limit, root, sys.executable)
    columns, records = read_csv(tmp / "out.csv")
    data = (tmp / "out.pixels").read_bytes()
    pixels, at = [], 0
    while at < len(data):
        height, width = struct.unpack_from("<ii", data, at)
        size = height * width * 3
        pixels.append(np.frombuffer(data, np.uint8, size, at + 8).reshape(height, width, 3))
        at += 8 + size
    missing = [tuple(line.split("\t", 1)) for line in done.stdout.splitlines()]
    assert len(pixels) == len(records)
    return Dump(columns, records, pixels, missing)


def refused(kind: str, path: Path | str, tmp: Path, *says: str, code: int = 3, **options: object) -> str:
    """A dataset that has to be refused, with every text of `says`."""
    words = [options.get("split", ""), options.get("limit", 0), options.get("root", ""), sys.executable]
    error = run_tool("samples", f"{kind}:{path}", tmp / "out.csv", tmp / "out.pixels", *words, code=code).stderr
    for text in says:
        assert text in error, f"no {text!r} in {error!r}"
    return error


def check_files(found: Dump, pictures: Pictures) -> None:
    """Each record's path has the pixels that were written there."""
    for record, pixels in zip(found.records, found.pixels, strict=True):
        np.testing.assert_array_equal(pixels, pictures.pixels[record["path"]])
