"""Tables of records in all formats, against Python's own csv, json and gzip."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import subprocess
import sys

import pytest
from conftest import TOOL, read_csv, run_tool

ROWS = [
    {"path": "a.jpg", "label": "żółw 亀", "note": 'he said "no", twice'},
    {"path": "b c.jpg", "label": "", "note": "two\nlines\r\nand a return\r"},
    {"path": "d.jpg", "label": " space ", "note": ",;\t"},
]


def table(separator=",", quoting=csv.QUOTE_MINIMAL, ending="\n"):
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(ROWS[0]), delimiter=separator, quoting=quoting, lineterminator=ending)
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue().encode()


def read(tmp_path, name, data, python=sys.executable):
    (tmp_path / name).write_bytes(data)
    run_tool("records", tmp_path / name, tmp_path / "out.csv", python)
    return read_csv(tmp_path / "out.csv")


def refused(tmp_path, name, data, *says, python=sys.executable):
    (tmp_path / name).write_bytes(data)
    error = run_tool("records", tmp_path / name, tmp_path / "out.csv", python, code=3).stderr
    assert not (tmp_path / "out.csv").exists()
    for text in (name, *says):
        assert text in error, f"no {text!r} in {error!r}"


@pytest.mark.parametrize("name", ["t.csv", "T.CSV", "t.csv.gz", "t.anything"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_csv(tmp_path, name, quoting, ending):
    data = table(quoting=quoting, ending=ending)
    columns, records = read(tmp_path, name, gzip.compress(data) if name.endswith(".gz") else data)
    assert columns == ["path", "label", "note"] and records == ROWS


def test_tsv_jsonl_and_a_byte_order_mark(tmp_path):
    assert read(tmp_path, "t.tsv", table("\t", csv.QUOTE_ALL))[1] == ROWS
    lines = "".join(json.dumps(row, ensure_ascii=index == 0) + "\n" for index, row in enumerate(ROWS)).encode()
    for data, name in ((lines, "t.jsonl"), (gzip.compress(b"\xef\xbb\xbf" + lines), "t.ndjson.gz")):
        assert read(tmp_path, name, data)[1] == ROWS
    assert read(tmp_path, "t.csv", b"\xef\xbb\xbf" + table())[0] == ["path", "label", "note"]


def test_values_of_jsonl(tmp_path):
    lines = b'{"b": 1, "a": true}\n\n{"c": null, "b": -2.5}\n{"a": "x", "b": 12345678901234567890}\n'
    columns, records = read(tmp_path, "t.jsonl", lines)
    assert sorted(columns) == ["a", "b", "c"]
    assert records == [{"b": "1", "a": "true", "c": ""}, {"b": "-2.5", "a": "", "c": ""}, {"b": "12345678901234567890", "a": "x", "c": ""}]


def test_one_column_keeps_empty_values(tmp_path):
    values = [{"x": ""}, {"x": ""}, {"x": "1"}]
    assert read(tmp_path, "t.csv", b'x\n""\n\n1\n')[1] == values
    # and what is written is read as it was
    assert read(tmp_path, "again.csv", (tmp_path / "out.csv").read_bytes())[1] == values


@pytest.mark.parametrize(("data", "values"), [
    (b"x\na\n\nb\n", ["a", "", "b"]),
    (b"x\r\na\r\n\r\nb\r\n", ["a", "", "b"]),
    (b"x\na\n", ["a"]),  # the line end of the last record begins no further one
    (b"x\na", ["a"]),
    (b"x\na\n\n", ["a", ""]),
    (b"x\n", []),
    (b"x\n\n", [""]),
    (b"\n\nx\na\n", ["a"]),  # before the header
])
def test_empty_lines_below_one_column(tmp_path, data, values):
    for name in ("t.csv", "t.tsv"):
        assert read(tmp_path, name, data)[1] == [{"x": value} for value in values]


def test_empty_lines_below_more_columns(tmp_path):
    assert read(tmp_path, "t.csv", b"x,y\n\n1,2\n\n\n")[1] == [{"x": "1", "y": "2"}]


@pytest.mark.parametrize(("row", "values"), [
    (b'"a","b"', ("a", "b")),
    (b'"a","b"\r', ("a", "b")),
    (b'"a\r","b\r"\r\n', ("a\r", "b\r")),
    (b'"",""', ("", "")),
    (b'"a""b",""""', ('a"b', '"')),
    (b'a "b" c,d"', ('a "b" c', 'd"')),  # in the middle of a plain field
])
def test_quotes_that_are_closed(tmp_path, row, values):
    for ending in (b"",) if row.endswith(b"\n") else (b"", b"\n"):
        assert read(tmp_path, "t.csv", b"x,y\n" + row + ending)[1] == [{"x": values[0], "y": values[1]}]


