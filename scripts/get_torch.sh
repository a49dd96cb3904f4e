#!/usr/bin/env bash
# Sees to it that there is a LibTorch: the one of SPLICE_TORCH_ROOT, else one that python3 finds, else one installed into .venv.
#
#   scripts/get_torch.sh cpp      what C++ programs on the CPU link and load (540 MB to download)
#   scripts/get_torch.sh python   `import torch` too, and what the tests in Python use
#   scripts/get_torch.sh missing  installs nothing: succeeds where `cpp` would have to
#
# Where there is a GPU, or no CUDA toolkit whose libraries `import torch` could load, everything is installed (2.7 GB).
# SPLICE_TORCH=OFF skips it all.
set -euo pipefail
cd "$(dirname "$0")/.."

job=${1:-cpp}
version=2.11.0
venv=.venv
# Python compiles what it imports: here that is little of it.
pip_install() { "$venv/bin/pip" install --quiet --disable-pip-version-check --no-compile "$@"; }

# Where nothing is to be done, `missing` fails.
there() { [ "$job" != missing ]; exit; }
if [ "${SPLICE_TORCH:-AUTO}" = OFF ] || [ -n "${SPLICE_TORCH_ROOT:-}" ]; then
  there
fi
imports() { "$1" -c "import ${2// /, }" >/dev/null 2>&1; }
python_tests="torch torchvision open_clip numpy scipy sklearn PIL tqdm pytest"
if [ "$job" != python ] && python3 -c 'import importlib.util as u, sys; sys.exit(u.find_spec("torch") is None)' 2>/dev/null; then
  there
fi
# What pip writes last: an installation that was cut short has none.
has_libtorch() { compgen -G "$venv/lib/python3*/site-packages/torch-*.dist-info/INSTALLER" >/dev/null; }
if [ "$job" != python ] && has_libtorch; then
  there
fi
if [ "$job" = missing ]; then
  exit 0
fi
if [ "$job" = python ] && { imports "$venv/bin/python" "$python_tests" || imports python3 "$python_tests"; }; then
  exit 0
fi

if [ ! -x "$venv/bin/pip" ]; then
  # Debian's python3 makes environments only with a package of its own.
  if ! imports python3 ensurepip; then
    scripts/bootstrap.sh torch
  fi
  python3 -m venv "$venv"
fi
has_gpu() { command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; }
has_toolkit() { command -v "${CUDACXX:-nvcc}" >/dev/null 2>&1 || [ -x /usr/local/cuda/bin/nvcc ]; }
echo "get_torch: installing torch $version for $job into $venv" >&2
if has_gpu || { [ "$job" = python ] && ! has_toolkit; }; then
  pip_install "torch==$version"
else
  pip_install --no-deps "torch==$version" nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85
  if [ "$job" = python ]; then
    pip_install --no-deps nvidia-cufile==1.15.1.6 nvidia-cusparselt-cu13==0.8.0 nvidia-nvshmem-cu13==3.4.5
  fi
fi
if [ "$job" = python ]; then
  # torchvision and open_clip name torch as a requirement, which would bring all of it; transformers an older huggingface_hub, perhaps.
  pip_install --no-deps torchvision==0.26.0 open_clip_torch==3.3.0 timm==1.0.31 safetensors transformers==5.24.0 tokenizers==0.23.3
  pip_install typing_extensions sympy networkx jinja2 fsspec filelock setuptools numpy scipy scikit-learn pillow tqdm pytest \
    regex ftfy huggingface_hub pyyaml pyarrow nanobind scikit-build-core
fi
