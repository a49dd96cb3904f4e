"""vocabulary count against collections.Counter, in every format; bounds where memory does not hold all; hostile input."""

import csv
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
import unicodedata
from collections import Counter

import pytest
from conftest import SPLICE, fails, run

CAPTIONS = ["A red car, and a RED bus.", "the red  car's wheel", "Don\u2019t stop-and-go", "ŻÓŁW idzie; żółw śpi", "", "hot dog hot dog",
            "Ünïcode Straße ΣΑΣ", "one/two one two", "x" * 300 + " tail end", "a"]


def words_of(caption):
    """(word, follows) by the documented rules, character by character."""
    text = caption.lower().replace("\u2019", "'")
    is_word = lambda c: unicodedata.category(c)[0] in "LMN"  # noqa: E731
    found, at, only_space = [], 0, False
    while at < len(text):
        if not is_word(text[at]):
            only_space = only_space and text[at].isspace()
            at += 1
            continue
        end = at
        while end < len(text) and (is_word(text[end]) or (text[end] == "'" and end + 1 < len(text) and is_word(text[end + 1]))):
            end += 1
        word = text[at:end]
        fits = len(word.encode()) <= 255
        if fits:
            found.append((word, only_space))
        only_space = fits
        at = end
    return found


def counted(captions, stop=()):
    words, bigrams = Counter(), Counter()
    for caption in captions:
        before = None
        for word, follows in words_of(caption):
            words[word] += 1
            if follows and before not in stop and word not in stop and before is not None:
                bigrams[f"{before} {word}"] += 1
            before = word
    return words, bigrams


def counts_of(document, key):
    return {entry["text"]: entry["count"] for entry in document[key]}


def count(*arguments, **options):
    return json.loads(run("vocabulary", "count", *arguments, "--json", **options).stdout)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "captions.txt"
    path.write_text("\n".join(CAPTIONS) + "\n", encoding="utf-8")
    return path


def test_words_and_bigrams_of_a_small_corpus(corpus):
    document = count(corpus, "--stop-words", "none")
    words, bigrams = counted(CAPTIONS)
    assert counts_of(document, "word_counts") == words and counts_of(document, "bigram_counts") == bigrams
    assert words["don't"] == 1 and words["red"] == 3 and bigrams["hot dog"] == 2 and "car and" not in bigrams and "one two" in bigrams
    assert document["captions"] == len(CAPTIONS) and document["exact"] is True
    assert document["words"] == len(words) and document["left_out"] == {"not_utf8": 0, "too_long": 0, "malformed": 0}


def test_stop_words(corpus, tmp_path):
    assert "a red" not in counts_of(count(corpus), "bigram_counts")
    (tmp_path / "stop.txt").write_text("HOT\n")
    own = counts_of(count(corpus, "--stop-words", tmp_path / "stop.txt"), "bigram_counts")
    assert own == counted(CAPTIONS, {"hot"})[1] and "a red" in own


