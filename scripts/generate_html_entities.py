#!/usr/bin/env python3
"""Writes src/clip/html_entities.inc: the named character references of HTML (html.entities.html5, which is WHATWG's table).

Usage: scripts/generate_html_entities.py > src/clip/html_entities.inc

Two lists, each ascending by name in bytes: all references, and those that ftfy additionally takes in capitals (a name that is
all lower case, written in upper case, where HTML itself knows no such name) with the upper case of what they stand for.
"""

import html
from html.entities import html5


def literal(text: str) -> str:
    """A C++ string literal of the UTF-8 bytes; octal escapes, which end after three digits."""
    return '"' + "".join(chr(b) if 32 < b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode()) + '"'


def rows(table: dict[str, str]) -> list[str]:
    """Entries, several a line."""
    entries = [f"{{{literal(name)}, {literal(table[name])}}}," for name in sorted(table, key=str.encode)]
    lines: list[str] = []
    for entry in entries:
        if lines and len(lines[-1]) + len(entry) < 128:
            lines[-1] += " " + entry
        else:
            lines.append("    " + entry)
    return lines


def capitals() -> dict[str, str]:
    """Upper-case spellings that ftfy decodes and HTML does not."""
    found = {}
    for name, text in html5.items():
        upper = name.upper()
        if name.endswith(";") and name == name.lower() and html.unescape("&" + upper) == "&" + upper:
            found[upper] = text.upper()
    return found


def main() -> None:
    """Prints the file."""
    print("// Written by scripts/generate_html_entities.py: WHATWG's named character references. Not to be edited.\n")
    print("constexpr Entity html_entities[] = {")
    print("\n".join(rows(html5)))
    print("};\n\nconstexpr Entity capital_entities[] = {")
    print("\n".join(rows(capitals())))
    print("};")


if __name__ == "__main__":
    main()
