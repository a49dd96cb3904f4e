"""The ops on a CUDA device: against the CPU, on streams, in torch's memory. Without a device, or with a library built without
CUDA, each test is skipped; with SPLICE_REQUIRE_GPU set it fails instead."""

import gc
import os

import pytest
import torch
from torch.autograd import gradcheck

from ops_under_test import COLUMN, dense, ops, problem

DTYPES = pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)


def missing():
    """What keeps these tests from running, or None."""
    if not torch.cuda.is_available():
        return "needs a CUDA device: torch.cuda.is_available() is False"
    try:
        ops.decompose(*(tensor.cuda() for tensor in problem(2, 8, 4)))
    except RuntimeError as error:
        if "built without CUDA" in str(error):
            return f"needs a library with CUDA: {error}"
        raise
    return None


@pytest.fixture(scope="module")
def reason():
    return missing()


@pytest.fixture(autouse=True)
def needs_device(reason):
    if reason is not None:
        (pytest.fail if os.environ.get("SPLICE_REQUIRE_GPU") else pytest.skip)(reason)


def on(device, arguments):
    return [x.detach().to(device) if isinstance(x, torch.Tensor) else x for x in arguments]


def check_same(results, expected, **tolerances):
    """Results on a CUDA device are those of the CPU: shape, type, values."""
    for result, other in zip(results, expected, strict=True):
        assert result.is_cuda and result.shape == other.shape
        torch.testing.assert_close(result.cpu(), other, **tolerances)


@DTYPES
@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize("refit", [True, False])
def test_codes_are_those_of_the_cpu(dtype, nonnegative, refit):
    embeddings, dictionary = problem(dtype=dtype)
    embeddings[3], embeddings[7] = float("nan"), 0
    weights = torch.linspace(0.5, 1.5, 80)
    weights[2] = float("inf")
    arguments = (embeddings, dictionary, 0.2, None, weights, torch.tensor([5]))
    options = {"nonnegative": nonnegative, "refit": refit}
    expected = ops.decompose(*arguments, **options)
    codes = ops.decompose(*on("cuda", arguments), **options)
    assert all(x.is_cuda and x.dtype == y.dtype for x, y in zip(codes, expected))
    torch.testing.assert_close(dense([x.cpu() for x in codes], 80), dense(expected, 80), rtol=0, atol=2e-4)
    for column in ("primal", "l1_penalty", "status"):
        torch.testing.assert_close(codes[3].cpu()[:, COLUMN[column]], expected[3][:, COLUMN[column]], rtol=1e-4, atol=1e-5,
                                   equal_nan=True)
    in_one, report = ops.decompose_dense(*on("cuda", arguments), **options)
    assert torch.equal(in_one.cpu(), dense([x.cpu() for x in codes], 80))
    torch.testing.assert_close(report, codes[3], equal_nan=True)


@DTYPES
def test_certificates_and_recompositions_are_those_of_the_cpu(dtype):
    embeddings, dictionary = problem(dtype=dtype)
    codes = ops.decompose(embeddings, dictionary)[:3]
    arguments = (embeddings, dictionary, *codes)
    check_same([ops.certify(*on("cuda", arguments))], [ops.certify(*arguments)], rtol=1e-6, atol=1e-7)
    expected = ops.recompose(*codes, dictionary)
    for op in (ops.recompose, ops.recompose_on_device):
        check_same([op(*on("cuda", (*codes, dictionary)))], [expected])


@DTYPES
@pytest.mark.parametrize("suffix", ["", "_on_device"])
@pytest.mark.parametrize("penalties", [None, torch.tensor(0.2), torch.full((12,), 0.2)], ids=["none", "one", "rows"])
def test_backward_ops_are_those_of_the_cpu(dtype, suffix, penalties):
    embeddings, dictionary = problem(dtype=dtype)
    generator = torch.Generator().manual_seed(1)
    codes = ops.decompose(embeddings, dictionary, 0.2)[:3]
    weights = ops.decompose_dense(embeddings, dictionary, 0.2)[0]
    rest = (embeddings, dictionary, penalties, torch.linspace(0.5, 1.5, 80), False, True, True, True)
    calls = {
        "decompose_backward": (torch.randn(codes[2].shape, dtype=weights.dtype, generator=generator), *codes, *rest),
        "decompose_dense_backward": (torch.randn(12, 80, dtype=weights.dtype, generator=generator), weights, *rest),
        "recompose_backward": (torch.randn(12, 32, dtype=weights.dtype, generator=generator), *codes, dictionary, True, True)}
    for name, arguments in calls.items():
        op = getattr(ops, name + suffix)
        results = op(*on("cuda", arguments))
        check_same(results, getattr(ops, name)(*arguments))
        assert all(torch.equal(a, b) for a, b in zip(results, op(*on("cuda", arguments)))), "the same bits each time"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_gradients_are_those_of_the_cpu(dtype):
    embeddings, dictionary = problem(dtype=dtype)
    mix = torch.randn(12, 80, dtype=dtype, generator=torch.Generator().manual_seed(2))

    def gradients(device, penalties_device):
        z, c = (x.to(device, copy=True).requires_grad_() for x in (embeddings, dictionary))
        l1 = torch.full((12,), 0.2, device=penalties_device, requires_grad=True)
        codes = ops.decompose(z, c, l1_penalties=l1)
        loss = (ops.decompose_dense(z, c, l1_penalties=l1)[0] * mix.to(device)).sum()
        (loss + (ops.recompose(*codes[:3], c) - z).square().sum()).backward()
        assert l1.grad.device == l1.device
        return [x.grad.cpu() for x in (z, c, l1)]

    expected = gradients("cpu", "cpu")
    for device in ("cuda", "cpu"):
        for a, b in zip(gradients("cuda", device), expected):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-3 * float(b.abs().max()))


