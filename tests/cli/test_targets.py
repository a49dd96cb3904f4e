"""--target-l0, --target-cosine and --l1-path; gaps and cosines recomputed in numpy at the penalties that the files name."""

import json

import numpy as np
import pytest
import scipy.sparse
from conftest import ROUNDING, dictionary_of, fails, gap_of, prepared, run


def decompose(built, *more, out="codes.npz", code=0):
    done = run("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "-o", built / out, *more, code=code)
    return done


def load(path):
    return scipy.sparse.load_npz(path), np.load(path)


def gaps_of(built, codes, arrays):
    """Of each row at its own penalty."""
    z, atoms = prepared(built.images, built.image_mean), dictionary_of(built.text)
    return np.array([gap_of(z[i:i + 1], codes[i], atoms, arrays["l1_penalty"][i])[0] for i in range(codes.shape[0])])


def cosines_of(built, codes):
    z, sums = prepared(built.images, built.image_mean), codes.toarray() @ dictionary_of(built.text)
    return (z * sums).sum(axis=1) / np.linalg.norm(sums, axis=1)


@pytest.mark.parametrize("k", [1, 3, 6])
def test_target_l0(built, k):
    decompose(built, "--target-l0", k)
    codes, arrays = load(built / "codes.npz")
    assert (np.diff(codes.indptr) <= k).all() and np.diff(codes.indptr).mean() > k - 0.5
    assert (gaps_of(built, codes, arrays) <= 0.5e-6 + ROUNDING).all() and (arrays["status"] == 0).all()
    assert (arrays["l1_penalty"].astype(np.float32) == arrays["l1_penalty"]).all()
    # A little below its penalty a row has one atom more: none is smaller than it has to be.
    for row in range(12):
        decompose(built, "--l1-penalty", 0.98 * arrays["l1_penalty"][row], "--gap-tolerance", 1e-7, out="below.npz")
        assert load(built / "below.npz")[0][row].nnz > k - 1
        decompose(built, "--l1-penalty", 1.001 * arrays["l1_penalty"][row], out="above.npz")
        assert load(built / "above.npz")[0][row].nnz <= k
    run("verify", built / "codes.npz")


@pytest.mark.parametrize("cosine", [0.5, 0.9])
def test_target_cosine(built, cosine):
    said = decompose(built, "--target-cosine", cosine).stdout
    assert "l1_penalty of a row" in said
    codes, arrays = load(built / "codes.npz")
    assert (cosines_of(built, codes) >= np.float32(cosine) - 1e-6).all()
    assert (gaps_of(built, codes, arrays) <= 0.5e-6 + ROUNDING).all()
    run("verify", built / "codes.npz")


def test_summaries_tell_the_penalties(built):
    document = json.loads(decompose(built, "--target-l0", 3, "--json", "--top", 1).stdout)
    _, arrays = load(built / "codes.npz")
    expected = {"smallest": arrays["l1_penalty"].min(), "median": np.median(arrays["l1_penalty"]), "largest": arrays["l1_penalty"].max()}
    assert document["summary"]["l1_penalty"] == pytest.approx(expected)
    assert [row["l1_penalty"] for row in document["rows"]] == arrays["l1_penalty"].tolist()
    options = json.loads(bytes(arrays["options"]))
    assert options["target_l0"] == 3 and "l1_penalty" not in options


def test_verify_needs_the_right_penalty_of_each_row(built):
    decompose(built, "--target-l0", 3)
    _, arrays = load(built / "codes.npz")
    members = {name: arrays[name] for name in arrays.files}
    spoilt = members | {"l1_penalty": arrays["l1_penalty"] * np.where(np.arange(12) == 5, np.float32(1.1), np.float32(1))}
    np.savez(built / "spoilt.npz", **spoilt)
    assert "row 5 FAILED" in run("verify", built / "spoilt.npz", code=1).stdout
    np.savez(built / "negative.npz", **(members | {"l1_penalty": -arrays["l1_penalty"]}))
    fails(3, "verify", built / "negative.npz", says=["l1_penalty.npy", "row 0"])
    del members["l1_penalty"]
    np.savez(built / "nameless.npz", **members)
    fails(2, "verify", built / "nameless.npz", says=["--l1-penalty: got none"])
    assert "FAILED" in run("verify", built / "nameless.npz", "--l1-penalty", 0.1, code=1).stdout


def test_files_without_penalties_of_rows_are_still_verified(built):
    built.decompose()
    _, arrays = load(built / "codes.npz")
    np.savez(built / "old.npz", **{name: arrays[name] for name in arrays.files if name != "l1_penalty"})
    run("verify", built / "old.npz")


def test_targets_with_bans_raw_signs_and_bad_rows(built):
    for more in (["--ban", "concept 3"], ["--raw"], ["--signed"]):
        decompose(built, "--target-l0", 3, *more, out="special.npz")
        run("verify", built / "special.npz")
    built.images[2, 5] = np.nan
    built.images[7] = 0
    np.save(built / "images.npy", built.images)
    decompose(built, "--target-cosine", 0.8)
    _, arrays = load(built / "codes.npz")
    assert arrays["status"].tolist() == [0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0]
    run("verify", built / "codes.npz")


@pytest.mark.parametrize("text, penalties", [("0.4,0.2,0.1", [0.4, 0.2, 0.1]), ("0.4:0.1:3", [0.4, 0.2, 0.1]), ("0.15", [0.15])])
def test_a_path_writes_one_sound_file_a_penalty(built, text, penalties):
    said = decompose(built, "--l1-path", text).stdout.splitlines()
    assert said[0].split() == ["l1_penalty", "concepts", "cosine", "certified", "largest", "gap"]
    assert len(said) == 2 + len(penalties) and "12 rows at" in said[-1]
    files = sorted(built.folder.glob("codes-l1-*.npz"), key=lambda path: -float(path.stem[9:]))
    assert [float(path.stem[9:]) for path in files] == pytest.approx(penalties, rel=1e-6)
    assert not (built / "codes.npz").exists()
    for path, penalty, line in zip(files, penalties, said[1:]):
        codes, arrays = load(path)
        assert arrays["l1_penalty"] == pytest.approx(np.full(12, penalty), rel=1e-6)
        assert (gaps_of(built, codes, arrays) <= 0.5e-6 + ROUNDING).all()
        assert float(line.split()[1]) == pytest.approx(codes.nnz / 12, abs=0.051) and line.split()[3] == "100%"
        run("verify", path)
        decompose(built, "--l1-penalty", penalty, out="alone.npz")
        assert abs(codes - load(built / "alone.npz")[0]).max() < 2e-3


def test_a_path_in_blocks_threads_and_json(built):
    generator = np.random.default_rng(3)
    np.save(built / "images.npy", generator.normal(size=(9000, 24)).astype(np.float32))  # more than one chunk
    document = json.loads(decompose(built, "--l1-path", "0.5,0.3", "--json", "--threads", 1, out="one.npz").stdout)
    assert [entry["l1_penalty"]["median"] for entry in document["path"]] == pytest.approx([0.5, 0.3])
    assert [entry["rows"] for entry in document["path"]] == [9000, 9000] and document["seconds"] > 0
    decompose(built, "--l1-path", "0.5,0.3", "--threads", 3, "--memory-limit", "4M", out="three.npz")
    for entry in document["path"]:
        one = np.load(entry["out"])
        three = np.load(entry["out"].replace("one-", "three-"))
        for name in one.files:
            assert name == "options" or one[name].tobytes() == three[name].tobytes(), name
    table = run("decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "--l1-path", "0.5,0.3").stdout
    assert len(table.splitlines()) == 4, "without --out the table alone"


@pytest.mark.parametrize("more, says", [
    (["--target-l0", 0], ["--target-l0", "got '0'"]),
    (["--target-l0", -3], ["--target-l0", "got '-3'"]),
    (["--target-l0", "many"], ["--target-l0", "got 'many'"]),
    (["--target-cosine", 1], ["--target-cosine", "got 1", "between 0 and 1"]),
    (["--target-cosine", 0], ["--target-cosine", "got '0'"]),
    (["--target-cosine", "nan"], ["--target-cosine", "got 'nan'"]),
    (["--target-l0", 3, "--target-cosine", 0.5], ["--target-cosine", "together with --target-l0", "only one"]),
    (["--target-l0", 3, "--l1-penalty", 0.5], ["--target-l0", "together with --l1-penalty"]),
    (["--l1-path", "0.3,0.2", "--l1-penalty", 0.5], ["--l1-path", "together with --l1-penalty"]),
    (["--target-l0", 3, "--solver", "fista"], ["--solver", "fista", "--target-l0", "working_set"]),
    (["--l1-path", "0.2,0.3"], ["--l1-path", "got '0.2,0.3'", "descending"]),
    (["--l1-path", "0.3,0.3"], ["--l1-path", "descending"]),
    (["--l1-path", "0.3,0"], ["--l1-path", "got '0.3,0'"]),
    (["--l1-path", "0.3,-1"], ["--l1-path"]),
    (["--l1-path", "0.3,,0.1"], ["--l1-path"]),
    (["--l1-path", "0.3:0.1"], ["--l1-path", "FROM:TO:COUNT"]),
    (["--l1-path", "0.1:0.3:4"], ["--l1-path", "descending"]),
    (["--l1-path", "0.3:0.1:1"], ["--l1-path"]),
    (["--l1-path", "inf,0.1"], ["--l1-path"]),
    (["--l1-path", "nan"], ["--l1-path"]),
    (["--l1-path", "0.3,0.2", "--top", 3], ["--top", "together with --l1-path"]),
])
def test_wrong_arguments(built, more, says):
    fails(2, "decompose", "-d", built / "dict.safetensors", "-e", built / "images.npy", "-o", built / "codes.npz", *more, says=says)
    assert not list(built.folder.glob("codes*.npz"))


def test_outputs_of_a_path_never_replace_inputs(built):
    (built / "x-l1-0.3.npy").write_bytes((built / "images.npy").read_bytes())
    fails(2, "decompose", "-d", built / "dict.safetensors", "-e", built / "x-l1-0.3.npy", "-o", built / "x.npy", "--l1-path",
          "0.4,0.3", says=["x-l1-0.3.npy"])
