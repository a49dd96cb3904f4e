import json
from pathlib import Path

import numpy as np
import pytest
from conftest import fails, run, unit
from curve_oracle import read_atoms, solve

GOLDEN = json.loads((Path(__file__).parent / "golden" / "sklearn_dictionary.json").read_text())


def planted(seed=0, atoms=40, dim=32, rows=4000):
    """Unit rows that are sums of few of the planted unit atoms; make_golden.py gives the same ones to scikit-learn."""
    generator = np.random.default_rng(seed)
    dictionary = unit(generator.normal(size=(atoms, dim)))
    weights = generator.exponential(size=(rows, atoms)) * (generator.random((rows, atoms)) < 0.08)
    weights[np.arange(rows), generator.integers(0, atoms, rows)] += 1
    return dictionary, unit(weights @ dictionary + 0.02 * generator.normal(size=(rows, dim))).astype(np.float32)


def objective(atoms, z, l1_penalty):
    weights = solve(atoms, z.astype(np.float64), l1_penalty)
    return ((z - weights @ atoms) ** 2).sum(axis=1).mean() + l1_penalty * weights.sum(axis=1).mean()


@pytest.fixture
def rows(tmp_path):
    _, z = planted()
    np.save(tmp_path / "z.npy", z)
    return tmp_path


def learn(folder, *more, out="learned.safetensors", code=0):
    return run("dictionary", "learn", "-e", folder / "z.npy", "--size", 40, "--l1-penalty", GOLDEN["l1_penalty"], "--image-mean", "none",
               "-o", folder / out, *more, code=code)


def test_planted_atoms_are_found_and_the_objective_is_scikit_learns(rows):
    dictionary, z = planted()
    result = json.loads(learn(rows, "--epochs", 20, "--json").stdout)
    atoms, _ = read_atoms(rows / "learned.safetensors")
    assert np.linalg.norm(atoms, axis=1) == pytest.approx(1, abs=1e-6)
    assert result["objective"] == pytest.approx(objective(atoms, z, GOLDEN["l1_penalty"]), rel=1e-5)
    assert result["objective"] <= GOLDEN["objective"] * 1.01  # MiniBatchDictionaryLearning, 20 epochs
    assert ((atoms @ dictionary.T).max(axis=0) > 0.95).mean() >= 0.9
    assert ((unit(z[:40].astype(float)) @ dictionary.T).max(axis=0) > 0.95).mean() < 0.5  # the rows themselves are not the answer
    assert [e["rows"] for e in result["epochs"]] == [4000] * 20
    assert result["epochs"][-1]["objective"] < result["epochs"][0]["objective"]


def test_threads_and_runs_do_not_change_a_byte_but_a_seed_does(rows):
    for name, more in (("one", ("--threads", 1)), ("three", ("--threads", 3)), ("seed", ("--seed", 5))):
        learn(rows, "--epochs", 2, *more, out=f"{name}.safetensors")
    one, three, seed = ((rows / f"{name}.safetensors").read_bytes() for name in ("one", "three", "seed"))
    assert one == three and one != seed


def test_starts_names_means_and_provenance(built):
    mean = unit(built.images).mean(axis=0)
    run("dictionary", "learn", "-e", built / "images.npy", "--size", 5, "--l1-penalty", 0.1, "-o", built / "a.safetensors", "--quiet")
    atoms, metadata = read_atoms(built / "a.safetensors")
    assert json.loads(metadata["concepts"]) == [f"learned {j}" for j in range(5)]
    assert metadata["provenance.learned_l1_penalty"] == "0.1" and metadata["provenance.centered"] == "yes"
    run("dictionary", "learn", "-e", built / "images.npy", "--size", 5, "--l1-penalty", 0.1, "--name-by", built / "dict.safetensors",
        "-o", built / "b.safetensors", "--init", "random")
    named, metadata = read_atoms(built / "b.safetensors")
    concepts, _ = read_atoms(built / "dict.safetensors")
    nearest = (named @ concepts.T).argmax(axis=1)
    names = json.loads(metadata["concepts"])
    assert [name.split(" (")[0] for name in names] == [built.names[j] for j in nearest] and len(set(names)) == 5
    # From a dictionary: as many atoms, and where nothing pulls they stay.
    run("dictionary", "learn", "-e", built / "images.npy", "--init", built / "dict.safetensors", "--l1-penalty", 5, "-o", built / "c.safetensors")
    kept, _ = read_atoms(built / "c.safetensors")
    assert kept.shape == concepts.shape
    # The default mean is that of the rows, and is kept.
    info = json.loads(run("dictionary", "info", "--brief", "--json", built / "a.safetensors").stdout)
    assert info["has_image_mean"] and mean.shape == (24,)


