"""docs/experiments.md out of a template and of what the runs found.

A directive stands between double braces. What it shows is taken from result documents once (`collect`) and kept in
docs/experiments.json, out of which the page is made (`render`):

    {{ command NAME }}                               the command line of a result
    {{ summary NAME }}                               its sentences
    {{ table NAME.TABLE columns=a,b rows=8 where=column:value }}   a table, or a part of it
    {{ value NAME.TABLE.COLUMN where=column:value }}  one cell
    {{ checks PROTOCOL }}                            claims and outcomes
"""
from __future__ import annotations

import re
import textwrap
from typing import Any, Sequence

from .checks import Check
from .documents import Cell, Column, Document, Table
from .workspace import Workspace

FORMAT = "splice_cuda.experiments.1"
Facts = dict[str, Any]

_DIRECTIVE = re.compile(r"\{\{ *(.*?) *\}\}")
_LONGEST_WORD = 60  # of a command line: longer lists of concepts are cut
_WIDTH = 116


class PageError(ValueError):
    """A template that asks for what is not there."""


def directives(template: str) -> list[str]:
    """The directives of a template, in order, each once."""
    return list(dict.fromkeys(_DIRECTIVE.findall(template)))


def collect(template: str, workspace: Workspace) -> Facts:
    """What the template's directives show, taken from this run. Raises PageError or DocumentError for what is not there."""
    return {"format": FORMAT, "facts": {directive: _fact(directive, workspace) for directive in directives(template)}}


def render(template: str, facts: Facts) -> str:
    """The page. Raises PageError for a directive that the facts lack."""
    if facts.get("format") != FORMAT:
        raise PageError(f"facts: got format {facts.get('format')!r}, expected {FORMAT!r}")

    def shown(match: re.Match[str]) -> str:
        if match[1] not in facts["facts"]:
            raise PageError(f"facts: no '{match[1]}'; run the experiments again")
        return _shown(match[1].split()[0], facts["facts"][match[1]])

    return _DIRECTIVE.sub(shown, template)


def _fact(directive: str, workspace: Workspace) -> Any:
    kind, target, *rest = directive.split()
    options = dict(option.split("=", 1) for option in rest)
    if kind == "checks":
        return _claims([check for check in workspace.checks if check.protocol == target], target)
    name, *path = target.split(".")
    if name not in workspace.documents:
        raise PageError(f"template: got '{directive}', expected a result of this run: {', '.join(workspace.documents)}")
    document = workspace.documents[name]
    if kind == "command":
        return shortened(workspace.splice.line_of(workspace.path(name)))
    if kind == "summary":
        return document.summary
    if kind == "table":
        return _table(document, path[0], options)
    if kind == "value":
        column = path[1]
        table = _selected(document.table(path[0]), options)
        values = table.column(column)
        if len(values) != 1:
            raise PageError(f"template: got '{directive}', which has {len(values)} cells, expected one")
        return cell_text(table.columns[table.index(column)], values[0])
    raise PageError(f"template: got '{kind}' in '{directive}', expected command, summary, table, value or checks")


def _claims(checks: Sequence[Check], protocol: str) -> dict[str, Any]:
    if not checks:
        raise PageError(f"template: got checks of '{protocol}', expected a protocol of this run with checks")
    return {"columns": ["claim", "value", "expected", ""], "right": [False, True, False, False],
            "rows": [[check.claim, "none" if check.value is None else f"{check.value:.3f}", check.expected,
                      "holds" if check.passed else "**fails**"] for check in checks]}


def _selected(table: Table, options: dict[str, str]) -> Table:
    conditions = dict(entry.split(":", 1) for entry in options["where"].split(",")) if "where" in options else {}
    rows = [row for row in table.rows
            if all(_matches(row[table.index(column)], wanted) for column, wanted in conditions.items())]
    return Table(table.key, table.title, table.columns, rows[:int(options.get("rows", len(rows)))], table.note)


def _matches(cell: Cell, wanted: str) -> bool:
    if isinstance(cell, str) or cell is None:
        return (cell or "") == wanted.replace("_", " ") or cell == wanted
    return abs(cell - float(wanted)) <= 1e-6 * abs(float(wanted))


def _table(document: Document, key: str, options: dict[str, str]) -> dict[str, Any]:
    table = _selected(document.table(key), options)
    names = options["columns"].split(",") if "columns" in options else [column.key for column in table.columns]
    places = [table.index(name) for name in names]
    return {"columns": [table.columns[place].title for place in places],
            "right": [table.columns[place].kind in ("number", "integer") for place in places],
            "rows": [[cell_text(table.columns[place], row[place]) for place in places] for row in table.rows]}


def cell_text(column: Column, cell: Cell) -> str:
    """A cell as it is shown: numbers with the column's digits, a dash where there is none."""
    if cell is None or cell == "":
        return "-"
    if isinstance(cell, str):
        return cell.replace("|", "\\|")
    return f"{cell:,}" if column.kind == "integer" or isinstance(cell, int) else f"{cell:.{column.digits}f}"


def shortened(line: str) -> str:
    """A command line with the concepts of large groups cut, and folded."""
    words = [_short_word(word) for word in re.findall(r"'[^']*'|\S+", line)]
    return " \\\n".join(textwrap.wrap(" ".join(words), _WIDTH, subsequent_indent="      ", break_long_words=False,
                                      break_on_hyphens=False))


def _short_word(word: str) -> str:
    items = word.strip("'").split(",")
    if len(word) <= _LONGEST_WORD or len(items) < 4 or "=" not in items[0]:
        return word
    kept = items[:3]
    return f"'{','.join(kept)},...' [{len(items)} names]"


def markdown(columns: Sequence[str], right: Sequence[bool], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; numbers stand on the right."""
    lines = [f"| {' | '.join(columns)} |", "|" + "|".join("---:" if side else "---" for side in right) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _shown(kind: str, fact: Any) -> str:
    if kind == "command":
        return "\n".join(f"    {line}" for line in fact.splitlines())
    return fact if isinstance(fact, str) else markdown(fact["columns"], fact["right"], fact["rows"])
