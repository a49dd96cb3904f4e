"""The unattended GPU run, tried without a GPU: its plan, its parts in small on the CPU, what it makes of failures."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

import gpu_summary
import sanitize_tests

BENCH = pathlib.Path(__file__).resolve().parent.parent
SCRIPT = BENCH / "gpu_check.sh"
PROGRAMS = pathlib.Path(os.environ["SPLICE_BENCH_PROGRAMS"])
SWEEP_STEPS = 7
PARTS = ["build", "test", "sanitize", "stages", "sweep", "peers"]


def check(*arguments, path=None, **environment):
    environment = {**os.environ, "PYTHON": sys.executable, **environment}
    if path is not None:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, env=environment, timeout=250)


def program(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)


@pytest.fixture
def fake(tmp_path):
    """A build whose programs all succeed, and an nvidia-smi."""
    for name in ("bin/splice", "bench/bench_stages", "bench/bench_gpu", "bench/bench_rows", "tests/cuda/gpu/gpu_api",
                 "tests/cuda/gpu/gpu_small"):
        program(tmp_path / "build" / name, f'echo "{name} $*"')
    program(tmp_path / "tools/nvidia-smi",
            'case "$*" in *query*) echo "Test GPU, 580.1, 9.0, 80 MiB, 700 W, 1980 MHz";;',
            '*) echo "| NVIDIA-SMI 580.1  CUDA Version: 13.0 |";; esac')
    program(tmp_path / "tools/ctest", "exit 0")
    return tmp_path


def run_fake(fake, *parts, **environment):
    done = check(*parts, path=fake / "tools", OUT=str(fake / "out"), BUILD=str(fake / "build"), **environment)
    summary = json.loads((fake / "out/summary.json").read_text())
    return done, summary, {f"{step['part']}/{step['step']}": step for step in summary["steps"]}


def test_the_script_is_sound():
    subprocess.run(["bash", "-n", SCRIPT], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", SCRIPT], check=True)


def test_the_plan_fits_its_time_and_writes_nothing(tmp_path):
    done = check("--dry-run", "all", OUT=str(tmp_path / "out"))
    assert done.returncode == 0 and not (tmp_path / "out").exists()
    parts = re.findall(r"^(\w+) \(at most (\d+) s\)$", done.stdout, re.MULTILINE)
    limits = {name: int(seconds) for name, seconds in parts}
    assert list(limits) == PARTS
    assert max(limits.values()) <= 9 * 60 and sum(limits.values()) <= 25 * 60
    for words in ("-DSPLICE_CUDA=ON", "SPLICE_REQUIRE_GPU=1 ctest", "gpu/gpu_api --gtest", "gpu/gpu_small --gtest", "bench_stages --device=cuda",
                  "bench_gpu --device cuda", "--rows-in device", "1280000", "gpu_peers.py"):
        assert words in done.stdout
    assert not re.search("--device[ =]cuda", check("--dry-run", "--cpu", "all").stdout)


@pytest.mark.parametrize("capability, architecture", [("8.6", "86-real"), ("9.0", "90a-real"), ("12.0", "120-real")])
def test_kernels_are_compiled_for_the_device(tmp_path, capability, architecture):
    program(tmp_path / "nvidia-smi", f"echo {capability}")
    planned = check("--dry-run", "build", path=tmp_path, OUT=str(tmp_path / "out")).stdout
    assert f"-DCMAKE_CUDA_ARCHITECTURES={architecture}\n" in planned


@pytest.mark.parametrize("arguments", [["--cpuu", "all"], ["everything"], []])
def test_wrong_arguments_are_refused(arguments):
    done = check(*arguments)
    assert done.returncode == 2 and "expected" in done.stderr


def test_its_parts_run_on_the_cpu(tmp_path):
    done = check("--cpu", *PARTS[1:], OUT=str(tmp_path), BUILD=str(PROGRAMS.parent))
    assert done.returncode == 0, done.stdout + (tmp_path / "log.txt").read_text()
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["failed"] == [] and {step["part"] for step in summary["steps"]} == set(PARTS[1:])
    assert [step["status"] for step in summary["steps"] if step["part"] == "sanitize"] == ["skipped"] * 4
    sweep = [json.loads(line) for line in (tmp_path / "sweep.jsonl").read_text().splitlines()]
    assert len(sweep) == 4 and all(line["certified_share"] == 1 for line in sweep)
    targets = [json.loads(line) for line in (tmp_path / "targets.jsonl").read_text().splitlines()]
    assert [line.get("target_l0", line.get("target_cosine")) for line in targets] == [4, 0.8]
    assert targets[0]["mean_l0"] <= 4 and all(line["certified_share"] == 1 and "l1" not in line for line in targets)
    names = [peer["name"] for peer in json.loads((tmp_path / "peers.json").read_text())["comparisons"][0]["peers"]]
    assert len(names) == 4 and names[-1] == "splice_cuda"
    assert json.loads((tmp_path / "stages.json").read_text())["benchmarks"]


def test_failures_stop_nothing_and_are_told(fake):
    program(fake / "tools/ctest", "exit 8")
    program(fake / "build/tests/cuda/gpu/gpu_small", 'test "$SPLICE_REQUIRE_GPU" = 1 && exit 4')
    program(fake / "build/bench/bench_stages", "exit 3")
    done, summary, steps = run_fake(fake, "test", "stages", "sweep")
    assert done.returncode == 1 and summary["failed"] == ["test/small", "test/torch"]
    assert steps["test/torch"]["status"] == "failed" and "exit status 8" in steps["test/torch"]["reason"]
    assert "exit status 4" in steps["test/small"]["reason"]
    assert all(steps[name]["status"] == "ok" for name in ("test/api", "test/demo", "sweep/text"))
    # The stage profile's failure is data.
    assert steps["stages/profile"]["status"] == "failed" and not steps["stages/profile"]["required"]
    assert "failed: test/small, test/torch" in done.stdout
    assert (fake / "out/sweep.jsonl").read_text().count("bench/bench_gpu --device cuda") == SWEEP_STEPS
    assert "=== test/small:" in (fake / "out/log.txt").read_text()


def test_steps_end_at_their_limit(fake):
    program(fake / "build/bench/bench_gpu", "sleep 60")
    done, summary, steps = run_fake(fake, "sweep", "stages", STEP_LIMIT="1")
    assert done.returncode == 1 and len(summary["failed"]) == SWEEP_STEPS + 1  # and targets
    assert steps["sweep/batch"]["status"] == "timed out" and steps["sweep/batch"]["reason"] == "limit 1 s"
    assert steps["stages/profile"]["status"] == "ok"


def test_a_part_that_is_run_again_replaces_its_results(fake):
    program(fake / "build/bench/bench_gpu", "exit 1")
    assert run_fake(fake, "stages", "sweep")[0].returncode == 1
    program(fake / "build/bench/bench_gpu", "echo '{}'")
    done, summary, steps = run_fake(fake, "sweep")
    assert done.returncode == 0 and len(steps) == SWEEP_STEPS + 2  # and targets, and the profile
    assert (fake / "out/sweep.jsonl").read_text().splitlines() == ["{}"] * SWEEP_STEPS


def test_the_summary_names_the_device(fake):
    _, summary, _ = run_fake(fake, "stages")
    gpu = summary["machine"]["gpu"]
    assert gpu["name"] == "Test GPU" and gpu["driver_version"] == "580.1" and gpu["driver_cuda"] == "13.0"
    assert summary["machine"]["commit"]


def test_a_copy_without_its_repository_has_a_summary(tmp_path, monkeypatch):
    def no_git():
        raise subprocess.CalledProcessError(128, "git")

    monkeypatch.setattr(gpu_summary, "describe_machine", no_git)
    assert gpu_summary.describe()["commit"] == "unknown"


def test_sanitizer_errors_are_found(fake):
    program(fake / "tools/compute-sanitizer", 'echo "$*"', 'case "$2" in racecheck) exit 99;; esac')
    tests = [{"name": f"Screen.{name}", "command": ["/b/screen_test", f"--gtest_filter=Screen.{name}"],
              "properties": [{"name": "LABELS", "value": labels}]}
             for name, labels in (("A", ["gpu"]), ("B", ["gpu", "gpu_small"]), ("C", ["gpu_small"]), ("D", ["quick"]))]
    (fake / "tests.json").write_text(json.dumps({"tests": tests + [{"name": "not built"}]}))
    program(fake / "tools/ctest", f"cat {fake / 'tests.json'}")
    done, summary, steps = run_fake(fake, "sanitize")
    assert done.returncode == 1 and summary["failed"] == ["sanitize/racecheck"]
    log = (fake / "out/log.txt").read_text()
    assert "--tool memcheck --error-exitcode 99 /b/screen_test --gtest_filter=Screen.B:Screen.C\n" in log
    assert "racecheck: errors found: /b/screen_test" in log and f"{fake}/build/bin/splice demo --device cuda" in log


def test_tests_of_one_program_are_one_command():
    tests = [{"command": command} for command in (["a", "--gtest_filter=X.1"], ["b", "c"], ["a", "--gtest_filter=X.2"])]
    assert sanitize_tests.commands_of(tests) == [["a", "--gtest_filter=X.1:X.2"], ["b", "c"]]


def test_solvers_that_take_thousands_of_launches_are_left_out():
    names = ["Rows.EmptyBatch/admm", "Rows.ManyRows/admm", "Rows.ManyRows/fista", "Rows.ManyRows/working_set"]
    tests = [{"command": ["a", f"--gtest_filter={name}"]} for name in names]
    assert sanitize_tests.commands_of(tests) == [["a", "--gtest_filter=Rows.EmptyBatch/admm:Rows.ManyRows/working_set"]]
