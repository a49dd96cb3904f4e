#!/usr/bin/env bash
# Decomposes out of mapped bfloat16 dictionaries of growing size (d = 512, one core): set-up, time a row, peak memory.
#
#   bench/large.sh [OUT.jsonl]
#
# Needs about 4 GB of disk and of memory for the largest, SPLICE_LARGE_ATOMS (default 1000000). Dictionaries are written to
# a folder of its own under TMPDIR, which goes away again. One JSON line a size; exit 1 where a row is not certified.
set -euo pipefail
cd "$(dirname "$0")/.."

program=${SPLICE_BENCH_PROGRAMS:-build/release/bench}/bench_large
[ -x "$program" ] || { echo "large.sh: $program is missing; run 'make bench'" >&2; exit 1; }
out=${1:-build/bench-raw/large.jsonl}
mkdir -p "$(dirname "$out")"
folder=$(mktemp -d "${TMPDIR:-/tmp}/splice_large_XXXXXX")
trap 'rm -rf "$folder"' EXIT
: > "$out"
for atoms in 15000 60000 120000 "${SPLICE_LARGE_ATOMS:-1000000}"; do
  rows=512
  [ "$atoms" -le 200000 ] || rows=128
  "$program" write "$folder/dictionary.safetensors" "$atoms"
  "$program" solve "$folder/dictionary.safetensors" "$rows" | tee -a "$out"
  rm "$folder/dictionary.safetensors"
done
