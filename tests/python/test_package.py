"""The installed package: what it brings, what it needs, and the examples of its documentation."""

import ast
import importlib
import importlib.metadata
import importlib.util
import inspect
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import splice_cuda

PACKAGE = Path(splice_cuda.__file__).parent


def python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )


def test_version():
    assert splice_cuda.__version__ == importlib.metadata.version("splice-cuda") == splice_cuda.info().version


def test_every_public_name_is_there_and_documented():
    for name in splice_cuda.__all__:
        if name == "ClipEncoder" and not list(PACKAGE.glob("_clip.*.so")):
            with pytest.raises(ImportError, match="SPLICE_CLIP=ON"):
                splice_cuda.ClipEncoder  # noqa: B018
        elif not (name == "ConceptTransformer" and not has("sklearn") or name == "TorchResult" and not has("torch")):
            value = getattr(splice_cuda, name)
            assert not (inspect.isclass(value) or inspect.isfunction(value)) or inspect.getdoc(value)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        splice_cuda.nothing  # noqa: B018


def has(module):
    return importlib.util.find_spec(module) is not None


def members(stub):
    """Names of a stub, those of its classes as "Class.name"."""
    found = set()
    for node in stub.body:
        names = [node.name] if hasattr(node, "name") else [target.id for target in getattr(node, "targets", [])]
        names += [node.target.id] if isinstance(node, ast.AnnAssign) else []
        found.update(names)
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{name}" for name in members(node))
    return found


@pytest.mark.parametrize("module", sorted(path.name.split(".")[0] for path in PACKAGE.glob("_*.so")))
def test_stubs_match(module):
    native = importlib.import_module(f"splice_cuda.{module}")
    stub = members(ast.parse((PACKAGE / f"{module}.pyi").read_text()))
    there = set()
    for name, value in vars(native).items():
        if name.startswith("__"):
            continue
        there.add(name)
        if inspect.isclass(value):
            there.update(f"{name}.{member}" for member in vars(value) if not member.startswith("__"))
    assert there and there <= stub, there - stub
    assert {name for name in stub if "__" not in name} <= there


def test_typed():
    assert (PACKAGE / "py.typed").exists()
    for path in PACKAGE.glob("[!_]*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                arguments = [*node.args.args, *node.args.kwonlyargs]
                untyped = [given.arg for given in arguments if given.annotation is None and given.arg not in ("self", "cls")]
                assert node.returns is not None and not untyped, f"{path.name}: {node.name} {untyped}"


def test_imports_numpy_alone():
    start = time.monotonic()
    done = python("import splice_cuda, sys; print([m for m in ('torch', 'scipy', 'sklearn', 'tqdm') if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr
    assert time.monotonic() - start < 5


BLOCKED = """
import sys
for name in ("torch", "scipy", "sklearn", "tqdm"):
    sys.modules[name] = None
import numpy as np, splice_cuda
print(splice_cuda.decompose(np.eye(3), np.eye(3), 0.1).certified.all())
try:
    splice_cuda.ConceptTransformer
except ImportError as error:
    print(error)
"""


def test_works_without_anything_else():
    done = python(BLOCKED)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("True\n") and "needs scikit-learn" in done.stdout


def test_works_with_a_broken_torch(tmp_path):
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')\n")
    done = python(
        "import numpy as np, splice_cuda; print(splice_cuda.decompose(np.eye(3), np.eye(3), 0.1).certified.all())",
        PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    )
    assert done.stdout == "True\n", done.stderr


@pytest.mark.skipif(not os.environ.get("SPLICE_DOCS"), reason="no documentation: SPLICE_DOCS is not set")
def test_examples_of_the_documentation(tmp_path):
    """Blocks of docs/python.md run in turn, in one namespace. One that begins with "# needs:" runs where those modules are."""
    text = (Path(os.environ["SPLICE_DOCS"]) / "python.md").read_text()
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 6
    kept = []
    for block in blocks:
        needs = re.match(r"# needs: (.*)\n", block)
        modules = needs.group(1).split(", ") if needs else []
        if all(has(module) for module in modules):
            kept.append(block)
    done = subprocess.run([sys.executable, "-c", "\n".join(kept)], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
