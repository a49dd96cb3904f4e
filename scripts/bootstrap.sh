#!/usr/bin/env bash
# Installs what a Debian or Ubuntu machine lacks for the job named by $1 (build, torch, test or bench), and says what and why.
# Asks for nothing, and needs neither root nor a network, where nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

job=${1:-build}
missing=()
wanted=()

installed() {  # package
  dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

need() {  # package, reason
  if ! installed "$1"; then
    missing+=("$1")
    printf 'missing: %-22s %s\n' "$1" "$2" >&2
  fi
}

want() {  # package, reason: not every release has it, and the job gets on without
  if ! installed "$1"; then
    wanted+=("$1")
    printf 'missing (optional): %-22s %s\n' "$1" "$2" >&2
  fi
}

need_command() {  # command, package, reason
  command -v "$1" >/dev/null 2>&1 || need "$2" "$3"
}

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "bootstrap: this is no Debian or Ubuntu; see docs/dependencies.md for what the build needs" >&2
  exit 0
fi

need_command c++ g++ "C++20 compiler"
need_command cmake cmake "builds the project"
need_command ninja ninja-build "runs the build"
need libhwy-dev "SIMD kernels with run-time dispatch"
need libeigen3-dev "Cholesky factor of the ADMM solver, eigenvalues"
need libcli11-dev "arguments of the command"
need nlohmann-json3-dev "JSON: .safetensors headers, --json"
need libfmt-dev "text of the command"
need libssl-dev "SHA-256 of vocabularies"
need libzip-dev ".npz archives"
need_command pkg-config pkg-config "finds libzip and libwebp"
# Debian's libjpeg62-turbo-dev and Ubuntu's libjpeg-turbo8-dev both come by this name.
need libjpeg-dev "JPEG, for CLIP encoders"
need libpng-dev "PNG, for CLIP encoders"
need libwebp-dev "WebP, for CLIP encoders"
need libicu-dev "classes and cases of characters, for the CLIP tokenizer"
need liblinear-dev "logistic regression, for probes"
need zlib1g-dev "tables and captions in .gz, for the command"
need libarchive-dev "shards of WebDataset"
need libpugixml-dev "XML annotations of datasets"

want libjs-vega "charts on the pages of splice report"

if [ "$job" = torch ]; then
  need python3-venv "fetches a LibTorch into .venv (scripts/get_torch.sh)"
fi
tests=false
if [ "$job" = test ] || [ "$job" = bench ]; then
  tests=true
fi
if $tests; then
  need libgtest-dev "tests"
  need libgmock-dev "matchers of the tests"
  need python3-pytest "tests of the command"
  need python3-numpy "reads what the command writes, in its tests"
  need python3-scipy "loads the codes, in the command's tests"
  need python3-dev "headers for the Python package, in its tests"
  want chromium "shows the pages of splice report, in their tests"
  want chromium-driver "drives it"
  want python3-selenium "the same, from Python"
fi
# Where there is a CUDA compiler, tests look into what it made.
cuda_tools=false
if $tests && command -v "${CUDACXX:-nvcc}" >/dev/null 2>&1; then
  cuda_tools=true
  need binutils "looks into archives, in the tests of the CUDA backend"
  need python3-venv "fetches cuobjdump, in the tests of the CUDA backend"
fi
if [ "$job" = bench ]; then
  need libbenchmark-dev "benchmarks"
  need libopenblas-dev "the matrix product that benchmarks compare with"
  need python3-venv "Python environment of the peers"
fi

get_cuda_tools() {
  if $cuda_tools && ! scripts/get_cuda_tools.sh; then
    echo "bootstrap: no cuobjdump; the tests of compiled kernels will be skipped" >&2
  fi
}

if [ ${#missing[@]} -eq 0 ] && [ ${#wanted[@]} -eq 0 ]; then
  get_cuda_tools
  exit 0
fi

run=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1; then
    run=(sudo)
  elif [ ${#missing[@]} -gt 0 ]; then
    echo "bootstrap: not root and no sudo; please install: ${missing[*]}" >&2
    exit 1
  else
    get_cuda_tools
    exit 0
  fi
fi
echo "bootstrap: installing ${missing[*]} ${wanted[*]}" >&2
install() { "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
if ! "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq && [ ${#missing[@]} -gt 0 ]; then
  exit 1
fi
if [ ${#missing[@]} -gt 0 ]; then
  install "${missing[@]}"
fi
if [ ${#wanted[@]} -gt 0 ]; then
  for package in "${wanted[@]}"; do
    install "$package" || echo "bootstrap: no $package; its part will be left out" >&2
  done
fi
get_cuda_tools
