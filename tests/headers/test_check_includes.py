"""check_includes.py finds what is taken out of copies of the sources.

    test_check_includes.py SOURCE_DIR FOLDER...
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from check_includes import Sources, missing

# File, line taken out, what is then said.
REMOVED = [
    ("src/cli/health_text.cpp", "#include <algorithm>\n", ("std::min", "<algorithm>")),
    ("src/cli/health_text.cpp", "#include <fmt/format.h>\n", ("fmt::format", "<fmt/format.h>")),
    ("src/cli/verb_show.cpp", '#include "cli/terminal.hpp"\n', ("width", '"terminal.hpp"')),
    ("src/core/certify.cpp", '#include "core/memory_errors.hpp"\n', ("with_memory_errors", '"memory_errors.hpp"')),
]


def findings(root: Path, file: str, removed: str = "") -> list[tuple[str, str]]:
    path = root / file
    sources = Sources(root)
    text = path.read_text()
    assert removed in text, f"{file} has no line {removed!r}"
    sources.texts[path] = text.replace(removed, "", 1)
    return list(missing(sources, path))


def main(root: Path) -> int:
    for file, removed, expected in REMOVED:
        whole = findings(root, file)
        assert whole == [], f"{file}: {whole}"
        found = findings(root, file, removed)
        print(f"{file} without {removed.strip()}: {found}")
        assert any(header == expected[1] for _, header in found), f"{file} without {removed!r}: {found}, expected {expected}"
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder)
        (made / "src/cli").mkdir(parents=True)
        (made / "include").mkdir()
        (made / "src/cli/a.hpp").write_text("#include <string>\nstd::string shown(int value);\n")
        (made / "src/cli/b.cpp").write_text('// std::vector\nconst char* text = "std::map<";\nint main() { shown(1); }\n')
        found = findings(made, "src/cli/b.cpp")
        assert found == [("shown", '"a.hpp"')], found
        (made / "src/cli/c.cpp").write_text("void Page::shown(int value) {}\n")
        found = findings(made, "src/cli/c.cpp")
        assert found == [], found
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
