#!/usr/bin/env bash
# Fails where clang-format (version 14) would change a file.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v clang-format >/dev/null 2>&1 || { echo "check_format: clang-format not found" >&2; exit 1; }
git ls-files '*.cpp' '*.hpp' '*.h' '*.cu' '*.cuh' | xargs clang-format --dry-run -Werror
