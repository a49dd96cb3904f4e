"""Wrong arguments: each error names the argument, what was given and what is expected."""

import pytest
import torch

from ops_under_test import ops, problem

E, D = problem(4, 10, 6)

CODES = ops.decompose(E, D)[:3]
DENSE = ops.decompose_dense(E, D)[0]
EMPTY = torch.ones(0)


def with_empty():
    """An argument of no elements, which is not one that is absent: for each op and type."""
    calls = {"decompose": ops.decompose, "decompose_dense": ops.decompose_dense,
             "certify": lambda z, c, **others: ops.certify(z, c, *CODES, **others)}
    cases = {}
    for name, call in calls.items():
        for dtype in (torch.float32, torch.float64):
            for argument, message in (("l1_penalties", "one a row of embeddings"), ("atom_weights", "one an atom")):
                cases[f"{name}, no {argument}, {dtype}"] = (
                    lambda call=call, dtype=dtype, argument=argument: call(E.to(dtype), D.to(dtype), **{argument: EMPTY}),
                    f"{argument}: got 0 entries, expected {message}")
    return cases


def with_wrong_sizes():
    """The backward ops called directly: what they read by row or atom has as many."""
    calls = {"decompose_backward": (CODES[2], *CODES), "decompose_dense_backward": (DENSE, DENSE)}
    wrong = {"3 penalties": (torch.ones(3), None, r"l1_penalties: got shape \[3\], expected one a row of embeddings, 4"),
             "no penalties": (EMPTY, None, r"l1_penalties: got shape \[0\]"),
             "penalties' shape": (torch.ones(4, 1), None, r"l1_penalties: got shape \[4, 1\]"),
             "3 weights": (None, torch.ones(3), r"atom_weights: got shape \[3\], expected one an atom of the dictionary, 10"),
             "no weights": (None, EMPTY, r"atom_weights: got shape \[0\]"),
             "complex weights": (None, torch.ones(10).to(torch.complex64), "atom_weights: got a tensor of ComplexFloat")}
    return {f"{name}{suffix}, {case}": (
        lambda name=name, suffix=suffix, values=values: getattr(ops, name + suffix)(
            *calls[name], E, D, *values[:2], False, True, True, True), values[2])
        for name in calls for suffix in ("", "_on_device") for case, values in wrong.items()} | {
            f"{name}{suffix}, columns": (lambda name=name, suffix=suffix: getattr(ops, name + suffix)(
                *calls[name], torch.ones(4, 600), D, None, None, False, True, True, True),
                "embeddings: got 600 columns, expected the dictionary's dimension, 6")
            for name in calls for suffix in ("", "_on_device")}


