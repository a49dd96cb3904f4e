"""Runs of the command `splice`: only what changed is run again."""
from __future__ import annotations

import hashlib
import json
import re
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Sequence

from .documents import Document

Words = list[str | float | Path]  #: arguments of the command


class CommandError(RuntimeError):
    """A run of the command that ended with another exit code than 0."""


def digest(path: Path) -> str:
    """SHA-256 of a file; of a folder that of its files' names, sizes and times."""
    if path.is_dir():
        listed = [f"{entry.relative_to(path)} {entry.stat().st_size} {entry.stat().st_mtime_ns}"
                  for entry in sorted(path.rglob("*")) if entry.is_file()]
        return hashlib.sha256("\n".join(listed).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class Splice:
    """The command, run in the folder `root`; `stamps` remembers what was run with which inputs.

    `threads` are those of each run; `lines` has the command line that made each output, as a reader would type it.
    """

    command: Path
    root: Path
    stamps: Path
    threads: int = 2
    force: bool = False
    lines: dict[str, str] = field(default_factory=dict)
    _digests: dict[tuple[Path, int, int], str] = field(default_factory=dict, repr=False)
    _datasets: dict[Path, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self._program = digest(self.command)
        self.stamps.mkdir(parents=True, exist_ok=True)

    def run(self, arguments: Sequence[str | float | Path], outputs: Sequence[Path]) -> None:
        """Runs `splice ARGUMENTS`, unless these outputs are there and were made by the same command of the same inputs.

        Arguments that name files or folders are inputs, unless they are outputs. Raises CommandError with what the command said.
        """
        words = [self.word(argument) for argument in arguments]
        output_words = {self.word(output) for output in outputs}
        name = self.word(outputs[0])
        self.lines[name] = "splice " + shlex.join(words)
        stamp, key = self.stamps / (hashlib.sha256(name.encode()).hexdigest()[:24] + ".json"), self._key(words, output_words)
        if not self.force and stamp.exists() and json.loads(stamp.read_text())["key"] == key and all(map(Path.exists, outputs)):
            return
        for output in outputs:
            output.parent.mkdir(parents=True, exist_ok=True)
        progress(f"splice {' '.join(words[:2])} -> {name}")
        begun = time.monotonic()
        done = subprocess.run([str(self.command), *words, "--quiet", *self._thread_option(words)], cwd=self.root, text=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise CommandError(f"exit {done.returncode} of {self.lines[name]}\n{done.stderr.strip()}")
        stamp.write_text(json.dumps({"key": key, "line": self.lines[name], "seconds": round(time.monotonic() - begun, 2)}))

    def result(self, out: Path, *arguments: str | float | Path) -> Document:
        """The result document that `splice ARGUMENTS --out OUT` writes."""
        self.run([*arguments, "--out", out], [out])
        return Document.read(out)

    def line_of(self, output: Path) -> str:
        """The command line that made an output of this run."""
        return self.lines[self.word(output)]

    def word(self, argument: str | float | Path) -> str:
        """An argument as text, paths below the root as a reader in that folder would type them."""
        if isinstance(argument, Path) and argument.is_absolute() and argument.is_relative_to(self.root):
            argument = argument.relative_to(self.root)
        return f"{argument:g}" if isinstance(argument, float) else str(argument)

    def _thread_option(self, words: list[str]) -> list[str]:
        return [] if words[0] == "report" or words[:2] == ["dictionary", "random"] else ["--threads", str(self.threads)]

    def _digest(self, path: Path) -> str:
        """Each state of a file is read once."""
        if path.is_dir():
            return digest(path)
        state = path.stat()
        key = (path, state.st_size, state.st_mtime_ns)
        if key not in self._digests:
            self._digests[key] = digest(path)
        return self._digests[key]

    def _dataset_digest(self, path: Path) -> str:
        """Of a dataset's files, which no run changes: walked once, as there may be millions."""
        if path not in self._datasets:
            self._datasets[path] = digest(path)
        return self._datasets[path]

    def _key(self, words: list[str], output_words: set[str]) -> str:
        parts = [self._program]
        for word in words:
            parts.append(word)
            if word in output_words or word.startswith("-"):
                continue
            # A file may stand behind a name (learned=atoms.safetensors), a dataset behind its kind (imagefolder:pictures).
            named = [self.root / part for part in re.split("[=,]", word) if 0 < len(part) < 200]
            parts += [self._digest(path) for path in named if path.exists()]
            dataset = word.partition(":")[2]
            if 0 < len(dataset) < 200 and (self.root / dataset).exists():
                parts.append(self._dataset_digest(self.root / dataset))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def progress(text: str) -> None:
    """A line about a step, on stderr."""
    print(f"experiments: {text}", file=sys.stderr, flush=True)
