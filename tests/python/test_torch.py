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


def test_atom_weights_have_no_gradient(problem, tensors):
    atoms, z = tensors
    weights = torch.ones(40).requires_grad_()
    for embeddings, dictionary in ((z, atoms), (z, problem.atoms), (problem.z, problem.atoms)):
        with pytest.raises(splice_cuda.ArgumentError, match="atom_weights: got a tensor that requires grad"):
            splice_cuda.decompose(embeddings, dictionary, 0.1, atom_weights=weights)
    with torch.no_grad():
        assert splice_cuda.decompose(z, atoms, 0.1, atom_weights=weights).certified.all()


def test_a_penalty_with_gradient_needs_tensors(problem, tensors):
    penalty = torch.full((15,), 0.1).requires_grad_()
    with pytest.raises(splice_cuda.ArgumentError, match="embeddings: got ndarray, expected a tensor, since gradients are wanted"):
        splice_cuda.decompose(problem.z, problem.atoms, penalty)
    with torch.no_grad():
        result = splice_cuda.decompose(problem.z, problem.atoms, penalty)
    assert isinstance(result, splice_cuda.DecomposeResult) and result.certified.all()
    if has_operator:
        splice_cuda.decompose(*reversed(tensors), penalty).values.sum().backward()
        assert (penalty.grad < 0).all()


def test_types_of_weights_and_penalties(problem, tensors):
    atoms, z = tensors
    weights = 1 + torch.arange(40).remainder(3) / 4  # exact in bfloat16
    penalties = torch.full((15,), 0.125)
    expected = splice_cuda.decompose(problem.z, problem.atoms, penalties.numpy(), atom_weights=weights.numpy())
    for dtype in (torch.bfloat16, torch.float64, torch.float8_e5m2):
        keywords = {"l1_penalty": penalties.to(dtype), "atom_weights": weights.to(dtype)}
        equal(splice_cuda.decompose(z, atoms, **keywords), expected)
        equal(splice_cuda.decompose(z, problem.atoms, **keywords), expected)
        equal(splice_cuda.decompose(z, atoms, progress=lambda done, total: None, **keywords), expected)


