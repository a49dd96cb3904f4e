"""From the benchmarks' output to tables and plots, on tiny files."""

import json
import xml.etree.ElementTree

import pytest

import collect
import collect_gpu
import plot
import profile_shares
import table
import tiny_results
from results_file import parse_case

NAMES = ("decompose", "stages", "roofline", "profile", "peers")
MARKERS = ("machine", "l1", "batch", "atoms", "dim", "solver", "threads", "costs", "stages", "roofline", "profile", "peers",
           "gpu_machine", "gpu_l1", "gpu_batch", "gpu_atoms", "gpu_host", "gpu_profile", "gpu_products", "gpu_peers")


@pytest.fixture
def results(tmp_path, monkeypatch):
    """A folder with the files, as collect.py makes them."""
    folder = tmp_path / "results"
    for name in NAMES:
        raw = tmp_path / f"raw_{name}.json"
        raw.write_text(json.dumps(getattr(tiny_results, name)()))
        monkeypatch.setattr("sys.argv", ["collect.py", str(folder), name, str(raw)])
        collect.main()
    assert collect_gpu.main([str(tiny_results.write_gpu_run(tmp_path / "gpu-check")), str(folder)]) == 0
    return folder


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.md"
    parts = [f"<!-- begin {name} -->\nold\n<!-- end {name} -->\nbetween\n" for name in MARKERS]
    path.write_text("Top.\n" + "".join(parts))
    return path


def test_results_say_where_they_come_from(results):
    for name in NAMES:
        content = json.loads((results / f"{name}.json").read_text())
        assert {"cpu", "cores", "features", "commit", "date"} <= content["machine"].keys()
        assert content["context"]["openblas_kernels"] == "Haswell"
        assert "somewhere" not in json.dumps(content)  # the host's name is nobody's business
    figure = json.loads((results / "decompose.json").read_text())["figures"][0]
    assert figure["name"] == "l1/text15k/p:15000/d:384/n:512/l1:0.25/working_set/threads:1"
    assert figure["ratio"] == 2.0 and "real_time" not in figure


def test_failed_benchmarks_are_refused():
    raw = tiny_results.decompose()
    raw["benchmarks"][0]["error_occurred"] = True
    with pytest.raises(ValueError, match="raw.json: failed or empty: .*l1/text15k"):
        collect.figures_of(raw, "raw.json")
    with pytest.raises(ValueError, match="raw.json: failed or empty"):
        collect.figures_of(raw | {"benchmarks": []}, "raw.json")
    with pytest.raises(ValueError, match="raw.json: neither"):
        collect.figures_of({"context": {}}, "raw.json")


def test_tables_replace_what_is_between_markers_and_nothing_else(results, page):
    assert table.main([str(results), str(page)]) == 0
    text = page.read_text()
    assert "old" not in text and text.startswith("Top.\n") and text.count("between\n") == len(MARKERS)
    assert "| text15k, p 15,000, d 384 | 0.25 | 200 | 100 | **2.00** (1.90-2.10) | 12.5 | 100% | 3.0e-07 |" in text
    assert "| screening | vpdpbusd, 64 bytes | 200 | 150 | **75%** |" in text
    assert "| fp32 product | vfmadd231ps, 64 bytes | 50.0 | 40.0 | **80%** |" in text
    assert "| function | l1 0.15 | l1 0.25 |" in text and "| `Screen<false>` | 50.0% | 70.0% |" in text
    assert "| `rare` |" not in text and "| all others | 20.0% | 30.0% |" in text
    assert "| 16 penalties, 0.4 to 0.15 | 150 | 300 | **0.50** (0.40-0.60) | 8.0 | 100% | 1.50 |" in text
    assert "| target_l0 8 | 600 | 300 | **2.00** (1.90-2.10) |" in text and "| target_cosine 0.6 | 750 |" in text
    assert "| splice_cuda | 200 | 1.0 | 2.00 | 8 | 1.0e-06 | 5.0e-07 |" in text
    assert "| slow | 4,000,000 | 20,000.0 |" in text and "(target missed)" in text
    assert "| 2 | 900 | 100 | **9.00** (8.90-9.10) | **1.93** (1.90-1.95) | 1.97 | 100% | 3.0e-07 |" in text
    assert "| 1 | 800 | 100 | **8.00** (7.90-8.10) | 1 | 1 | 100% | 3.0e-07 |" in text
    assert "- slow: a note." in text and "- Left out: No module named 'spams'." in text
    assert table.main([str(results), str(page)]) == 0
    assert page.read_text() == text


