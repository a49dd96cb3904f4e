"""The judgement itself, on kernels made up."""

import dataclasses

import pytest

from check_library import parse_architectures
from kernel_rule import Kernel, Rule, judge

GOOD = Kernel(name="_Z12entry_kernelI12SolveKernelE", architecture="90", registers=80, stack=0, local=0, shared=512,
              threads=128, code="LDG.E.128 R4, [R2.64]\nFFMA R0, R1, R2, R3\nEXIT")
RULE = Rule("SolveKernel", registers=80, shared=512, requires=r"LDG\.E\.128", forbids=r"\b(ATOM|RED)\b")


def judged(rule=RULE, expected=("90",), **changes):
    return judge([dataclasses.replace(GOOD, **changes)], [rule], expected)


def test_a_kernel_within_its_rule_passes():
    assert judged() == []


@pytest.mark.parametrize("changes, says", [
    ({"registers": 81}, "registers 81, expected at most 80"),
    ({"shared": 513}, "static shared bytes 513, expected at most 512"),
    ({"stack": 8}, "stack bytes 8, expected at most 0"),
    ({"local": 4}, "stack bytes 4, expected at most 0"),
    ({"code": GOOD.code + "\nSTL [R1], R5"}, "local memory"),
    ({"code": "FFMA R0, R1, R2, R3"}, "no instruction matches LDG"),
    ({"code": GOOD.code + "\nRED.E.ADD [R2], R5"}, "instruction RED found"),
    ({"threads": 1024}, "80 registers do not launch with 1024 threads a block"),
    ({"threads": 0}, "no __launch_bounds__"),
])
def test_each_excess_is_named_and_nothing_else(changes, says):
    [complaint] = judged(**changes)
    assert complaint.startswith("_Z12entry_kernelI12SolveKernelE (sm_90): ") and says in complaint


def test_a_rule_may_allow_stack_and_name_the_block():
    allowed = dataclasses.replace(RULE, stack=64, threads=256)
    assert judged(allowed, stack=64, threads=0, code=GOOD.code + "\nSTL [R1], R5") == []
    assert judged(allowed, stack=65)


def test_a_rule_may_bound_the_code():
    assert judged(dataclasses.replace(RULE, instructions=3)) == []
    [complaint] = judged(dataclasses.replace(RULE, instructions=2))
    assert complaint.endswith("instructions 3, expected at most 2")


def test_a_renamed_kernel_does_not_escape():
    [complaint] = judged(dataclasses.replace(RULE, kernel="SolverKernel"))
    assert complaint == "rule SolverKernel: no kernel of that name, expected one on 90"


def test_kernels_without_a_rule_meet_the_default_one():
    assert judge([GOOD], [], ["90"]) == []
    assert judge([dataclasses.replace(GOOD, stack=8)], [], ["90"])
    assert judge([dataclasses.replace(GOOD, registers=72, threads=0)], [], ["90"])
    assert judge([dataclasses.replace(GOOD, registers=64, threads=0)], [], ["90"]) == []


def test_each_architecture_must_be_there():
    [complaint] = judged(expected=("75", "90"))
    assert complaint.endswith("not compiled for sm_75, which rule SolveKernel expects")
    [complaint] = judge([GOOD], [], ["75", "90"])
    assert complaint.endswith("not compiled for sm_75")


def test_a_rule_for_some_architectures_leaves_the_others_to_the_default():
    other = dataclasses.replace(GOOD, architecture="75", registers=90)
    rule = dataclasses.replace(RULE, architectures=("90",))
    assert judge([GOOD, other], [rule], ["75", "90"]) == []
    assert judge([GOOD, dataclasses.replace(other, stack=8)], [rule], ["75", "90"])
    # Its architecture is not part of this build: no kernel is expected.
    assert judge([], [rule], ["75"]) == []


def test_variants_are_architectures_of_their_own():
    rule = Rule("ScreenKernel", requires="IGMMA", architectures=("90a",))
    assert judge([], [rule], ["75"]) == []
    assert judge([dataclasses.replace(GOOD, name="ScreenKernel")], [rule], ["90"]) == []
    assert judge([], [rule], ["90a"]) == ["rule ScreenKernel: no kernel of that name, expected one on 90a"]
    [complaint] = judge([dataclasses.replace(GOOD, name="ScreenKernel", architecture="90a")], [rule], ["90a"])
    assert complaint == "ScreenKernel (sm_90a): no instruction matches IGMMA"


def test_architectures_as_cmake_has_them():
    assert parse_architectures("75-real;90a-real;120;100-virtual") == (["75", "90a", "120"], ["120", "100"])
    with pytest.raises(ValueError, match="native given"):
        parse_architectures("native")