@pytest.mark.skipif(not has_operator, reason="built without the torch operators")
def test_weights_of_float64_stay_float64(tensors):
    atoms, z = (tensor.double() for tensor in tensors)
    weights = 1 + torch.rand(40, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    result = splice_cuda.decompose(z, atoms, 0.125, atom_weights=weights)
    assert result.values.dtype == torch.float64 and result.values.numel() > 15
    for row in range(15):
        first, end = result.row_offsets[row : row + 2].tolist()
        support = result.atom_indices[first:end].long()
        gradient = atoms[support] @ (z[row] - result.values[first:end] @ atoms[support])
        np.testing.assert_allclose(gradient.numpy(), 0.0625 * weights[support].numpy(), rtol=1e-11)


def test_penalties_that_are_no_vector(problem, tensors):
    atoms, z = tensors
    for dictionary in (atoms, problem.atoms):  # by the operator, and without it
        with pytest.raises(splice_cuda.ArgumentError, match="l1_penalty: got"):
            splice_cuda.decompose(z, dictionary, torch.full((15, 1), 0.125))
        with pytest.raises(splice_cuda.ArgumentError, match="l1_penalty: got"):
            splice_cuda.decompose(z, dictionary, torch.full((15,), 0.125, dtype=torch.complex64))
        with pytest.raises(splice_cuda.ArgumentError, match="l1_penalty: got"):
            splice_cuda.decompose(z, dictionary, 0.1j)


def test_integers():
    atoms, z = torch.eye(3, dtype=torch.int64), torch.tensor([[1, 0, 2], [0, 3, 0]], dtype=torch.int32)
    expected = splice_cuda.decompose(z.numpy(), atoms.numpy())
    equal(splice_cuda.decompose(z, atoms), expected)
    equal(splice_cuda.decompose(z, atoms, progress=lambda done, total: None), expected)


def test_no_penalties_are_not_the_default(tensors):
    atoms, z = tensors
    with pytest.raises((splice_cuda.ArgumentError, RuntimeError), match="l1_penalt.*: got 0"):
        splice_cuda.decompose(z, atoms, torch.empty(0))
    with pytest.raises(splice_cuda.ArgumentError, match="atom_weights: got 0 numbers"):
        splice_cuda.decompose(z, atoms, atom_weights=torch.empty(0))


def test_the_device_is_looked_at(tensors):
    atoms, z = tensors
    for wrong in ("nonsense", "", 3):
        with pytest.raises(splice_cuda.ArgumentError, match=f"device: got .*{wrong}"):
            splice_cuda.decompose(z, atoms, 0.1, device=wrong)
    where = splice_cuda.Context("auto").device
    for device in ("cpu", "auto"):
        assert splice_cuda.decompose(z, atoms, 0.1, device=device).certified.all()
    if where == "cpu":
        with pytest.raises(splice_cuda.DeviceError, match="cuda"):
            splice_cuda.decompose(z, atoms, 0.1, device="cuda")
        if has_operator:
            assert splice_cuda.decompose(z.clone().requires_grad_(), atoms, 0.1, device="auto").certified.all()


@pytest.mark.skipif(not has_operator, reason="built without the torch operators")
def test_gradients_stay_where_the_tensors_are(tensors, monkeypatch):
    from splice_cuda import torch_result

    class Elsewhere:
        device = "cuda:0"

    monkeypatch.setattr(torch_result, "default_context", lambda device: Elsewhere())
    atoms, z = tensors
    with pytest.raises(splice_cuda.ArgumentError, match="device: got cuda, expected cpu, where the embeddings are"):
        splice_cuda.decompose(z.clone().requires_grad_(), atoms, 0.1, device="cuda")


def test_float64_is_float32_without_the_operator(tensors):
    atoms, z = (tensor.double() for tensor in tensors)
    assert splice_cuda.decompose(z, atoms, 0.1, progress=lambda done, total: None).values.dtype == torch.float32
    assert splice_cuda.decompose(z, atoms, 0.1).values.dtype == (torch.float64 if has_operator else torch.float32)


def test_codes_of_tensors(problem, tensors):
    atoms, z = tensors
    expected = splice_cuda.decompose(problem.z, problem.atoms, 0.1)
    dense = torch.from_numpy(expected.codes.to_dense())
    result = splice_cuda.decompose(z, atoms, 0.1)
    forms = [result, dense, dense.double(), dense.clone().requires_grad_(), dense.to_sparse(), dense.to_sparse_csr()]
    for form in forms:
        np.testing.assert_array_equal(splice_cuda.Codes.of(form).to_dense(), expected.codes.to_dense())
    for rounded in (dense.bfloat16(), dense.to(torch.float8_e4m3fn)):
        np.testing.assert_array_equal(splice_cuda.Codes.of(rounded).to_dense(), rounded.float().numpy())
    dictionary = splice_cuda.Dictionary(problem.atoms)
    np.testing.assert_allclose(dictionary.certify(problem.z, result, 0.1)["gap"], expected.gap, rtol=0, atol=1e-10)
    assert dictionary.decompose(problem.z, 0.1, warm_start=result).certified.all()
    space = splice_cuda.ConceptSpace.from_atoms(problem.atoms)
    assert space.explain(result, 0) == space.explain(expected, 0)
    with pytest.raises(splice_cuda.ArgumentError, match=r"codes: got shape \(40,\)"):
        splice_cuda.Codes.of(dense[0])


def test_statistics_know_the_reports_of_tensors(problem, tensors):
    experiments = pytest.importorskip("splice_cuda.experiments")
    atoms, z = tensors
    z = z.clone()
    z[2] = 0
    z[4, 3] = float("nan")
    labels = ["a", "b", "c"] * 5
    found = experiments.summarize(splice_cuda.decompose(z, atoms, 0.1), labels)
    expected = experiments.summarize(splice_cuda.decompose(z.numpy(), problem.atoms, 0.1), labels)
    assert [group.status for group in found] == [group.status for group in expected]
    assert [group.l0.mean for group in found] == [group.l0.mean for group in expected]


def test_elements_that_are_on_their_way_are_waited_for(tensors, monkeypatch):
    waited = []

    class Stream:
        def synchronize(self):
            waited.append(self)

    class OnCuda(torch.Tensor):
        is_cuda = True

    stream = Stream()
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: stream if device == tensors[1].device else None)
    as_rows(tensors[1], "z")
    assert waited == []
    as_rows(tensors[1].as_subclass(OnCuda), "z")
    assert waited == [stream]


def test_wrong_tensors(problem, tensors):
    with pytest.raises(splice_cuda.ArgumentError, match="embeddings: got a tensor of layout torch.sparse_coo"):
        splice_cuda.decompose(tensors[1].to_sparse(), problem.atoms)
    with pytest.raises(splice_cuda.ArgumentError, match="embeddings: got complex"):
        splice_cuda.decompose(tensors[1] + 1j, problem.atoms)
    with pytest.raises(splice_cuda.ArgumentError, match=r"embeddings: got shape \(24,\)"):
        splice_cuda.decompose(tensors[1][0], problem.atoms)
