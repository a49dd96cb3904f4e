"""Gradients: gradcheck in double away from ties, finite differences in float32, irregular rows, both backward paths."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from ops_under_test import COLUMN, dense, ops, problem

SCALAR, ROWS = torch.tensor(0.2, dtype=torch.float64), torch.tensor([0.15, 0.2, 0.3, 0.25], dtype=torch.float64)


def small():
    embeddings, dictionary = problem(4, 12, 8, seed=3, dtype=torch.float64)
    return embeddings.requires_grad_(), dictionary.requires_grad_()


@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("penalty", [SCALAR, ROWS])
def test_gradcheck_of_dense_codes(nonnegative, weighted, refit, penalty):
    embeddings, dictionary = small()
    weights = torch.linspace(0.6, 1.4, 12) if weighted else None

    def call(z, c, l1):
        return ops.decompose_dense(z, c, l1_penalties=l1, atom_weights=weights, nonnegative=nonnegative, refit=refit)[0]

    assert gradcheck(call, (embeddings, dictionary, penalty.clone().requires_grad_()))


def test_gradcheck_of_csr_values_and_recomposition():
    embeddings, dictionary = small()
    penalties = ROWS.clone().requires_grad_()
    assert gradcheck(lambda z, c, l1: ops.decompose(z, c, l1_penalties=l1)[2], (embeddings, dictionary, penalties))
    codes = ops.decompose(embeddings.detach(), dictionary.detach())
    values = codes[2].clone().requires_grad_()
    assert gradcheck(lambda v, c: ops.recompose(codes[0], codes[1], v, c), (values, dictionary))
    # Through both: the residual of the solution.
    assert gradcheck(lambda z, c: z - ops.recompose(*ops.decompose(z, c)[:3], c), (embeddings, dictionary))


def test_gradcheck_notices_a_wrong_gradient():
    embeddings, dictionary = small()

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            return ops.decompose_dense(z, dictionary.detach())[0]

        @staticmethod
        def backward(ctx, upstream):
            return upstream @ dictionary.detach()

    assert not gradcheck(Wrong.apply, (embeddings,), raise_exception=False)


def test_the_gradient_of_the_optimum_is_that_of_the_objective():
    """Danskin: the optimal value's derivative is the partial one, at fixed codes."""
    embeddings, dictionary = small()

    def optimum(w, z, c):
        return ((z - w @ c) ** 2).sum() + 0.2 * w.sum()

    weights = ops.decompose_dense(embeddings, dictionary, 0.2)[0]
    through = torch.autograd.grad(optimum(weights, embeddings, dictionary), (embeddings, dictionary))
    partial = torch.autograd.grad(optimum(weights.detach(), embeddings, dictionary), (embeddings, dictionary))
    for a, b in zip(through, partial):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_lower_precisions_have_the_gradients_of_double(dtype):
    embeddings, dictionary = problem(dtype=dtype)
    mix = torch.randn(12, 80, generator=torch.Generator().manual_seed(2))

    def gradients(kind):
        z, c = embeddings.to(kind, copy=True).requires_grad_(), dictionary.to(kind, copy=True).requires_grad_()
        weights = ops.decompose_dense(z, c)[0]
        (weights * mix.to(weights.dtype)).sum().backward()
        assert z.grad.dtype == c.grad.dtype == kind
        return z.grad.double(), c.grad.double()

    tolerance = 2e-4 if dtype == torch.float32 else 2e-2
    for low, exact in zip(gradients(dtype), gradients(torch.float64)):
        torch.testing.assert_close(low, exact, atol=tolerance * float(exact.abs().max()), rtol=0)


def test_finite_differences_in_float32():
    embeddings, dictionary = problem()
    z = embeddings.clone().requires_grad_()
    ops.decompose_dense(z, dictionary)[0].sum().backward()
    direction = torch.randn(12, 32, generator=torch.Generator().manual_seed(5))
    step = 1e-3
    ahead, behind = (ops.decompose_dense(embeddings + sign * step * direction, dictionary, gap_tolerance=1e-9)[0].sum()
                     for sign in (1, -1))
    assert float((z.grad * direction).sum()) == pytest.approx(float(ahead - behind) / (2 * step), rel=0.05, abs=0.05)


