import json

import numpy as np
import pytest
import scipy.sparse
from conftest import ROUNDING, dictionary_of, gap_of, prepared, run, unit

SOLVERS = ["working_set", "coordinate_descent", "fista", "admm"]


@pytest.mark.parametrize("solver", SOLVERS)
def test_codes_are_certified_and_every_array_is_true(built, solver):
    codes, arrays = built.decompose("--solver", solver)
    atoms = dictionary_of(built.text)
    z = prepared(built.images, built.image_mean)
    assert codes.shape == (12, 40) and codes.has_sorted_indices and (codes.data != 0).all()
    gap = gap_of(z, codes, atoms, 0.1)
    assert (gap <= 0.5e-6 + ROUNDING).all()
    assert (arrays["gap"] >= gap - ROUNDING).all() and (arrays["gap"] <= 0.5e-6 * (1 + 1e-5)).all()
    assert (arrays["status"] == 0).all()
    assert (arrays["l0"] == np.diff(codes.indptr)).all() and codes.nnz > 12
    recomposed = unit(unit(codes.toarray() @ atoms) + built.image_mean)
    assert arrays["cosine"] == pytest.approx((recomposed * prepared(built.images)).sum(axis=1), abs=1e-5)
    assert arrays["primal"] - arrays["dual"] == pytest.approx(arrays["gap"], abs=1e-9)
    assert arrays["gap"].dtype == np.float64 and arrays["status"].dtype == np.uint8 and arrays["cosine"].dtype == np.float32


def test_threads_do_not_change_a_byte(built):
    built.decompose("--threads", 1, out="one.npz")
    built.decompose("--threads", 3, out="three.npz")
    built.decompose("--memory-limit", "2M", out="little.npz")
    one = np.load(built / "one.npz")
    for other in ("three.npz", "little.npz"):
        arrays = np.load(built / other)
        assert sorted(arrays.files) == sorted(one.files)
        for name in one.files:
            assert arrays[name].tobytes() == one[name].tobytes(), name


def written(built, form):
    images = built.images
    if form == "float64":
        np.save(built / "images.npy", images.astype(np.float64))
    elif form == "float16":
        np.save(built / "images.npy", images.astype(np.float16))
    elif form == "shards":
        folder = built / "shards"
        folder.mkdir()
        for i, part in enumerate(np.split(images, [5, 9])):
            np.save(folder / f"img_emb_{i}.npy", part)
        return folder
    elif form == "safetensors":
        header = json.dumps({"image_embeddings": {"dtype": "F32", "shape": [12, 24], "data_offsets": [0, images.nbytes]}})
        path = built / "images.safetensors"
        path.write_bytes(len(header).to_bytes(8, "little") + header.encode() + images.tobytes())
        return path
    return built / "images.npy"


@pytest.mark.parametrize("form", ["float64", "float16", "shards", "safetensors"])
def test_forms_of_embeddings(built, form):
    expected, _ = built.decompose()
    path = written(built, form)
    run("decompose", "-d", built / "dict.safetensors", "-e", path, "-o", built / "other.npz", "--l1-penalty", 0.1)
    codes = scipy.sparse.load_npz(built / "other.npz")
    tolerance = 2e-3 if form == "float16" else 1e-7
    assert abs(codes - expected).max() <= tolerance


def test_image_means(built):
    atoms = dictionary_of(built.text)
    own = np.full(24, 0.01, np.float32)
    np.save(built / "own.npy", own)
    batch = prepared(built.images).mean(axis=0)
    for choice, mean in (("none", None), ("batch", batch), (built / "own.npy", own)):
        codes, _ = built.decompose("--image-mean", choice)
        assert (gap_of(prepared(built.images, mean), codes, atoms, 0.1) <= 0.6e-6).all(), choice


