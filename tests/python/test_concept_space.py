"""Named dictionaries: built, stored, and read from the command's files."""

import copy
import os
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest

import splice_cuda
from conftest import same, unit


@pytest.fixture
def text():
    return (np.random.default_rng(7).normal(size=(40, 24)) + 1.5).astype(np.float32)


NAMES = [f"concept {j}" for j in range(39)] + ["żółw 亀"]


@pytest.fixture
def space(text, image_mean):
    return splice_cuda.ConceptSpace.build(text, NAMES, image_mean=image_mean)[0]


@pytest.fixture
def image_mean():
    return (0.1 * np.random.default_rng(8).normal(size=24)).astype(np.float32)


def prepared(rows, mean):
    return unit(unit(np.asarray(rows, np.float64)) - np.asarray(mean, np.float64))


def test_build_normalises_and_centres(space, text):
    rows = unit(text.astype(np.float64))
    np.testing.assert_allclose(space.atoms(), unit(rows - rows.mean(axis=0)), atol=1e-6)
    np.testing.assert_allclose(space.text_mean, rows.mean(axis=0), atol=1e-6)
    assert len(space) == space.size == 40 and space.dim == 24 and space.names == NAMES


def test_build_says_what_it_dropped(text):
    text[5] = 0
    text[6, 0] = np.inf
    text[8] = text[7]
    names = [*NAMES[:2], "", NAMES[1], *NAMES[4:]]
    space, dropped = splice_cuda.ConceptSpace.build(text, names)
    assert dropped == ([2], [3], [5], [6], [8])
    assert dropped.duplicate_vector == [8] and space.size == 35


def test_names(space):
    assert space.at("żółw 亀") == space.find("żółw 亀") == 39
    assert space.find("concept") is None and "concept 3" in space and "concept" not in space
    with pytest.raises(splice_cuda.ArgumentError, match='concept: got "concept 3x", .*nearest: concept 3'):
        space.at("concept 3x")


def test_what_can_be_no_name(space, problem):
    assert "\udcff" not in space and 3 not in space and space.find("\udcff") is None
    for wrong in ("\udcff", 3):
        with pytest.raises(splice_cuda.ArgumentError, match="concept: got"):
            space.at(wrong)
    with pytest.raises(splice_cuda.ArgumentError, match="concept: got"):
        space.find(3)
    with pytest.raises(splice_cuda.ArgumentError, match="concept: got"):
        space.decompose(problem.z, banned_atoms=["\udcff"])
    with pytest.raises(splice_cuda.ArgumentError, match="provenance: got"):
        space.with_provenance({"model": "\udcff"})


def test_atoms_are_a_view(space):
    atoms = space.atoms()
    assert not atoms.flags.writeable and np.shares_memory(atoms, space.atoms())
    half = splice_cuda.ConceptSpace.from_atoms(atoms.astype(np.float16))
    assert half.dtype == "float16" and half.atoms().dtype == np.float32 and half.names[:2] == ["atom 0", "atom 1"]
    np.testing.assert_array_equal(half.atoms(), atoms.astype(np.float16))


def test_prepare_and_decompose(space, problem, image_mean):
    raw = 3 * problem.z
    np.testing.assert_allclose(space.prepare(raw), prepared(raw, image_mean), atol=1e-6)
    np.testing.assert_allclose(space.prepare(raw, center=False), problem.z, atol=1e-6)
    np.testing.assert_array_equal(space.prepare(raw, normalize=False), raw)
    result = space.decompose(raw, 0.1)
    assert result.certified.all()
    assert same(result, splice_cuda.Dictionary(space.atoms()).decompose(space.prepare(raw), 0.1))
    assert same(splice_cuda.decompose(raw, space, 0.1), result)
    assert same(space.decompose_path(raw, [0.1])[0], splice_cuda.Dictionary(space.atoms()).decompose_path(space.prepare(raw), [0.1])[0])


def test_recompose_and_cosine(space, problem, image_mean):
    codes = space.decompose(problem.z, 0.05).codes
    expected = unit(unit(codes.to_dense().astype(np.float64) @ space.atoms()) + image_mean)
    np.testing.assert_allclose(space.recompose(codes), expected, atol=1e-6)
    np.testing.assert_allclose(space.cosine(problem.z, codes), (problem.z * expected).sum(axis=1), atol=1e-6)