BAD = {
    **with_empty(),
    **with_wrong_sizes(),
    "integer embeddings": (lambda: ops.decompose(E.int(), D), "embeddings: got a tensor of Int, expected one of Half"),
    "complex dictionary": (lambda: ops.decompose(E, D.to(torch.complex64)), "dictionary: got a tensor of ComplexFloat"),
    "a vector": (lambda: ops.decompose(E[0], D), r"embeddings: got shape \[6\], expected two dimensions"),
    "three dimensions": (lambda: ops.decompose(E, D[None]), r"dictionary: got shape \[1, 10, 6\], expected two"),
    "columns": (lambda: ops.decompose(E, D[:, :5]), "embeddings: got 6 columns, expected the dictionary's dimension, 5"),
    "no atoms": (lambda: ops.decompose(E, D[:0]), "dictionary: got .*expected"),
    "nan in dictionary": (lambda: ops.decompose(E, D * float("nan")), "dictionary: got a NaN or infinity in row 0"),
    "penalty": (lambda: ops.decompose(E, D, 0.0), "l1_penalty: got 0, expected a finite number > 0"),
    "penalties": (lambda: ops.decompose(E, D, l1_penalties=torch.ones(3)), "l1_penalties: got 3 entries, expected one a row"),
    "penalties' shape": (lambda: ops.decompose(E, D, l1_penalties=torch.ones(4, 1)), r"l1_penalties: got shape \[4, 1\]"),
    "negative penalties": (lambda: ops.decompose(E, D, l1_penalties=-torch.ones(4)), r"l1_penalties\[0\]: got -1"),
    "weights": (lambda: ops.decompose(E, D, atom_weights=torch.ones(9)), "atom_weights: got 9 entries, expected one an atom"),
    "bans": (lambda: ops.decompose(E, D, banned_atoms=torch.tensor([10])), r"banned_atoms\[0\]: got 10"),
    "huge bans": (lambda: ops.decompose(E, D, banned_atoms=torch.tensor([2**40])), "banned_atoms: got 1099511627776"),
    "bans' type": (lambda: ops.decompose(E, D, banned_atoms=torch.tensor([0.5])), "banned_atoms: got a tensor of Float"),
    "solver": (lambda: ops.decompose(E, D, solver="newton"), 'solver: got "newton", expected working_set'),
    "tolerance": (lambda: ops.decompose(E, D, gap_tolerance=0.0), "^gap_tolerance: got 0"),
    "certificate's tolerance": (lambda: ops.certify(E, D, *CODES, gap_tolerance=-1.0), "^gap_tolerance: got -1"),
    "no rounds": (lambda: ops.decompose(E, D, max_rounds=0), "^max_rounds: got 0, expected at least 1"),
    "no iterations": (lambda: ops.decompose(E, D, max_iterations=0), "^max_iterations: got 0"),
    "a target's solver": (lambda: ops.decompose(E, D, target_l0=2, solver="fista"), "expected solver = working_set"),
    "rounds": (lambda: ops.decompose(E, D, max_rounds=2**40), "max_rounds: got 1099511627776"),
    "two targets": (lambda: ops.decompose(E, D, target_l0=2, target_cosine=0.5), "target_l0: got 2 together"),
    "offsets' type": (lambda: ops.recompose(torch.zeros(5).int(), torch.zeros(0).int(), torch.zeros(0), D),
                      "row_offsets: got a tensor of Int"),
    "offsets' end": (lambda: ops.recompose(torch.tensor([0, 3]), torch.zeros(2).int(), torch.zeros(2), D),
                     "row_offsets: got first 0, last 3"),
    "no offsets": (lambda: ops.recompose(torch.zeros(0).long(), torch.zeros(0).int(), torch.zeros(0), D),
                   "row_offsets: got 0 entries"),
    "falling offsets": (lambda: ops.recompose(torch.tensor([0, 2, 1, 2]), torch.zeros(2).int(), torch.zeros(2), D),
                        "row_offsets: got a fall at row 1"),
    "atom": (lambda: ops.recompose(torch.tensor([0, 1]), torch.tensor([10]), torch.ones(1), D),
             "atom_indices: got 10, expected an atom's index, 0 to 9"),
    "atoms' number": (lambda: ops.recompose(torch.tensor([0, 1]), torch.tensor([1, 2]), torch.ones(1), D),
                      "atom_indices: got 2 entries"),
    "certified rows": (lambda: ops.certify(E, D, torch.tensor([0, 0]), torch.zeros(0).int(), torch.zeros(0)),
                       r"row_offsets: got 2 entries, expected rows \+ 1 = 5"),
    "another device": (lambda: ops.decompose(E, D.to("meta")), "dictionary: got a tensor on meta, expected one on cpu"),
    "weights with gradient": (lambda: ops.decompose(E.clone().requires_grad_(), D, atom_weights=torch.ones(10, requires_grad=True)),
                              "atom_weights: got a tensor that requires grad"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_argument_is_named(name):
    call, message = BAD[name]
    with pytest.raises(RuntimeError, match=message):
        call()


def test_weights_with_gradient_are_taken_where_none_is_recorded():
    with torch.no_grad():
        codes = ops.decompose(E.clone().requires_grad_(), D, atom_weights=torch.ones(10, requires_grad=True))
    assert torch.equal(codes[2], CODES[2])


def test_penalties_and_weights_may_be_integers():
    codes = ops.decompose(E, D, l1_penalties=torch.tensor([1]), atom_weights=torch.ones(10).int())
    assert torch.equal(codes[2], ops.decompose(E, D, 1.0)[2])


def test_integers_cannot_require_grad():
    with pytest.raises(RuntimeError, match="[Oo]nly [Tt]ensors of floating point"):
        E.int().requires_grad_()


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a CUDA device")
def test_the_op_has_a_cuda_kernel_even_where_there_is_no_device():
    assert torch._C._dispatch_has_kernel_for_dispatch_key("splice_cuda::decompose", "CUDA")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_devices_are_compared():
    with pytest.raises(RuntimeError, match="dictionary: got a tensor on cpu, expected one on cuda:0"):
        ops.decompose(E.cuda(), D)
