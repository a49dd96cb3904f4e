#!/usr/bin/env bash
# Fails where mypy finds that a type of the Python package is wrong: of the package that `make test` has installed, stubs and all.
#
#   scripts/check_types.sh [PYTHON]   PYTHON has numpy and torch; default: .venv/bin/python. mypy is found on PATH
set -euo pipefail
cd "$(dirname "$0")/.."
python=$(realpath -s "${1:-.venv/bin/python}")
site=build/release/tests/python/site
command -v mypy >/dev/null 2>&1 || { echo "check_types: mypy not found (pip install mypy)" >&2; exit 1; }
[ -d "$site/splice_cuda" ] || { echo "check_types: no $site; expected the package of ctest --preset release -R python.package" >&2; exit 1; }
cd "$site"
mypy --cache-dir "$OLDPWD/build/mypy" --python-executable "$python" --ignore-missing-imports --follow-imports=silent -p splice_cuda