@pytest.mark.parametrize("refit", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("penalty", [None, torch.tensor(0.2), torch.full((12,), 0.2)])
def test_the_backward_on_a_device_is_the_same(refit, dtype, penalty):
    """What CUDA tensors get, on the CPU."""
    embeddings, dictionary = problem(dtype=dtype)
    embeddings[4] = float("nan")
    weights = torch.linspace(0.5, 1.5, 80)
    weights[2] = float("inf")
    codes = ops.decompose(embeddings, dictionary, 0.2, atom_weights=weights, nonnegative=False)[:3]
    upstream = torch.randn(len(codes[2]), dtype=dtype, generator=torch.Generator().manual_seed(1))
    arguments = (upstream, *codes, embeddings, dictionary, penalty, weights, refit)
    expected = ops.decompose_backward(*arguments, True, True, True)
    by_torch = ops.decompose_backward_on_device(*arguments, True, True, True)
    for a, b in zip(by_torch, expected):
        assert a.shape == b.shape and a.dtype == b.dtype
        torch.testing.assert_close(a, b)
    assert expected[1].abs().max() > 0.1 and not expected[0][4].any()
    for place in range(3):
        needs = [i == place for i in range(3)]
        for op in (ops.decompose_backward, ops.decompose_backward_on_device):
            only = op(*arguments, *needs)
            assert [x.numel() > 0 for x in only] == [needs[i] and expected[i].numel() > 0 for i in range(3)]
            torch.testing.assert_close(only[place], expected[place])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_other_ops_on_a_device_are_the_same(dtype):
    embeddings, dictionary = problem(dtype=dtype)
    codes = ops.decompose(embeddings, dictionary, 0.2)[:3]
    fitted = ops.recompose(*codes, dictionary)
    torch.testing.assert_close(ops.recompose_on_device(*codes, dictionary), fitted)
    upstream = torch.randn(12, 32, dtype=fitted.dtype, generator=torch.Generator().manual_seed(1))
    for needs in ((True, True), (True, False), (False, True)):
        for a, b in zip(ops.recompose_backward_on_device(upstream, *codes, dictionary, *needs),
                        ops.recompose_backward(upstream, *codes, dictionary, *needs)):
            torch.testing.assert_close(a, b)
    weights = ops.decompose_dense(embeddings, dictionary, 0.2)[0]
    dense_upstream = torch.randn(12, 80, dtype=weights.dtype, generator=torch.Generator().manual_seed(1))
    arguments = (dense_upstream, weights, embeddings, dictionary, torch.tensor(0.2), None, False, True, True, True)
    for a, b in zip(ops.decompose_dense_backward_on_device(*arguments), ops.decompose_dense_backward(*arguments)):
        torch.testing.assert_close(a, b)
    empty = ops.decompose(embeddings, dictionary, 50.0)[:3]
    assert not ops.recompose_on_device(*empty, dictionary).any()
    assert not ops.recompose_backward_on_device(upstream, *empty, dictionary, True, True)[1].any()


def test_codes_without_entries_have_zero_gradients():
    embeddings, dictionary = problem()
    z, c = embeddings.clone().requires_grad_(), dictionary.clone().requires_grad_()
    l1 = torch.tensor(50.0, requires_grad=True)
    ops.decompose(z, c, l1_penalties=l1)[2].sum().backward()
    assert not z.grad.any() and not c.grad.any() and l1.grad == 0
    empty = embeddings[:0].clone().requires_grad_()
    ops.decompose_dense(empty, c)[0].sum().backward()
    assert empty.grad.shape == (0, 32)


def test_a_nan_row_spills_into_nothing():
    embeddings, dictionary = problem()

    def gradients(rows):
        z, c = rows.clone().requires_grad_(), dictionary.clone().requires_grad_()
        ops.decompose_dense(z, c)[0].square().sum().backward()
        return z.grad, c.grad

    broken = embeddings.clone()
    broken[3] = float("nan")
    broken[5] = 0
    of_rows, of_atoms = gradients(broken)
    others = [i for i in range(12) if i not in (3, 5)]
    expected_rows, expected_atoms = gradients(embeddings[others])
    assert torch.equal(of_rows[others], expected_rows) and not of_rows[[3, 5]].any()
    assert torch.equal(of_atoms, expected_atoms)


def test_dependent_atoms_share_a_gradient_of_least_norm():
    """Codes from elsewhere may use atoms that depend on each other: h is the solution of least norm, finite in any case."""
    dictionary = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=torch.float64)
    offsets, atoms = torch.tensor([0, 2]), torch.tensor([0, 2], dtype=torch.int32)
    values = torch.tensor([0.3, 0.3], dtype=torch.float64)
    z = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    for op in (ops.decompose_backward, ops.decompose_backward_on_device):
        of_z = op(torch.ones_like(values), offsets, atoms, values, z, dictionary, None, None, False, True, True, True)[0]
        torch.testing.assert_close(of_z, torch.tensor([[1.0, 0.0]], dtype=torch.float64))