def test_lists_ascend_and_counts_descend(corpus, tmp_path):
    done = run("vocabulary", "count", corpus, "-o", tmp_path / "w.txt", "--bigrams-out", tmp_path / "b.txt", "--counts", tmp_path / "c.tsv",
               "--min-count", 2, "--stop-words", "none")
    assert "wrote" in done.stderr and "10 captions" in done.stdout
    words, bigrams = counted(CAPTIONS)
    for name, expected in (("w.txt", words), ("b.txt", bigrams)):
        listed = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        assert sorted(listed) == sorted(text for text, n in expected.items() if n >= 2)
        assert [expected[text] for text in listed] == sorted(expected[text] for text in listed)
    with open(tmp_path / "c.tsv", encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert {row["text"]: int(row["count"]) for row in rows if row["kind"] == "word"} == {w: n for w, n in words.items() if n >= 2}
    assert all(row["count"] == row["at_most"] for row in rows)
    top = run("vocabulary", "count", corpus, "-o", tmp_path / "w.txt", "--top", 2).stdout
    assert (tmp_path / "w.txt").read_text().splitlines()[-1] in ("a", "red") and "2 words" in top


def test_outputs_of_one_place(corpus, tmp_path):
    fails(2, "vocabulary", "count", corpus, "-o", "w.txt", "--bigrams-out", "./w.txt", cwd=tmp_path, says=["--bigrams-out", "./w.txt"])
    assert not (tmp_path / "w.txt").exists()


def test_a_stop_list_is_no_output(corpus, tmp_path):
    (tmp_path / "stop.txt").write_text("hot\n")
    fails(2, "vocabulary", "count", corpus, "--stop-words", "stop.txt", "-o", "./stop.txt", cwd=tmp_path, says=["--out", "./stop.txt"])
    assert (tmp_path / "stop.txt").read_text() == "hot\n"


@pytest.mark.parametrize("name, content", [("c.txt", "red car\n"), ("c.csv", '"caption","id"\r\n"red car",1\r\n'),
                                           ("c.jsonl", '{"caption": "red car"}\n'), ("c.tsv", "caption\tid\nred car\t1\n")])
def test_a_byte_order_mark_is_passed_over(tmp_path, name, content):
    (tmp_path / name).write_text("\ufeff" + content, encoding="utf-8")
    document = count(tmp_path / name)
    assert counts_of(document, "word_counts") == {"red": 1, "car": 1} and document["captions"] == 1


def table(path, captions, separator, header="id{0}caption"):
    with open(path, "w", encoding="utf-8", newline="") as stream:
        if header:
            stream.write(header.format(separator) + "\r\n")
        if separator == ",":
            csv.writer(stream).writerows(enumerate(captions))
        else:
            stream.writelines(f"{i}\t{caption}\n" for i, caption in enumerate(captions))


def test_every_format_gives_the_same(corpus, tmp_path):
    expected = counts_of(count(corpus), "bigram_counts")
    table(tmp_path / "c.csv", CAPTIONS, ",")
    table(tmp_path / "c.tsv", CAPTIONS, "\t")
    table(tmp_path / "plain.tsv", CAPTIONS, "\t", header=None)
    (tmp_path / "c.jsonl").write_text("\n".join(json.dumps({"id": i, "caption": c}) for i, c in enumerate(CAPTIONS)), encoding="utf-8")
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(corpus.read_bytes()[:40]) + gzip.compress(corpus.read_bytes()[40:]) + b"\0\0")
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress((tmp_path / "c.jsonl").read_bytes()))
    for name in ("c.csv", "c.tsv", "c.jsonl", "c.txt.gz", "c.jsonl.gz"):
        assert counts_of(count(tmp_path / name), "bigram_counts") == expected, name
    assert counts_of(count(tmp_path / "plain.tsv", "--column", 2), "bigram_counts") == expected
    assert counts_of(count("-", input=corpus.read_text(encoding="utf-8")), "bigram_counts") == expected
    both = count(corpus, tmp_path / "c.csv")
    assert both["captions"] == 2 * len(CAPTIONS)
    assert counts_of(both, "bigram_counts") == {text: 2 * n for text, n in expected.items()}


def test_quotes_hold_separators_and_line_ends(tmp_path):
    (tmp_path / "q.csv").write_bytes(b'id,caption\n1,"red, ""old"" car\nand bus"\n\n2,tail "quoted" end\n3\n4,bus')
    document = count(tmp_path / "q.csv", "--stop-words", "none")
    words = counts_of(document, "word_counts")
    assert words == {"red": 1, "old": 1, "car": 1, "and": 1, "bus": 2, "tail": 1, "quoted": 1, "end": 1}
    assert document["left_out"]["malformed"] == 1 and document["captions"] == 3


def test_quotes_that_are_not_closed_are_told(tmp_path):
    (tmp_path / "q.csv").write_bytes(b'id,caption\n1,red car\n2,"old"er bus\n3,"open\n4,tail end\n')
    document = count(tmp_path / "q.csv")
    assert document["captions"] == 1 and document["left_out"]["malformed"] == 2
    assert counts_of(document, "word_counts") == {"red": 1, "car": 1}
    assert "left out 2 captions without the column, or with a line that can't be parsed" in run("vocabulary", "count", tmp_path / "q.csv").stdout
    # what it takes in may be longer than a caption
    (tmp_path / "q.csv").write_bytes(b'id,caption\n1,red car\n2,"open\n' + b"3,bus\n" * 400000)
    assert count(tmp_path / "q.csv")["left_out"] == {"not_utf8": 0, "too_long": 0, "malformed": 1}
    (tmp_path / "q.csv").write_bytes(b'id,"caption\n1,red car\n')
    fails(3, "vocabulary", "count", tmp_path / "q.csv", says=["q.csv", "header: quote not closed"])
    # quotes mean nothing in .tsv
    (tmp_path / "q.tsv").write_bytes(b'id\tcaption\n1\t"red" car\n2\t"open\n')
    assert count(tmp_path / "q.tsv")["captions"] == 2


