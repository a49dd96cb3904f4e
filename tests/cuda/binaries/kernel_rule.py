"""What a compiled kernel may use, and the judgement of kernels by such rules. Knows nothing of files or tools."""

import re
from dataclasses import dataclass

REGISTERS_OF_A_BLOCK = 65536
LARGEST_BLOCK = 1024
LOCAL_MEMORY = r"\b(LDL|STL)\b"


@dataclass(frozen=True)
class Kernel:
    """One entry function on one architecture, as the compiler left it."""

    name: str  # mangled
    architecture: str  # "75", "90a"
    registers: int
    stack: int  # bytes a thread: spilled registers, and arrays whose index is known at run time only
    local: int
    shared: int  # static bytes a block, without what the system keeps for itself
    threads: int  # of a block, by __launch_bounds__; 0 without
    code: str  # SASS, one instruction a line

    @property
    def instructions(self):
        return len(self.code.splitlines())


@dataclass(frozen=True)
class Rule:
    """What holds for every kernel whose mangled name contains `kernel`, on the architectures given (none: on all).

    A spilled register lies on the stack: with stack = 0, the default, nothing spills and nothing is read or written in
    local memory.
    """

    kernel: str
    registers: int = 255
    shared: int = 48 * 1024
    stack: int = 0
    instructions: int = 0  # at most; 0: any number
    threads: int = 0  # that it is launched with, where no __launch_bounds__ says so
    requires: str = ""  # regular expressions, searched in the SASS
    forbids: str = ""
    architectures: tuple = ()

    def matches(self, name):
        return self.kernel in name

    def is_for(self, architecture):
        return not self.architectures or architecture in self.architectures


# For kernels that no rule names.
DEFAULT = Rule(kernel="")


def complaints_about(kernel, rule):
    """What of the kernel breaks the rule; empty where nothing does."""
    complaints = []

    def at_most(what, used, allowed):
        if used > allowed:
            complaints.append(f"{what} {used}, expected at most {allowed}")

    at_most("registers", kernel.registers, rule.registers)
    at_most("stack bytes", kernel.stack + kernel.local, rule.stack)
    at_most("static shared bytes", kernel.shared, rule.shared)
    if rule.instructions:
        at_most("instructions", kernel.instructions, rule.instructions)
    # Registers are handed out by eights a thread: more than a block has, and the launch fails.
    threads = kernel.threads or rule.threads or LARGEST_BLOCK
    reserved = (kernel.registers + 7) // 8 * 8 * threads
    if reserved > REGISTERS_OF_A_BLOCK:
        bound = "" if kernel.threads or rule.threads else " (no __launch_bounds__, no threads in a rule)"
        complaints.append(f"{kernel.registers} registers do not launch with {threads} threads a block{bound}")
    if rule.stack == 0 and re.search(LOCAL_MEMORY, kernel.code):
        complaints.append("reads or writes local memory, expected none")
    if rule.requires and not re.search(rule.requires, kernel.code):
        complaints.append(f"no instruction matches {rule.requires}")
    forbidden = rule.forbids and re.search(rule.forbids, kernel.code)
    if forbidden:
        complaints.append(f"instruction {forbidden.group()} found, which {rule.forbids} forbids")
    return complaints


def rules_for(kernel, rules):
    """The rules that name this kernel on its architecture; the default one where there are none."""
    return [rule for rule in rules if rule.matches(kernel.name) and rule.is_for(kernel.architecture)] or [DEFAULT]


def missing_kernels(kernels, rules, expected):
    """Complaints about what should be in the binary and is not: a renamed kernel must not escape its rule."""
    complaints = []
    found = {}
    for kernel in kernels:
        found.setdefault(kernel.name, set()).add(kernel.architecture)
    for rule in rules:
        wanted = [one for one in rule.architectures if one in expected] if rule.architectures else expected
        if wanted and not any(rule.matches(name) for name in found):
            complaints.append(f"rule {rule.kernel}: no kernel of that name, expected one on {', '.join(wanted)}")
            continue
        for name in filter(rule.matches, found):
            complaints += [f"{name}: not compiled for sm_{one}, which rule {rule.kernel} expects"
                           for one in wanted if one not in found[name]]
    for name, architectures in found.items():
        if not any(rule.matches(name) for rule in rules):
            complaints += [f"{name}: not compiled for sm_{one}" for one in expected if one not in architectures]
    return complaints


def judge(kernels, rules, expected):
    """All complaints about the kernels of a binary that is expected to be compiled for the architectures `expected`."""
    complaints = missing_kernels(kernels, rules, expected)
    for kernel in kernels:
        for rule in rules_for(kernel, rules):
            complaints += [f"{kernel.name} (sm_{kernel.architecture}): {text}"
                           for text in complaints_about(kernel, rule)]
    return list(dict.fromkeys(complaints))