@pytest.mark.parametrize("block", [1 << 16, (1 << 16) + (1 << 18)])
def test_quotes_at_the_ends_of_blocks(tmp_path, block):
    """What a quote means may be known only in the next block."""
    for closed_at in range(block - 4, block + 2):
        text = "a" * (closed_at - 3)
        refused(tmp_path, "bad.csv", b'x\n"' + text.encode() + b'"d\n', "record 2: text after a closing quote")
        assert read(tmp_path, "t.csv", b'x\n"' + text.encode() + b'"\r\n"b""c"\n')[1] == [{"x": text}, {"x": 'b"c'}]
        (tmp_path / "out.csv").unlink()


@pytest.mark.parametrize(("name", "data", "says"), [
    ("t.csv", b"", ["no header"]),
    ("t.csv", b"a,b\n1\n", ["record 2", "1 fields", "expected 2"]),
    ("t.csv", b"a,a\n", ["'a' twice"]),
    ("t.csv", b"a,\n", ["without a name"]),
    ("t.csv", b"a\n\xff\n", ["UTF-8"]),
    ("t.csv", b"a\n" + b"x" * (2 << 20) + b"\n", ["1 MiB"]),
    ("t.csv", b",".join(b"%d" % i for i in range(1001)), ["1001 columns"]),
    ("t.csv", b'a,b\n1,2\n3,"abc\n', ["record 3: quote not closed"]),
    ("t.tsv", b'a\tb\n1\t"abc', ["record 2: quote not closed"]),
    ("t.csv", b'a\n"', ["record 2: quote not closed"]),
    ("t.csv", b'a,b\n1,"a""', ["record 2: quote not closed"]),
    ("t.csv", b'"a,b\n1,2\n', ["record 1: quote not closed"]),
    ("t.csv", b'a,b\n1,"' + b"2\n3,4\n" * 300000, ["record 2: quote not closed", "1 MiB"]),
    ("t.csv", b'a,b\n1,2\n"a"bc,3\n4,5\n', ["record 3: text after a closing quote"]),
    ("t.csv", b'a,b\n1,"2" \n', ["record 2: text after a closing quote"]),
    ("t.csv", b'a,b\n"1"\r,2\n', ["record 2: text after a closing quote"]),
    ("t.csv", b'a,b\n1,""x\n', ["record 2: text after a closing quote"]),
    ("t.csv", b'a,b\n1,"x"y"z"\n', ["record 2: text after a closing quote"]),
    ("t.csv.gz", gzip.compress(b"a\n1\n2\n" * 99)[:-9], ["gzip"]),
    ("t.jsonl", b"", ["no record"]),
    ("t.jsonl", b'{"a": 1}\n[1]\n', ["record 2", "JSON object"]),
    ("t.jsonl", b'{"a": 1}\n{"a": [1]}\n', ["record 2", "'a'", "list"]),
    ("t.jsonl", b'{"a": ' + b"[" * 500000 + b"\n", ["record 1"]),
    ("t.jsonl", b'{"a": ' + b"[" * 100000 + b"]" * 100000 + b"}\n", ["record 1", "'a'"]),
    ("t.jsonl", b"{" + b",".join(b'"%d": 1' % i for i in range(1001)) + b"}\n", ["1000 columns"]),
    ("t.jsonl", b"".join(b'{"%d": 1}\n' % i for i in range(1001)), ["1000 columns"]),
], ids=map(str, range(26)))
def test_tables_that_are_refused(tmp_path, name, data, says):
    refused(tmp_path, name, data, *says)


def test_files_that_are_not_there(tmp_path):
    for name in ("none.csv", "none.parquet"):
        assert name in run_tool("records", tmp_path / name, tmp_path / "out.csv", code=3).stderr
    assert "folder" in run_tool("records", tmp_path, tmp_path / "out.csv", code=3).stderr


def test_a_record_without_end_is_told_at_once(tmp_path):
    for name in ("t.csv", "t.jsonl"):
        with open(tmp_path / name, "wb") as file:
            file.truncate(1 << 40)  # a hole, which takes no disk and minutes to read
        assert "1 MiB" in run_tool("records", tmp_path / name, tmp_path / "out.csv", code=3).stderr


def test_a_table_of_empty_values_only(tmp_path):
    """1 MB of JSON, 3 GB of memory were each column as long as the table."""
    keys = json.dumps({f"k{i}": 1 for i in range(1000)}).encode()
    refused(tmp_path, "t.jsonl", keys + b"\n" + b'{"k0": 1}\n' * 100000, "1000 columns", "almost all empty")
    dense = json.dumps({f"k{i}": "" for i in range(10)}).encode() + b"\n"
    assert len(read(tmp_path, "t.jsonl", dense * 1000)[1]) == 1000


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_pipes_are_refused_and_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    error = run_tool("records", tmp_path / name, tmp_path / "out.csv", code=3).stderr
    assert f"{name}: found something that is not a regular file, expected a file to read" in error


def test_other_files_that_are_not_regular(tmp_path):
    os.symlink("/dev/zero", tmp_path / "t.csv")
    assert "not a regular file" in run_tool("records", tmp_path / "t.csv", tmp_path / "out.csv", code=3).stderr
    reading, writing = os.pipe()  # what the shell gives for <(...)
    try:
        os.write(writing, table())
        done = subprocess.run([TOOL, "records", f"/dev/fd/{reading}", tmp_path / "out.csv"], capture_output=True, text=True, pass_fds=[reading], timeout=60)
        assert done.returncode == 3 and "not a regular file" in done.stderr
    finally:
        os.close(reading)
        os.close(writing)


