"""The gate opens for equal ratios and closes on worse ones."""

import copy
import json

import pytest

import check_ratio
import collect
import tiny_results


@pytest.fixture
def baseline():
    context, figures = collect.figures_of(tiny_results.decompose(), "tiny")
    return {"machine": {}, "short": False, "context": context, "figures": figures}


def exit_status(tmp_path, results, baseline, *flags):
    paths = []
    for name, content in (("results.json", results), ("baseline.json", baseline)):
        paths.append(str(tmp_path / name))
        (tmp_path / name).write_text(json.dumps(content))
    return check_ratio.main([*paths, *flags])


def test_equal_and_better_pass(tmp_path, baseline):
    results = copy.deepcopy(baseline)
    assert exit_status(tmp_path, results, baseline) == 0
    results["figures"][0]["ratio_q1"] *= 0.5
    assert exit_status(tmp_path, results, baseline) == 0


@pytest.mark.parametrize("factor, status", [(1.14, 0), (1.16, 1), (float("nan"), 1)])
def test_a_worse_ratio_fails_beyond_the_margin(tmp_path, capsys, baseline, factor, status):
    results = copy.deepcopy(baseline)
    results["figures"][2]["ratio_q1"] = factor * baseline["figures"][2]["ratio"]
    assert exit_status(tmp_path, results, baseline) == status
    assert ("batch/text15k" in capsys.readouterr().err) == (status == 1)


def test_one_repetition_in_two_may_be_worse(tmp_path, baseline):
    results = copy.deepcopy(baseline)
    results["figures"][2]["ratio"] *= 1.5
    assert exit_status(tmp_path, results, baseline) == 0


def test_margin_is_a_setting(tmp_path, baseline):
    results = copy.deepcopy(baseline)
    results["figures"][0]["ratio_q1"] = 1.04 * baseline["figures"][0]["ratio"]
    assert exit_status(tmp_path, results, baseline, "--margin", "0.05") == 0
    assert exit_status(tmp_path, results, baseline, "--margin", "0.03") == 1


def test_times_do_not_matter(tmp_path, baseline):
    results = copy.deepcopy(baseline)
    for figure in results["figures"]:
        figure["us_per_row"] *= 3
    assert exit_status(tmp_path, results, baseline) == 0


def test_a_missing_case_fails_in_a_full_run_only(tmp_path, capsys, baseline):
    results = copy.deepcopy(baseline)
    dropped = results["figures"].pop()["name"]
    assert exit_status(tmp_path, results, baseline) == 1
    assert f"{dropped}: not measured" in capsys.readouterr().err
    assert exit_status(tmp_path, results | {"short": True}, baseline) == 0


def test_uncertified_rows_fail(tmp_path, capsys, baseline):
    results = copy.deepcopy(baseline)
    results["figures"][0]["certified_share"] = 0.999
    assert exit_status(tmp_path, results, baseline) == 1
    assert "99.90% of rows certified, expected all" in capsys.readouterr().err


@pytest.mark.parametrize("key, value", [("cpu_target", "AVX3_ZEN4"), ("openblas_kernels", "SkylakeX")])
def test_another_machine_is_refused(tmp_path, capsys, baseline, key, value):
    results = copy.deepcopy(baseline)
    results["context"][key] = value
    assert exit_status(tmp_path, results, baseline) == 2
    assert f"{key} {value} compared with a baseline of" in capsys.readouterr().err


def test_nothing_in_common_is_refused(tmp_path, baseline):
    results = copy.deepcopy(baseline) | {"short": True}
    for figure in results["figures"]:
        figure["name"] = figure["name"].replace("l1:", "l1:1")
    assert exit_status(tmp_path, results, baseline) == 2
    assert exit_status(tmp_path, baseline, copy.deepcopy(baseline) | {"figures": []}) == 2


@pytest.mark.parametrize("text, complaint", [("{", "expected a JSON file"),
                                             ("[]", "context, figures, machine missing")])
def test_wrong_files_are_named(tmp_path, capsys, text, complaint):
    path = tmp_path / "wrong.json"
    path.write_text(text)
    assert check_ratio.main([str(path), str(path)]) == 2
    message = capsys.readouterr().err
    assert complaint in message and "wrong.json" in message
    assert check_ratio.main([str(tmp_path / "absent.json"), str(path)]) == 2
    assert "absent.json" in capsys.readouterr().err