BOTH_PATHS = pytest.mark.parametrize("op", [ops.decompose_backward, ops.decompose_backward_on_device])


@BOTH_PATHS
def test_the_gradient_of_equal_atoms_is_of_least_norm(op):
    """The factor's last pivot is what rounding left, above 0: believed, it would give an h of 1e16."""
    dictionary = torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]], dtype=torch.float64)
    values = torch.tensor([0.3, 0.3], dtype=torch.float64)
    of_z = op(torch.tensor([1.0, 0.0], dtype=torch.float64), torch.tensor([0, 2]), torch.tensor([0, 2]), values,
              torch.ones(1, 2, dtype=torch.float64), dictionary, None, None, False, True, True, True)[0]
    torch.testing.assert_close(of_z, torch.tensor([[0.5, 0.5]], dtype=torch.float64))


@BOTH_PATHS
@pytest.mark.parametrize("spread", [1e-3, 1e-9])
def test_whether_atoms_depend_on_each_other_is_not_a_matter_of_their_lengths(op, spread):
    """Atoms times k and weights over k: gradients of z stay, those of atoms and values are over and times k."""
    embeddings, dictionary = problem(dtype=torch.float64)
    offsets, atoms, values = ops.decompose(embeddings, dictionary, 0.1)[:3]
    k = torch.where(torch.arange(len(dictionary)) % 2 == 0, 1.0, spread).double()
    assert len(k[atoms].unique()) == 2
    upstream = torch.linspace(-1, 1, len(values), dtype=torch.float64)
    rest = (None, k, False, True, True, True)
    expected = op(upstream, offsets, atoms, values, embeddings, dictionary, None, None, *rest[2:])
    found = op(upstream * k[atoms], offsets, atoms, values / k[atoms], embeddings, dictionary * k[:, None], *rest)
    for one, other in zip(found, (expected[0], expected[1] / k[:, None], expected[2]), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def test_values_in_double_do_not_depend_on_the_lengths_of_atoms():
    embeddings, dictionary = problem(dtype=torch.float64)
    k = torch.where(torch.arange(len(dictionary)) % 2 == 0, 1.0, 1e-6).double()
    plain = ops.decompose(embeddings, dictionary, 0.1)
    scaled = ops.decompose(embeddings, dictionary * k[:, None], 0.1, atom_weights=k)
    assert torch.equal(plain[1], scaled[1])
    torch.testing.assert_close(scaled[2] * k[scaled[1]], plain[2], rtol=1e-9, atol=1e-12)


@BOTH_PATHS
def test_dependent_atoms_change_no_other_row(op):
    """Here one that is 0, whose factor ends for certain."""
    embeddings, dictionary = problem(dtype=torch.float64)
    offsets, atoms, values = ops.decompose(embeddings, dictionary, 0.1)[:3]
    dictionary = 1e-7 * torch.cat([dictionary, torch.zeros(1, 32, dtype=torch.float64)])  # far smaller than a padding of 1
    upstream = torch.linspace(-1, 1, len(values), dtype=torch.float64)
    more = torch.tensor([0, 80])
    joined = (torch.cat([upstream, torch.ones(2, dtype=torch.float64)]), torch.cat([offsets, offsets[-1:] + 2]),
              torch.cat([atoms, more]), torch.cat([values, torch.ones(2, dtype=torch.float64)]),
              torch.cat([embeddings, embeddings[:1]]), dictionary)
    rest = (None, None, False, True, False, False)
    alone = op(upstream, offsets, atoms, values, embeddings, dictionary, *rest)[0]
    torch.testing.assert_close(op(*joined, *rest)[0][:12], alone, rtol=1e-9, atol=0)
    pair = op(joined[0][-2:], torch.tensor([0, 2]), more, joined[3][-2:], joined[4][-1:], dictionary, *rest)[0]
    torch.testing.assert_close(op(*joined, *rest)[0][12:], pair, rtol=1e-9, atol=0)


@BOTH_PATHS
def test_an_atom_of_weight_zero_does_not_move(op):
    """As decompose returns one at which fp64 disagrees about the sign; its upstream gradient and weight, however large, do
    not count."""
    dictionary = torch.tensor([[1.0, 0.0], [0.6, 0.8]], dtype=torch.float64)
    arguments = (torch.tensor([0, 2]), torch.tensor([0, 1]), torch.tensor([0.5, 0.0], dtype=torch.float64),
                 torch.tensor([[0.75, 0.5]], dtype=torch.float64), dictionary, torch.tensor(0.5),
                 torch.tensor([1.0, float("inf")]), False, True, True, True)
    for other in (0.0, 5.0, float("nan")):
        of_z, of_dictionary, of_penalty = op(torch.tensor([1.0, other], dtype=torch.float64), *arguments)
        assert of_z.tolist() == [[1.0, 0.0]]
        torch.testing.assert_close(of_dictionary, torch.tensor([[-0.25, 0.5], [0.0, 0.0]], dtype=torch.float64))
        assert of_penalty.item() == -0.5


def test_a_nonnegative_refit_in_double_stays_so():
    """Rows whose middle atom has a least-squares weight of -1e-9, of either sign in float32."""
    middle = torch.tensor([0.7, 0.7, 0.02**0.5], dtype=torch.float64)
    turned = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))[0]
    dictionary = torch.stack([turned[0], middle @ turned, turned[1]])
    scale = torch.linspace(0.6, 0.9, 64, dtype=torch.float64)[:, None]
    embeddings = scale * (dictionary[0] + dictionary[2]) - 1e-9 * dictionary[1]
    offsets, atoms, values, report = ops.decompose(embeddings, dictionary, 0.02, refit=True)
    assert (values >= 0).all()
    zero = values == 0
    assert zero.any(), "float32 takes the middle atom in at some rows"
    weights = dense((offsets, atoms, values), 3)
    torch.testing.assert_close(weights[:, [0, 2]], scale.expand(64, 2) - 0.7e-9, rtol=0, atol=1e-12)
    signed = ops.decompose(embeddings, dictionary, 0.02, refit=True, nonnegative=False)[2]
    assert (signed < 0).any()


