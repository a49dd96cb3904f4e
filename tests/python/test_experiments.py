"""splice_cuda.experiments against numpy."""

import itertools

import numpy as np
import pytest

import splice_cuda
from conftest import unit

experiments = pytest.importorskip("splice_cuda.experiments", reason="this build has no experiments (SPLICE_EXPERIMENTS=OFF)")


@pytest.fixture
def result(problem, dictionary):
    rows = problem.z.copy()
    rows[4] = 0
    rows[9, 3] = np.nan
    return dictionary.decompose(rows, 0.1)


LABELS = ["cat", "dog", "cat", None, "dog", "cat", "dog", "cat", "", "cat", "dog", "cat", "dog", "cat", "dog"]


def test_summaries_are_numpys(result):
    dense = result.codes.to_dense().astype(np.float64)
    cosine = np.linspace(-1, 1, 15).astype(np.float32)
    groups = experiments.summarize(result, LABELS, cosine=cosine)
    assert [group.name for group in groups] == ["cat", "dog"]
    for group in groups:
        mine = np.array([label == group.name for label in LABELS])
        known = mine & result.certified
        assert group.rows == known.sum() and sum(group.status.values()) == mine.sum()
        rows = dense[known]
        np.testing.assert_allclose(group.dense_mean(40), rows.mean(0), rtol=1e-12)
        np.testing.assert_allclose(group.standard_error, (rows.std(0, ddof=1) / np.sqrt(len(rows)))[group.atoms], rtol=1e-10)
        np.testing.assert_array_equal(group.count, (rows != 0).sum(0)[group.atoms])
        assert group.l0.mean == pytest.approx((rows != 0).sum(1).mean())
        assert group.cosine.mean == pytest.approx(cosine[known].astype(np.float64).mean())
    assert {group.name: group.status["zero_embedding"] for group in groups} == {"cat": 0, "dog": 1}
    assert {group.name: group.status["non_finite_input"] for group in groups} == {"cat": 1, "dog": 0}


def test_summaries_take_bare_codes_and_years(result):
    groups = experiments.summarize(result.to_scipy(), [2001] * 7 + [1999] * 8)
    assert [group.name for group in groups] == [1999, 2001]
    assert [group.rows for group in groups] == [8, 7] and sum(groups[0].status.values()) == 0


def test_top_names(result, problem):
    space = splice_cuda.ConceptSpace.from_atoms(problem.atoms, [f"concept {i}" for i in range(40)])
    group = experiments.summarize(result, ["all"] * 15)[0]
    best = group.top(space, 3)
    assert [weight for _, weight in best] == sorted(group.mean, reverse=True)[:3]
    assert best[0][0] == f"concept {group.atoms[np.argmax(group.mean)]}"


def test_summaries_refuse_what_does_not_fit(result):
    with pytest.raises(splice_cuda.ArgumentError, match="labels: got 3, expected 15"):
        experiments.summarize(result, ["a", "b", "c"])
    with pytest.raises(splice_cuda.ArgumentError, match="labels: got one text"):
        experiments.summarize(result, "cat")
    with pytest.raises(splice_cuda.ArgumentError, match="no order"):
        experiments.summarize(result, [1, "a"] * 7 + [2])
    with pytest.raises(splice_cuda.ArgumentError, match="no order"):
        experiments.summarize(result, [np.array([1, 2])] * 15)
    with pytest.raises(splice_cuda.ArgumentError, match="cosine"):
        experiments.summarize(result, LABELS, cosine=[1.0, 0.5])


def test_permutations_tell_a_planted_difference():
    generator = np.random.default_rng(3)
    weights = generator.exponential(size=(60, 8)) * (generator.random((60, 8)) < 0.5)
    labels = ["a"] * 30 + ["b"] * 30
    weights[:30, 5] += 2
    test = experiments.permutation_test(weights.astype(np.float32), labels, "a", "b", permutations=400)
    assert list(test.atoms) == list(range(8))
    assert test.p_corrected[5] == pytest.approx(1 / 401)
    assert (np.delete(test.p_corrected, 5) > 0.05).all() and (test.p <= test.p_corrected).all()
    with pytest.raises(splice_cuda.ArgumentError, match="b: got 'c'"):
        experiments.permutation_test(weights.astype(np.float32), labels, "a", "c")


