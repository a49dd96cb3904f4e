"""TorchScript from Python, and the C++ library of gradients in place of Python's."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from ops_under_test import library, ops
from write_scripted import Concepts


def test_a_scripted_module_is_saved_loaded_and_differentiated(tmp_path):
    torch.jit.script(Concepts(torch.randn(50, 24))).save(tmp_path / "module.pt")
    module = torch.jit.load(tmp_path / "module.pt")
    z = torch.randn(7, 24, requires_grad=True)
    weights = module(z)
    assert torch.equal(weights, ops.decompose_dense(z, module.dictionary, 0.5)[0])
    weights.square().sum().backward()
    expected, = torch.autograd.grad(ops.decompose_dense(z, module.dictionary, 0.5)[0].square().sum(), z)
    assert torch.equal(z.grad, expected) and z.grad.any()


def run(script):
    result = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True,
                            cwd=Path(__file__).parent, env=os.environ, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


@pytest.mark.parametrize("first", ["python", "c++"])
def test_gradients_of_the_library_and_of_python_do_not_collide(first):
    path = library("SPLICE_TORCH_AUTOGRAD_LIBRARY")
    if path is None or not torch.__version__.startswith(os.environ.get("SPLICE_TORCH_VERSION", "none")):
        pytest.skip("needs SPLICE_TORCH_AUTOGRAD_LIBRARY, built against this torch (SPLICE_TORCH_VERSION)")
    load = f"torch.ops.load_library({path!r})"
    both = ["from ops_under_test import ops, problem", load]
    lines = "; ".join(both if first == "python" else both[::-1])
    run(f"""
        import torch
        {lines}
        z, c = problem(4, 24, 10, seed=3, dtype=torch.float64)
        l1 = torch.tensor(0.2, dtype=torch.float64, requires_grad=True)
        call = lambda z, c, l1: ops.decompose_dense(z, c, l1_penalties=l1)[0]
        assert torch.autograd.gradcheck(call, (z.requires_grad_(), c.requires_grad_(), l1))
        assert torch.autograd.gradcheck(lambda z, c: ops.recompose(*ops.decompose(z, c)[:3], c), (z, c))
        z.grad, = torch.autograd.grad(call(z, c, l1).square().sum(), z, create_graph=True)
        try:
            z.grad.sum().backward()
        except (RuntimeError, NotImplementedError) as error:
            assert "second derivatives" in str(error)
        else:
            raise AssertionError("a second derivative")
    """)


def test_a_missing_library_is_named():
    environment = dict(os.environ, SPLICE_TORCH_LIBRARY="/nowhere/ops.so")
    result = subprocess.run([sys.executable, "-c", "import ops_under_test"], capture_output=True, text=True,
                            cwd=Path(__file__).parent, env=environment, check=False)
    assert "FileNotFoundError: /nowhere/ops.so: no such file" in result.stderr
