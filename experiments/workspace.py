"""Where an experiment finds its command, model and folders, and where it leaves what it claims."""
from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from . import MODEL
from .checks import Check
from .command import Splice
from .documents import Document



@dataclass
class Workspace:
    """`out` holds data/ and results/; `scale` is the share of the usual number of scenes (--quick has fewer)."""

    splice: Splice
    out: Path
    model: Path = MODEL
    scale: float = 1.0
    documents: dict[str, Document] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)

    @property
    def data(self) -> Path:
        """Folder of inputs."""
        return self.out / "data"

    @property
    def dictionary(self) -> Path:
        """The model's own dictionary."""
        return self.model / "dictionary.safetensors"

    def count(self, usual: int) -> int:
        """A number of scenes at this scale."""
        return max(40, round(usual * self.scale))

    def path(self, name: str) -> Path:
        """Where the result document of a name lies."""
        return self.out / "results" / f"{name}.json"

    def run(self, name: str, *arguments: str | float | Path) -> Document:
        """Runs a verb that writes a result document, and keeps it under a name."""
        self.documents[name] = self.splice.result(self.path(name), *arguments)
        return self.documents[name]

    def add(self, name: str, document: Document) -> None:
        """Keeps a document that was made here: a comparison with the truth."""
        document.write(self.path(name))
        self.documents[name] = document

    def check(self, protocol: str, claim: str, value: float | None, *, low: float | None = None, high: float | None = None) -> None:
        """Notes a claim and prints whether it holds."""
        self.checks.append(Check(protocol, claim, value, low, high))
        print(self.checks[-1].line, flush=True)
