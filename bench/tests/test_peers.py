"""Each peer reaches the target on a small problem, and its answer, corrupted, is found out."""

import functools

import numpy as np
import pytest

import compare_peers
import dense_peers
import lasso_peers
from certificate import relative_gaps

L1 = 0.3
ROWS = 6
TARGET = 1e-6


@pytest.fixture(scope="module")
def problem():
    random = np.random.default_rng(7)
    atoms = random.standard_normal((120, 24)).astype(np.float32)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    embeddings = random.random((ROWS, 4)).astype(np.float32) @ atoms[:4] + 0.2 * atoms[20:20 + ROWS]
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    return atoms, embeddings


MAKERS = {
    "spams": functools.partial(lasso_peers.Spams, rows=ROWS),
    "celer": lasso_peers.make_celer,
    "skglm": lasso_peers.make_skglm,
    "sklearn": lasso_peers.make_sklearn,
    "fista": dense_peers.Fista,
    "admm": dense_peers.PaperAdmm,
}


def make(name, atoms):
    if name == "spams":  # the one that may be absent
        pytest.importorskip("spams", reason="SPAMS is optional and not installed")
    return MAKERS[name](atoms)


def answer_of(peer, problem):
    atoms, embeddings = problem
    (tolerance, gap, _), tried = compare_peers.search_tolerance(peer, atoms, embeddings, L1, TARGET)
    assert tried[-1]["tolerance"] == tolerance
    if hasattr(peer, "needed_iterations"):
        def gap_of(row, code):
            return relative_gaps(atoms, embeddings[row:row + 1], code[np.newaxis], L1)[0]

        return gap, peer.needed_iterations(embeddings, L1, gap_of, TARGET)[1]
    return gap, peer.solve(embeddings, L1, tolerance)


@pytest.mark.parametrize("name", MAKERS)
def test_reaches_the_target_and_is_judged(name, problem):
    atoms, embeddings = problem
    gap, codes = answer_of(make(name, atoms), problem)
    assert gap <= TARGET
    assert relative_gaps(atoms, embeddings, codes, L1).max() <= TARGET
    assert np.count_nonzero(codes[0]) > 0

    largest = codes[0].argmax()
    corruptions = {"scaled": codes[0] * 1.01, "dropped": codes[0].copy(), "flipped": codes[0].copy(),
                   "moved": codes[0].copy()}
    corruptions["dropped"][largest] = 0
    corruptions["flipped"][largest] *= -1
    corruptions["moved"][[largest, (largest + 1) % len(atoms)]] = codes[0][[(largest + 1) % len(atoms), largest]]
    for what, code in corruptions.items():
        assert relative_gaps(atoms, embeddings[:1], code[np.newaxis], L1)[0] > TARGET, what


@pytest.mark.parametrize("name", MAKERS)
def test_is_charged_time(name, problem):
    atoms, embeddings = problem
    peer = make(name, atoms)
    tolerance = 10 if hasattr(peer, "needed_iterations") else peer.tolerances[0]
    assert compare_peers.timed_solve(peer, embeddings, L1, tolerance) > 0


def test_iterated_peers_pay_for_each_iteration(problem):
    atoms, embeddings = problem
    peer = dense_peers.Fista(atoms)
    few, many = (np.median([peer.seconds_for(embeddings, L1, count) for _ in range(5)]) for count in (10, 1000))
    assert many > 20 * few


def test_both_factors_of_admm_give_the_same_update(problem):
    atoms, _ = problem
    peer = dense_peers.PaperAdmm(atoms)
    right = np.random.default_rng(3).standard_normal((3, len(atoms))).astype(np.float32)
    by_formula = np.linalg.solve(2 * atoms.astype(np.float64) @ atoms.T + 5 * np.eye(len(atoms)), right.T).T
    np.testing.assert_allclose(peer.woodbury_update(right), by_formula, atol=2e-6)
    np.testing.assert_allclose(peer.factored_update(right), by_formula, atol=2e-6)


class WrongPeer:
    """Tolerances that do nothing: the answer is always 1% too large."""

    tolerances = (1e-3, 1e-9)

    def __init__(self, peer):
        self._peer = peer

    def solve(self, embeddings, l1_penalty, tolerance):
        return self._peer.solve(embeddings, l1_penalty, 1e-9) * 1.01


def test_a_peer_that_misses_the_target_is_tried_to_the_end(problem):
    atoms, embeddings = problem
    wrong = WrongPeer(lasso_peers.make_sklearn(atoms))
    (_, gap, _), tried = compare_peers.search_tolerance(wrong, atoms, embeddings, L1, TARGET)
    assert gap > TARGET
    assert [one["tolerance"] for one in tried] == [1e-3, 1e-9]


def test_loosest_sufficient_tolerance_is_chosen(problem):
    atoms, embeddings = problem
    peer = lasso_peers.make_sklearn(atoms)
    (tolerance, _, _), tried = compare_peers.search_tolerance(peer, atoms, embeddings, L1, TARGET)
    assert all(one["max_gap"] > TARGET for one in tried[:-1])
    assert tolerance == peer.tolerances[len(tried) - 1]


def test_turns_run_everyone_equally_often_and_change_who_is_first():
    log = []
    products = [([], lambda name=name: log.append(name) or 1.0) for name in "abc"]
    compare_peers.run_turns([], products, None, L1, 3)
    assert [len(seconds) for seconds, _ in products] == [3, 3, 3]
    assert log == list("abcbcacab")
