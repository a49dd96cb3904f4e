"""Every file includes what it uses, or a header of the project that does: files that are compiled together (cmake/SpliceUnity.cmake)
hide from the compiler what is missing.

    check_includes.py SOURCE_DIR FOLDER...     prints "file: uses NAME without HEADER" for each finding; exit code 1 if there are any

Looked for are names of the standard library, CLI11, fmt and JSON (TABLE), and functions and types that one header of the project
alone declares.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

# Header: what it is included for. A name in several lines may come from any of them.
TABLE = {
    "algorithm": "std::(?:sort|stable_sort|min|max|clamp|find_if|any_of|all_of|none_of|upper_bound|lower_bound|copy_n|fill_n|minmax|"
                 "nth_element|partial_sort|max_element|min_element|count_if)",
    "array": "std::array",
    "atomic": "std::atomic",
    "charconv": "std::(?:from_chars|to_chars)",
    "chrono": "std::chrono",
    "cmath": "std::(?:sqrt|isfinite|isnan|log|exp|ldexp|floor|ceil|lround|llround|log10|pow)",
    "cstdint": "std::u?int(?:8|16|32|64)_t",
    "cstdio": "std::(?:printf|fprintf|snprintf|fputs|fwrite|fflush|FILE)",
    "cstring": "std::(?:memcpy|memcmp|strerror|strlen)",
    "exception": "std::exception_ptr",
    "filesystem": "std::filesystem",
    "fstream": "std::(?:ifstream|ofstream)",
    "functional": "std::function",
    "limits": "std::numeric_limits",
    "map": "std::map",
    "memory": "std::(?:unique_ptr|shared_ptr|make_unique|make_shared|weak_ptr)",
    "mutex": "std::(?:mutex|lock_guard|unique_lock)",
    "numeric": "std::(?:accumulate|iota)",
    "optional": "std::(?:optional|nullopt)",
    "set": "std::set",
    "span": "std::span",
    "string": "std::(?:string|to_string)",
    "string_view": "std::string_view",
    "thread": "std::thread",
    "tuple": "std::(?:tuple|tie)",
    "unordered_map": "std::unordered_map",
    "unordered_set": "std::unordered_set",
    "variant": "std::(?:variant|visit)",
    "vector": "std::vector",
    "CLI/CLI.hpp": "CLI::App",
    "fmt/format.h": "fmt::(?:format|print|join)",
    "nlohmann/json.hpp": "nlohmann::",
}
PATTERNS = {header: re.compile(r"(?<![\w:])(?:" + names + r")(?!\w)") for header, names in TABLE.items()}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# At the margin: "Type name(" or "class Name {"; what is deeper belongs to a class.
DECLARED = re.compile(r"^(?:(?:struct|class|enum class) (\w+)(?= [:{]| final)|[A-Za-z][\w:<>,&* ]*[ &*](\w+)\()", re.MULTILINE)


def plain(text: str) -> str:
    """Without comments and texts, whose words are no names."""
    text = re.sub(r'R"(\w*)\(.*?\)\1"', '""', text, flags=re.DOTALL)
    return re.sub(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"", lambda m: '""' if m[0][0] == '"' else "", text, flags=re.DOTALL)


class Sources:
    """Files of the project, by the name that they are included by."""

    def __init__(self, root: Path) -> None:
        self.roots = [root / "src", root / "include"]
        self.texts: dict[Path, str] = {}
        self.declared: dict[Path, set[str]] = {}
        self.owners: dict[str, set[Path]] = {}
        for folder in self.roots:
            for header in folder.rglob("*.hpp"):
                for name in self.names_of(header):
                    self.owners.setdefault(name, set()).add(header)

    def text(self, path: Path) -> str:
        if path not in self.texts:
            self.texts[path] = path.read_text()
        return self.texts[path]

    def names_of(self, path: Path) -> set[str]:
        if path not in self.declared:
            self.declared[path] = {a or b for a, b in DECLARED.findall(plain(self.text(path)))}
        return self.declared[path]

    def find(self, name: str) -> Path | None:
        return next((root / name for root in self.roots if (root / name).is_file()), None)

    def may_use(self, path: Path, header: Path) -> bool:
        """Whether it is a public header, or of the same folder of src, or of one that all others use."""
        public = self.roots[1] in header.parents
        folders = [file.relative_to(self.roots[0]).parts[0] for file in (path, header) if self.roots[0] in file.parents]
        return public or len(folders) == 2 and folders[1] in (folders[0], "io", "core")

    def reached(self, path: Path) -> tuple[set[str], set[Path]]:
        """Foreign headers and files of the project, through files of the project alone."""
        foreign: set[str] = set()
        own: set[Path] = {path}
        waiting = [path]
        while waiting:
            for _, name in INCLUDE.findall(self.text(waiting.pop())):
                file = self.find(name)
                if file is None:
                    foreign.add(name)
                elif file not in own:
                    own.add(file)
                    waiting.append(file)
        return foreign, own


def missing(sources: Sources, path: Path) -> Iterator[tuple[str, str]]:
    """(name, header) of what `path` uses and does not include."""
    text = plain(sources.text(path))
    foreign, own = sources.reached(path)
    for header, pattern in PATTERNS.items():
        if header not in foreign and (found := pattern.search(text)):
            yield found[0], f"<{header}>"
    known = set().union(*(sources.names_of(file) for file in own))
    text = re.sub(r"\b[A-Z]\w*::", ".", text)  # members of classes, defined or called
    for name in sorted(set(re.findall(r"(?<![\w.>])([A-Za-z_]\w+)(?=[ ({&>])", text)) - known):
        owners = sources.owners.get(name, set())
        if len(owners) != 1 or not sources.may_use(path, next(iter(owners))):
            continue
        # Variables and members of that name are not meant.
        if not re.search(rf"(?:[\w>&*]+ |::|\.){name}\b(?! *\()|^ +(?! |return\b)[\w:<>,&* ]+[ &*]{name}\(", text, re.MULTILINE):
            yield name, f'"{next(iter(owners)).name}"'


def main(root: str, *folders: str) -> int:
    sources = Sources(Path(root))
    findings = 0
    files = sorted(file for folder in folders for file in (Path(root) / folder).rglob("*.[ch]pp"))
    if not files:
        print(f"no sources in {folders}")
        return 1
    for file in files:
        for name, header in missing(sources, file):
            print(f"{file.relative_to(root)}: uses {name} without {header}")
            findings += 1
    print(f"{len(files)} files, {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
