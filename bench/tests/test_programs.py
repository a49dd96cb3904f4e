"""The C++ programs as the scripts use them."""

import json
import os
import pathlib
import subprocess

import numpy as np
import pytest

from certificate import relative_gaps
from served_rows import Ours, ServedRows

PROGRAMS = pathlib.Path(os.environ["SPLICE_BENCH_PROGRAMS"])


def test_bench_decompose_gives_the_documented_counters(tmp_path):
    out = tmp_path / "out.json"
    subprocess.run([PROGRAMS / "bench_decompose", "--short", "--benchmark_filter=^atoms/.*p:1000/",
                    f"--benchmark_out={out}", "--benchmark_out_format=json"], check=True, capture_output=True)
    content = json.loads(out.read_text())
    assert {"compiler", "cpu_target", "openblas_kernels", "version"} <= content["context"].keys()
    [case] = content["benchmarks"]
    assert case["name"].startswith("atoms/synthetic/p:1000/d:512/n:512/l1:0.35/working_set/threads:1")
    assert case["certified_share"] == 1
    assert 0 < case["max_relative_gap"] <= 1e-6
    assert 1 <= case["mean_l0"] <= 100 and case["mean_rounds"] >= 1
    assert 0 < case["ratio_q1"] <= case["ratio"] <= case["ratio_q3"]
    assert case["us_per_row"] * case["rows_per_s"] == pytest.approx(1e6, rel=1e-6)
    # Medians of ratios and ratios of medians differ, but not by much.
    assert case["us_per_row"] / case["gemm_us_per_row"] == pytest.approx(case["ratio"], rel=0.5)


def test_costs_of_paths_and_targets_have_the_documented_counters(tmp_path):
    out = tmp_path / "out.json"
    subprocess.run([PROGRAMS / "bench_decompose", "--short", "--benchmark_filter=^path4/|/l0:4/",
                    f"--benchmark_out={out}", "--benchmark_out_format=json"], check=True, capture_output=True)
    path, target = json.loads(out.read_text())["benchmarks"]
    assert path["name"].startswith("path4/") and target["name"].startswith("target/")
    for case in (path, target):
        assert case["certified_share"] == 1 and case["mean_rounds"] >= 1
        assert 0 < case["cost_q1"] <= case["cost"] <= case["cost_q3"]
        assert case["us_per_row"] / case["plain_us_per_row"] == pytest.approx(case["cost"], rel=0.5)
    assert target["mean_l0"] <= 4


@pytest.mark.parametrize("what", [("results", "70000", "3", "2"), ("rows", "9001", "512", "2", "2")])
def test_bench_host_part_times_each_call(what):
    done = subprocess.run([PROGRAMS / "bench_host_part", *what], check=True, capture_output=True)
    line = json.loads(done.stdout)
    assert len(line["calls_us_a_row"]) == 2 and 0 < line["us_a_row"] < 100


@pytest.mark.parametrize("what", [(), ("results", "0", "3"), ("rows", "9", "512"), ("rows", "9", "512", "many")])
def test_bench_host_part_refuses_what_it_does_not_know(what):
    done = subprocess.run([PROGRAMS / "bench_host_part", *what], capture_output=True, text=True)
    assert done.returncode in (1, 2) and done.stderr


def test_bench_decompose_refuses_unknown_flags():
    done = subprocess.run([PROGRAMS / "bench_decompose", "--shrot"], capture_output=True, text=True)
    assert done.returncode != 0 and "--shrot" in done.stderr


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_bench_large_certifies_rows_out_of_a_file(tmp_path, dtype):
    subprocess.run([PROGRAMS / "bench_large", "write", tmp_path / "d.safetensors", "2000", dtype], check=True)
    done = subprocess.run([PROGRAMS / "bench_large", "solve", tmp_path / "d.safetensors", "9"], check=True, capture_output=True)
    line = json.loads(done.stdout)
    assert (line["atoms"], line["dim"], line["rows"], line["dtype"]) == (2000, 512, 9, dtype)
    assert line["certified"] == 9 and line["in_place"] and 0 < line["max_relative_gap"] <= 1e-6
    assert line["cpu_ns_per_row_atom"] * 2000 == pytest.approx(1e3 * line["cpu_us_per_row"])
    assert line["set_up_s"] > 0 and line["peak_anonymous_mb"] > 0


