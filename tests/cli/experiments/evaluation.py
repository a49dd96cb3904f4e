"""Results of the command as tables, and pictures written without a library."""

import json
import struct
import zlib

import numpy as np
from conftest import run, unit


def evaluate(*arguments, **options):
    """The result document of `splice evaluate`."""
    return json.loads(run("evaluate", *arguments, "--json", **options).stdout)


def document_of(*arguments):
    """The result document of a verb."""
    return json.loads(run(*arguments, "--json", "--quiet").stdout)


def rows_of(document, key, **values):
    """Rows of a table as dictionaries, those alone that have the values."""
    table = next(table for table in document["tables"] if table["key"] == key)
    names = [column["key"] for column in table["columns"]]
    rows = [dict(zip(names, row)) for row in table["rows"]]
    return [row for row in rows if all(row[name] == value for name, value in values.items())]


def row_of(document, key, **values):
    rows = rows_of(document, key, **values)
    assert len(rows) == 1, f"{len(rows)} rows of {key} with {values}"
    return rows[0]


def reader_of(folder, text):
    """A program to stand for a Python with pyarrow: whatever file it is asked for, it writes this table (.csv)."""
    (folder / "table of the reader.csv").write_text(text)
    program = folder / "reader"
    program.write_text(f"#!/bin/sh\nexec cat '{folder / 'table of the reader.csv'}'\n")
    program.chmod(0o755)
    (folder / "table.parquet").write_bytes(b"PAR1")
    return program


def centred(rows, mean):
    return unit(unit(np.asarray(rows, np.float64)) - np.asarray(mean, np.float64))


def mean_of(rows):
    return unit(np.asarray(rows, np.float64)).mean(axis=0).astype(np.float32)


def error_of(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


def jackknife(count, figure):
    """Standard error of figure(kept rows), computed anew without each row."""
    values = np.array([figure(np.delete(np.arange(count), i)) for i in range(count)])
    return np.sqrt((count - 1) / count * ((values - values.mean()) ** 2).sum())


def write_png(path, pixels):
    """8-bit RGB [height, width, 3]."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + line.tobytes() for line in pixels.astype(np.uint8))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(lines)) +
                     chunk(b"IEND", b""))
