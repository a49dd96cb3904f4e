"""From what a run on a GPU left to its file and tables, on a tiny one."""

import json

import pytest

import collect_gpu
import gpu_tables
import tiny_results


@pytest.fixture
def run(tmp_path):
    return tiny_results.write_gpu_run(tmp_path / "gpu-check")


def rewrite(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_a_run_becomes_one_file(run, tmp_path):
    assert collect_gpu.main([str(run), str(tmp_path / "results")]) == 0
    gpu = json.loads((tmp_path / "results/gpu.json").read_text())
    assert gpu["context"] == {"device": "Test GPU", "driver": "580.1", "cuda": "13.0", "torch": "9.1", "commit": "abc",
                              "date": "2026-01-02", "architecture": "sm_90", "cpu": "Test CPU",
                              "compiler": "GNU 12.2.0, Release", "version": "0.1.0"}
    given = tiny_results.gpu_sweep()
    assert gpu["sweep"] == [{key: line[key] for key in line if key not in tiny_results.BUILD} for line in given]
    assert gpu["peers"] == tiny_results.gpu_peers() and gpu["profile"] == tiny_results.gpu_profile()


def test_a_run_without_a_profile_says_so(run):
    (run / "profile.json").unlink()
    gpu = collect_gpu.collect(run)
    assert gpu["profile"] == [] and gpu_tables.gpu_tables(gpu)["gpu_profile"] == "Not measured in this run."


def append(path, text):
    path.write_text(path.read_text() + text)


def fp16_of(peers):
    return next(one for one in peers["comparisons"][0]["products"] if one["name"] == "product, FP16")


def test_a_tree_without_its_repository_has_no_date(run):
    rewrite(run / "summary.json", lambda summary: (summary["machine"].pop("date"), summary["machine"].pop("cpu")))
    assert collect_gpu.collect(run)["context"]["date"] == "unknown"


@pytest.mark.parametrize("break_run, complaint", [
    (lambda run: append(run / "sweep.jsonl", '{"error": "no memory"}\n'), "sweep.jsonl:8: no memory, expected every case"),
    (lambda run: append(run / "sweep.jsonl", json.dumps(tiny_results.gpu_line() | {"same_bits": False}) + "\n"), "8: .*bits differ"),
    (lambda run: append(run / "sweep.jsonl", "## end\n"), "sweep.jsonl:8: .*expected a JSON object a line"),
    (lambda run: append(run / "sweep.jsonl", "7\n"), "sweep.jsonl:8: .*expected a JSON object a line"),
    (lambda run: (run / "sweep.jsonl").write_text(""), "sweep.jsonl: empty"),
    (lambda run: (run / "sweep.jsonl").unlink(), "sweep.jsonl: .*expected the lines of bench_gpu"),
    (lambda run: (run / "targets.jsonl").unlink(), "targets.jsonl: .*expected the lines of bench_gpu"),
    (lambda run: append(run / "targets.jsonl", '{"error": "no memory"}\n'), "targets.jsonl:2: no memory"),
    (lambda run: (run / "peers.json").unlink(), "peers.json: .*expected a JSON file"),
    (lambda run: rewrite(run / "peers.json", lambda peers: peers.update(problem_of_ours="it broke")), "peers.json: it broke"),
    (lambda run: rewrite(run / "peers.json", lambda peers: peers["comparisons"][0]["failures"].append("OOM")), "OOM"),
    (lambda run: rewrite(run / "summary.json", lambda summary: summary["machine"].update(gpu={})), "expected a run on a GPU"),
    (lambda run: rewrite(run / "profile.json", lambda profile: profile[0].pop("busy_us")), "profile.json: .*busy_us"),
    (lambda run: rewrite(run / "profile.json", lambda profile: profile.append(7)), "profile.json: .*busy_us"),
    (lambda run: rewrite(run / "peers.json", lambda peers: fp16_of(peers).pop("us_per_row")), "no time of the product in FP16"),
    (lambda run: rewrite(run / "peers.json", lambda peers: peers["comparisons"][0]["peers"].clear()), "no splice_cuda"),
    (lambda run: rewrite(run / "peers.json", lambda peers: peers.pop("comparisons")), "KeyError .*comparisons"),
])
def test_failed_runs_are_refused(run, tmp_path, capsys, break_run, complaint):
    break_run(run)
    with pytest.raises(ValueError, match=complaint):
        collect_gpu.collect(run)
    assert collect_gpu.main([str(run), str(tmp_path / "results")]) == 2
    assert capsys.readouterr().err.startswith("collect_gpu: ") and not (tmp_path / "results").exists()


def test_tables(run):
    tables = gpu_tables.gpu_tables(collect_gpu.collect(run))
    assert "| device | Test GPU |" in tables["gpu_machine"] and "| compiled for | sm_90 |" in tables["gpu_machine"]
    # One product is 0.05 us a row; of the case that was measured twice, 2 and 1 us, the last counts, once.
    case = "| 1.00 | 1,000,000 | **20.0** | 2.50 | 19.5 | 100% | 2.0e-07 | 3 |"
    assert tables["gpu_batch"].splitlines()[2:] == ["| 256 | 8.00 | 125,000 | **160** | 2.50 | 19.5 | 100% | 2.0e-07 | 3 |",
                                                    f"| 65,536 {case}"]
    penalties = tables["gpu_l1"].splitlines()[2:]
    assert penalties[0] == f"| synthetic, p 15,000, d 512 | 0.25 {case}" and "| 0.35 | 0.50 |" in penalties[1]
    assert "| text15k, p 15,000, d 384 | 0.25 | 4.00 | 250,000 | - |" in penalties[2] and len(penalties) == 3
    assert [line.split(" | ")[0] for line in tables["gpu_atoms"].splitlines()[2:]] == ["| 1,000", "| 15,000"]
    assert tables["gpu_host"].splitlines()[2:] == [
        "| 65,536 | 0.25 | 3.00 | 333,333 | **60.0** | 2.50 | 19.5 | 100% | 2.0e-07 | 3 |"]
    assert "| slow | at least 6,000 | 2,000 | 512 | 700 | 50% | 3.0e-06 |" in tables["gpu_peers"]
    assert "| splice_cuda | 3.00 | 1.00 | 512 | - | 100% |" in tables["gpu_peers"]
    assert "| FP16 | 0.0500 | 300 |" in tables["gpu_products"] and "| INT8 | not there | - |" in tables["gpu_products"]


def test_stages_of_the_profile_sum_to_all_kernels(run):
    # 40 us of kernels that are not listed, and 10 us of a copy, are "other".
    assert gpu_tables.gpu_tables(collect_gpu.collect(run))["gpu_profile"].splitlines()[2:] == [
        "| 0.25 | 2.00 | 50% | 60.0% | 20.0% | 10.0% | 5.0% | 5.0% |"]
