"""Codes: whose memory they are, and other libraries' forms of them."""

import gc
import pickle

import numpy as np
import pytest

import splice_cuda
from conftest import same


@pytest.fixture
def result(problem, dictionary):
    return dictionary.decompose(problem.z, 0.1)


def test_arrays_are_the_librarys_memory(result):
    for name, dtype in [("row_offsets", np.int64), ("atom_indices", np.int32), ("values", np.float32)]:
        array = getattr(result.codes, name)
        assert array.dtype == dtype and not array.flags.owndata
        assert np.shares_memory(array, getattr(result.codes, name))
    assert not result.reports.flags.owndata
    assert result.reports.dtype == splice_cuda.REPORT_DTYPE


def test_arrays_outlive_the_result(problem, dictionary):
    result = dictionary.decompose(problem.z, 0.1)
    values, gap = result.codes.values, result.gap
    expected = values.copy(), gap.copy()
    del result
    gc.collect()
    dictionary.decompose(problem.z, 0.3)
    np.testing.assert_array_equal(values, expected[0])
    np.testing.assert_array_equal(gap, expected[1])


def test_scipy_shares_memory(result):
    pytest.importorskip("scipy")
    matrix = result.to_scipy()
    assert matrix.shape == (15, 40) and matrix.dtype == np.float32 and matrix.has_canonical_format
    assert np.shares_memory(matrix.data, result.codes.values)
    assert np.shares_memory(matrix.indices, result.codes.atom_indices)
    np.testing.assert_array_equal(matrix.toarray(), result.codes.to_dense())
    np.testing.assert_allclose(matrix @ np.ones(40), result.codes.to_dense().sum(axis=1), rtol=1e-6)


def test_rows(result):
    dense = result.codes.to_dense()
    for index in (0, 7, -1):
        atoms, values = result.codes.row(index)
        np.testing.assert_array_equal(dense[index, atoms], values)
        assert len(atoms) == result.codes.l0[index] == np.count_nonzero(dense[index])
    with pytest.raises(IndexError, match="row 15 of 15"):
        result.codes.row(15)


def test_every_form_comes_back(result):
    pytest.importorskip("scipy")
    expected = result.codes.to_dense()
    shuffled = result.to_scipy().tocoo()
    for form in (result, result.codes, result.to_scipy(), shuffled, expected, expected.tolist()):
        codes = splice_cuda.Codes.of(form)
        np.testing.assert_array_equal(codes.to_dense(), expected)
        np.testing.assert_array_equal(codes.atom_indices, result.codes.atom_indices)
    with pytest.raises(splice_cuda.ArgumentError, match="codes: got"):
        splice_cuda.Codes.of(3)


def test_unsorted_scipy_is_not_changed(result):
    sparse = pytest.importorskip("scipy.sparse")
    matrix = sparse.csr_matrix((np.array([1.0, 2, 3], np.float32), [5, 1, 1], [0, 3]), shape=(1, 40))
    np.testing.assert_array_equal(splice_cuda.Codes.of(matrix).values, [5, 1])
    np.testing.assert_array_equal(matrix.indices, [5, 1, 1])


def test_pickle(result):
    assert same(pickle.loads(pickle.dumps(result)), result)