def test_a_quote_in_the_cut_off_part_of_a_caption(tmp_path):
    """It is in the middle of its field, though nothing of the field is kept."""
    (tmp_path / "q.csv").write_bytes(b"caption,id\n" + b"x" * (2 << 20) + b',a "b\nred car,2\n')
    document = count(tmp_path / "q.csv")
    assert document["captions"] == 1 and document["left_out"] == {"not_utf8": 0, "too_long": 1, "malformed": 0}


@pytest.mark.parametrize("name, content", [("t.csv", b"1,red car\n2,bus\n"), ("t.tsv", b"1\tred car\n2\tbus\n")])
def test_columns_by_number(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert count(tmp_path / name, "--column", 2)["captions"] == 2
    fails(3, "vocabulary", "count", tmp_path / name, "--column", 3, "-o", tmp_path / "w.txt", says=[name, "2 columns", "expected column 3", "--column"])
    fails(3, "vocabulary", "count", tmp_path / name, "--column", 99999, says=["expected column 99999"])
    for none in ("0", "00", "02", "123456"):
        fails(3, "vocabulary", "count", tmp_path / name, "--column", none, says=[name, "'1', 'red car'", "a number from 1 or a name"])
    assert not (tmp_path / "w.txt").exists()
    (tmp_path / name).write_bytes(b"\n" + content[:1] + b"\n" + content)  # records that are too short: some have the column
    document = count(tmp_path / name, "--column", 2)
    assert document["captions"] == 2 and document["left_out"]["malformed"] == 1


def test_a_column_may_be_called_by_a_number(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"id,0\n1,red car\n")
    assert counts_of(count(tmp_path / "t.csv", "--column", 0), "word_counts") == {"red": 1, "car": 1}


def test_a_text_has_no_columns(corpus, tmp_path):
    for column in ("foo", "1"):
        fails(2, "vocabulary", "count", corpus, "--column", column, "-o", tmp_path / "w.txt", says=["--column", f"'{column}'", corpus.name, "--format"])
    fails(2, "vocabulary", "count", "-", "--column", "foo", input="red car\n", says=["--column", "standard input", "--format"])
    assert not (tmp_path / "w.txt").exists()
    assert count(corpus, "--column", 1, "--format", "tsv")["captions"] == sum(map(bool, CAPTIONS))


def zipf(captions, seed):
    """Captions of words whose frequency falls as 1 / rank: many are rare."""
    generator = random.Random(seed)
    draw = lambda: f"w{int(40000 ** generator.random())}"  # noqa: E731
    return [" ".join(draw() for _ in range(8)) for _ in range(captions)]


def test_little_memory_gives_true_bounds(tmp_path):
    captions = zipf(30000, 5)
    (tmp_path / "z.txt").write_text("\n".join(captions))
    words, bigrams = counted(captions)
    document = count(tmp_path / "z.txt", "--memory-limit", "1M", "--stop-words", "none")
    assert document["exact"] is False
    for key, truth, missed in (("word_counts", words, document["largest_missed"]["words"]),
                               ("bigram_counts", bigrams, document["largest_missed"]["bigrams"])):
        listed = {entry["text"]: entry for entry in document[key]}
        for text, entry in listed.items():
            assert entry["count"] <= truth[text] <= entry["at_most"] <= entry["count"] + missed
        assert max((n for text, n in truth.items() if text not in listed), default=0) <= missed
    assert document["largest_missed"]["bigrams"] > 0
    said = run("vocabulary", "count", tmp_path / "z.txt", "--memory-limit", "1M").stdout
    assert "--memory-limit" in said and "too low" in said
    assert count(tmp_path / "z.txt", "--stop-words", "none")["exact"] is True


def test_what_is_no_caption_is_counted(tmp_path):
    (tmp_path / "bad.txt").write_bytes(b"good one\n\xff\xfe broken\n" + b"y" * (2 << 20) + b" far\nlast one\0\n")
    document = count(tmp_path / "bad.txt")
    assert document["left_out"] == {"not_utf8": 1, "too_long": 1, "malformed": 0} and document["captions"] == 2
    (tmp_path / "bad.jsonl").write_bytes(b'{"caption": "good one"}\nnonsense\n[1]\n{"caption": 3}\n' + b"[" * 100000 + b'\n{"caption": "\xff"}\n')
    document = count(tmp_path / "bad.jsonl")
    assert document["captions"] == 1 and document["left_out"]["malformed"] == 5
    said = run("vocabulary", "count", tmp_path / "bad.jsonl").stdout
    assert "left out 5 captions" in said


@pytest.mark.parametrize("name, content, says", [
    ("none.csv", b"id,url\n1,x\n", ["'id', 'url'", "--column"]),
    ("none.jsonl", b'{"url": "x"}\n', ["'caption' or 'text'", "--column"]),
    ("cut.txt.gz", gzip.compress(os.urandom(50000))[:20000], ["middle of compressed data"]),
    ("noise.txt.gz", b"\x1f\x8b\x08\x00" + bytes(range(256)) * 40, ["gzip"]),
])
def test_files_that_are_refused(tmp_path, name, content, says):
    (tmp_path / name).write_bytes(content)
    fails(3, "vocabulary", "count", tmp_path / name, "-o", tmp_path / "out.txt", says=[name, *says])
    assert not (tmp_path / "out.txt").exists()


def test_wrong_arguments(corpus, tmp_path):
    fails(3, "vocabulary", "count", tmp_path / "missing.txt", says=["missing.txt", "No such file"])
    fails(3, "vocabulary", "count", tmp_path, says=["folder"])
    fails(2, "vocabulary", "count", says=["files"])
    fails(2, "vocabulary", "count", corpus, "-o", corpus, says=["--out", "input"])
    fails(2, "vocabulary", "count", corpus, "-o", tmp_path / "a", "--counts", tmp_path / "a", says=["--counts", "another"])
    fails(2, "vocabulary", "count", corpus, "--format", "xml", says=["--format", "xml", "parquet"])
    fails(2, "vocabulary", "count", corpus, "--min-count", 0, says=["--min-count"])
    fails(3, "vocabulary", "count", corpus, "--stop-words", tmp_path / "no.txt", says=["no.txt"])
    fails(2, "vocabulary", "count", "-", "--format", "parquet", says=["parquet"])
    fails(2, "vocabulary", "sort", says=["sort", "count"])


def arrow_python():
    """A Python that has pyarrow, as --python wants it."""
    for python in (os.environ.get("SPLICE_TORCH_PYTHON", ""), sys.executable, "python3"):
        if python and subprocess.run([python, "-c", "import pyarrow.parquet"], capture_output=True).returncode == 0:
            return python
    return None


@pytest.fixture
def arrow():
    python = arrow_python()
    if python is None:
        pytest.skip("no Python with pyarrow (SPLICE_TORCH_PYTHON)")
    return python


def write_parquet(python, path, column, values):
    program = ("import json, sys, pyarrow as pa, pyarrow.parquet as pq\n"
               "pq.write_table(pa.table({'id': list(range(len(json.loads(sys.argv[3])))), sys.argv[2]: json.loads(sys.argv[3])}), sys.argv[1])")
    subprocess.run([python, "-c", program, str(path), column, json.dumps(values)], check=True)


def test_parquet(arrow, corpus, tmp_path):
    hostile = tmp_path / "a b;$(touch pwned)'\"\n`id`.parquet"
    write_parquet(arrow, hostile, "TEXT", CAPTIONS + [None, "line\nbreak"])
    document = count(hostile, "--python", arrow, "--stop-words", "none", cwd=tmp_path)
    assert counts_of(document, "word_counts") == counted(CAPTIONS + ["line break"])[0]
    assert not (tmp_path / "pwned").exists()
    subprocess.run([arrow, "-c", "import sys, pyarrow as pa, pyarrow.parquet as pq\n"
                    "pq.write_table(pa.table({'text': pa.array(['red car', 'red car', 'bus']).dictionary_encode()}), sys.argv[1])",
                    tmp_path / "coded.parquet"], check=True)
    assert counts_of(count(tmp_path / "coded.parquet", "--python", arrow), "word_counts") == {"red": 2, "car": 2, "bus": 1}
    subprocess.run([arrow, "-c", "import sys, pyarrow as pa, pyarrow.parquet as pq\n"
                    "kind = getattr(pa, 'string_view', pa.string)()\n"
                    "pq.write_table(pa.table({'text': pa.array(['red car', 'bus'], kind)}), sys.argv[1])", tmp_path / "viewed.parquet"], check=True)
    assert counts_of(count(tmp_path / "viewed.parquet", "--python", arrow), "word_counts") == {"red": 1, "car": 1, "bus": 1}
    fails(3, "vocabulary", "count", hostile, "--python", arrow, "--column", "id", says=["id", "expected text"])
    fails(3, "vocabulary", "count", hostile, "--python", arrow, "--column", "alt", says=["'alt'", "'TEXT'"])
    (tmp_path / "noise.parquet").write_bytes(b"PAR1" + os.urandom(500) + b"PAR1")
    fails(3, "vocabulary", "count", tmp_path / "noise.parquet", "--python", arrow, says=["noise.parquet", "Parquet"])


def test_parquet_is_not_imported_from_the_current_folder(arrow, tmp_path):
    write_parquet(arrow, tmp_path / "c.parquet", "caption", ["red car"])
    for name in ("pyarrow.py", "resource.py", "io.py"):
        (tmp_path / name).write_text("raise SystemExit('imported from the current folder')")
    assert count(tmp_path / "c.parquet", "--python", arrow, cwd=tmp_path)["captions"] == 1
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1" && rmdir "$1" && exec "$2" vocabulary count "$3" --python "$4" --json'
    done = subprocess.run(["sh", "-c", script, "sh", gone, SPLICE, tmp_path / "c.parquet", arrow], capture_output=True, text=True)
    assert done.returncode == 0 and json.loads(done.stdout)["captions"] == 1, done.stderr
    for path in (":", f":{tmp_path}", "."):  # an empty item is the current folder
        assert count(tmp_path / "c.parquet", "--python", arrow, cwd=tmp_path, env={**os.environ, "PYTHONPATH": path})["captions"] == 1


def test_parquet_that_claims_too_much(arrow, tmp_path):
    """Some KB of file, a caption of 16 MB that 200 rows share."""
    program = ("import sys, pyarrow as pa, pyarrow.parquet as pq\n"
               "captions = pa.DictionaryArray.from_arrays(pa.array([0] * 200, pa.int32()), pa.array(['x' * (16 << 20)]))\n"
               "pq.write_table(pa.table({'caption': captions}), sys.argv[1], compression='gzip', store_schema=False,"
               " dictionary_pagesize_limit=1 << 30)\n")
    made = subprocess.run([arrow, "-c", program, tmp_path / "t.parquet"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    fails(3, "vocabulary", "count", tmp_path / "t.parquet", "--python", arrow, says=["t.parquet", "2 GiB"])


def test_parquet_without_pyarrow(tmp_path):
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    fails(3, "vocabulary", "count", tmp_path / "c.parquet", "--python", tmp_path / "no python", says=["no python", "could not start"])
    script = tmp_path / "bare"
    script.write_text("#!/bin/sh\nexec /usr/bin/python3 -S -I \"$@\"\n")
    script.chmod(0o755)
    fails(3, "vocabulary", "count", tmp_path / "c.parquet", "--python", script, says=["pyarrow", "pip install pyarrow", "--python"])
    script.write_text("#!/bin/sh\nkill -9 $$\n")
    fails(3, "vocabulary", "count", tmp_path / "c.parquet", "--python", script, says=["signal 9"])


@pytest.mark.parametrize("name, content", [("c.txt", b"red car\nbus\n"), ("c.csv", b"caption,id\nred car,1\nbus,2\n"),
                                           ("c.jsonl.gz", gzip.compress(b'{"caption": "red car"}\n{"caption": "bus"}\n'))])
def test_pipes_may_be_written_late(tmp_path, name, content):
    os.mkfifo(tmp_path / name)
    process = subprocess.Popen([SPLICE, "vocabulary", "count", str(tmp_path / name), "--json"], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(0.3)
        assert process.poll() is None, "did not wait for a writer"
        with open(tmp_path / name, "wb") as pipe:
            pipe.write(content[:5])
            pipe.flush()
            time.sleep(0.3)
            pipe.write(content[5:])
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0 and json.loads(out)["captions"] == 2
    finally:
        process.kill()


def test_parquet_is_no_pipe(tmp_path):
    os.mkfifo(tmp_path / "c.parquet")
    fails(3, "vocabulary", "count", tmp_path / "c.parquet", says=["c.parquet", "not a regular file"])


def test_it_can_be_interrupted_while_it_waits(tmp_path):
    process = subprocess.Popen([SPLICE, "vocabulary", "count", "-", "-o", str(tmp_path / "w.txt")], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdin.write("red car\n")
    process.stdin.flush()
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130  # while the pipe is still open: its end would end the waiting too
    out, err = process.communicate(timeout=30)
    assert out == "" and "interrupted" in err
    assert list(tmp_path.iterdir()) == []
