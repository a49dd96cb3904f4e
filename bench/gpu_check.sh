#!/usr/bin/env bash
# All that needs a GPU, unattended: 25 minutes at most, no part longer than 9, and no failure stops what comes after it.
#
#   bench/gpu_check.sh [--dry-run] [--cpu] PART...       PART: build test sanitize stages sweep peers, or all
#
#   build     configures and compiles, for this device's architecture only
#   test      tests on the device, none of which may skip; the demo
#   sanitize  compute-sanitizer: memcheck, racecheck, initcheck, synccheck, over the demo and the small GPU tests
#   stages    time of each stage
#   sweep     rows a second over batch, penalty and dictionary
#   peers     PyTorch's solvers and products in the same turns as decompose
#
# --dry-run says what would be run. --cpu runs the same on the CPU with tiny sizes, to try this script.
# Environment: OUT (default build/gpu-check) gets steps.jsonl, summary.json, log.txt and each part's results; BUILD
# (default build/gpu) is the build folder; PYTHON (default python3) has PyTorch; STEP_LIMIT caps the seconds of every
# step. Exit status: 0 when every required step went well, 1 when not (summary.json says which), 2 for wrong arguments.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
# Where the toolkit's installer leaves nvcc and compute-sanitizer, which need not be on PATH.
[ ! -d /usr/local/cuda/bin ] || PATH=$PATH:/usr/local/cuda/bin

out=$(realpath --canonicalize-missing "${OUT:-build/gpu-check}")
build=$(realpath --canonicalize-missing "${BUILD:-build/gpu}")
python=${PYTHON:-python3}
step_limit=${STEP_LIMIT:-540}
device=cuda
dry=false
parts=()
all_parts=(build test sanitize stages sweep peers)
declare -A part_limits=([build]=480 [test]=240 [sanitize]=240 [stages]=60 [sweep]=240 [peers]=240)

for argument in "$@"; do
  case $argument in
    --dry-run) dry=true ;;
    --cpu) device=cpu ;;
    build | test | sanitize | stages | sweep | peers) parts+=("$argument") ;;
    all) parts=("${all_parts[@]}") ;;
    *) echo "gpu_check.sh: $argument given, expected --dry-run, --cpu, all or one of ${all_parts[*]}" >&2; exit 2 ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || { echo "gpu_check.sh: no part given, expected all or some of ${all_parts[*]}" >&2; exit 2; }

on_gpu() { [ "$device" = cuda ]; }

record() {  # step, status, seconds, required (true or false), reason
  printf '{"part": "%s", "step": "%s", "status": "%s", "seconds": %s, "required": %s, "reason": "%s"}\n' \
    "$part" "$1" "$2" "$3" "$4" "$5" >>"$out/steps.jsonl"
  echo "gpu_check: $part/$1: $2${5:+ ($5)}, $3 s" >&2
}

skip() {  # step, reason
  if $dry; then echo "  $1: skipped: $2"; else record "$1" skipped 0 false "$2"; fi
}

required=true
results=''  # a file that the next step's output is added to, in place of the log
step() {  # name, limit in seconds, command...
  local name=$1 limit=$2 left status=failed reason='' begin code
  shift 2
  [ "$limit" -le "$step_limit" ] || limit=$step_limit
  if $dry; then
    printf '  %s (at most %s s%s): %s\n' "$name" "$limit" "$($required || echo ', not required')" "$*"
    return
  fi
  left=$((part_end - SECONDS))
  if [ "$left" -lt 1 ]; then
    record "$name" "timed out" 0 "$required" "no time left in this part"
    return
  fi
  [ "$limit" -le "$left" ] || limit=$left
  begin=$SECONDS
  printf '\n=== %s/%s: %s\n' "$part" "$name" "$*" >>"$out/log.txt"
  timeout --kill-after=5 "$limit" "$@" >>"${results:-$out/log.txt}" 2>>"$out/log.txt"
  code=$?
  case $code in
    0) status=ok ;;
    124 | 137) status="timed out" reason="limit $limit s" ;;
    *) reason="exit status $code, see log.txt" ;;
  esac
  record "$name" "$status" $((SECONDS - begin)) "$required" "$reason"
  [ $code -eq 0 ]
}

# A step whose failure is worth knowing, but fails nothing.
optional_step() {
  required=false
  step "$@"
  required=true
}

run_build() {
  local architecture settings=(-DSPLICE_BENCH=ON -DSPLICE_TESTS=ON -DCMAKE_BUILD_TYPE=Release)
  optional_step packages 60 scripts/bootstrap.sh bench
  if on_gpu; then
    settings+=(-DSPLICE_CUDA=ON)
    # 8.6 is 86: one architecture instead of all of them is most of the time to compile. 9.0 is 90a, with its warpgroups' products.
    architecture=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2>/dev/null | head -n 1 | tr -d '. ')
    [ "$architecture" != 90 ] || architecture=90a
    [ -z "$architecture" ] || settings+=("-DCMAKE_CUDA_ARCHITECTURES=$architecture-real")
  fi
  step configure 60 cmake -S . -B "$build" -G Ninja "${settings[@]}"
  step compile 420 cmake --build "$build" -j "$(nproc)"
}