@pytest.mark.parametrize("break_page, complaint", [
    (lambda text: text.replace("begin l1 ", "begin l2 "), "markers of the page"),
    (lambda text: text.replace("<!-- end l1 -->", ""), "has no <!-- end l1 -->"),
])
def test_wrong_markers_are_named_and_change_nothing(results, page, capsys, break_page, complaint):
    page.write_text(break_page(page.read_text()))
    before = page.read_text()
    assert table.main([str(results), str(page)]) == 2
    assert complaint in capsys.readouterr().err
    assert page.read_text() == before


def test_missing_results_are_named(results, page, capsys):
    (results / "peers.json").unlink()
    assert table.main([str(results), str(page)]) == 2
    assert "peers.json" in capsys.readouterr().err
    assert plot.main([str(results), str(page.parent / "plots")]) == 2
    assert "peers.json" in capsys.readouterr().err


def test_plots_are_whole_and_reproducible(results, tmp_path):
    drawn = {}
    for folder in (tmp_path / "first", tmp_path / "second"):
        assert plot.main([str(results), str(folder)]) == 0
        drawn[folder.name] = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(drawn["first"]) == ["gpu_batch.svg", "peers_l1_0.25.svg", "ratio_atoms.svg", "ratio_batch.svg", "ratio_dim.svg",
                                      "ratio_l1.svg"]
    assert drawn["first"] == drawn["second"]
    for content in drawn["first"].values():
        xml.etree.ElementTree.fromstring(content)
    assert b"4,000 ms (gap above target)" in drawn["first"]["peers_l1_0.25.svg"]


def test_plots_need_no_gpu(results, tmp_path):
    (results / "gpu.json").unlink()
    assert plot.main([str(results), str(tmp_path / "plots")]) == 0
    assert not (tmp_path / "plots/gpu_batch.svg").exists() and (tmp_path / "plots/ratio_l1.svg").exists()


def test_a_processor_without_a_peak_gets_no_share():
    figure = tiny_results.roofline()["benchmarks"][0]
    figure = figure | {"name": figure["run_name"], "int8_peak": 0.0, "screen_share": 0.0, "label": "none; vfmadd231ps"}
    text = table.roofline_table({"figures": [figure]})
    assert "| screening | none | not measured | 150 | - |" in text
    assert "| fp32 product | vfmadd231ps | 50.0 | 40.0 | **80%** |" in text


def test_a_profile_without_samples_says_so(results, page):
    path = results / "profile.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"figures": []}))
    assert table.main([str(results), str(page)]) == 0
    assert "Not measured: `perf` did not work" in page.read_text()


def test_perf_reports_become_shares(tmp_path):
    report = tmp_path / "report.txt"
    report.write_text("# Overhead  Symbol\n\n"
                      "    50.00%  [.] splice_cuda::cpu::N_AVX2::ScreenTileSigned<false>\n"
                      "    20.00%  [.] splice_cuda::cpu::(anonymous namespace)::pick\n"
                      "    10.00%  [.] splice_cuda::cpu::N_SSE4::ScreenTileSigned<false>\n"
                      "     1.00%  [k] in_the_kernel\n")
    raw = tmp_path / "raw.json"
    raw.write_text(json.dumps(tiny_results.stages()))
    out = tmp_path / "out.json"
    profile_shares.main([str(out), str(raw), str(report)])
    [profile] = json.loads(out.read_text())["profiles"]
    assert profile == {"name": "stages/text15k/p:15000/d:384/l1:0.25",
                       "functions": [{"function": "ScreenTileSigned<false>", "share": 0.6},
                                     {"function": "pick", "share": 0.2}]}
    report.write_text("")
    profile_shares.main([str(out), str(raw), str(report)])
    assert json.loads(out.read_text())["profiles"] == []


def test_case_names():
    case = parse_case("l1/text15k/p:15000/d:384/n:512/l1:0.25/working_set/threads:1")
    assert case == {"sweep": "l1", "problem": "text15k", "p": 15000, "d": 384, "n": 512, "l1": 0.25,
                    "solver": "working_set", "threads": 1}
    with pytest.raises(ValueError, match="l1/broken: not a benchmark's name"):
        parse_case("l1/broken")
