"""The comparison with the truth: right on codes made of the truth, and worse on any that are corrupted."""

import numpy as np
import pytest
import scipy.sparse

from conftest import skip_without_packages

skip_without_packages()

from scene_clip.attributes import draw_scenes
from scene_clip.concepts import Requirements, truth

import torch

from experiments import MODEL
from experiments.scenes.store import StoredSet
from experiments.scenes.vocabulary import classes, concepts, holding, words_of
from experiments.truth import chance, code_truth, true_rows, truth_document

COUNT = 120


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    return StoredSet(tmp_path_factory.mktemp("scenes"), draw_scenes(COUNT, torch.Generator().manual_seed(9)))


@pytest.fixture(scope="module")
def vocabulary():
    return concepts(MODEL)


@pytest.fixture(scope="module")
def true_codes(stored, vocabulary):
    """All true concepts of every scene, with weights by chance."""
    holds = truth(stored.scenes, Requirements.of(vocabulary)).numpy()
    return scipy.sparse.csr_matrix(holds * np.random.default_rng(1).uniform(0.1, 1, holds.shape), dtype=np.float32)


def measured(path, codes, stored, vocabulary):
    """Written as the command does it, with a cosine a row."""
    scipy.sparse.save_npz(path, codes, compressed=False)
    arrays = dict(np.load(path))
    np.savez(path, **arrays, cosine=np.full(codes.shape[0], 0.5, np.float32))
    return code_truth(path, stored, vocabulary)


def test_true_concepts_are_found_true(tmp_path, stored, vocabulary, true_codes):
    figures = measured(tmp_path / "c.npz", true_codes, stored, vocabulary)
    assert all(value == 1 for value in figures.precision.values())
    assert figures.weighted == pytest.approx(1) and figures.recall == pytest.approx(1)
    assert figures.l0 == pytest.approx(true_codes.nnz / COUNT) and figures.cosine == 0.5


def test_codes_of_other_scenes_are_not(tmp_path, stored, vocabulary, true_codes):
    figures = measured(tmp_path / "c.npz", true_codes[np.roll(np.arange(COUNT), 1)], stored, vocabulary)
    assert figures.precision[1] < 0.5 and figures.weighted < 0.5 and figures.recall < 0.7


def test_codes_of_other_concepts_are_not(tmp_path, stored, vocabulary, true_codes):
    figures = measured(tmp_path / "c.npz", true_codes[:, np.random.default_rng(2).permutation(len(vocabulary))], stored, vocabulary)
    assert figures.precision[5] < 0.1
    assert figures.precision[5] == pytest.approx(chance(stored, vocabulary), abs=0.05)


def test_one_heavy_false_concept_costs_its_share(tmp_path, stored, vocabulary, true_codes):
    codes = true_codes.toarray()
    holds = codes > 0
    for row in range(COUNT // 4):
        codes[row, np.flatnonzero(~holds[row])[0]] = 2
    figures = measured(tmp_path / "c.npz", scipy.sparse.csr_matrix(codes), stored, vocabulary)
    assert figures.precision[1] == pytest.approx(0.75)
    assert figures.precision[10] == pytest.approx(1 - 0.25 * 0.1, abs=0.003)


def test_codes_of_another_shape_are_refused(tmp_path, stored, vocabulary, true_codes):
    with pytest.raises(ValueError, match="expected \\(120, 1722\\)"):
        measured(tmp_path / "c.npz", true_codes[:5], stored, vocabulary)


def test_rows_of_a_concept(stored):
    rows = true_rows(stored, "night")
    assert rows == [scene.background == "night" for scene in stored.scenes.named()]
    assert 0 < sum(rows) < COUNT


def test_groups_of_words(vocabulary):
    assert words_of("shape", "square") == {"square", "box", "squares", "boxes"}
    assert all("night" in concept.split() or "midnight" in concept.split() for concept in holding(vocabulary, {"night", "midnight"}))
    assert "" not in classes("lighting") and "normal" not in classes("lighting")


def test_the_document(stored, vocabulary, tmp_path, true_codes):
    figures = measured(tmp_path / "c.npz", true_codes, stored, vocabulary)
    document = truth_document([(0.25, figures), (0.1, figures)], 0.027, COUNT, {})
    assert document.table("penalties").value("precision_at_1", l1_penalty=0.1) == 1
    assert len(document.table("curve").rows) == 10
    document.to_json()
