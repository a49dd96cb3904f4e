# Front doors. Each installs what is missing (and says what and why), builds what changed, and does its job.
#
#   make build   the library and the command build/release/bin/splice
#   make demo    decompose the shipped pictures with the shipped model into build/demo/report.html; check the outcome
#   make test    build and run every test
#   make experiments  the paper's experiments on scene-clip, each beside the truth: build/experiments/report.html
#   make bench   benchmarks, tables and plots (bench/run.sh); SHORT=1 for a few minutes of them
#   make asan    the quick tests under address and undefined-behaviour sanitizers
#   make tsan    the quick tests under the thread sanitizer
#   make nocuda  the quick tests of a build without CUDA
#   make compiled  the tests of the interface on compiled CUDA kernels, run on the host: half an hour of one core
#
# SPLICE_CUDA=AUTO|ON|OFF, SPLICE_TORCH=AUTO|ON|OFF and SPLICE_CLI=ON|OFF are passed on to CMake. `demo`, `test` and `experiments`
# install a LibTorch into .venv where there is none (scripts/get_torch.sh); `build` takes one that is there.

SPLICE_CUDA ?= AUTO
SPLICE_TORCH ?= AUTO
SPLICE_CLI ?= ON
export SPLICE_TORCH
JOBS ?= $(shell nproc)
# Tests run side by side: a thread of LibTorch's that waits need not keep a core busy.
OMP_WAIT_POLICY ?= PASSIVE
export OMP_WAIT_POLICY
OPTIONS = -DSPLICE_TORCH=$(SPLICE_TORCH) -DSPLICE_CLI=$(SPLICE_CLI)
CONFIGURE = cmake --preset $(1) $(if $(filter release,$(1)),-DSPLICE_CUDA=$(SPLICE_CUDA)) $(OPTIONS) $(2) --log-level=NOTICE
# The demo wants to be there soon: experiments are left out (CMakePresets.json), and kernels are compiled for the GPU that is there, or not at all.
DEMO_CUDA = $(shell nvidia-smi -L >/dev/null 2>&1 && echo ON -DCMAKE_CUDA_ARCHITECTURES=native || echo OFF)

.PHONY: build demo test experiments bench asan tsan nocuda compiled check-format clean

build:
	@scripts/bootstrap.sh build
	@$(call CONFIGURE,release)
	@cmake --build build/release --target splice_installed -j $(JOBS)

demo:
	@scripts/bootstrap.sh build
	@scripts/build_demo.sh $(JOBS) -DSPLICE_CUDA=$(DEMO_CUDA) $(OPTIONS)
	build/demo/bin/splice demo --out build/demo/report.html

test:
	@scripts/bootstrap.sh test
	@scripts/get_torch.sh python
	@$(call CONFIGURE,release)
	@cmake --build build/release -j $(JOBS)
	@ctest --preset release -j $(JOBS)

# Scenes are rendered and towers exported by Python, so it needs one with torch; the command is that of `make build`, which has them.
experiments:
	@scripts/bootstrap.sh build
	@scripts/get_torch.sh python
	@$(call CONFIGURE,release)
	@cmake --build build/release --target splice_command -j $(JOBS)
	scripts/experiments.sh --splice build/release/bin/splice --threads $(JOBS) $(EXPERIMENTS)

compiled:
	@scripts/bootstrap.sh test
	@$(call CONFIGURE,release)
	@cmake --build build/release --target compiled_all -j $(JOBS)

asan tsan nocuda:
	@scripts/bootstrap.sh test
	@$(call CONFIGURE,$@)
	@cmake --build build/$@ -j $(JOBS)
	@ctest --preset $@ -j $(JOBS)

bench:
	@scripts/bootstrap.sh bench
	@$(call CONFIGURE,release,-DSPLICE_BENCH=ON)
	@cmake --build build/release --target bench_decompose bench_stages bench_roofline bench_rows bench_large bench_host_part -j $(JOBS)
	@bench/run.sh $(if $(SHORT),--short)

check-format:
	@scripts/check_format.sh

clean:
	rm -rf build
