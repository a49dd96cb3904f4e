#!/usr/bin/env bash
# Makes the Python environment of the comparison and the plots: make_env.sh FOLDER. Does nothing where it is current.
set -euo pipefail
cd "$(dirname "$0")"

env=${1:?usage: make_env.sh FOLDER}
case $env in /*) ;; *) env=$OLDPWD/$env ;; esac
stamp=$env/requirements.stamp
wanted=$(cat requirements.txt requirements-optional.txt)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "make_env: $(python3 --version) found, Python 3.11 or newer is needed" >&2
  exit 1
}
echo "make_env: installing the comparison's Python packages into $env" >&2
[ -x "$env/bin/python" ] || python3 -m venv "$env"
"$env/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
"$env/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements-optional.txt ||
  echo "make_env: SPAMS could not be installed; the comparison runs without it" >&2
printf '%s' "$wanted" >"$stamp"
