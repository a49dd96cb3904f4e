"""What a run leaves beside its results: the report, and the page of the documentation."""
from __future__ import annotations

import json
from pathlib import Path

from . import ROOT
from .command import progress
from .page import collect, render
from .workspace import Workspace

TEMPLATE = Path(__file__).with_name("page.md")
FACTS, PAGE = ROOT / "docs" / "experiments.json", ROOT / "docs" / "experiments.md"


def write_report(workspace: Workspace, dictionary: Path, title: str) -> None:
    """report.html of all documents, in their order."""
    if workspace.documents:
        report = workspace.out / "report.html"
        workspace.splice.run(["report", *(workspace.path(name) for name in workspace.documents), "--health", dictionary, "--title", title,
                              "--out", report], [report])


def write_page(workspace: Workspace) -> None:
    """docs/experiments.json, and docs/experiments.md out of it."""
    template = TEMPLATE.read_text(encoding="utf-8")
    facts = collect(template, workspace)
    FACTS.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(render(template, facts), encoding="utf-8")
    progress(f"wrote {PAGE.relative_to(ROOT)}")
