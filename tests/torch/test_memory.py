"""Tensors are read where they lie: what an op allocates through torch."""

import gc
import weakref

import torch
from torch.profiler import ProfilerActivity, profile

from ops_under_test import ops, problem


def allocated(call):
    """Bytes that torch's CPU allocator gave in the largest single request of the call."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        call()
    return max((event.cpu_memory_usage for event in recorded.events()), default=0)


def test_embeddings_are_viewed():
    embeddings, dictionary = problem(2000, 30, 64)
    size = embeddings.numel() * embeddings.element_size()
    wide = torch.zeros(2000, 100)
    wide[:, :64] = embeddings
    ops.decompose(embeddings, dictionary)  # the dictionary is copied once
    assert allocated(lambda: ops.decompose(embeddings, dictionary, 1.5)) < size / 2
    assert allocated(lambda: ops.decompose(wide[:, :64], dictionary, 1.5)) < size / 2
    assert allocated(lambda: ops.decompose(embeddings.half(), dictionary, 1.5)) >= size / 2, "the copy of this test itself"
    transposed = embeddings.t().contiguous().t()
    assert allocated(lambda: ops.decompose(transposed, dictionary, 1.5)) >= size, "its rows are not contiguous"


def test_a_dictionary_is_copied_once():
    embeddings, _ = problem(3, 30, 64)
    dictionary = torch.randn(2000, 64)
    size = dictionary.numel() * dictionary.element_size()
    ops.clear_dictionaries()
    assert allocated(lambda: ops.decompose(embeddings, dictionary)) >= size
    assert allocated(lambda: ops.decompose(embeddings, dictionary)) < size / 2


def test_no_memory_of_the_caller_is_kept():
    """That of numpy arrays: a tensor's Python object may die before its storage does."""
    arrays = [tensor.numpy().copy() for tensor in problem(seed=11)]
    z, c = (torch.from_numpy(array).requires_grad_() for array in arrays)
    dead = [weakref.ref(array) for array in arrays]
    ops.decompose_dense(z, c)[0].sum().backward()
    assert ops.kept_dictionaries() > 0
    del z, c, arrays
    gc.collect()
    assert all(reference() is None for reference in dead)


def test_the_backward_on_a_device_takes_rows_in_pieces():
    """Some ten arrays of a piece's padded atoms and Gram matrices are held at once, 256 MiB together: one alone is far less."""
    generator = torch.Generator().manual_seed(0)
    rows, width, dim = 4000, 32, 128
    embeddings, dictionary = torch.randn(rows, dim, generator=generator), torch.randn(200, dim, generator=generator)
    atoms = torch.rand(rows, 200, generator=generator).topk(width, dim=1).indices.sort(dim=1).values.flatten()
    values, upstream = (torch.randn(rows * width, generator=generator) for _ in range(2))
    arguments = (upstream, torch.arange(rows + 1) * width, atoms, values, embeddings, dictionary, torch.tensor(0.2), None, False,
                 True, True, True)
    results = []
    assert allocated(lambda: results.extend(ops.decompose_backward_on_device(*arguments))) < 64 << 20
    for a, b in zip(results, ops.decompose_backward(*arguments), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4 * float(b.abs().max()))


def test_inputs_stay_as_they_are():
    embeddings, dictionary = problem()
    z, c = embeddings.clone().requires_grad_(), dictionary.clone().requires_grad_()
    ops.decompose_dense(z, c)[0].sum().backward()
    assert torch.equal(z, embeddings) and torch.equal(c, dictionary)
    assert z._version == 0 and c._version == 0
