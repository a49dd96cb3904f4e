"""Pages of `splice report` in Chromium: what is drawn, and that it can be used by mouse, keyboard and screen reader."""

import base64
import csv
import io
import json

import browser
import documents
import pytest
from conftest import run

pytestmark = pytest.mark.skipif(browser.MISSING is not None, reason=str(browser.MISSING))

FIGURE = "const figure = document.getElementById(arguments[0]);"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    opened = browser.Browser(tmp_path_factory.mktemp("downloads"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page(folder):
    """Everything usual on one page."""
    run("report", *documents.write(folder, ["summarize", "scan", "curve"]), "--title", "Three results", "--out", folder / "page.html")
    return folder / "page.html"


@pytest.fixture(scope="module")
def opened(chromium, page):
    chromium.said, chromium.asked = chromium.open(page)
    return chromium


def marks(chromium, figure, kind):
    """Elements that stand for rows: mark-rect, mark-line, mark-symbol, mark-rule."""
    return chromium.run(FIGURE + f"return figure.querySelectorAll('.role-mark.{kind} > path, .role-mark.{kind} > line').length", figure)


def column_of(chromium, table, index):
    return chromium.run("return [...document.querySelectorAll(`#${arguments[0]} tbody tr`)].map((row) => row.children[arguments[1]].textContent)", table, index)


def test_the_page_is_quiet_and_asks_for_nothing(opened, page):
    assert opened.said == []
    assert [address for address in opened.asked if not address.startswith(("data:", "blob:"))] == [page.resolve().as_uri()]
    assert opened.run("return [document.title, document.documentElement.lang]") == ["Three results", "en"]


def test_the_policy_stops_what_was_not_written_with_the_page(chromium, page):
    chromium.open(page)
    chromium.run("const s = document.createElement('script'); s.textContent = 'window.hit = 1'; document.body.append(s);"
                 "const i = new Image(); i.src = 'http://127.0.0.1:9/x.png'; document.body.append(i); fetch('http://127.0.0.1:9/').catch(() => {});"
                 "document.body.setAttribute('onclick', 'window.hit = 2'); document.body.click()")
    chromium.command("Runtime.evaluate", expression="new Promise((done) => setTimeout(done, 300))", awaitPromise=True)
    assert chromium.run("return window.hit ?? null") is None
    assert sum("Content Security Policy" in said for said in chromium.console()) >= 3


def rows_with(document, table, *keys):
    of = next(t for t in document["tables"] if t["key"] == table)
    at = [[c["key"] for c in of["columns"]].index(key) for key in keys]
    return [row for row in of["rows"] if all(row[i] is not None for i in at)]


def test_charts_have_a_mark_a_row(opened):
    chromium = opened
    summarize, scan, curve = documents.summarize(), documents.scan(), documents.curve()
    assert marks(chromium, "d1-c1", "mark-rect") == len(rows_with(summarize, "overall", "mean"))
    assert marks(chromium, "d1-c2", "mark-rect") == len(rows_with(summarize, "classes", "mean"))
    assert chromium.run(FIGURE + "return figure.querySelectorAll('svg').length", "d1-c2") == len(documents.ANIMALS)
    assert marks(chromium, "d1-c3", "mark-rect") == len(rows_with(summarize, "differences", "difference"))
    # Error bars, and the line at 0.
    assert marks(chromium, "d1-c3", "mark-rule") == len(rows_with(summarize, "differences", "difference", "error")) + 1
    assert marks(chromium, "d1-c4", "mark-rect") == len(rows_with(summarize, "l0", "rows"))
    assert marks(chromium, "d2-c1", "mark-rect") == len(rows_with(scan, "heat", "mean"))
    assert marks(chromium, "d2-c3", "mark-line") == 2 and marks(chromium, "d2-c3", "mark-area") == 2
    assert marks(chromium, "d3-c1", "mark-line") == 4
    assert marks(chromium, "d3-c1", "mark-symbol") == len(rows_with(curve, "curve", "accuracy"))
    assert marks(chromium, "d3-c2", "mark-symbol") == len(rows_with(curve, "curve", "accuracy", "cosine"))
    assert marks(chromium, "d3-c5", "mark-rect") == 12
    assert "1 row without a value is not drawn." in chromium.run(FIGURE + "return figure.textContent", "d1-c3")


def test_bars_are_as_long_as_their_values(opened):
    values = [row[1] for row in documents.summarize()["tables"][0]["rows"]]
    lengths = opened.run(FIGURE + "return [...figure.querySelectorAll('.role-mark.mark-rect > path')].map((bar) => bar.getBBox().width)", "d1-c1")
    scale = lengths[0] / values[0]
    assert lengths == pytest.approx([scale * value for value in values], abs=0.5)
    assert len(set(lengths)) > 10


def test_tables_sort_by_mouse_and_keyboard(chromium, page):
    chromium.open(page)
    rows = documents.summarize()["tables"][2]["rows"]
    head = "return document.querySelectorAll('#d1-t3 thead th')[1]"
    chromium.run(head + ".querySelector('button').click()")
    assert chromium.run(head + ".getAttribute('aria-sort')") == "descending"
    known = sorted((row[1] for row in rows if row[1] is not None), reverse=True)
    assert column_of(chromium, "d1-t3", 1) == [f"{value:.4f}" for value in known] + ["–"]  # null is last, both ways
    chromium.run(head + ".querySelector('button').focus()")
    for kind in ("keyDown", "keyUp"):
        chromium.command("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "")
    assert chromium.run(head + ".getAttribute('aria-sort')") == "ascending"
    assert column_of(chromium, "d1-t3", 1) == [f"{value:.4f}" for value in reversed(known)] + ["–"]
    chromium.run("document.querySelectorAll('#d1-t3 thead th button')[0].click()")
    assert column_of(chromium, "d1-t3", 0)[0] == "a very long concept name that no axis has the room for, such as a whole caption"
    assert chromium.run(head + ".getAttribute('aria-sort')") == "none"


def test_tab_reaches_the_tools_and_shows_where_it_is(chromium, page):
    chromium.open(page)
    seen = []
    for _ in range(3):
        for kind in ("rawKeyDown", "keyUp"):
            chromium.command("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        seen.append(chromium.run("const e = document.activeElement; return [e.id || e.className, getComputedStyle(e).outlineStyle]"))
    assert seen == [["skip", "solid"], ["search", "solid"], ["theme", "solid"]]


def test_search_filters_all_tables(chromium, page):
    chromium.open(page)
    chromium.run("const field = document.getElementById('search'); field.value = 'ANTLERS deer'; field.dispatchEvent(new Event('input'))")
    chromium.wait("return document.getElementById('found').textContent !== ''")
    matching = [row for name in ("summarize", "scan", "curve") for table in documents.ALL[name]()["tables"] for row in table["rows"]
                if all(any(word in str(cell).lower() for cell in row) for word in ("antlers", "deer"))]
    assert chromium.run("return document.getElementById('found').textContent") == f"{len(matching)} row{'s' * (len(matching) != 1)} found"
    assert len(matching) >= 1
    assert "antlers" in "".join(column_of(chromium, "d2-t1", 1))
    assert "No row matches" in chromium.run("return document.querySelector('#d3-t2 tbody').textContent")


def test_downloads_are_the_table(chromium, page):
    chromium.open(page)
    table = documents.summarize()["tables"][2]
    click = "document.querySelectorAll('#d1-c3 .downloads button:not([hidden])')[arguments[0]].click()"
    text = chromium.downloaded("differences.csv", lambda: chromium.run(click, 0)).decode("utf-8")
    read = list(csv.reader(io.StringIO(text)))
    assert read[0] == [column["key"] for column in table["columns"]]
    assert [[row[0], *(float(cell) if cell else None for cell in row[1:])] for row in read[1:]] == table["rows"]
    records = json.loads(chromium.downloaded("differences.json", lambda: chromium.run(click, 1)))["rows"]
    assert [list(record.values()) for record in records] == table["rows"]


def test_dark_light_and_print(chromium, page):
    chromium.open(page, scheme="dark")
    back = "return getComputedStyle(document.body).backgroundColor"
    fill = FIGURE + "return getComputedStyle(figure.querySelector('.role-mark.mark-rect > path')).fill"
    dark = chromium.run(back), chromium.run(fill, "d1-c1")
    assert dark[0] == "rgb(20, 23, 26)"
    assert chromium.run(browser.LOW_CONTRAST) == []
    for expected in ("light", "dark", "system"):
        chromium.run("document.getElementById('theme').click()")
        assert chromium.run("return document.getElementById('theme').textContent") == f"Theme: {expected}"
        assert ((chromium.run(back), chromium.run(fill, "d1-c1")) == dark) == (expected != "light")  # charts follow
    chromium.media("dark", "print")
    assert chromium.run(back) == "rgb(255, 255, 255)"
    assert chromium.run("return getComputedStyle(document.querySelector('.bar')).display") == "none"
    chromium.media("dark")
    pdf = base64.b64decode(chromium.command("Page.printToPDF")["data"])
    assert pdf.startswith(b"%PDF") and pdf.count(b"/Type /Page\n") >= 5


def test_contrast_in_light(opened):
    opened.media("light")
    assert opened.run(browser.LOW_CONTRAST) == []
    # The check itself can fail.
    opened.run("document.querySelector('.summary').style.color = '#b0b0b0'")
    assert [found[0] for found in opened.run(browser.LOW_CONTRAST)] == [documents.summarize()["summary"][:40]]
    opened.run("document.querySelector('.summary').style.color = ''")


UNNAMED = """
const named = (e) => (e.getAttribute('aria-label') || e.textContent || e.title || (e.labels?.length ? e.labels[0].textContent : '')).trim();
const faults = [...document.querySelectorAll('a, button, input, [role=region], figure, section, nav')].filter((e) => !e.hasAttribute('aria-labelledby') && !named(e)).map((e) => e.outerHTML);
for (const e of document.querySelectorAll('[aria-labelledby], [aria-describedby]')) if (!document.getElementById(e.getAttribute('aria-labelledby'))) faults.push('labelledby ' + e.id);
for (const e of document.querySelectorAll('a[href^="#"]')) if (!document.getElementById(e.getAttribute('href').slice(1))) faults.push('link ' + e.href);
for (const e of document.querySelectorAll('img:not([alt])')) faults.push(e.outerHTML);
const ids = [...document.querySelectorAll('[id]')].map((e) => e.id).filter((id) => !id.startsWith('gradient'));
if (new Set(ids).size !== ids.length) faults.push('an id stands there twice');
let level = 0;
for (const e of document.querySelectorAll('h1, h2, h3, h4, h5, h6')) { const next = Number(e.tagName[1]); if (next > level + 1) faults.push(e.outerHTML); level = next; }
for (const e of document.querySelectorAll('table')) if (!e.caption || ![...e.querySelectorAll('thead th')].every((th) => th.scope === 'col')) faults.push('table');
for (const e of document.querySelectorAll('.plot')) if (!e.querySelector('svg') || !e.getAttribute('aria-label') || !e.getAttribute('role')) faults.push('chart without description');
return faults;
"""


def test_names_roles_and_headings(opened):
    assert opened.run(UNNAMED) == []
    assert opened.run("return document.querySelectorAll('h1, main, nav[aria-label], [role=search]').length") == 4
    opened.run("document.querySelector('#theme').textContent = ''")
    assert len(opened.run(UNNAMED)) == 1
    opened.run("document.querySelector('#theme').textContent = 'Theme: system'")


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_is_wider_than_the_page(chromium, page, width):
    chromium.open(page, width=width)
    assert chromium.run("return document.documentElement.scrollWidth") <= width
    assert chromium.run("return [...document.querySelectorAll('.plot svg')].every((svg) => svg.getBoundingClientRect().right <= innerWidth)")


def test_extremes_are_readable(chromium, folder):
    run("report", *documents.write(folder, ["extremes"]), "--out", folder / "extremes.html")
    said, _ = chromium.open(folder / "extremes.html")
    assert said == []
    assert marks(chromium, "d1-c1", "mark-rect") == 50 and "The first 50 of 1,000 bars" in chromium.run(FIGURE + "return figure.textContent", "d1-c1")
    chromium.run(FIGURE + "[...figure.querySelectorAll('button')].find((b) => b.textContent === 'Draw all').click()", "d1-c1")
    chromium.wait(FIGURE + "return figure.querySelectorAll('.role-mark.mark-rect > path').length === 1000", "d1-c1")
    assert marks(chromium, "d1-c2", "mark-rect") == 1000
    assert marks(chromium, "d1-c3", "mark-line") == 200
    assert chromium.run(FIGURE + "return figure.querySelectorAll('.legend li').length", "d1-c3") == 9
    assert "Nothing to draw" in chromium.run(FIGURE + "return figure.textContent", "d1-c8")
    assert marks(chromium, "d1-c9", "mark-rect") == 1 and marks(chromium, "d1-c10", "mark-symbol") == 1
    assert marks(chromium, "d1-c12", "mark-rect") == 2  # 0, a negative value and null have no logarithm
    # 1,000 rows in parts of 200.
    assert len(column_of(chromium, "d1-t1", 0)) == 200
    chromium.run("[...document.querySelectorAll('#d1-t1 .pager button')].find((b) => b.textContent === 'Next').click()")
    assert column_of(chromium, "d1-t1", 0)[0] == "concept number 200 of the thousand"
    assert chromium.run("return document.querySelector('#d1-t1 .status').textContent") == "Rows 201–400 of 1,000 rows"


def test_the_largest_and_smallest_numbers_end(chromium, folder):
    parts = [documents.column("name", "Name"), documents.column("x", "X", "number"), documents.column("y", "Y", "number")]
    drawn = []
    tables = []
    for name, amounts in (("wide", [5e-324, 1.0, 1.7e308]), ("high", [1.5e308, 1.6e308, 1.79e308]), ("low", [5e-324, 1e-323, 1.5e-323])):
        tables.append(documents.table(name, name, parts, [[str(value), value, value] for value in amounts]))
        for kind in ("bars", "columns", "lines", "points"):
            drawn.append(documents.chart(f"{name}_{kind}", f"{name} {kind}", kind, name, x="x" if kind == "points" else "name", y="y") | {"y_log": True})
    (folder / "numbers.json").write_text(json.dumps(documents.document("numbers", "", "", tables, drawn)))
    run("report", folder / "numbers.json", "--out", folder / "numbers.html")
    said, _ = chromium.open(folder / "numbers.html")
    assert said == []
    failed = "return [...document.querySelectorAll('.panels')].filter((e) => e.textContent.includes('could not be drawn')).map((e) => e.textContent)"
    assert chromium.run(failed) == []
    assert len(chromium.run("return [...document.querySelectorAll('.plot svg')]")) == len(drawn)


def test_hostile_text_is_text(chromium, folder):
    run("report", *documents.write(folder, ["hostile"]), "--title", documents.HOSTILE[0], "--out", folder / "hostile.html")
    said, asked = chromium.open(folder / "hostile.html")
    assert said == []
    assert [address for address in asked if not address.startswith("data:")] == [(folder / "hostile.html").resolve().as_uri()]
    assert chromium.run("return window.hit ?? null") is None
    assert chromium.run("return document.title") == documents.HOSTILE[0]
    assert chromium.run("return document.querySelectorAll('img, main b, main script').length") == 0
    assert marks(chromium, "d1-c1", "mark-rect") == len(documents.HOSTILE)
    assert chromium.run("return [...document.querySelectorAll('.panels')].some((e) => e.textContent.includes('could not be drawn'))") is False
    text = chromium.downloaded("hostile.csv", lambda: chromium.run("document.querySelector('#d1-t1 .downloads button').click()")).decode("utf-8")
    assert [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:] == documents.HOSTILE
