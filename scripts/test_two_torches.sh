#!/usr/bin/env bash
# The proof of the stable ABI: the library that was built against one torch, under a Python with another version of torch.
#
#   scripts/test_two_torches.sh PYTHON [build folder]
#
# PYTHON imports torch and has pytest and numpy. The libraries are those of the build folder (build/release), nothing is compiled.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${1:?usage: test_two_torches.sh PYTHON [build folder]}
build=$(realpath "${2:-build/release}")
built=$(sed -n 's/^SPLICE_TORCH_ROOT:PATH=//p' "$build/CMakeCache.txt")
echo "built against: ${built:+$(sed -n "s/^__version__ = //p" "$built/version.py")}, run under: $("$python" -c 'import torch; print(torch.__version__)')"
export SPLICE_TORCH_LIBRARY="$build/lib/libsplice_cuda_torch.so"
export SPLICE_SHARED_DATA=${SPLICE_SHARED_DATA:-../shared/data}
exec "$python" -B -m pytest -q -p no:cacheprovider tests/torch
