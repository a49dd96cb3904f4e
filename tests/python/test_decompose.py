"""Numbers: the oracle's; bits: the same for each type, layout and batch."""

import numpy as np
import pytest

import splice_cuda
from conftest import objective, same, solve


def check(result, atoms, z, l1_penalty, tolerance=1e-6):
    """Each row is within its own certificate, and so within the tolerance, of the oracle's optimum."""
    atoms, z = atoms.astype(np.float64), z.astype(np.float64)
    l1_penalty = np.asarray(l1_penalty, np.float32).astype(np.float64)  # as the library has it
    weights = result.codes.to_dense().astype(np.float64)
    assert (weights >= 0).all()
    optimum = objective(solve(atoms, z, l1_penalty), atoms, z, l1_penalty)
    found = objective(weights, atoms, z, l1_penalty)
    assert (found >= optimum - 1e-10).all()
    assert (found - optimum <= result.gap + 1e-10).all()
    assert (result.gap <= tolerance * (z**2).sum(axis=1) / 2).all()
    np.testing.assert_allclose(result.reports["primal"], found, rtol=0, atol=1e-10)


@pytest.mark.parametrize("solver", ["working_set", "coordinate_descent", "fista", "admm"])
def test_solvers_agree_with_the_oracle(problem, solver):
    result = splice_cuda.decompose(problem.z, problem.atoms, 0.1, solver=solver)
    assert result.certified.all()
    assert result.codes.nnz > problem.z.shape[0]
    check(result, problem.atoms, problem.z, 0.1)


def test_the_check_fails_for_a_corrupted_answer(problem):
    result = splice_cuda.decompose(problem.z, problem.atoms, 0.1)
    result.codes.values[3] += 0.01
    with pytest.raises(AssertionError):
        check(result, problem.atoms, problem.z, 0.1)


def test_a_penalty_a_row(problem, dictionary):
    penalties = np.linspace(0.05, 0.4, len(problem.z))
    result = dictionary.decompose(problem.z, penalties)
    np.testing.assert_array_equal(result.reports["l1_penalty"], penalties.astype(np.float32))
    check(result, problem.atoms, problem.z, penalties)


def test_default_penalty_is_a_quarter(problem, dictionary):
    assert same(dictionary.decompose(problem.z), dictionary.decompose(problem.z, 0.25))


def test_path_is_certified_at_each_penalty(problem, dictionary):
    penalties = [0.4, 0.2, 0.1]
    results = dictionary.decompose_path(problem.z, penalties)
    assert len(results) == 3
    for penalty, result in zip(penalties, results):
        check(result, problem.atoms, problem.z, penalty)


def test_targets(problem, dictionary):
    result = dictionary.decompose(problem.z, target_l0=3)
    assert result.codes.l0.max() == 3
    again = dictionary.certify(problem.z, result, result.reports["l1_penalty"])
    assert (again["gap"] <= 1e-6 * (problem.z.astype(np.float64) ** 2).sum(axis=1) / 2).all()
    result = dictionary.decompose(problem.z, target_cosine=0.8)
    back = dictionary.recompose(result)
    cosine = (back * problem.z).sum(axis=1) / np.linalg.norm(back, axis=1)
    assert cosine.min() >= 0.8 - 1e-6


def test_weights_bans_signs_refit_and_starts(problem, dictionary):
    free = dictionary.decompose(problem.z, 0.1)
    banned = int(np.bincount(free.codes.atom_indices).argmax())
    assert banned not in dictionary.decompose(problem.z, 0.1, banned_atoms=[banned]).codes.atom_indices
    weights = np.ones(len(problem.atoms))
    weights[banned] = np.inf
    by_weight = dictionary.decompose(problem.z, 0.1, atom_weights=weights)
    assert banned not in by_weight.codes.atom_indices and by_weight.certified.all()
    assert (dictionary.decompose(problem.z - 0.1, 0.1, nonnegative=False).codes.values < 0).any()
    refitted = dictionary.decompose(problem.z, 0.1, refit=True)
    assert not (refitted.codes.to_dense()[free.codes.to_dense() == 0]).any()
    error = [((dictionary.recompose(result) - problem.z) ** 2).sum(axis=1) for result in (refitted, free)]
    assert (error[0] < error[1]).all()
    for start in (free, free.codes, free.to_scipy(), free.codes.to_dense()):
        started = dictionary.decompose(problem.z, 0.1, warm_start=start)
        check(started, problem.atoms, problem.z, 0.1)


def test_a_batch_is_its_rows_bit_by_bit(problem, dictionary):
    whole = dictionary.decompose(problem.z, 0.1)
    pieces = [dictionary.decompose(problem.z[first:last], 0.1) for first, last in [(0, 1), (1, 9), (9, 9), (9, 15)]]
    assert whole.codes.values.tobytes() == b"".join(piece.codes.values.tobytes() for piece in pieces)
    assert whole.codes.atom_indices.tobytes() == b"".join(piece.codes.atom_indices.tobytes() for piece in pieces)
    np.testing.assert_array_equal(whole.gap, np.concatenate([piece.gap for piece in pieces]))
    for context in (splice_cuda.Context(threads=1), splice_cuda.Context(threads=3, memory_limit=1 << 20)):
        assert same(dictionary.decompose(problem.z, 0.1, context=context), whole)
    assert not same(dictionary.decompose(problem.z, 0.11), whole)


def test_irregular_rows_are_told_not_raised(problem, dictionary):
    z = problem.z.copy()
    z[2] = 0
    z[4, 3] = np.nan
    result = dictionary.decompose(z, 0.1)
    assert result.status[2] == "zero_embedding" and result.status[4] == "non_finite_input"
    assert result.certified.sum() == len(z) - 2
    assert result.codes.l0[2] == result.codes.l0[4] == 0


def test_an_empty_batch(dictionary):
    result = dictionary.decompose(np.empty((0, 24), np.float32))
    assert result.codes.shape == (0, 40) and result.certified.shape == (0,)
    assert result.to_scipy().shape == (0, 40)


def test_certify_finds_what_is_wrong(problem, dictionary):
    result = dictionary.decompose(problem.z, 0.1)
    np.testing.assert_allclose(dictionary.certify(problem.z, result, 0.1)["gap"], result.gap, rtol=0, atol=1e-10)
    worse = result.codes.to_dense()
    worse[0] *= 0.9
    assert dictionary.certify(problem.z, worse, 0.1)["gap"][0] > 1e-4
    negative = result.to_scipy().copy()
    negative.data[0] *= -1
    assert np.isinf(dictionary.certify(problem.z, negative, 0.1)["gap"][0])


def test_recompose_is_the_linear_map(problem, dictionary):
    codes = dictionary.decompose(problem.z, 0.1).codes
    np.testing.assert_allclose(dictionary.recompose(codes), codes.to_dense() @ problem.atoms, atol=1e-6)
