"""`splice report` without a browser: what it refuses, what it writes."""

import base64
import copy
import csv
import hashlib
import json
import os
import re
import resource
import subprocess
from pathlib import Path

import documents
import numpy as np
import pytest
import scipy.sparse
from conftest import SPLICE, dictionary_of, fails, not_under_sanitizers, run


def written(folder, name, document):
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def report(folder, *arguments, **options):
    return run("report", *arguments, "--out", folder / "r.html", **options)


def content_of(page):
    """What the page's script works on."""
    text = page.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>', text, re.DOTALL).group(1))


def test_the_page_holds_the_documents(tmp_path):
    paths = documents.write(tmp_path)
    said = report(tmp_path, *paths, "--title", "All of it").stdout
    page = tmp_path / "r.html"
    assert said.startswith(f"{page}: 5 results, ")
    content = content_of(page)
    for path, found in zip(paths, content["documents"]):
        given = json.loads(path.read_text())
        assert found["charts"] == given["charts"]
        assert [(table["key"], table["rows"], table["total"]) for table in found["tables"]] == [(t["key"], t["rows"], len(t["rows"])) for t in given["tables"]]
    text = page.read_text(encoding="utf-8")
    assert "<h1>All of it</h1>" in text and "CIFAR-10 in concepts" in text and "<dt>l1_penalty</dt><dd>0.25</dd>" in text
    # Nothing is fetched, and the policy allows the page's own scripts alone.
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 2
    hashes = {"'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'" for script in scripts}
    assert set(re.search(r"script-src ([^;]*)", policy).group(1).split()) == hashes
    assert policy.startswith("default-src 'none';") and "unsafe-eval" not in policy
    assert not re.search(r'(src|href)="(?!#|data:)', re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))


def test_a_page_without_pictures_stays_small(tmp_path):
    report(tmp_path, *documents.write(tmp_path, ["summarize", "scan", "curve"]))
    assert (tmp_path / "r.html").stat().st_size < 700_000
    report(tmp_path, *documents.write(tmp_path))
    assert (tmp_path / "r.html").stat().st_size < 1_500_000


def test_markup_in_a_document_is_text(tmp_path):
    report(tmp_path, *documents.write(tmp_path, ["hostile"]), "--title", documents.HOSTILE[0])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("<script") == 3 and text.count("</script") == 3 and "<img" not in text and "<b>bold" not in text
    assert [row[0] for row in content_of(tmp_path / "r.html")["documents"][0]["tables"][0]["rows"]] == documents.HOSTILE
    assert "{{title}} ${1+1}" in text  # a value is no template


def changed(*path, to):
    document = documents.summarize()
    place = document
    for key in path[:-1]:
        place = place[key]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return document


BROKEN = [
    ("", ["JSON"]), ("{", ["JSON", "line 1"]), ("[]", ["got a list of 0", "object"]), ("null", ["null"]), ("{}", ["format"]), ('{"format": 1}', ["format", "got 1", "splice_cuda.result.1"]),
    ('{"format": "splice_cuda.result.2"}', ["splice_cuda.result.2", "splice_cuda.result.1"]), ("[" * 100000, ["nested"]), ('{"a":' * 100000, ["nested"]),
    ("{" + ",".join(f'"k{i}":0' for i in range(20000)) + "}", ["10,000 members"]), ('{"format": 1e999}', ["JSON"]), ('"\xff"'.encode("latin-1"), ["JSON", "UTF-8"]),
    (changed("tables", to=None), ["tables"]), (changed("tables", to={}), ["tables", "a list"]), (changed("title", to=3), ["title", "got 3", "text"]), (changed("settings", to=[1]), ["settings", "an object"]),
    (changed("tables", 0, "key", to="no blanks"), ["tables[0].key", "no blanks"]), (changed("tables", 1, "key", to="overall"), ["tables[1].key", "once"]),
    (changed("tables", 0, "columns", to=[]), ["tables[0].columns", "1 to 1000"]), (changed("tables", 0, "columns", 1, "kind", to="colour"), ["columns[1].kind", "colour", "text, integer, number, picture"]),
    (changed("tables", 0, "columns", 1, "digits", to=99), ["digits", "99", "0 to 17"]), (changed("tables", 0, "columns", 1, "key", to="concept"), ["columns[1].key", "once"]),
    (changed("tables", 0, "rows", 3, to=["short"]), ["tables[0].rows[3]", "a list of 1", "a list of 3"]), (changed("tables", 0, "rows", 3, to=7), ["tables[0].rows[3]", "got 7"]),
    (changed("tables", 0, "rows", 3, 1, to="heavy"), ["tables[0].rows[3][1]", "heavy", "a number or null"]), (changed("tables", 0, "rows", 2, 0, to=1.5), ["tables[0].rows[2][0]", "1.5", "text or null"]),
    (changed("tables", 3, "rows", 0, 2, to=0.5), ["tables[3].rows[0][2]", "0.5", "whole"]), (changed("tables", 3, "rows", 0, 2, to=2**64 - 1), ["tables[3].rows[0][2]", "2^63"]),
    (changed("charts", 0, "kind", to="pie"), ["charts[0].kind", "pie", "heat_map"]), (changed("charts", 0, "table", to="gone"), ["charts[0].table", "gone"]),
    (changed("charts", 0, "y", to="gone"), ["charts[0].y", "gone", "overall"]), (changed("charts", 0, "y", to="concept"), ["charts[0].y", "kind text", "a number"]),
    (changed("charts", 3, "x_end", to=None), ["charts[3].x_end", "absent"]), (changed("charts", 0, "color", to="mean"), ["charts[0].color", "expected none"]),
    (changed("charts", 0, "y_log", to="yes"), ["charts[0].y_log", "true or false"]), (changed("charts", 1, "key", to="overall"), ["charts[1].key", "once"]),
]


