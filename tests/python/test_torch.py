"""Tensors in, tensors out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import splice_cuda  # noqa: E402
from splice_cuda._arrays import as_rows  # noqa: E402

has_operator = bool(splice_cuda.info().torch_ops)


@pytest.fixture
def tensors(problem):
    return torch.from_numpy(problem.atoms), torch.from_numpy(problem.z)


def equal(result, expected):
    assert isinstance(result, splice_cuda.TorchResult)
    assert result.row_offsets.dtype == torch.int64 and result.atom_indices.dtype == torch.int32
    np.testing.assert_array_equal(result.row_offsets.numpy(), expected.codes.row_offsets)
    np.testing.assert_array_equal(result.atom_indices.numpy(), expected.codes.atom_indices)
    np.testing.assert_array_equal(result.values.detach().numpy(), expected.codes.values)
    np.testing.assert_array_equal(result.gap.numpy(), expected.gap)
    np.testing.assert_array_equal(result.certified.numpy(), expected.certified)
    assert result.shape == expected.codes.shape


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_types(problem, tensors, dtype):
    atoms, z = tensors
    z = z.to(dtype)
    expected = splice_cuda.decompose(z.float().numpy(), problem.atoms, 0.1)
    equal(splice_cuda.decompose(z, problem.atoms, 0.1), expected)
    equal(splice_cuda.decompose(z, atoms, 0.1), expected)
    equal(splice_cuda.decompose(z, splice_cuda.Dictionary(atoms), 0.1, progress=lambda done, total: None), expected)
    assert as_rows(z, "z").array.data_ptr() == z.data_ptr()


def test_strides(problem, tensors):
    _, z = tensors
    expected = splice_cuda.decompose(problem.z, problem.atoms, 0.1)
    wide = torch.full((15, 30), float("nan"))
    wide[:, :24] = z
    assert as_rows(wide[:, :24], "z").array.data_ptr() == wide.data_ptr()
    for given in (wide[:, :24], z.t().contiguous().t(), z.double()):
        equal(splice_cuda.decompose(given, problem.atoms, 0.1), expected)


def test_sparse_tensor(problem, tensors):
    result = splice_cuda.decompose(problem.z, problem.atoms, 0.1)
    matrix = result.to_torch()
    assert matrix.layout == torch.sparse_csr and matrix.shape == (15, 40)
    assert matrix.values().data_ptr() == result.codes.values.ctypes.data
    assert matrix.col_indices().data_ptr() == result.codes.atom_indices.ctypes.data
    np.testing.assert_array_equal(matrix.to_dense().numpy(), result.codes.to_dense())
    np.testing.assert_array_equal(splice_cuda.Codes.of(matrix).to_dense(), result.codes.to_dense())
    np.testing.assert_allclose((matrix @ tensors[0]).numpy(), result.codes.to_dense() @ problem.atoms, atol=1e-6)
    np.testing.assert_array_equal(
        splice_cuda.decompose(tensors[1], problem.atoms, 0.1).to_torch().to_dense().numpy(), result.codes.to_dense()
    )


def test_numpy_functions_take_tensors(problem, tensors):
    dictionary = splice_cuda.Dictionary(problem.atoms)
    result = dictionary.decompose(tensors[1].requires_grad_(), torch.full((15,), 0.1))
    assert isinstance(result, splice_cuda.DecomposeResult) and result.certified.all()


@pytest.mark.skipif(has_operator, reason="built with the torch operators")
def test_gradients_without_the_operator_say_what_is_missing(tensors):
    atoms, z = tensors
    with pytest.raises(ImportError, match="SPLICE_TORCH_ROOT"):
        splice_cuda.decompose(z.clone().requires_grad_(), atoms, 0.1)
    with torch.no_grad():
        assert splice_cuda.decompose(z.clone().requires_grad_(), atoms, 0.1).certified.all()


@pytest.mark.skipif(not has_operator, reason="built without the torch operators")
def test_gradients(tensors):
    atoms, z = tensors
    z = z.double().requires_grad_()
    result = splice_cuda.decompose(z, atoms.double(), 0.1)
    result.values.sum().backward()
    step = 1e-4
    direction = torch.randn(z.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    with torch.no_grad():
        ends = [splice_cuda.decompose(z + sign * step * direction, atoms.double(), 0.1).values.sum() for sign in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * step)
    assert (z.grad * direction).sum().item() == pytest.approx(slope.item(), rel=1e-3)


def test_what_gradients_need(tensors):
    atoms, z = tensors
    z = z.clone().requires_grad_()
    with pytest.raises(splice_cuda.ArgumentError, match="dictionary: got Dictionary, expected a tensor"):
        splice_cuda.decompose(z, splice_cuda.Dictionary(atoms), 0.1)
    with pytest.raises(splice_cuda.ArgumentError, match="progress: got one, expected none"):
        splice_cuda.decompose(z, atoms, 0.1, progress=lambda done, total: None)


def test_wrong_tensors(problem, tensors):
    with pytest.raises(splice_cuda.ArgumentError, match="embeddings: got a tensor of layout torch.sparse_coo"):
        splice_cuda.decompose(tensors[1].to_sparse(), problem.atoms)
    with pytest.raises(splice_cuda.ArgumentError, match="embeddings: got complex"):
        splice_cuda.decompose(tensors[1] + 1j, problem.atoms)
    with pytest.raises(splice_cuda.ArgumentError, match=r"embeddings: got shape \(24,\)"):
        splice_cuda.decompose(tensors[1][0], problem.atoms)
