"""The checker on kernels that are compiled here: each fault that it is there for is found."""

import functools
import os
import subprocess
from pathlib import Path

import pytest

import check_library
import cuda_tools
from cubin_report import read_kernels

HERE = Path(__file__).parent
# Tests judge the same archive by other rules: it is taken apart once.
read_once = functools.cache(read_kernels)
NVCC = os.environ.get("SPLICE_NVCC", "nvcc")
ARCHITECTURES = "75-real;90"


@pytest.fixture(scope="module", autouse=True)
def tools():
    try:
        cuda_tools.find("cuobjdump"), cuda_tools.find("nvdisasm")
    except cuda_tools.NoTools as error:
        pytest.skip(f"not checked: {error}")


def compiled(folder, *flags):
    """An archive of the samples, as the library is one."""
    subprocess.run([NVCC, "-std=c++20", "-O3", "-gencode=arch=compute_75,code=sm_75",
                    "-gencode=arch=compute_90,code=[sm_90,compute_90]", *flags, "-c", HERE / "sample_kernels.cu",
                    "-o", folder / "samples.o"], check=True)
    subprocess.run(["ar", "rc", folder / "libsamples.a", folder / "samples.o"], check=True)
    return folder / "libsamples.a"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("samples"))


@pytest.fixture
def checked(tmp_path, capsys, monkeypatch):
    """Exit status and complaints of the command for a binary and the rules' text."""
    monkeypatch.setattr(check_library, "read_kernels", read_once)

    def check(binary, rules, architectures=ARCHITECTURES):
        table = tmp_path / "table.py"
        table.write_text(f"from kernel_rule import Rule\nRULES = [{rules}]\n")
        status = check_library.main([str(binary), "--architectures", architectures, "--rules", str(table)])
        lines = capsys.readouterr().out.splitlines()
        return status, [line for line in lines if line.startswith("FAILED")]

    return check


# What the samples need to pass as they are.
FINE = ('Rule("IndexedKernel", stack=256, threads=256), Rule("entry_kernelINS0_13CrowdedKernel", threads=256), '
        'Rule("bound_kernelINS0_13CrowdedKernel", requires="FFMA")')


def test_samples_pass_where_the_rules_allow_what_they_do(archive, checked):
    assert checked(archive, FINE) == (0, [])


def test_figures_are_those_of_the_source(archive):
    kernels, ptx = read_kernels(archive)
    assert ptx == {"90"}
    assert len(kernels) == 12 and {kernel.architecture for kernel in kernels} == {"75", "90"}
    for kernel in kernels:
        assert kernel.shared == (2048 if "SharedKernel" in kernel.name else 0)
        assert kernel.threads == (128 if "bound_kernel" in kernel.name else 0)
        assert kernel.stack == (256 if "IndexedKernel" in kernel.name else 0)
        assert 0 < kernel.registers <= 255 and "EXIT" in kernel.code and "/*" not in kernel.code


def test_local_arrays_are_found(archive, checked):
    status, failed = checked(archive, FINE.replace("stack=256", "stack=0"))
    assert status == 1 and len(failed) == 4  # stack and instructions, on two architectures
    assert all("IndexedKernel" in line for line in failed)


def test_spills_are_found(tmp_path, checked):
    status, failed = checked(compiled(tmp_path, "-maxrregcount=24"), FINE)
    assert status == 1
    spilled = [line for line in failed if "CrowdedKernel" in line and "stack bytes" in line]
    # The kernel with launch bounds keeps its registers: they outrank the flag.
    assert len(spilled) == 2 and "(sm_75)" in spilled[0] and "(sm_90)" in spilled[1]
    assert all("entry_kernel" in line for line in spilled)


def test_missing_and_forbidden_instructions_are_found(archive, checked):
    status, failed = checked(archive, FINE + ', Rule("PlainKernel", requires="IMMA|HMMA")')
    assert status == 1 and len(failed) == 2 and "no instruction matches IMMA|HMMA" in failed[0]
    status, failed = checked(archive, FINE + r', Rule("AtomicKernel", forbids=r"\b(ATOM|RED)[GS]?\b")')
    assert status == 1 and len(failed) == 2 and all("instruction RED" in line for line in failed)


def test_too_many_registers_and_too_much_shared_memory_are_found(archive, checked):
    status, failed = checked(archive, FINE + ', Rule("PlainKernel", registers=4), Rule("SharedKernel", shared=2047)')
    assert status == 1 and len(failed) == 4


def test_a_kernel_that_cannot_be_launched_is_found(archive, checked):
    status, failed = checked(archive, FINE.replace("Kernel\", threads=256", "Kernel\""))
    assert status == 1 and len(failed) == 2 and "no __launch_bounds__" in failed[0]


def test_renamed_kernels_and_missing_architectures_are_found(archive, checked):
    status, failed = checked(archive, FINE + ', Rule("GoneKernel")')
    assert status == 1 and failed == ["FAILED rule GoneKernel: no kernel of that name, expected one on 75, 90"]
    status, failed = checked(archive, FINE, "75-real;80-real;90")
    assert status == 1 and len(failed) >= 6 and all("not compiled for sm_80" in line for line in failed)
    status, failed = checked(archive, FINE, "75-real;90;120-virtual")
    assert status == 1 and failed == ["FAILED no PTX for compute_120, which later devices need"]


def test_a_binary_without_kernels_is_no_success(tmp_path, checked):
    (tmp_path / "host.cpp").write_text("int host() { return 1; }\n")
    subprocess.run(["c++", "-c", tmp_path / "host.cpp", "-o", tmp_path / "host.o"], check=True)
    assert checked(tmp_path / "host.o", "") == (check_library.SKIPPED, [])
    assert checked(tmp_path / "host.o", 'Rule("SolveKernel")')[0] == 1


def test_without_the_tools_nothing_passes(archive, checked, monkeypatch):
    monkeypatch.setattr(check_library, "read_kernels", read_kernels)
    monkeypatch.setattr(cuda_tools, "folders", lambda: iter(()))
    assert checked(archive, FINE) == (check_library.SKIPPED, [])
