"""The whole comparison in small, without a GPU."""

import json
import os
import pathlib

import numpy as np
import pytest

import gpu_peers
from synthetic_problem import synthetic_problem
from turns import run_in_turns

BENCH_ROWS = pathlib.Path(os.environ.get("SPLICE_BENCH_PROGRAMS", "nowhere")) / "bench_rows"


@pytest.fixture(params=["numpy", "torch"])
def library(request):
    if request.param == "torch":
        pytest.importorskip("torch", reason="PyTorch is not installed")
    return request.param


def run(tmp_path, *arguments, status=0):
    out = tmp_path / "peers.json"
    assert gpu_peers.main(["--out", str(out), "--device", "cpu", "--tiny", *arguments]) == status
    return json.loads(out.read_text())


def test_the_comparison_has_the_documented_figures(tmp_path, library):
    result = run(tmp_path, "--library", library)
    assert result["context"]["library"].startswith(library) and result["context"]["device"] == "cpu"
    assert (result["problem"], result["atoms"], result["dim"]) == ("synthetic (numpy)", 240, 24)
    [comparison] = result["comparisons"]
    assert comparison["failures"] == []
    names = [peer["name"] for peer in comparison["peers"]]
    assert names == [f"FISTA ({library}, fp64)", f"FISTA ({library}, fp32)", f"ADMM of the paper ({library}, fp32)"]
    for peer in comparison["peers"]:
        # Whether float32 gets that near for every row depends on the order in which the processor's BLAS sums.
        exact = "fp64" in peer["name"]
        assert peer["reached_share"] >= (1 if exact else 0.5) and len(peer["seconds"]) == 3
        assert 0 < peer["max_relative_gap"] <= (1e-6 if exact else 1e-5)
        # The time of the iterations of a row, not of those that were timed.
        per_iteration = np.median(peer["seconds"]) / gpu_peers.TINY.timed_iterations / peer["timed_rows"]
        assert peer["us_per_row"] == pytest.approx(1e6 * per_iteration * peer["iterations"])
    admm = comparison["peers"][-1]
    assert admm["us_per_row_with_factor"] > admm["us_per_row"]
    for product in comparison["products"]:
        assert product["us_per_row"] * product["tera_operations_per_s"] == pytest.approx(2e-6 * 240 * 24)


@pytest.mark.skipif(not BENCH_ROWS.exists(), reason="bench_rows is not built")
def test_decompose_runs_in_the_same_turns_on_a_given_problem(tmp_path):
    atoms, embeddings = synthetic_problem(atoms=300, dim=32, rows=40)
    np.save(tmp_path / "atoms.npy", atoms)
    np.save(tmp_path / "embeddings.npy", embeddings)
    result = run(tmp_path, "--library", "numpy", "--problem", str(tmp_path), "--bench-rows", str(BENCH_ROWS))
    assert (result["problem"], result["atoms"], result["dim"]) == (tmp_path.name, 300, 32)
    ours = result["comparisons"][0]["peers"][-1]
    assert ours["name"] == "splice_cuda" and ours["rows"] == 40 and ours["reached_share"] == 1
    assert 0 < ours["max_relative_gap"] <= 1e-6 and len(ours["seconds"]) == 3


def test_a_solver_that_fails_is_a_figure(tmp_path, monkeypatch):
    def broken(*_):
        raise RuntimeError("out of memory\nmore")

    monkeypatch.setattr(gpu_peers, "PaperAdmm", broken)
    [comparison] = run(tmp_path, "--library", "numpy", status=1)["comparisons"]
    assert comparison["failures"] == ["RuntimeError: out of memory"] and len(comparison["peers"]) == 2


def test_peers_are_measured_where_decompose_does_not_start(tmp_path):
    result = run(tmp_path, "--library", "numpy", "--bench-rows", "/bin/false", status=1)
    assert "exit status 1" in result["problem_of_ours"] and len(result["comparisons"][0]["peers"]) == 3
    result = run(tmp_path, "--library", "numpy", "--bench-rows", str(tmp_path / "none"), status=1)
    assert "FileNotFoundError" in result["problem_of_ours"]


def test_without_a_gpu_it_says_so(tmp_path, library, capsys):
    assert gpu_peers.main(["--out", str(tmp_path / "x.json"), "--library", library, "--device", "cuda"]) == 1
    assert "expected cpu" in capsys.readouterr().err


def test_synthetic_problems_have_unit_rows_and_families():
    atoms, embeddings = synthetic_problem(atoms=600, dim=48, rows=20)
    for rows in (atoms, embeddings):
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)
    cosines = atoms @ atoms.T - 2 * np.eye(600)
    assert 0.3 < np.median(cosines.max(axis=1)) < 0.95


def test_turns_start_with_another_task_each_time():
    log = []
    tasks = [([], lambda name=name: log.append(name) or 1.0) for name in "ab"]
    run_in_turns(tasks, 2)
    assert log == list("abba") and [seconds for seconds, _ in tasks] == [[1.0, 1.0]] * 2