@BOTH_PATHS
def test_no_rows_have_gradients_of_no_rows(op):
    _, dictionary = problem()
    nothing = torch.zeros(0)
    of_rows, of_atoms, of_penalties = op(nothing, torch.tensor([0]), nothing.int(), nothing, torch.zeros(0, 32), dictionary,
                                         nothing, None, False, True, True, True)
    assert of_rows.shape == (0, 32) and of_penalties.shape == (0,) and of_atoms.shape == (80, 32) and not of_atoms.any()
    dense_op = getattr(ops, op.__name__.replace("decompose", "decompose_dense"))
    of_rows, of_atoms, _ = dense_op(torch.zeros(0, 80), torch.zeros(0, 80), torch.zeros(0, 32), dictionary, torch.tensor(0.2),
                                    None, False, True, True, True)
    assert of_rows.shape == (0, 32) and of_atoms.shape == (80, 32) and not of_atoms.any()


@pytest.mark.parametrize("op", [ops.recompose_backward, ops.recompose_backward_on_device])
def test_no_rows_recompose_to_gradients_of_no_rows(op):
    _, dictionary = problem()
    nothing = torch.zeros(0)
    of_values, of_atoms = op(torch.zeros(0, 32), torch.tensor([0]), nothing.int(), nothing, dictionary, True, True)
    assert of_values.shape == (0,) and of_atoms.shape == (80, 32) and not of_atoms.any()


