#!/usr/bin/env bash
# The command of `make demo`, in build/demo. A LibTorch that is missing is fetched while what needs none of it is compiled.
#
#   scripts/build_demo.sh JOBS [CMake option ...]
set -euo pipefail
cd "$(dirname "$0")/.."

jobs=$1
shift
configure() { cmake --preset demo "$@" --log-level=NOTICE; }
build() { cmake --build build/demo --target "$1" -j "$jobs"; }

if scripts/get_torch.sh missing; then
  # Not in the background: sudo may ask.
  python3 -c 'import ensurepip' 2>/dev/null || scripts/bootstrap.sh torch
  # In a group of processes of its own, so that whatever ends this ends the download.
  set -m
  scripts/get_torch.sh cpp &
  torch=$!
  set +m
  trap 'kill -- "-$torch" 2>/dev/null || true' EXIT
  configure "$@" -DSPLICE_TORCH=OFF
  build splice_cuda
  if ! wait "$torch"; then
    echo "build_demo: LibTorch was not installed; see the messages of get_torch and pip above (SPLICE_TORCH=OFF builds without)" >&2
    exit 1
  fi
  trap - EXIT
fi
configure "$@"
build splice_command