@pytest.fixture(scope="module")
def arrow():
    python = os.environ.get("SPLICE_TORCH_PYTHON") or sys.executable
    if subprocess.run([python, "-c", "import pyarrow"], capture_output=True).returncode != 0:
        pytest.skip(f"{python} lacks pyarrow")
    return python


def test_parquet(arrow, tmp_path):
    program = """
import datetime, json, sys, pyarrow as pa, pyarrow.parquet as pq
rows = json.load(open(sys.argv[1]))
table = pa.table({name: [row[name] for row in rows] for name in rows[0]} | {"n": [1, None, 3], "x": [0.5, float("nan"), None],
                 "yes": [True, False, None], "day": [datetime.date(2024, 5, 1)] * 3, "kind": pa.array(["u", "v", "u"]).dictionary_encode()})
pq.write_table(table, sys.argv[2] + "/t.parquet", row_group_size=2)
pq.write_table(pa.table({"a": [[1]]}), sys.argv[2] + "/nested.parquet")
pq.write_table(pa.table({"a": [b"x"]}), sys.argv[2] + "/bytes.parquet")
if hasattr(pa, "binary_view"):
    pq.write_table(pa.table({"a": pa.array([b"x"], pa.binary_view())}), sys.argv[2] + "/view.parquet")
    pq.write_table(pa.table({"a": pa.array(["x"], pa.string_view())}), sys.argv[2] + "/text.parquet")
"""
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    subprocess.run([arrow, "-c", program, tmp_path / "rows.json", tmp_path], check=True)
    columns, records = read(tmp_path, "t.parquet", (tmp_path / "t.parquet").read_bytes(), arrow)
    more = [{"n": "1", "x": "0.5", "yes": "true"}, {"n": "", "x": "nan", "yes": "false"}, {"n": "3", "x": "", "yes": ""}]
    assert columns == ["path", "label", "note", "n", "x", "yes", "day", "kind"]
    assert records == [row | values | {"day": "2024-05-01", "kind": kind} for row, values, kind in zip(ROWS, more, "uvu")]
    (tmp_path / "out.csv").unlink()
    data = (tmp_path / "t.parquet").read_bytes()
    refused(tmp_path, "nested.parquet", (tmp_path / "nested.parquet").read_bytes(), "'a'", "list", python=arrow)
    refused(tmp_path, "bytes.parquet", (tmp_path / "bytes.parquet").read_bytes(), "'a'", "binary", python=arrow)
    refused(tmp_path, "cut.parquet", data[:-20], "Parquet", python=arrow)
    if (tmp_path / "view.parquet").exists():  # an Arrow of views
        refused(tmp_path, "view.parquet", (tmp_path / "view.parquet").read_bytes(), "'a'", "binary", python=arrow)
        assert read(tmp_path, "text.parquet", (tmp_path / "text.parquet").read_bytes(), arrow)[1] == [{"a": "x"}]


def test_standard_descriptors_that_are_closed(arrow, tmp_path):
    """Pipes to the reading program must not take their numbers: the end of its output would never come."""
    subprocess.run([arrow, "-c", "import sys, pyarrow as pa, pyarrow.parquet as pq; pq.write_table(pa.table({'a': ['x', 'y']}), sys.argv[1])",
                    tmp_path / "t.parquet"], check=True)
    command = '"$0" records "$1" "$2" "$3" <&- >&- 2>&-'
    done = subprocess.run(["sh", "-c", command, TOOL, tmp_path / "t.parquet", tmp_path / "out.csv", arrow], timeout=60)
    assert done.returncode == 0 and read_csv(tmp_path / "out.csv")[1] == [{"a": "x"}, {"a": "y"}]


def test_parquet_that_claims_too_much(arrow, tmp_path):
    """Some KB of file, a text of 16 MB that 200 values share."""
    program = """
import sys, pyarrow as pa, pyarrow.parquet as pq
table = pa.table({"a": pa.DictionaryArray.from_arrays(pa.array([0] * 200, pa.int32()), pa.array(["x" * (16 << 20)]))})
pq.write_table(table, sys.argv[1], compression="gzip", store_schema=False, dictionary_pagesize_limit=1 << 30)
"""
    made = subprocess.run([arrow, "-c", program, tmp_path / "t.parquet"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    refused(tmp_path, "t.parquet", (tmp_path / "t.parquet").read_bytes(), "2 GiB", python=arrow)


def test_parquet_without_pyarrow(tmp_path):
    refused(tmp_path, "t.parquet", b"PAR1", "no-such-python", python="no-such-python")
    empty = tmp_path / "empty.sh"
    empty.write_text(f"#!/bin/sh\nexec {sys.executable} -I -S \"$@\"\n")
    empty.chmod(0o755)
    refused(tmp_path, "t.parquet", b"PAR1", "pyarrow", "--python", python=empty)