def test_concepts_by_name(space, problem):
    result = space.decompose(problem.z, 0.05)
    explained = space.explain(result, 0, top=2)
    atoms, values = result.codes.row(0)
    assert explained[0] == (NAMES[atoms[values.argmax()]], float(values.max())) and len(explained) == 2
    name = explained[0][0]
    assert same(space.decompose(problem.z, 0.05, banned_atoms=[name]), space.decompose(problem.z, 0.05, banned_atoms=[space.at(name)]))
    assert name not in dict(space.explain(space.decompose(problem.z, 0.05, banned_atoms=name), 0))


def test_round_trips(space, problem, tmp_path):
    space = space.with_provenance({"model": "none", "żółw": "亀"})
    space.save(tmp_path / "space.safetensors")
    for again in (splice_cuda.ConceptSpace.load(tmp_path / "space.safetensors"), pickle.loads(pickle.dumps(space))):
        np.testing.assert_array_equal(again.atoms(), space.atoms())
        np.testing.assert_array_equal(again.image_mean, space.image_mean)
        np.testing.assert_array_equal(again.text_mean, space.text_mean)
        assert again.names == NAMES and {**again.provenance, "model": "none", "żółw": "亀"} == again.provenance
        assert same(again.decompose(problem.z), space.decompose(problem.z))
    assert same(splice_cuda.decompose(problem.z, tmp_path / "space.safetensors"), space.decompose(problem.z))


def test_immutable(space):
    other = space.with_image_mean(None).with_provenance({"a": "b"})
    assert other.image_mean is None and space.image_mean is not None and "a" not in space.provenance
    space.provenance["c"] = "d"
    assert "c" not in space.provenance
    assert copy.deepcopy(space) is space
    with pytest.raises(splice_cuda.ArgumentError, match="image_mean: got 3 numbers"):
        space.with_image_mean([1, 2, 3])


def test_wrong_names(text):
    with pytest.raises(splice_cuda.ArgumentError, match="names: got .*3"):
        splice_cuda.ConceptSpace.build(text, NAMES[:3])
    with pytest.raises(splice_cuda.ArgumentError, match="names: got one text"):
        splice_cuda.ConceptSpace.build(text, "names")
    with pytest.raises(splice_cuda.ArgumentError, match="names: got int at 0"):
        splice_cuda.ConceptSpace.build(text, range(40))
    with pytest.raises(splice_cuda.ArgumentError, match=r"names: got 'no \\ud800' at 39, expected texts that can be written"):
        splice_cuda.ConceptSpace.build(text, [*NAMES[:39], "no \ud800"])
    with pytest.raises(splice_cuda.ArgumentError, match=r"names: got '\\udcff' at 0"):
        splice_cuda.ConceptSpace.from_atoms(text[:1], ["\udcff"])
    with pytest.raises(splice_cuda.ArgumentError, match='dtype: got "float64"'):
        splice_cuda.ConceptSpace.build(text, NAMES, dtype="float64")


def test_health(space):
    health = space.health(pairs=3)
    cosines = space.atoms().astype(np.float64) @ space.atoms().T
    np.fill_diagonal(cosines, -1)
    np.testing.assert_allclose(health.coherence, cosines.max(), atol=1e-6)
    first, second, cosine = health.nearest_pairs[0]
    assert len(health.nearest_pairs) == 3 and cosine == pytest.approx(cosines[first, second], abs=1e-6)
    assert 1 <= health.effective_rank <= 24 and health.equal_atoms == health.non_unit_atoms == 0


@pytest.mark.skipif(not os.environ.get("SPLICE"), reason="no command: SPLICE is not set")
def test_the_commands_dictionary(text, image_mean, tmp_path, problem):
    np.save(tmp_path / "text.npy", text)
    np.save(tmp_path / "mean.npy", image_mean)
    np.save(tmp_path / "z.npy", problem.z)
    (tmp_path / "words.txt").write_text("\n".join(NAMES) + "\n", encoding="utf-8")
    splice = os.environ["SPLICE"]
    arguments = "dictionary build -e text.npy -c words.txt --image-mean mean.npy -o dict.safetensors"
    subprocess.run([splice, *arguments.split()], cwd=tmp_path, check=True, capture_output=True)
    arguments = "decompose -d dict.safetensors -e z.npy -o codes.npz --l1-penalty 0.1"
    subprocess.run([splice, *arguments.split()], cwd=tmp_path, check=True, capture_output=True)
    space = splice_cuda.ConceptSpace.load(tmp_path / "dict.safetensors")
    assert space.names == NAMES
    np.testing.assert_array_equal(space.image_mean, image_mean)
    sparse = pytest.importorskip("scipy.sparse")
    stored = sparse.load_npz(Path(tmp_path) / "codes.npz")
    found = space.decompose(problem.z, 0.1).codes
    assert stored.data.tobytes() == found.values.tobytes() and (stored.indices == found.atom_indices).all()
