"""Values: against an active-set solver in numpy, and the promises that tensors add."""

import threading

import numpy as np
import pytest
import torch

from ops_under_test import COLUMN, dense, ops, problem, solve_by_active_set, torch_ops


@pytest.mark.parametrize("nonnegative", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_values_are_those_of_an_active_set(nonnegative, weighted):
    embeddings, dictionary = problem()
    weights = torch.linspace(0.5, 1.5, 80) if weighted else None
    codes = ops.decompose(embeddings, dictionary, 0.2, atom_weights=weights, nonnegative=nonnegative)
    expected = [solve_by_active_set(z, dictionary, 0.2, weights, nonnegative) for z in embeddings]
    assert np.count_nonzero(expected) > 24
    np.testing.assert_allclose(dense(codes, 80).numpy(), expected, atol=2e-4)
    assert (codes[3][:, COLUMN["status"]] == 0).all()


def test_the_comparison_fails_on_a_changed_code():
    embeddings, dictionary = problem()
    codes = list(ops.decompose(embeddings, dictionary, 0.2))
    codes[2] = codes[2].clone()
    codes[2][3] += 0.01
    expected = [solve_by_active_set(z, dictionary, 0.2) for z in embeddings]
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(dense(codes, 80).numpy(), expected, atol=2e-4)
    report = ops.certify(embeddings, dictionary, *codes[:3], 0.2)
    assert (report[:, COLUMN["status"]] == 1).sum() == 1


def test_double_inputs_give_double_values():
    embeddings, dictionary = problem(dtype=torch.float64)
    codes = ops.decompose(embeddings, dictionary, 0.2)
    expected = [solve_by_active_set(z, dictionary, 0.2) for z in embeddings]
    assert codes[2].dtype == torch.float64
    np.testing.assert_allclose(dense(codes, 80).numpy(), expected, atol=1e-12)


def test_dense_and_csr_agree_and_recompose():
    embeddings, dictionary = problem()
    codes = ops.decompose(embeddings, dictionary)
    weights, report = ops.decompose_dense(embeddings, dictionary)
    assert torch.equal(weights, dense(codes, 80))
    assert torch.equal(report, codes[3])
    assert codes[0].dtype == torch.int64 and codes[1].dtype == torch.int32 and codes[3].shape == (12, 8)
    torch.testing.assert_close(ops.recompose(*codes[:3], dictionary), weights @ dictionary)
    certificate = ops.certify(embeddings, dictionary, *codes[:3])
    torch.testing.assert_close(certificate[:, COLUMN["primal"]], report[:, COLUMN["primal"]], rtol=1e-9, atol=1e-9)


def test_a_batch_is_its_rows_one_by_one():
    embeddings, dictionary = problem()
    whole = ops.decompose_dense(embeddings, dictionary)[0]
    order = torch.randperm(12, generator=torch.Generator().manual_seed(1))
    assert torch.equal(ops.decompose_dense(embeddings[order], dictionary)[0], whole[order])
    parts = [ops.decompose_dense(part, dictionary)[0] for part in embeddings.split(5)]
    assert torch.equal(torch.cat(parts), whole)


@pytest.mark.parametrize("layout", ["transposed", "every second row", "columns of a wider matrix", "expanded", "flipped"])
def test_strides_do_not_matter(layout):
    embeddings, dictionary = problem()
    expected = ops.decompose_dense(embeddings, dictionary)[0]
    if layout == "transposed":
        given = embeddings.t().contiguous().t()
        atoms = dictionary.t().contiguous().t()
    elif layout == "every second row":
        given = embeddings.repeat_interleave(2, 0)[::2]
        atoms = dictionary.repeat_interleave(2, 0)[::2]
    elif layout == "columns of a wider matrix":
        given = torch.cat([torch.ones(12, 7), embeddings], 1)[:, 7:]
        atoms = torch.cat([torch.ones(80, 9), dictionary], 1)[:, 9:]
    elif layout == "expanded":
        given, atoms = embeddings[:1].expand(12, -1), dictionary
        expected = expected[:1].expand(12, -1)
    else:
        given, atoms = embeddings.flip(1).flip(1), dictionary.flip(0).flip(0)
    assert torch.equal(ops.decompose_dense(given, atoms)[0], expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_sixteen_bits_are_their_values_in_float32(dtype):
    embeddings, dictionary = problem(dtype=dtype)
    half = ops.decompose(embeddings, dictionary)
    single = ops.decompose(embeddings.float(), dictionary.float())
    mixed = ops.decompose(embeddings, dictionary.float())
    for place in range(4):
        assert torch.equal(half[place], single[place])
        assert torch.equal(mixed[place], single[place])


def test_edges():
    embeddings, dictionary = problem()
    row_offsets, atom_indices, values, report = ops.decompose(embeddings[:0], dictionary)
    assert row_offsets.tolist() == [0] and len(atom_indices) == len(values) == 0 and report.shape == (0, 8)
    assert ops.decompose_dense(embeddings[:0], dictionary)[0].shape == (0, 80)
    assert ops.recompose(row_offsets, atom_indices, values, dictionary).shape == (0, 32)
    assert ops.decompose_dense(dictionary[:1], dictionary[:1])[0].item() == pytest.approx(1 - 0.25 / 2)
    assert ops.decompose_dense(torch.ones(3, 1), torch.ones(1, 1))[0].tolist() == [[0.875]] * 3


def test_irregular_rows_have_a_status_and_harm_no_other():
    embeddings, dictionary = problem()
    expected = ops.decompose_dense(embeddings, dictionary)[0]
    broken = embeddings.clone()
    broken[3, 5] = float("nan")
    broken[7] = 0
    weights, report = ops.decompose_dense(broken, dictionary)
    names = [torch_ops.ROW_STATUS[int(code)] for code in report[:, COLUMN["status"]]]
    assert names[3] == "non_finite_input" and names[7] == "zero_embedding"
    others = [i for i in range(12) if i not in (3, 7)]
    assert torch.equal(weights[others], expected[others]) and not weights[[3, 7]].any()


def test_penalties_a_row_and_bans():
    embeddings, dictionary = problem()
    penalties = torch.linspace(0.1, 0.4, 12)
    weights = ops.decompose_dense(embeddings, dictionary, l1_penalties=penalties)[0]
    for row in range(12):
        alone = ops.decompose_dense(embeddings[row:row + 1], dictionary, float(penalties[row]))[0]
        assert torch.equal(alone[0], weights[row])
    banned = torch.tensor([int(weights[0].argmax())])
    assert ops.decompose_dense(embeddings, dictionary, banned_atoms=banned)[0][:, banned].abs().sum() == 0


def test_targets_refit_and_other_solvers():
    embeddings, dictionary = problem()
    codes = ops.decompose(embeddings, dictionary, target_l0=3)
    assert codes[0].diff().max() <= 3 and codes[3][:, COLUMN["l1_penalty"]].unique().numel() == 12
    refitted = ops.decompose_dense(embeddings.double(), dictionary.double(), refit=True)[0]
    for row in range(12):
        support = refitted[row].nonzero()[:, 0]
        residual = embeddings[row].double() - refitted[row] @ dictionary.double()
        assert (dictionary[support].double() @ residual).abs().max() < 1e-9
    default = ops.decompose_dense(embeddings, dictionary)[0]
    for solver in ("coordinate_descent", "fista", "admm"):
        torch.testing.assert_close(ops.decompose_dense(embeddings, dictionary, solver=solver)[0], default, atol=2e-3, rtol=0)


def test_a_dictionary_changed_in_place_is_seen():
    embeddings, dictionary = problem()
    ops.clear_dictionaries()
    before = ops.decompose_dense(embeddings, dictionary)[0]
    assert ops.kept_dictionaries() == 1
    last = int(before.sum(0).argmax())
    original = dictionary.clone()
    with torch.no_grad():
        dictionary[last, -1] += 0.25
    changed = ops.decompose_dense(embeddings, dictionary)[0]
    ops.clear_dictionaries()
    assert ops.kept_dictionaries() == 0
    assert not torch.equal(changed, before)
    assert torch.equal(ops.decompose_dense(embeddings, dictionary)[0], changed)
    # By way of numpy, which torch does not count as a change.
    dictionary.numpy()[:] = original.numpy()
    assert torch.equal(ops.decompose_dense(embeddings, dictionary)[0], before)
    for seed in range(9):
        ops.decompose(embeddings, problem(seed=seed)[1])
    assert ops.kept_dictionaries() == 4


def test_threads_that_miss_one_dictionary_keep_it_once():
    embeddings, dictionary = problem(2, 4000, 64)
    for _ in range(5):
        ops.clear_dictionaries()
        barrier = threading.Barrier(4)

        def work():
            barrier.wait()
            ops.decompose(embeddings, dictionary)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert ops.kept_dictionaries() == 1


def test_threads_at_once():
    embeddings, _ = problem()
    dictionaries = [problem(seed=seed)[1] for seed in range(6)]
    expected = [ops.decompose_dense(embeddings, d)[0] for d in dictionaries]
    wrong = []

    def work(start):
        for step in range(12):
            i = (start + step) % 6
            if not torch.equal(ops.decompose_dense(embeddings, dictionaries[i])[0], expected[i]):
                wrong.append(i)
            if step == 6:
                ops.clear_dictionaries()

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