@pytest.mark.parametrize("target", [{"target_l0": 3}, {"target_cosine": 0.9}])
def test_the_gradient_of_a_target_row_is_that_at_its_penalty(target):
    embeddings, dictionary = small()
    mix = torch.linspace(-1, 1, 48, dtype=torch.float64).view(4, 12)
    weights, report = ops.decompose_dense(embeddings, dictionary, **target)
    found = report[:, COLUMN["l1_penalty"]]
    assert found.unique().numel() == 4
    through = torch.autograd.grad((weights * mix).sum(), (embeddings, dictionary))
    again = ops.decompose_dense(embeddings, dictionary, l1_penalties=found)[0]
    torch.testing.assert_close(again, weights, rtol=1e-5, atol=1e-6)
    for a, b in zip(through, torch.autograd.grad((again * mix).sum(), (embeddings, dictionary))):
        assert a.any()
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_a_row_without_a_certificate_has_the_gradient_of_its_support():
    embeddings, dictionary = problem(rows=30, atoms=200, dim=24, seed=4)
    z = embeddings.clone().requires_grad_()
    weights, report = ops.decompose_dense(z, dictionary, 0.02, max_rounds=1)
    open_rows = (report[:, COLUMN["status"]] == 1).nonzero()[:, 0]
    assert len(open_rows) > 0
    weights.sum().backward()
    for row in open_rows[:5]:
        atoms = dictionary[weights[row].detach() != 0].double()
        expected = atoms.T @ torch.linalg.solve(atoms @ atoms.T, torch.ones(len(atoms), dtype=torch.float64))
        torch.testing.assert_close(z.grad[row].double(), expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_at_a_tie_the_gradient_is_that_of_the_returned_support():
    """z = lambda c_0: atom 0 is about to enter. Its weight is 0, so it is not in the support and nothing moves."""
    dictionary = torch.eye(2, dtype=torch.float64)
    z = torch.tensor([[0.125, 1.0]], dtype=torch.float64, requires_grad=True)
    weights = ops.decompose_dense(z, dictionary, 0.25)[0]
    assert weights.tolist() == [[0.0, 0.875]]
    weights.sum().backward()
    assert z.grad.tolist() == [[0.0, 1.0]]


def test_bits_do_not_depend_on_threads():
    embeddings, dictionary = problem(200, 300, 48)
    codes = ops.decompose(embeddings, dictionary)[:3]
    upstream = torch.randn(len(codes[2]), generator=torch.Generator().manual_seed(1))
    before = torch.get_num_threads()
    results = []
    for threads in (1, 2, 4):
        torch.set_num_threads(threads)
        results.append((*ops.decompose_backward(upstream, *codes, embeddings, dictionary, torch.tensor(0.25), None, False,
                                                True, True, True),
                        *ops.recompose_backward(embeddings, *codes, dictionary, True, True)))
    torch.set_num_threads(before)
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other))


def test_second_derivatives_raise():
    embeddings, dictionary = small()
    for loss in (ops.decompose_dense(embeddings, dictionary)[0].square().sum(),
                 ops.decompose(embeddings, dictionary)[2].square().sum()):
        first, = torch.autograd.grad(loss, embeddings, create_graph=True)
        with pytest.raises(NotImplementedError, match="second derivatives"):
            first.sum().backward()


def test_reports_and_structure_have_no_gradient():
    embeddings, dictionary = small()
    row_offsets, atom_indices, values, report = ops.decompose(embeddings, dictionary)
    assert values.requires_grad and not report.requires_grad
    assert not ops.decompose_dense(embeddings, dictionary)[1].requires_grad
    assert not ops.certify(embeddings, dictionary, row_offsets, atom_indices, values).requires_grad


def test_real_vectors_agree_with_double():
    folder = Path(os.environ.get("SPLICE_SHARED_DATA", "")) / "text15k"
    if not folder.is_dir():
        pytest.skip(f"needs {folder}, which is absent")
    atoms, rows, mean = (torch.from_numpy(np.load(folder / name).astype(np.float32))
                         for name in ("concepts15k.f16.npy", "queries4096.f16.npy", "query_mean.npy"))
    unit = torch.nn.functional.normalize
    atoms, rows = unit(atoms[::10]), unit(unit(rows[:64]) - mean)
    atoms = unit(atoms - atoms.mean(0))
    mix = torch.randn(64, len(atoms), generator=torch.Generator().manual_seed(0))
    gradients = []
    for kind in (torch.float32, torch.float64):
        z, c = rows.to(kind, copy=True).requires_grad_(), atoms.to(kind, copy=True).requires_grad_()
        (ops.decompose_dense(z, c, 0.2)[0] * mix.to(kind)).sum().backward()
        gradients.append((z.grad.double(), c.grad.double()))
    for a, b in zip(*gradients):
        assert (a - b).norm() < 1e-3 * b.norm()