@pytest.mark.parametrize("broken, says", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_document_is_named(tmp_path, broken, says):
    path = tmp_path / "broken.json"
    if isinstance(broken, bytes):
        path.write_bytes(broken)
    else:
        written(tmp_path, "broken.json", broken)
    fails(3, "report", path, "--out", tmp_path / "r.html", says=["broken.json", *says])
    assert not (tmp_path / "r.html").exists()


def test_no_cut_document_passes(tmp_path):
    text = json.dumps(documents.hostile())
    for length in range(1, len(text), max(1, len(text) // 25)):
        path = written(tmp_path, "cut.json", text[:length])
        fails(3, "report", path, "--out", tmp_path / "r.html", says=["cut.json"])


@not_under_sanitizers
def test_a_file_that_is_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "large.json"
    with open(path, "wb") as file:
        file.truncate(2**33)  # sparse

    def little_memory():
        resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))

    done = subprocess.run([SPLICE, "report", path, "--out", tmp_path / "r.html"], capture_output=True, text=True, timeout=60, preexec_fn=little_memory)
    assert done.returncode == 3 and "67,108,864" in done.stderr


def test_wrong_arguments(tmp_path, built):
    document, = documents.write(tmp_path, ["curve"])
    fails(2, "report", "--out", tmp_path / "r.html", says=["results", "--codes", "--health"])
    fails(2, "report", document, says=["--out"])
    fails(2, "report", document, "--out", document, says=["--out", "input"])
    fails(2, "report", document, "--pictures", "--out", tmp_path / "r.html", says=["--pictures", "--codes"])
    built.decompose()
    fails(2, "report", "--codes", built / "codes.npz", "--pictures", "--out", tmp_path / "r.html", says=["--pictures", "codes.npz", "no names"])
    fails(2, "report", document, "--dictionary", built / "dict.safetensors", "--out", tmp_path / "r.html", says=["--dictionary", "--codes"])
    fails(3, "report", tmp_path / "gone.json", "--out", tmp_path / "r.html", says=["gone.json"])
    fails(3, "report", tmp_path, "--out", tmp_path / "r.html", says=[str(tmp_path)])
    fails(3, "report", document, "--out", tmp_path / "no" / "r.html", says=["r.html"])
    fails(2, "report", document, "--report-limit", 0, "--out", tmp_path / "r.html", says=["--report-limit"])
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".html") == []


def test_tables_are_csv(tmp_path):
    paths = documents.write(tmp_path, ["summarize", "hostile"])
    os.mkdir(tmp_path / "again")
    paths += documents.write(tmp_path / "again", ["summarize"])
    said = report(tmp_path, *paths, "--tables-out", tmp_path / "tables").stdout
    assert "9 tables in" in said
    for name, document in (("summarize", documents.summarize()), ("hostile", documents.hostile()), ("summarize-2", documents.summarize())):
        for table in document["tables"]:
            with open(tmp_path / "tables" / f"{name}_{table['key']}.csv", encoding="utf-8", newline="") as file:
                read = list(csv.reader(file))
            assert read[0] == [column["key"] for column in table["columns"]]
            convert = [str if column["kind"] == "text" else float for column in table["columns"]]
            assert [[of(cell) if cell else None for of, cell in zip(convert, row)] for row in read[1:]] == table["rows"]


