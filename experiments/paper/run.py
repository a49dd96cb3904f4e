"""Runs the parts that data are given for, and prints them in the paper's layout."""
from __future__ import annotations

from pathlib import Path

from ..command import CommandError, progress
from ..documents import Document, DocumentError, Table
from ..page import cell_text, markdown
from .parts import PARTS, Missing, Paper, Part


def run_paper(paper: Paper, page: Path, only: list[str] | None = None) -> int:
    """Prints and writes the page. Returns how many parts failed; what is missing is listed, and no failure."""
    sections, missing, failed = [], [], 0
    for part in PARTS:
        if only and part.key not in only:
            continue
        progress(f"{part.place}: {part.title}")
        paper.notes.clear()
        try:
            tables = part.make(paper)
        except Missing as reason:
            missing.append(f"{part.place} ({part.title}): {reason}")
            continue
        except (CommandError, DocumentError) as error:
            failed += 1
            sections.append(f"## {part.place}: {part.title}\n\nFAILED: {error}")
            print(sections[-1] + "\n", flush=True)
            continue
        sections.append(_section(part, tables, paper.notes))
        print(sections[-1] + "\n", flush=True)
        _keep(paper, part, tables)
    if missing:
        sections.append("## Missing\n\n" + "\n".join(f"- {line}" for line in missing))
        print(sections[-1], flush=True)
    page.write_text("\n\n".join(sections) + "\n", encoding="utf-8")
    return failed


def _section(part: Part, tables: list[Table], notes: list[str]) -> str:
    lines = [f"## {part.place}: {part.title}"]
    for table in tables:
        if table.title:
            lines.append(f"### {table.title}")
        rows = [[cell_text(column, cell) for column, cell in zip(table.columns, row)] for row in table.rows]
        lines.append(markdown([column.title for column in table.columns], [column.kind in ("number", "integer") for column in table.columns], rows))
    lines += [f"{note}." for note in dict.fromkeys(notes)]
    return "\n\n".join(lines)


def _keep(paper: Paper, part: Part, tables: list[Table]) -> None:
    paper.workspace.add(f"paper_{part.key}", Document("paper", f"{part.place}: {part.title}", " ".join(dict.fromkeys(paper.notes)), {},
                                                      [Table(table.key, table.title or part.title, table.columns, table.rows, table.note)
                                                       for table in tables]))
