"""Fake kernels, torch.library.opcheck, torch.compile."""

import pytest
import torch
from torch.library import opcheck

from ops_under_test import ops, problem


@pytest.fixture(autouse=True)
def dynamic_shapes():
    torch._dynamo.reset()
    with torch._dynamo.config.patch(capture_dynamic_output_shape_ops=True):
        yield


def samples():
    embeddings, dictionary = problem(5, 20, 8)
    codes = ops.decompose(embeddings, dictionary)
    z, c = embeddings.clone().requires_grad_(), dictionary.clone().requires_grad_()
    l1 = torch.full((5,), 0.3, requires_grad=True)
    dense = ops.decompose_dense(embeddings, dictionary)[0]
    needs = (True, True, True)
    problem_arguments = (embeddings, dictionary, torch.full((5,), 0.3), None, False)
    return {
        "decompose": (z, c, 0.25, l1),
        "decompose_dense": (z, c, 0.25, l1),
        "certify": (embeddings, dictionary, *codes[:3]),
        "recompose": (codes[0], codes[1], codes[2].clone().requires_grad_(), c),
        "recompose_on_device": (*codes[:3], dictionary),
        "decompose_backward": (torch.ones_like(codes[2]), *codes[:3], *problem_arguments, *needs),
        "decompose_backward_on_device": (torch.ones_like(codes[2]), *codes[:3], *problem_arguments, *needs),
        "decompose_dense_backward": (torch.ones_like(dense), dense, *problem_arguments, True, False, True),
        "decompose_dense_backward_on_device": (torch.ones_like(dense), dense, *problem_arguments, True, False, True),
        "recompose_backward_on_device": (embeddings, *codes[:3], dictionary, False, True),
        "recompose_backward": (embeddings, *codes[:3], dictionary, True, True),
    }


@pytest.mark.parametrize("name", samples())
def test_opcheck(name):
    checks = ["test_schema", "test_autograd_registration", "test_faketensor", "test_aot_dispatch_dynamic"]
    arguments = samples()[name]
    if name == "decompose":
        # With gradients this check adds up all outputs in the type of the first, which is an integer here: without them, and
        # test_compiled_in_one_graph has them.
        plain = tuple(x.detach() if isinstance(x, torch.Tensor) else x for x in arguments)
        opcheck(ops.decompose.default, plain, test_utils=checks.pop())
    opcheck(getattr(ops, name).default, arguments, test_utils=checks)


def test_opcheck_in_half_and_double():
    for dtype in (torch.bfloat16, torch.float64):
        embeddings, dictionary = problem(5, 20, 8, dtype=dtype)
        opcheck(ops.decompose_dense.default, (embeddings.requires_grad_(), dictionary.requires_grad_()))


@pytest.mark.parametrize("name", ["decompose_backward", "decompose_backward_on_device"])
@pytest.mark.parametrize("needs", [(True, False, True), (False, True, False)])
def test_opcheck_of_mixed_types(name, needs):
    embeddings, dictionary = problem(5, 20, 8)
    embeddings = embeddings.double()
    codes = ops.decompose(embeddings, dictionary)[:3]
    arguments = (torch.ones_like(codes[2]), *codes, embeddings, dictionary, torch.full((5,), 0.25), None, False, *needs)
    opcheck(getattr(ops, name).default, arguments)
    assert [x.dtype for x in getattr(ops, name)(*arguments)[:2]] == [torch.float64, torch.float32]


def regularised(embeddings, dictionary):
    weights, report = ops.decompose_dense(embeddings * 2, dictionary, 0.5)
    return weights.square().sum() + (weights @ dictionary - embeddings).square().sum(), report


def recomposed(embeddings, dictionary):
    row_offsets, atom_indices, values, report = ops.decompose(embeddings, dictionary, 0.2)
    fitted = ops.recompose(row_offsets, atom_indices, values * 2, dictionary)
    return (fitted - embeddings).square().sum() + values.sum(), report


def check_compiled(function, backend):
    """Compiles as one graph; loss, report and gradients are those of the function itself, also for other sizes."""
    embeddings, dictionary = problem()
    compiled = torch.compile(function, backend=backend, fullgraph=True)
    results = []
    for call in (function, compiled):
        z, c = embeddings.clone().requires_grad_(), dictionary.clone().requires_grad_()
        loss, report = call(z, c)
        loss.backward()
        results.append((loss, report, z.grad, c.grad))
    for eager, other in zip(*results):
        torch.testing.assert_close(eager, other)
    for rows in (3, 7):
        torch.testing.assert_close(compiled(embeddings[:rows], dictionary)[0], function(embeddings[:rows], dictionary)[0])


@pytest.mark.parametrize("function", [regularised, recomposed])
def test_compiled_in_one_graph(function):
    check_compiled(function, "aot_eager")


def test_meta_tensors():
    embeddings, dictionary = problem()
    weights, report = ops.decompose_dense(embeddings.to("meta"), dictionary.to("meta"))
    assert weights.shape == (12, 80) and report.shape == (12, 8) and weights.is_meta
    with pytest.raises(RuntimeError, match="embeddings: got a tensor of torch.int32"):
        ops.decompose_dense(embeddings.int().to("meta"), dictionary.to("meta"))
