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
