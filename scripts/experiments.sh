#!/usr/bin/env bash
# The paper's experiments: on scene-clip with checks, or on real data sets (--help). Arguments are those of `python -m experiments`.
#
# The command is build/release's, which `make experiments` and `make build` build; --splice names another.
# Python is SPLICE_TORCH_PYTHON, else .venv's (scripts/get_torch.sh python), else python3: one that imports torch.
set -euo pipefail
cd "$(dirname "$0")/.."

packages="torch, numpy, scipy, PIL, safetensors, ftfy, regex"
for python in "${SPLICE_TORCH_PYTHON:-}" .venv/bin/python python3; do
  if [ -n "$python" ] && "$python" -c "import importlib.util as u, sys; sys.exit(any(u.find_spec(name) is None for name in '$packages'.split(', ')))" 2>/dev/null; then
    exec "$python" -m experiments "$@"
  fi
done
echo "experiments.sh: found no Python with $packages; expected one as SPLICE_TORCH_PYTHON or in .venv (scripts/get_torch.sh python)" >&2
exit 5
