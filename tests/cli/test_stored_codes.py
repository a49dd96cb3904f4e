import json
import shutil

import numpy as np
import pytest
import scipy.sparse
from conftest import dictionary_of, fails, run, unit


@pytest.fixture
def decomposed(built):
    built.codes, built.arrays = built.decompose()
    return built


def rewritten(decomposed, **changes):
    """codes.npz with some members replaced."""
    members = {name: decomposed.arrays[name] for name in decomposed.arrays.files} | changes
    np.savez(decomposed / "changed.npz", **members)
    return decomposed / "changed.npz"


def test_recompose_is_the_normalised_sum(decomposed):
    said = run("recompose", decomposed / "codes.npz", "-o", decomposed / "back.npy").stdout
    assert "12 rows of 24 numbers" in said
    expected = unit(unit(decomposed.codes.toarray() @ dictionary_of(decomposed.text)) + decomposed.image_mean)
    back = np.load(decomposed / "back.npy")
    assert back.dtype == np.float32
    np.testing.assert_allclose(back, expected, atol=1e-6)
    run("recompose", decomposed / "codes.npz", "--raw", "-o", decomposed / "raw.npy")
    np.testing.assert_allclose(np.load(decomposed / "raw.npy"), decomposed.codes @ dictionary_of(decomposed.text), atol=1e-6)


def test_show_draws_the_heaviest_first(decomposed):
    chart = run("show", decomposed / "codes.npz", "--row", 3, "--top", 3, env={"COLUMNS": "60"}).stdout.splitlines()
    assert chart[0].startswith("row 3  l0 ")
    order = np.argsort(-decomposed.codes[3].toarray().ravel())
    for line, atom in zip(chart[1:], order[:3]):
        assert decomposed.names[atom] in line and f"{decomposed.codes[3, atom]:.3f}" in line
    bars = [line.count("█") for line in chart[1:4]]
    assert bars == sorted(bars, reverse=True) and bars[0] > bars[2]
    assert max(map(len, chart)) <= 60
    document = json.loads(run("show", decomposed / "codes.npz", "--row", 3, "--json").stdout)
    assert document["l0"] == decomposed.arrays["l0"][3]


def test_verify_passes_what_decompose_wrote(decomposed):
    said = run("verify", decomposed / "codes.npz").stdout
    assert "12 within tolerance 1e-06" in said
    document = json.loads(run("verify", decomposed / "codes.npz", "--json").stdout)
    assert document["failed"] == [] and document["largest_relative_gap"] <= 1e-6


def corrupted_weight(decomposed):
    data = decomposed.arrays["data"].copy()
    data[data.argmax()] *= 1.1
    return rewritten(decomposed, data=data), []


def understated_gap(decomposed):
    return rewritten(decomposed, gap=np.full(12, 1e-14)), []


def other_penalty(decomposed):
    return decomposed / "codes.npz", ["--l1-penalty", 0.12]


def other_embeddings(decomposed):
    np.save(decomposed / "images.npy", decomposed.images[::-1])
    return decomposed / "codes.npz", []


def negative_weight(decomposed):
    data = decomposed.arrays["data"].copy()
    data[0] = -data[0]
    return rewritten(decomposed, data=data), []


@pytest.mark.parametrize("damage", [corrupted_weight, understated_gap, other_penalty, other_embeddings, negative_weight])
def test_verify_fails_on(decomposed, damage):
    path, more = damage(decomposed)
    done = run("verify", path, *more, code=1)
    assert "FAILED" in done.stdout


def test_verify_of_codes_made_elsewhere(decomposed):
    scipy.sparse.save_npz(decomposed / "foreign.npz", decomposed.codes)
    run("verify", decomposed / "foreign.npz", "-d", decomposed / "dict.safetensors", "-e", decomposed / "images.npy",
        "--image-mean", decomposed / "mean.npy", "--l1-penalty", 0.1)


def test_codes_with_bans_raw_and_signs_verify(decomposed):
    for more in (["--ban", "concept 3", "--ban", "concept 9"], ["--raw"], ["--signed"]):
        decomposed.decompose(*more, out="special.npz")
        run("verify", decomposed / "special.npz")
    decomposed.decompose("--refit", out="refit.npz")
    assert "--refit" in run("verify", decomposed / "refit.npz", code=2).stderr


def test_another_dictionary_of_the_same_size_is_refused(decomposed):
    (decomposed / "words.txt").write_text("\n".join(decomposed.names[::-1]) + "\n", encoding="utf-8")
    decomposed.build()
    for verb in (["show"], ["verify"], ["recompose", "-o", decomposed / "back.npy"]):
        fails(2, verb[0], decomposed / "codes.npz", *verb[1:], says=["--dictionary", "dict.safetensors", "SHA-256"])


def test_files_may_move(decomposed):
    (decomposed / "moved").mkdir()
    for name in ("dict.safetensors", "images.npy"):
        shutil.move(decomposed / name, decomposed / "moved" / name)
    assert "dict.safetensors" in run("verify", decomposed / "codes.npz", code=3).stderr
    run("verify", decomposed / "codes.npz", "-d", decomposed / "moved" / "dict.safetensors", "-e", decomposed / "moved" / "images.npy")


def test_a_file_that_has_moved_is_told_with_what_names_it(decomposed):
    (decomposed / "images.npy").rename(decomposed / "elsewhere.npy")
    fails(3, "verify", decomposed / "codes.npz", says=["images.npy: can't open", "codes.npz' names this file, --embeddings says where"])
    run("verify", decomposed / "codes.npz", "-e", decomposed / "elsewhere.npy")
    (decomposed / "dict.safetensors").rename(decomposed / "moved.safetensors")
    for verb in ("show", "verify"):
        fails(3, verb, decomposed / "codes.npz", says=["dict.safetensors: can't open", "codes.npz' names this file, --dictionary says where"])
    run("show", decomposed / "codes.npz", "-d", decomposed / "moved.safetensors")


@pytest.mark.parametrize("weight, name", [(np.nan, "NaN"), (np.inf, "infinity")])
def test_weights_that_are_no_numbers(decomposed, weight, name):
    values = decomposed.arrays["data"].copy()
    values[-1] = weight
    row = np.flatnonzero(np.diff(decomposed.arrays["indptr"]))[-1]
    for verb in ("show", "verify"):
        fails(3, verb, rewritten(decomposed, data=values), says=[f"changed.npz:data.npy: found {name} in row {row}, expected finite weights"])


def test_a_matrix_of_another_format(decomposed):
    codes = scipy.sparse.load_npz(decomposed / "codes.npz")
    scipy.sparse.save_npz(decomposed / "csc.npz", codes.tocsc())
    fails(3, "show", decomposed / "csc.npz", says=["csc.npz: found a matrix in the format csc, expected a CSR matrix", "tocsr()"])


def test_rows_that_are_called_by_numbers(decomposed):
    """A number is the row's; where there is none of that number, a name may be."""
    rows = int(decomposed.arrays["shape"][0])
    names = [f"{10 * rows + i}" for i in range(rows)]
    path = rewritten(decomposed, names=np.frombuffer("".join(names).encode(), np.uint8),
                     name_offsets=np.cumsum([0] + [len(name) for name in names]).astype(np.int64))
    shown = [run("show", path, "--row", row).stdout for row in (3, names[3])]
    assert shown[0] == shown[1]
    fails(2, "show", path, "--row", 20 * rows, says=[f"--row: got {20 * rows}; expected a row of"])
