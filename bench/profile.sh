#!/usr/bin/env bash
# Which functions the time of the default solver goes to: bench/profile.sh PROGRAM OUT.json
#
# PROGRAM is bench_stages. `perf record` takes a sample of its clock, of the measured stages alone, at l1 0.15 and 0.25 on
# 15,000 atoms. Where perf is missing or not allowed, OUT.json holds no profiles, and the page says so.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 2 ] || { echo "profile.sh: expected the program bench_stages and a file to write" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkfifo "$work/control"
profiles=()
for l1 in 0.15 0.25; do
  # -D -1: counts nothing until the program asks for it through the pipe. The clock, since virtual machines often have no
  # hardware counters.
  if SPLICE_PERF_CONTROL="$work/control" perf record -q -e cpu-clock -F 1999 -D -1 --control "fifo:$work/control" \
       -o "$work/$l1.data" -- "$1" --benchmark_filter="^stages/.*/p:15000/.*/l1:$l1" --benchmark_out="$work/$l1.json" \
       --benchmark_out_format=json >"$work/log" 2>&1; then
    perf report -i "$work/$l1.data" --stdio -F overhead,symbol -g none --percent-limit 0.1 >"$work/$l1.txt" 2>>"$work/log"
    profiles+=("$work/$l1.json" "$work/$l1.txt")
  else
    tail -n 3 "$work/log" >&2
    echo "profile.sh: no profile: perf does not work here" >&2
    "$1" --benchmark_filter="^stages/.*/p:15000/.*/l1:$l1" --benchmark_out="$work/$l1.json" \
      --benchmark_out_format=json >"$work/log" 2>&1
    profiles=("$work/$l1.json" /dev/null)
    break
  fi
done
python3 bench/profile_shares.py "$2" "${profiles[@]}"