def test_rows_without_a_direction_are_counted(rows):
    z = np.load(rows / "z.npy")
    z[3] = 0
    z[5, 0] = np.nan
    np.save(rows / "z.npy", z)
    done = learn(rows, "--epochs", 2)
    assert "left out 1 row of zeros" in done.stdout and "left out 1 row with NaN or infinity" in done.stdout


def test_bad_learning(built):
    base = ("dictionary", "learn", "-e", built / "images.npy", "-o", built / "x.safetensors")
    fails(2, *base, says=["--size", "none"])
    fails(2, *base, "--size", 13, says=["--size", "13", "12", "--init random"])
    fails(2, *base, "--size", 3, "--init", built / "dict.safetensors", says=["--size", "3", "40"])
    fails(2, *base, "--size", 3, "--l1-penalty", 0, says=["--l1-penalty"])
    for penalty in ("1e39", "1e-60"):
        fails(2, *base, "--size", 3, "--l1-penalty", penalty, says=["--l1-penalty:", "float32"])
    fails(3, *base, "--size", 3, "--init", "dta", says=["dta"])
    np.save(built / "start.npy", np.vstack([built.text[:2], np.zeros((1, 24), np.float32)]))
    fails(2, *base, "--init", built / "start.npy", says=["--init", "start.npy", "atom 2", "zero"])
    np.save(built / "zeros.npy", np.zeros((20, 24), np.float32))
    fails(3, "dictionary", "learn", "-e", built / "zeros.npy", "--size", 3, "-o", built / "x.safetensors", says=["zeros.npy", "no row with a direction"])
    np.save(built / "short.npy", np.ones((20, 7), np.float32))
    fails(2, "dictionary", "learn", "-e", built / "short.npy", "--name-by", built / "dict.safetensors", "--size", 3, "-o", built / "x.safetensors",
          says=["7", "24"])
    assert not (built / "x.safetensors").exists()


def test_random_dictionaries(built):
    run("dictionary", "random", "--size", 30, "--dim", 6, "--seed", 2, "-o", built / "r.safetensors")
    first, metadata = read_atoms(built / "r.safetensors")
    run("dictionary", "random", "--size", 30, "--dim", 6, "--seed", 3, "-o", built / "r.safetensors")
    second, _ = read_atoms(built / "r.safetensors")
    assert first.shape == (30, 6) and np.linalg.norm(first, axis=1) == pytest.approx(1, abs=1e-6) and (first != second).all()
    assert json.loads(metadata["concepts"])[:2] == ["random 0", "random 1"]
    run("dictionary", "random", "--like", built / "dict.safetensors", "--size", 4000, "--like-spectrum", "-o", built / "s.safetensors")
    like, _ = read_atoms(built / "dict.safetensors")
    atoms, _ = read_atoms(built / "s.safetensors")
    spectrum = np.linalg.eigvalsh(like.T @ like / len(like))[::-1]
    directions = np.linalg.eigh(like.T @ like / len(like))[1][:, ::-1]
    found = ((atoms @ directions) ** 2).mean(axis=0)
    assert np.corrcoef(found, spectrum)[0, 1] > 0.98
    assert json.loads(run("dictionary", "info", "--brief", "--json", built / "s.safetensors").stdout)["has_image_mean"]
    out = ("-o", built / "x.safetensors")
    fails(2, "dictionary", "random", "--size", 3, *out, says=["--dim", "--like"])
    fails(2, "dictionary", "random", "--dim", 3, *out, says=["--size"])
    fails(2, "dictionary", "random", "--dim", 3, "--size", 3, "--like", built / "dict.safetensors", *out, says=["--dim", "--like"])
    fails(2, "dictionary", "random", "--dim", 3, "--size", 3, "--like-spectrum", *out, says=["--like-spectrum"])