run_test() {
  step info 20 "$build/bin/splice" info
  if on_gpu; then
    # The programs themselves, one process each: ctest's one a test would make a CUDA context hundreds of times.
    local name
    for name in api small; do
      step "$name" 150 env SPLICE_REQUIRE_GPU=1 "$build/tests/cuda/gpu/gpu_$name" --gtest_brief=1 \
        "--gtest_output=json:$out/tests_$name.json"
    done
    step torch 100 env SPLICE_REQUIRE_GPU=1 ctest --test-dir "$build" -L '^gpu$' -E '^gpu' --timeout 100 --output-on-failure
    step demo 30 "$build/bin/splice" demo --device cuda
  else
    step tests 200 ctest --test-dir "$build" -R '^LassoMath' --no-tests=error --output-on-failure
    step demo 30 "$build/bin/splice" demo --device cpu --rows 60 --atoms 500 --dim 64
  fi
}

run_sanitize() {
  local tool
  for tool in memcheck racecheck initcheck synccheck; do
    if ! command -v compute-sanitizer >/dev/null 2>&1; then
      skip "$tool" "compute-sanitizer not found"
    elif ! on_gpu; then
      skip "$tool" "needs a GPU"
    else
      step "$tool" 60 "$python" bench/sanitize_tests.py "$build" --tool "$tool"
    fi
  done
}

run_stages() {
  local which=("--device=$device")
  on_gpu || which=(--benchmark_filter='p:10000/.*l1:0.35')
  optional_step profile 60 "$build/bench/bench_stages" "${which[@]}" \
    --benchmark_out="$out/stages.json" --benchmark_out_format=json
}

run_sweep() {
  local bench=("$build/bench/bench_gpu" --device "$device") results=$out/sweep.jsonl
  if ! on_gpu; then
    step tiny 60 "${bench[@]}" --n 16,64 --l1 0.25,0.35 --p 500 --d 64 --repetitions 2
    results=$out/targets.jsonl
    step tiny_targets 60 "${bench[@]}" --n 16 --target-l0 4 --target-cosine 0.8 --p 500 --d 64 --repetitions 2
    return
  fi
  local on_device=(--rows-in device)  # the solver alone; rows from host memory are a step of their own
  bench+=(--seconds 2)
  step batch 90 "${bench[@]}" "${on_device[@]}" --n 256,1024,4096,16384,65536,262144,1280000
  step host 60 "${bench[@]}" --n 65536,1280000 --l1 0.25,0.35
  step penalty 60 "${bench[@]}" "${on_device[@]}" --n 65536 --l1 0.15,0.2,0.25,0.3,0.35
  step text 60 "${bench[@]}" "${on_device[@]}" --text15k --n 65536 --l1 0.15,0.25,0.35
  results=$out/targets.jsonl
  step targets 60 "${bench[@]}" "${on_device[@]}" --text15k --n 8192 --target-l0 8,32 --target-cosine 0.7
  results=$out/sweep.jsonl
  step atoms 60 "${bench[@]}" "${on_device[@]}" --n 65536 --l1 0.15,0.35 --p 1000,10000,30000
  step corners 60 "${bench[@]}" "${on_device[@]}" --n 256,4096 --l1 0.15,0.35 --p 1000,15000
  step many_atoms 60 "${bench[@]}" "${on_device[@]}" --n 65536 --l1 0.25,0.35 --p 100000  # at 0.15 lists overflow
}

run_peers() {
  local problem=$build/gpu_problem rows=$build/bench/bench_rows
  local peers=("$python" bench/gpu_peers.py --out "$out/peers.json" --device "$device" --bench-rows "$rows")
  if on_gpu; then
    # Without the exported problem, a similar one is made in numpy.
    if step problem 60 "$rows" export "$problem" 65536 15000 512; then peers+=(--problem "$problem"); fi
    step pytorch 220 "${peers[@]}" --short
  else
    step pytorch 120 "${peers[@]}" --tiny
  fi
}

# Results of an earlier run of the same part make way.
forget() {
  [ -f "$out/steps.jsonl" ] || return 0
  grep -v "^{\"part\": \"$part\"," "$out/steps.jsonl" >"$out/steps.tmp"
  mv "$out/steps.tmp" "$out/steps.jsonl"
  case $part in
    test) rm -f "$out"/tests_*.json ;;
    stages) rm -f "$out/stages.json" ;;
    sweep) rm -f "$out/sweep.jsonl" "$out/targets.jsonl" ;;
    peers) rm -f "$out/peers.json" ;;
  esac
}

$dry || mkdir -p "$out" || exit 2
for part in "${parts[@]}"; do
  part_end=$((SECONDS + part_limits[$part]))
  if $dry; then echo "$part (at most ${part_limits[$part]} s)"; else forget; fi
  "run_$part"
done
$dry || "$python" bench/gpu_summary.py "$out"