def test_permutations_agree_with_all_assignments():
    weights = np.array([[1.0], [2.0], [4.0], [3.0], [7.0], [8.0]], np.float32)
    labels = list("aaabbb")

    def difference(chosen):
        rest = [i for i in range(6) if i not in chosen]
        return abs(weights[list(chosen), 0].mean() - weights[rest, 0].mean())

    every = [difference(chosen) >= difference((0, 1, 2)) - 1e-9 for chosen in itertools.combinations(range(6), 3)]
    test = experiments.permutation_test(weights, labels, "a", "b", permutations=20000, seed=1)
    assert test.p[0] == pytest.approx(np.mean(every), abs=0.01)


def test_groups_and_edits(result, problem):
    names = ["night", "dark night", "day", *[f"concept {i}" for i in range(37)]]
    space = splice_cuda.ConceptSpace.from_atoms(problem.atoms, names)
    assert [(member.atom, member.origin) for member in experiments.concept_group(space, "night", words=True)] == [
        (0, "named"),
        (1, "word"),
    ]
    cosines = problem.atoms.astype(np.float64) @ problem.atoms[2]
    limit = float(np.sort(cosines)[-4]) - 1e-4
    near = experiments.concept_group(space, ["day"], synonym_cosine=limit)
    assert [member.atom for member in near] == sorted(np.argsort(-cosines)[:4])
    with pytest.raises(splice_cuda.ArgumentError, match="nearest: night"):
        experiments.concept_group(space, "nigth")

    dense = result.codes.to_dense()
    used = int(np.argmax((dense != 0).sum(0)))
    edited = experiments.edit_codes(result, remove=[used], scale={names[2]: 0.5}, force={7: 0.25}, space=space).to_dense()
    expected = dense.copy()
    expected[:, used] = 0
    expected[:, 2] *= 0.5
    expected[:, 7] = 0.25
    np.testing.assert_array_equal(edited, expected)
    np.testing.assert_array_equal(experiments.edit_codes(result, remove=near).to_dense()[:, [m.atom for m in near]], 0)
    with pytest.raises(splice_cuda.ArgumentError, match="space: got none"):
        experiments.edit_codes(result, remove=["night"])


def test_suggested_penalty(problem):
    space = splice_cuda.ConceptSpace.from_atoms(problem.atoms)
    penalty = experiments.suggest_penalty(space, problem.z, l0=4)
    l0 = space.decompose(problem.z, penalty).codes.l0
    assert np.median(l0) == pytest.approx(4, abs=1)
    assert experiments.suggest_penalty(space, -np.abs(problem.z) * 0) is None


def test_zero_shot(problem):
    rows = problem.z.copy()
    rows[3] = 0
    cosines = experiments.zero_shot(rows, 3 * problem.atoms[:5])
    np.testing.assert_allclose(np.delete(cosines, 3, 0), np.delete(unit(rows.astype(float)) @ unit(problem.atoms[:5].astype(float)).T, 3, 0), atol=1e-7)
    assert np.isnan(cosines[3]).all()
    with pytest.raises(splice_cuda.ArgumentError, match="class_embeddings"):
        experiments.zero_shot(rows, np.ones((2, 5)))


def test_linearity(problem):
    first, second = problem.atoms[:10].astype(float), problem.atoms[10:20].astype(float)
    fits = experiments.linearity(0.3 * first + 0.6 * second, first, second)["raw"]
    norms = np.linalg.norm(0.3 * first + 0.6 * second, axis=1)
    np.testing.assert_allclose(fits.first, 0.3 / norms, rtol=1e-5)
    np.testing.assert_allclose(fits.second, 0.6 / norms, rtol=1e-5)
    np.testing.assert_allclose(fits.cosine, 1, atol=1e-6)