def test_raw_rows_and_a_plain_dictionary(inputs):
    atoms = 3 * inputs.text
    np.save(inputs / "atoms.npy", atoms)
    run("decompose", "-d", inputs / "atoms.npy", "-e", inputs / "images.npy", "--raw", "-o", inputs / "raw.npz", "--l1-penalty", 0.5)
    codes = scipy.sparse.load_npz(inputs / "raw.npz")
    z = inputs.images.astype(np.float64)
    gap = gap_of(z, codes, atoms.astype(np.float64), 0.5)
    assert (gap <= 0.5e-6 * (z**2).sum(axis=1) * (1 + 1e-6)).all() and codes.nnz > 0
    assert (np.load(inputs / "raw.npz")["gap"] >= gap - 1e-13).all()  # the very rows: a true bound to the last digits


def test_bans_signs_and_refit(built):
    free, _ = built.decompose()
    heaviest = int(np.asarray(free.sum(axis=0)).argmax())
    banned, _ = built.decompose("--ban", built.names[heaviest])
    assert free[:, heaviest].nnz > 0 and banned[:, heaviest].nnz == 0
    signed, _ = built.decompose("--signed")
    assert (signed.data < 0).any() and (free.data > 0).all()
    refitted, _ = built.decompose("--refit")
    z = prepared(built.images, built.image_mean)
    atoms = dictionary_of(built.text)
    loss = ((z - refitted.toarray() @ atoms) ** 2).sum(axis=1)
    assert (loss <= ((z - free.toarray() @ atoms) ** 2).sum(axis=1) + 1e-9).all()


def test_json_holds_what_the_file_holds(built):
    document = json.loads(
        run("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "-o", built / "codes.npz", "--json",
            "--top", 3, "--l1-penalty", 0.1).stdout
    )
    codes = scipy.sparse.load_npz(built / "codes.npz")
    arrays = np.load(built / "codes.npz")
    assert document["summary"]["rows"] == 12 and document["summary"]["certified"] == 12
    assert document["summary"]["mean_l0"] == pytest.approx(codes.nnz / 12)
    for i, row in enumerate(document["rows"]):
        assert row["row"] == i and row["status"] == "certified" and row["gap"] == arrays["gap"][i]
        best = np.sort(codes[i].data)[::-1][:3]
        assert [entry["weight"] for entry in row["concepts"]] == pytest.approx(best)
        assert all(built.names[entry["atom"]] == entry["concept"] for entry in row["concepts"])


def test_irregular_rows_are_told_and_cost_the_others_nothing(built):
    _, before = built.decompose(out="before.npz")
    codes_before = scipy.sparse.load_npz(built / "before.npz")
    built.images[2, 5] = np.nan
    built.images[7] = 0
    np.save(built / "images.npy", built.images)
    done = run("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "-o", built / "codes.npz",
               "--l1-penalty", 0.1)
    assert "non_finite_input" in done.stdout and "zero_embedding" in done.stdout
    codes, arrays = scipy.sparse.load_npz(built / "codes.npz"), np.load(built / "codes.npz")
    assert arrays["status"].tolist() == [0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0]
    assert np.isnan(arrays["gap"][2]) and arrays["gap"][7] == 0
    for row in set(range(12)) - {2, 7}:
        assert (codes[row] != codes_before[row]).nnz == 0 and arrays["gap"][row] == before["gap"][row]


def test_an_empty_batch_is_an_empty_result(built):
    np.save(built / "images.npy", np.zeros((0, 24), np.float32))
    codes, arrays = built.decompose()
    assert codes.shape == (0, 40) and arrays["gap"].shape == (0,)


def test_a_budget_that_runs_out_is_no_failure(built):
    _, arrays = built.decompose("--solver", "fista", "--max-iterations", 1)
    assert (arrays["status"] == 1).any()
    codes = scipy.sparse.load_npz(built / "codes.npz")
    gap = gap_of(prepared(built.images, built.image_mean), codes, dictionary_of(built.text), 0.1)
    assert (arrays["gap"] >= gap - ROUNDING).all()
