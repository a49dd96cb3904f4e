#!/usr/bin/env bash
# Runs all benchmarks, writes bench/results/*.json, and makes docs/benchmarks.md and its plots from them.
#
#   bench/run.sh [--short | --large]
#
# --large: large vocabularies alone (bench/large.sh), which take about 4 GB of disk and of memory.
# --short: the corners of each sweep, in a few minutes. Its results go to build/bench-short and leave the page alone.
set -euo pipefail
cd "$(dirname "$0")/.."

short=()
results=bench/results
case ${1:-} in
  '') ;;
  --large) exec bench/large.sh bench/results/large.jsonl ;;
  --short) short=(--short) results=build/bench-short ;;
  *) echo "run.sh: $1 given, expected nothing, --short or --large" >&2; exit 2 ;;
esac
programs=${SPLICE_BENCH_PROGRAMS:-build/release/bench}
for program in bench_decompose bench_stages bench_roofline bench_rows; do
  [ -x "$programs/$program" ] || { echo "run.sh: $programs/$program is missing; run 'make bench'" >&2; exit 1; }
done

# The yardstick is the fastest kernel that OpenBLAS has for this processor, whatever the environment asks for. Versions
# before 0.3.22 know neither Zen 4 nor newer Xeons (0.3.21 takes its oldest kernels on an Emerald Rapids, at a quarter of the
# speed), and its own kernels for Sapphire Rapids are slower there than those for Skylake: 125 and 84 us a row of 15,000 x 384.
unset OPENBLAS_CORETYPE OPENBLAS_VERBOSE
if grep -qm1 '^flags.* avx512f ' /proc/cpuinfo; then
  export OPENBLAS_CORETYPE=SkylakeX
fi

bench/make_env.sh build/bench-env
python=build/bench-env/bin/python
raw=build/bench-raw
mkdir -p "$raw" "$results"
echo "run.sh: load average $(cut -d' ' -f1 /proc/loadavg) on $(nproc) cores" >&2

"$programs/bench_decompose" "${short[@]}" --benchmark_out="$raw/decompose.json" --benchmark_out_format=json
"$programs/bench_stages" --benchmark_out="$raw/stages.json" --benchmark_out_format=json
"$programs/bench_roofline" --benchmark_out="$raw/roofline.json" --benchmark_out_format=json
bench/profile.sh "$programs/bench_stages" "$raw/profile.json"
OMP_NUM_THREADS=1 "$python" bench/compare_peers.py --bench-rows "$programs/bench_rows" --out "$raw/peers.json" "${short[@]}"
# Written together, after the last run: never files of different runs.
for name in decompose stages roofline profile peers; do
  "$python" bench/collect.py "$results" "$name" "$raw/$name.json" "${short[@]}"
done

if [ ${#short[@]} -eq 0 ]; then
  "$python" bench/plot.py "$results" docs/plots
  "$python" bench/table.py "$results" docs/benchmarks.md
  echo "run.sh: docs/benchmarks.md is up to date" >&2
else
  "$python" bench/plot.py "$results" "$results/plots"
  echo "run.sh: figures and plots in $results" >&2
fi

target=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["context"]["cpu_target"])' \
  "$results/decompose.json")
baseline=bench/baseline/$target.json
if [ -f "$baseline" ]; then
  "$python" bench/check_ratio.py "$results/decompose.json" "$baseline"
  echo "run.sh: no ratio is worse than in $baseline" >&2
else
  echo "run.sh: no baseline for $target: to make one, copy $results/decompose.json to $baseline" >&2
fi