def test_gradcheck():
    embeddings, dictionary = (x.cuda().requires_grad_() for x in problem(4, 12, 8, seed=3, dtype=torch.float64))
    penalties = torch.tensor([0.15, 0.2, 0.3, 0.25], dtype=torch.float64, device="cuda", requires_grad=True)
    assert gradcheck(lambda z, c, l1: ops.decompose_dense(z, c, l1_penalties=l1)[0], (embeddings, dictionary, penalties))
    assert gradcheck(lambda z, c: z - ops.recompose(*ops.decompose(z, c)[:3], c), (embeddings, dictionary))


def test_singular_supports_and_no_rows():
    dictionary = torch.tensor([[0.5, 0.5], [1.0, 0.0], [0.5, 0.5]], dtype=torch.float64, device="cuda")
    codes = (torch.tensor([0, 2]).cuda(), torch.tensor([0, 2]).cuda(), torch.tensor([0.3, 0.3]).double().cuda())
    of_z = ops.decompose_backward(torch.tensor([1.0, 0.0]).double().cuda(), *codes, torch.ones(1, 2).double().cuda(), dictionary,
                                  None, None, False, True, True, True)[0]
    torch.testing.assert_close(of_z.cpu(), torch.tensor([[0.5, 0.5]], dtype=torch.float64))
    empty = torch.zeros(0, 2, device="cuda", requires_grad=True)
    weights, report = ops.decompose_dense(empty, dictionary.float())
    weights.sum().backward()
    assert weights.shape == (0, 3) and report.shape == (0, 8) and empty.grad.shape == (0, 2)


@pytest.mark.parametrize("layout", ["transposed", "every second row", "columns of a wider matrix"])
def test_strides_do_not_matter(layout):
    embeddings, dictionary = (x.cuda() for x in problem())
    given = {"transposed": lambda x: x.t().contiguous().t(),
             "every second row": lambda x: x.repeat_interleave(2, 0)[::2],
             "columns of a wider matrix": lambda x: torch.nn.functional.pad(x, (7, 1))[:, 7:-1]}[layout]
    expected = ops.decompose_dense(embeddings, dictionary)[0]
    assert expected.any() and torch.equal(ops.decompose_dense(given(embeddings), given(dictionary))[0], expected)


def test_work_waits_for_what_its_stream_does_before():
    """Inputs arrive on a side stream after a slow kernel: read on another stream they would be NaN still."""
    embeddings, dictionary = (x.cuda() for x in problem())
    mix = torch.randn(12, 80, generator=torch.Generator().manual_seed(2)).cuda()

    def gradients(z, c):
        z, c = z.requires_grad_(), c.requires_grad_()
        weights = ops.decompose_dense(z, c)[0]
        return (weights.detach(), *torch.autograd.grad((weights * mix).sum(), (z, c)))

    expected = gradients(embeddings.clone(), dictionary.clone())
    z, c = torch.full_like(embeddings, float("nan")), torch.full_like(dictionary, float("nan"))
    torch.cuda.synchronize()
    side = torch.cuda.Stream()
    with torch.cuda.stream(side):
        torch.cuda._sleep(400_000_000)  # clock cycles: some tenths of a second
        z.copy_(embeddings)
        c.copy_(dictionary)
        results = gradients(z, c)
        copies = [x.clone() for x in results]
    side.synchronize()
    assert expected[0].any()
    for copy, other in zip(copies, expected):
        assert torch.equal(copy, other)


def test_all_memory_is_torchs_and_goes_back():
    arguments = problem(200, 3000, 64)

    def run():
        z, c = (x.cuda().requires_grad_() for x in arguments)
        ops.decompose_dense(z, c)[0].square().sum().backward()

    def allocated():
        gc.collect()
        torch.cuda.synchronize()
        return torch.cuda.memory_allocated()

    run()  # torch's own workspaces come with the first
    ops.clear_dictionaries()
    baseline = allocated()
    torch.cuda.reset_peak_memory_stats()
    run()
    kept = arguments[1].numel() * 4
    assert allocated() >= baseline + kept, "the dictionary is kept, in torch's memory"
    assert torch.cuda.max_memory_allocated() > baseline + 2 * kept
    ops.clear_dictionaries()
    assert allocated() == baseline


def test_a_device_that_is_not_the_current_one():
    if torch.cuda.device_count() < 2:
        pytest.skip(f"needs two CUDA devices, there is {torch.cuda.device_count()}")
    arguments = problem()

    def run(device):
        z, c = (x.to(device).requires_grad_() for x in arguments)
        codes = ops.decompose(z, c)
        (codes[2].sum() + ops.recompose(*codes[:3], c).square().sum()).backward()
        results = (*codes, ops.decompose_dense(z, c)[0], ops.certify(z, c, *codes[:3]), z.grad, c.grad)
        assert all(x.device == torch.device(device) for x in results)
        return [x.detach().cpu() for x in results]

    with torch.cuda.device(0):
        expected = run("cuda:0")
        others = run("cuda:1")
        assert torch.cuda.current_device() == 0
    for a, b in zip(others, expected):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_what_a_device_does_not_do_is_named():
    embeddings, dictionary = (x.cuda() for x in problem())
    with pytest.raises(RuntimeError, match="^solver: got coordinate_descent on cuda:0"):
        ops.decompose(embeddings, dictionary, solver="coordinate_descent")
    with pytest.raises(RuntimeError, match="^target_l0: got a target on cuda:0"):
        ops.decompose(embeddings, dictionary, target_l0=3)
    with pytest.raises(RuntimeError, match="^dictionary: got a tensor on cpu, expected one on cuda:0"):
        ops.decompose(embeddings, dictionary.cpu())