def test_modality_gap(problem):
    images = problem.z + 1
    texts = problem.z - 1
    raw, centered = experiments.modality_gap(
        images, texts, unit(images.astype(float)).mean(0), unit(texts.astype(float)).mean(0), paired=True
    )
    means = [unit(part.astype(float)).mean(0) for part in (images, texts)]
    assert raw.distance == pytest.approx(np.linalg.norm(means[0] - means[1]), rel=1e-6)
    assert centered.distance < raw.distance / 2
    cosines = unit(images.astype(float)) @ unit(texts.astype(float)).T
    assert raw.matched.mean == pytest.approx(np.diag(cosines).mean(), rel=1e-5)
    assert raw.image_text.mean == pytest.approx((cosines.sum() - np.trace(cosines)) / (15 * 14), rel=1e-5)


def test_pair_cosines(problem):
    found = experiments.pair_cosines(problem.z, problem.z[::-1])
    expected = (unit(problem.z.astype(float)) * unit(problem.z[::-1].astype(float))).sum(1)
    np.testing.assert_allclose(found.raw, expected, atol=1e-6)
    assert found.centered.size == 0


def test_recall(problem):
    found = experiments.recall(problem.z, problem.z)
    assert found[1].image_to_text == (15, 1.0, 0.0)
    found = experiments.recall(problem.z, np.roll(problem.z, 1, 0))
    assert found[1].text_to_image.mean == 0 and found[10].image_to_text.mean <= 1
    with pytest.raises(splice_cuda.ArgumentError):
        experiments.recall(problem.z, problem.z[:-1])


def test_learned_atoms_explain_better_than_random_ones(problem):
    generator = np.random.default_rng(5)
    mix = generator.exponential(size=(600, 40)) * (generator.random((600, 40)) < 0.08)
    rows = unit(mix @ problem.atoms + 1e-3).astype(np.float32)
    learned = experiments.learn_dictionary(rows, 40, 0.1, epochs=6, batch_size=100)
    assert learned.atoms.shape == (40, 24) and len(learned.epochs) == 6
    np.testing.assert_allclose(np.linalg.norm(learned.atoms, axis=1), 1, atol=1e-5)
    assert learned.epochs[-1].objective < learned.epochs[0].objective
    again = experiments.learn_dictionary(rows, 40, 0.1, epochs=6, batch_size=100, context=splice_cuda.Context(threads=1))
    np.testing.assert_array_equal(again.atoms, learned.atoms)

    def objective(atoms):
        result = splice_cuda.Dictionary(atoms).decompose(rows, 0.1)
        return 2 * result.reports["primal"].mean()

    random = experiments.random_atoms(40, 24, seed=1)
    np.testing.assert_allclose(np.linalg.norm(random, axis=1), 1, atol=1e-5)
    assert objective(learned.atoms) < objective(random)


@pytest.mark.parametrize(
    "offsets, atoms",
    [([0, 10**12], [0]), ([0, 2], [0]), ([0, 1], [-5]), ([0, 1], [4]), ([1, 1], [0])],
)
def test_codes_that_are_none_are_refused(offsets, atoms):
    """What from_arrays lets pass may be written over afterwards."""
    codes = splice_cuda.Codes.from_arrays([0, 1], [0], [1.0], 4)
    codes.row_offsets[:] = offsets
    codes.atom_indices[:] = atoms
    with pytest.raises(splice_cuda.ArgumentError, match="codes"):
        experiments.summarize(codes, ["a"])
    with pytest.raises(splice_cuda.ArgumentError, match="codes"):
        experiments.edit_codes(codes, remove=[1])
    two = splice_cuda.Codes.from_arrays([0, 1, 1], [0], [1.0], 4)
    two.row_offsets[:] = [*offsets, offsets[-1]]
    two.atom_indices[:] = atoms
    with pytest.raises(splice_cuda.ArgumentError, match="codes"):
        experiments.permutation_test(two, ["a", "b"], "a", "b")


def test_a_status_that_is_none_is_refused():
    reports = np.zeros(1, splice_cuda.REPORT_DTYPE)
    reports["status"] = 255
    result = splice_cuda.DecomposeResult(splice_cuda.Codes.from_arrays([0, 1], [0], [1.0], 4), reports)
    with pytest.raises(splice_cuda.ArgumentError, match="reports: got the status 255"):
        experiments.summarize(result, ["a"])


def test_bins_have_a_limit(problem):
    with pytest.raises(splice_cuda.ArgumentError, match="bins"):
        experiments.modality_gap(problem.z, problem.z, bins=2**31 - 1)
