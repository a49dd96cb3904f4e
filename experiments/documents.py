"""Result documents: what the command writes with --out, read, and written in the same format for comparisons with the truth."""
from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FORMAT = "splice_cuda.result.1"
Cell = str | int | float | None

_KINDS = ("text", "integer", "number", "picture")
_CHART_COLUMNS = ("x", "x_end", "y", "series", "facet", "color", "error")


class DocumentError(ValueError):
    """A document, or a part of one, that is not as expected."""


@dataclass(frozen=True)
class Column:
    """A column of a table; `digits` behind the point where a number is shown."""

    key: str
    title: str
    kind: str = "number"
    digits: int = 3


@dataclass
class Table:
    """A table of a document; each row is as long as `columns`."""

    key: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]] = field(default_factory=list)
    note: str = ""

    def index(self, column: str) -> int:
        """Place of a column. Raises DocumentError that lists the columns there are."""
        keys = [entry.key for entry in self.columns]
        if column not in keys:
            raise DocumentError(f"table {self.key}: got column {column!r}, expected one of {', '.join(keys)}")
        return keys.index(column)

    def column(self, column: str) -> list[Any]:
        """Values of a column."""
        place = self.index(column)
        return [row[place] for row in self.rows]

    def where(self, **values: Cell) -> Table:
        """The rows whose columns have these values."""
        places = {self.index(name): value for name, value in values.items()}
        kept = [row for row in self.rows if all(same(row[place], value) for place, value in places.items())]
        return Table(self.key, self.title, self.columns, kept, self.note)

    def value(self, column: str, **values: Cell) -> Any:
        """The cell of the only row with these values. Raises DocumentError for none, or several."""
        found = self.where(**values).column(column)
        if len(found) != 1:
            raise DocumentError(f"table {self.key}: got {len(found)} rows with {values}, expected one")
        return found[0]


def same(cell: Cell, value: Cell) -> bool:
    """Whether a cell has a value; numbers to six digits, as penalties are float32 in places."""
    if isinstance(cell, (int, float)) and isinstance(value, (int, float)):
        return math.isclose(cell, value, rel_tol=1e-6)
    return cell == value


@dataclass
class Document:
    """What an experiment found."""

    experiment: str
    title: str
    summary: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)
    charts: list[dict[str, Any]] = field(default_factory=list)
    version: str = ""

    def table(self, key: str) -> Table:
        """Table of a key. Raises DocumentError that lists the tables there are."""
        for table in self.tables:
            if table.key == key:
                return table
        raise DocumentError(f"{self.title}: got table {key!r}, expected one of {', '.join(table.key for table in self.tables)}")

    def to_json(self) -> dict[str, Any]:
        """The document as JSON has it; NaN and infinity become null. Raises DocumentError where parts do not fit together."""
        for chart in self.charts:
            table = self.table(chart["table"])
            for name in _CHART_COLUMNS:
                if chart.get(name):
                    table.index(chart[name])
        return {"format": FORMAT, "splice_cuda": self.version, "experiment": self.experiment, "title": self.title,
                "summary": self.summary, "settings": self.settings, "tables": [_table_json(table) for table in self.tables],
                "charts": [{**chart, "y_log": chart.get("y_log", False)} for chart in self.charts]}

    def write(self, path: Path) -> None:
        """Writes the document, whole or not at all."""
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(path.name + ".tmp")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)

    @staticmethod
    def read(path: Path) -> Document:
        """Reads a document. Raises DocumentError for another format."""
        return Document.of(json.loads(path.read_text(encoding="utf-8")), str(path))

    @staticmethod
    def of(content: dict[str, Any], name: str) -> Document:
        """The document of JSON; `name` is for messages."""
        if content.get("format") != FORMAT:
            raise DocumentError(f"{name}: got format {content.get('format')!r}, expected {FORMAT!r}")
        tables = [Table(entry["key"], entry["title"], [Column(**column) for column in entry["columns"]], entry["rows"], entry["note"])
                  for entry in content["tables"]]
        return Document(content["experiment"], content["title"], content["summary"], content["settings"], tables,
                        content["charts"], content["splice_cuda"])


def _finite(cell: Cell) -> Cell:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _table_json(table: Table) -> dict[str, Any]:
    for column in table.columns:
        if column.kind not in _KINDS:
            raise DocumentError(f"table {table.key}: got kind {column.kind!r} of column {column.key}, expected one of {_KINDS}")
    for row in table.rows:
        if len(row) != len(table.columns):
            raise DocumentError(f"table {table.key}: got a row of {len(row)} cells, expected {len(table.columns)}")
    return {"key": table.key, "title": table.title, "note": table.note, "columns": [vars(column) for column in table.columns],
            "rows": [[_finite(cell) for cell in row] for row in table.rows]}