def test_bench_large_refuses_other_types(tmp_path):
    done = subprocess.run([PROGRAMS / "bench_large", "write", tmp_path / "d", "7", "int8"], capture_output=True, text=True)
    assert done.returncode == 1 and "int8" in done.stderr


def test_bench_gpu_gives_the_documented_keys():
    done = subprocess.run([PROGRAMS / "bench_gpu", "--device", "cpu", "--n", "64,300", "--l1", "0.35", "--p", "700",
                           "--d", "64", "--distinct-rows", "200", "--repetitions", "3"],
                          check=True, capture_output=True, text=True)
    small, large = map(json.loads, done.stdout.splitlines())
    assert small["name"] == "device/synthetic/p:700/d:64/n:64/l1:0.35/cpu" and large["name"].split("/")[4] == "n:300"
    for line in (small, large):
        assert {"compiler", "cpu_target", "version", "device", "set_up_s", "first_s"} <= line.keys()
        assert line["certified_share"] == 1 and 0 < line["max_relative_gap"] <= 1e-6 and line["same_bits"]
        assert line["mean_l0"] >= 1 and line["mean_rounds"] >= 1 and len(line["seconds"]) == 3
        assert 0 < line["rows_per_s_q1"] <= line["rows_per_s"] <= line["rows_per_s_q3"]
        assert line["us_per_row"] * line["rows_per_s"] == pytest.approx(1e6)


def test_bench_gpu_reports_a_missing_device_as_data():
    done = subprocess.run([PROGRAMS / "bench_gpu", "--device", "cuda:99", "--n", "8", "--p", "100", "--d", "64"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    line = json.loads(done.stdout)
    assert line["device"] == "cuda:99" and "cuda:99" in line["error"]


@pytest.mark.parametrize("arguments", [["--n", "0"], ["--rows-in", "disk"], ["--nn", "5"]])
def test_bench_gpu_refuses_wrong_arguments(arguments):
    done = subprocess.run([PROGRAMS / "bench_gpu", *arguments], capture_output=True, text=True)
    assert done.returncode == 2 and arguments[0] in done.stderr + done.stdout


def test_bench_gpu_has_no_device_rows_for_the_cpu():
    done = subprocess.run([PROGRAMS / "bench_gpu", "--device", "cpu", "--rows-in", "device", "--n", "8", "--p", "100", "--d", "64"],
                          capture_output=True, text=True)
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"] == "--rows-in device: got --device cpu, expected cuda or cuda:N"


def test_bench_rows_exports_a_synthetic_problem_of_a_size(tmp_path):
    done = subprocess.run([PROGRAMS / "bench_rows", "export", tmp_path, "9", "120", "32"],
                          check=True, capture_output=True, text=True)
    assert done.stdout == "synthetic\n"
    assert np.load(tmp_path / "atoms.npy").shape == (120, 32) and np.load(tmp_path / "embeddings.npy").shape == (9, 32)


@pytest.fixture
def served(tmp_path):
    random = np.random.default_rng(5)
    atoms, rows = (random.standard_normal((count, 32)).astype(np.float32) for count in (200, 24))
    for matrix in (atoms, rows):
        matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    np.save(tmp_path / "atoms.npy", atoms)
    np.save(tmp_path / "rows.npy", rows)
    with ServedRows(PROGRAMS / "bench_rows", tmp_path / "atoms.npy", tmp_path / "rows.npy") as served:
        yield served, atoms, rows


def test_served_codes_pass_the_peers_certificate_and_corrupted_ones_do_not(served):
    rows_served, atoms, rows = served
    codes = Ours(rows_served, len(rows), 1e-6).solve(rows, 0.3, 1e-6)
    assert relative_gaps(atoms, rows, codes, 0.3).max() <= 1e-6
    assert relative_gaps(atoms, rows, codes * 1.01, 0.3).max() > 1e-6
    # Rows in another order are other rows.
    assert relative_gaps(atoms, rows, codes[::-1], 0.3).max() > 1e-6


def test_served_times(served):
    rows_served, _, rows = served
    assert Ours(rows_served, len(rows), 1e-6, at_a_time=1).seconds_for(rows, 0.3, 1e-6) > 0
    assert rows_served.product_seconds(len(rows)) > 0
    assert rows_served.build["cpu_target"]


def test_a_dead_server_is_noticed(served):
    rows_served, _, _ = served
    with pytest.raises(RuntimeError, match="bench_rows ended with exit status 1"):
        rows_served.decompose_seconds(l1_penalty=0.3, gap_tolerance=1e-6, count=1000, at_a_time=1000)
