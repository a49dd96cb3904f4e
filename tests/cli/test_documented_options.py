"""Every option that --help lists is named in the documentation of its verb, and the tables there name none that is not."""

import functools
import re
from pathlib import Path

import pytest
from conftest import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("command", "datasets", "evaluate", "explain", "intervene", "report", "sparsity")]
GROUPS = ("dictionary", "vocabulary", "evaluate", "dataset")
EVERY_VERB = {"--help", "--json", "--quiet"}


def subcommands(text):
    return re.findall(r"^  ([a-z-]+)  ", text[text.index("Subcommands:") :], re.MULTILINE)


@functools.cache
def verbs():
    names = subcommands(run("--help").stdout)
    return [name for name in names if name not in GROUPS] + [f"{group} {name}" for group in GROUPS for name in subcommands(run(group, "--help").stdout)]


@functools.cache
def help_of(verb):
    """Of each option its paragraph in --help, by its first long name."""
    text = run(*verb.split(), "--help").stdout
    paragraphs = re.findall(r"^  -.*(?:\n {20,}\S.*)*", text[text.index("Options:") :], re.MULTILINE)
    return {re.search(r"--[\w-]+", paragraph)[0]: paragraph for paragraph in paragraphs}


def is_experiment(verb):
    return verb in ("summarize", "scan", "shift", "search", "intervene") or verb.startswith("evaluate ")


def named(text):
    return set(re.findall(r"--[a-z][a-z0-9-]*", text))


def table_rows(text):
    """Cells of each row of the tables in it."""
    return [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| ")]


@functools.cache
def sections():
    """Of each page its sections; what stands before the first one is the section ""."""
    pages = {}
    for page in PAGES:
        parts = re.split(r"^## (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
        pages[page.stem] = {"": parts[0], **dict(zip(parts[1::2], parts[2::2]))}
    return pages


def verbs_of(page, heading):
    """The verbs that a section describes."""
    if page == "report":
        return {"report"}
    return set(heading.replace("dictionary build by a model", "dictionary build").split(", ")) & set(verbs())


def own_text(verb):
    return "\n".join(text for page, parts in sections().items() for heading, text in parts.items() if verb in verbs_of(page, heading))


def inherited_text(verb):
    """What the page of an experiment says of all its verbs, and what they take from `decompose` or, `intervene`, from probes."""
    if not is_experiment(verb):
        return ""
    page = next(parts for name, parts in sections().items() if any(verb in verbs_of(name, heading) for heading in parts))
    probes = own_text("evaluate probe") if verb == "intervene" else ""
    return own_text("decompose") + probes + sections()["datasets"][""] + "\n".join(text for heading, text in page.items() if heading not in verbs())


def listed_verbs(cell, above):
    """The verbs of a cell such as "`embed`, experiments but `evaluate antonyms`", or "the same"."""
    cell = cell.strip()
    if cell == "all":
        return set(verbs())
    if cell.startswith("the same"):
        return above | (listed_verbs(cell.removeprefix("the same, "), set()) if "," in cell else set())
    plus, _, minus = cell.partition(" but ")
    chosen = set(re.findall(r"`(.*?)`", plus)) | {verb for verb in verbs() if "experiments" in plus and is_experiment(verb)}
    return (set(verbs()) if plus == "all" else chosen) - set(re.findall(r"`(.*?)`", minus))


@functools.cache
def shared_options():
    """Of each option of "Options of several verbs" the verbs that the table names."""
    table, above = {}, set()
    for row in table_rows(sections()["command"]["Options of several verbs"]):
        if len(row) == 4 and named(row[0]):  # the other table has the names of the original script
            above = listed_verbs(row[2], above)
            table.update(dict.fromkeys(named(row[0]), above))
    return table


def undocumented(options, texts, shared):
    return sorted(set(options) - EVERY_VERB - named("\n".join(texts)) - shared)


def pytest_generate_tests(metafunc):
    if "verb" in metafunc.fixturenames:
        metafunc.parametrize("verb", verbs())


def test_every_option_is_documented(verb):
    shared = {option for option, listed in shared_options().items() if verb in listed} if is_experiment(verb) else set()
    assert own_text(verb), "no section of its own"
    assert undocumented(help_of(verb), [own_text(verb), inherited_text(verb)], shared) == []


def test_what_is_not_documented_is_found():
    assert undocumented(["--out", "--outer", "--seed", "--json"], ["`--out FILE` and --seeds"], {"--split"}) == ["--outer", "--seed"]
    assert undocumented(["--out", "--split"], ["`--out FILE`"], {"--split"}) == []


def test_tables_name_options_that_there_are():
    for page, parts in sections().items():
        for heading, text in parts.items():
            described = verbs_of(page, heading)
            there = {option for verb in described for paragraph in help_of(verb).values() for option in named(paragraph.split()[0])}
            in_tables = {option for first, *_ in table_rows(text) for option in named(first)}
            assert not described or in_tables <= there, f"{page}.md, {heading}: {in_tables - there}"


def test_the_table_of_several_verbs_names_them():
    assert len(shared_options()) > 12
    for option, listed in shared_options().items():
        having = {verb for verb in verbs() if option in help_of(verb)}
        assert listed <= having, f"{option}: not an option of {listed - having}"
        for verb in having - listed:
            assert option in named(own_text(verb)), f"{option}: {verb} has it, too"


def test_what_may_be_given_twice_is_called_repeatable(verb):
    """`...` behind a value's name is the parser's sign of an option that takes several."""
    for option, paragraph in help_of(verb).items():
        takes_several = re.match(r"  \S+ \S+ \.\.\.( |$)", paragraph, re.MULTILINE) is not None
        assert takes_several == ("repeatable" in paragraph), f"{option}\n{paragraph}"
