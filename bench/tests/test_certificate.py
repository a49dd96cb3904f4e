"""The judge of all peers against numbers worked by hand."""

import numpy as np
import pytest

from certificate import relative_gap, relative_gaps

# Two orthogonal atoms, |z|^2 / 2 = 0.52, lambda = 0.25: w* = (1 - 0.25, 0), as 0.2 stays below lambda.
ATOMS = np.eye(2)
Z = np.array([1.0, 0.2])
L1 = 0.5


def test_optimum_has_no_gap():
    assert relative_gap(ATOMS, Z, [0.75, 0], L1) == pytest.approx(0, abs=1e-15)


def test_zero_code():
    # theta = z / 4 = (0.25, 0.05); gap = (0.75^2 + 0.15^2) / 2 = 0.2925.
    assert relative_gap(ATOMS, Z, [0, 0], L1) == pytest.approx(0.2925 / 0.52, rel=1e-14)


def test_too_large_weight():
    # r = (0, 0.2) is feasible as it is: P = 0.02 + 0.25, D = 0.52 - 0.5.
    assert relative_gap(ATOMS, Z, [1, 0], L1) == pytest.approx(0.25 / 0.52, rel=1e-14)


def test_gap_bounds_the_distance_in_objective():
    # P(w) - P(w*): w = (0.75, 0.1) has r = (0.25, 0.1), P = 0.03625 + 0.2125; P(w*) = 0.05125 + 0.1875.
    assert relative_gap(ATOMS, Z, [0.75, 0.1], L1) * 0.52 >= 0.24875 - 0.23875 - 1e-15


def test_exact_fit_leaves_no_residual():
    # r = 0, theta = 0: D = 0, the gap is all of P = 0.25 * 1.2.
    assert relative_gap(ATOMS, Z, [1, 0.2], L1) == pytest.approx(0.3 / 0.52, rel=1e-14)


@pytest.mark.parametrize("code", [[0.75, -1e-12], [0.75, np.nan], [np.inf, 0], [0.75], [0.75, 0, 0]])
def test_no_answer_at_all(code):
    assert relative_gap(ATOMS, Z, code, L1) == np.inf


def test_rows_must_match():
    with pytest.raises(ValueError, match="codes: 1 rows given, expected 2"):
        relative_gaps(ATOMS, np.stack([Z, Z]), np.array([[0.75, 0]]), L1)
