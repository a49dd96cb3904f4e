#!/usr/bin/env bash
# Fetches cuobjdump and nvdisasm into build/cuda-tools, for the tests that look into compiled kernels
# (tests/cuda/binaries). Does nothing where they are on PATH or beside nvcc, as in a full CUDA toolkit, or were fetched
# before.
set -euo pipefail
cd "$(dirname "$0")/.."

# The wheels' versions follow CUDA's; these read what CUDA 13.0 compiles, and are the oldest that are published.
packages=(nvidia-cuda-cuobjdump==13.2.86 nvidia-cuda-nvdisasm==13.2.78)
folder=build/cuda-tools
nvcc=$(command -v "${CUDACXX:-nvcc}" || true)
[ -z "$nvcc" ] || PATH=$PATH:$(dirname "$(readlink -f "$nvcc")")
command -v cuobjdump >/dev/null && command -v nvdisasm >/dev/null && exit 0
[ -f "$folder/complete" ] && [ "$(cat "$folder/complete")" = "${packages[*]}" ] && exit 0

echo "get_cuda_tools: installing ${packages[*]} into $folder" >&2
rm -rf "$folder"
python3 -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --retries 1 --timeout 15 \
  "${packages[@]}"
printf '%s' "${packages[*]}" >"$folder/complete"