def test_no_table_has_the_name_of_another(tmp_path):
    def one(key, cells):
        return documents.document(key, "", "", [documents.table(key, key, [documents.column("only", "Only")], [[cell] for cell in cells])], [])

    report(tmp_path, written(tmp_path, "a.json", one("b_c", ["first", "", None, "last"])), written(tmp_path, "a_b.json", one("c", ["other"])),
           "--tables-out", tmp_path / "tables")
    read = {}
    for path in (tmp_path / "tables").iterdir():
        with open(path, encoding="utf-8", newline="") as file:
            read[path.name] = list(csv.reader(file))
    # A field that is alone is seen where it is empty.
    assert read == {"a_b_c.csv": [["only"], ["first"], [""], [""], ["last"]], "a_b-2_c.csv": [["only"], ["other"]]}
    (tmp_path / "more").mkdir()
    fails(2, "report", tmp_path / "a.json", "--tables-out", tmp_path / "more", "--out", tmp_path / "more" / "a_b_c.csv", says=["--out", "--tables-out"])


def test_what_documents_and_codes_name_is_not_replaced(tmp_path, built):
    (tmp_path / "pics").mkdir()
    for name in ("beside.png", "there.png"):
        (tmp_path / "pics" / name).write_text("a picture")
    document = written(tmp_path, "p.json", documents.pictures([Path("pics/beside.png"), tmp_path / "pics" / "there.png"]))
    for name in ("beside.png", "there.png"):
        fails(2, "report", document, "--out", tmp_path / "pics" / name, says=["--out", "input"])
        assert (tmp_path / "pics" / name).read_text() == "a picture"
    built.decompose()
    before = (built / "dict.safetensors").read_bytes()
    fails(2, "report", "--codes", built / "codes.npz", "--out", built / "dict.safetensors", says=["--out", "input"])
    assert (built / "dict.safetensors").read_bytes() == before


def test_tables_or_none(tmp_path):
    paths = documents.write(tmp_path, ["summarize"])
    (tmp_path / "tables" / "summarize_classes.csv").mkdir(parents=True)
    fails(3, "report", *paths, "--tables-out", tmp_path / "tables", "--out", tmp_path / "r.html", says=["summarize_classes.csv"])
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["summarize_classes.csv"] and not (tmp_path / "r.html").exists()


def test_a_long_table_is_cut_on_the_page_alone(tmp_path):
    report(tmp_path, *documents.write(tmp_path, ["extremes"]), "--table-limit", 300, "--tables-out", tmp_path / "tables")
    table = content_of(tmp_path / "r.html")["documents"][0]["tables"][0]
    assert len(table["rows"]) == 300 and table["total"] == 1000
    assert len((tmp_path / "tables" / "extremes_many.csv").read_text().splitlines()) == 1001


def test_codes_and_health(tmp_path, built):
    codes, arrays = built.decompose()
    document = json.loads(report(tmp_path, "--codes", built / "codes.npz", "--health", built / "dict.safetensors", "--pairs", 7, "--top", 3, "--json").stdout)
    assert document["documents"] == 2 and document["bytes"] == (tmp_path / "r.html").stat().st_size
    of_codes, of_health = content_of(tmp_path / "r.html")["documents"]
    tables = {table["key"]: table["rows"] for table in of_codes["tables"] + of_health["tables"]}
    l0 = np.diff(codes.indptr)
    assert [(low, count) for low, _, count in tables["l0"]] == [(k - 0.5, int((l0 == k).sum())) for k in range(l0.min(), l0.max() + 1)]
    assert sum(row[2] for row in tables["cosine"]) == 12 and sum(row[2] for row in tables["gap"]) == int((arrays["gap"] > 0).sum())
    low, high = tables["cosine"][0][0], tables["cosine"][-1][1]
    assert (low, high) == pytest.approx((arrays["cosine"].min(), arrays["cosine"].max()), abs=1e-6)
    rows = np.asarray((codes != 0).sum(axis=0)).ravel()
    used = {built.names[j]: rows[j] for j in np.flatnonzero(rows)}
    assert {name: count for name, count, _ in tables["dominant"]} == used
    assert [count for _, count, _ in tables["dominant"]] == sorted(used.values(), reverse=True)
    assert all(share == pytest.approx(count / 12) for _, count, share in tables["dominant"])
    assert [row[0] for row in tables["dead"]] == [built.names[j] for j in np.flatnonzero(rows == 0)]
    atoms = dictionary_of(built.text)
    cosines = atoms @ atoms.T
    best = np.sort(cosines[np.triu_indices(40, 1)])[::-1][:7]
    assert [row[2] for row in tables["nearest_pairs"]] == pytest.approx(best, abs=1e-6)
    first = tables["nearest_pairs"][0]
    assert first[3:] == pytest.approx([rows[built.names.index(first[0])] / 12, rows[built.names.index(first[1])] / 12])
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count("<article") == 12 and "<h3 class=\"name\" id=\"row-0\"" in text


def test_codes_without_reports_and_without_weights(tmp_path, built):
    scipy.sparse.save_npz(tmp_path / "foreign.npz", scipy.sparse.csr_matrix((5, 40), dtype=np.float32))
    report(tmp_path, "--codes", tmp_path / "foreign.npz", "--dictionary", built / "dict.safetensors")
    tables = {table["key"]: table["rows"] for table in content_of(tmp_path / "r.html")["documents"][0]["tables"]}
    assert tables["l0"] == [[-0.5, 0.5, 5]] and tables["dominant"] == [] and len(tables["dead"]) == 40


def test_pictures_of_tables(tmp_path):
    folder = Path(__file__).parents[3] / "models" / "scene_clip" / "pictures"
    found = sorted(folder.glob("*.png"))[:3]
    (tmp_path / "notes.png").write_text("no picture")
    (tmp_path / "beside.png").write_bytes(found[0].read_bytes())
    document = documents.pictures([*found, tmp_path / "notes.png", tmp_path / "gone.png"])
    document["tables"][0]["rows"] += [["beside.png", "by its document", None], [None, "none", None]]
    path = written(tmp_path, "pictures.json", document)
    done = report(tmp_path, path)
    assert "2 pictures could not be read" in done.stderr
    pictures = content_of(tmp_path / "r.html")["pictures"]
    for picture in (*map(str, found), "beside.png"):
        assert base64.b64decode(pictures[picture]["uri"].removeprefix("data:image/jpeg;base64,"))[:2] == b"\xff\xd8"
    assert "notes.png" in pictures[str(tmp_path / "notes.png")]["missing"] and str(tmp_path) not in pictures[str(tmp_path / "notes.png")]["missing"]
    assert "gone.png" in pictures[str(tmp_path / "gone.png")]["missing"]
    report(tmp_path, path, "--report-limit", 2)
    assert len(content_of(tmp_path / "r.html")["pictures"]) == 2


def test_a_document_of_other_writers(tmp_path):
    document = copy.deepcopy(documents.summarize())
    del document["tables"][0]["note"], document["settings"], document["charts"][0]["description"], document["tables"][0]["columns"][0]["digits"]
    document["tables"][3]["rows"][0][2] = 12.0  # a whole number
    document["more"] = {"unknown": [1, 2]}
    report(tmp_path, written(tmp_path, "other.json", document))
    assert content_of(tmp_path / "r.html")["documents"][0]["tables"][3]["rows"][0][2] == 12


def test_pictures_of_cards_that_are_gone_are_counted(built):
    pytest.importorskip("PIL")
    from PIL import Image

    rows = len(built.images)
    there = built.folder / "there.png"
    Image.new("RGB", (8, 8), (200, 30, 30)).save(there)
    names = [str(there) if i == 0 else str(built.folder / f"gone{i}.png") for i in range(rows)]
    built.decompose()
    members = dict(np.load(built / "codes.npz"))
    members["names"] = np.frombuffer("".join(names).encode(), np.uint8)
    members["name_offsets"] = np.cumsum([0] + [len(name) for name in names]).astype(np.int64)
    np.savez(built / "codes.npz", **members)
    done = run("report", "--codes", built / "codes.npz", "--pictures", "--out", built / "r.html", "--json")
    counts = json.loads(done.stdout)
    shown = min(rows, 200)
    assert (counts["pictures"], counts["missing_pictures"]) == (1, shown - 1)
    assert f"{shown - 1} pictures could not be read" in done.stderr
