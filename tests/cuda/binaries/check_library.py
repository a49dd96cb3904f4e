#!/usr/bin/env python3
"""Judges the kernels in compiled binaries by a table of rules (rules.py), on every architecture in them.

    check_library.py BINARY... --architectures "75-real;90a-real;120" [--rules TABLE.py]

BINARY: an object, an archive, a program or a cubin. Architectures as CMAKE_CUDA_ARCHITECTURES has them; those without
"-real" must be there as PTX too. Exit status: 0 fine, 1 complaints, 77 not checked (no cuobjdump, or no kernels yet).
"""

import argparse
import pathlib
import re
import runpy
import sys

import kernel_rule
from cubin_report import read_kernels
from cuda_tools import NoTools

SKIPPED = 77


def parse_architectures(text):
    """(architectures with machine code, architectures with PTX) of CMake's list."""
    real, virtual = [], []
    for one in filter(None, text.split(";")):
        match = re.fullmatch(r"(\d+[af]?)(-real|-virtual)?", one)
        if match is None:
            raise ValueError(f"architecture {one} given, expected numbers such as 90, 90a-real or 90-virtual")
        number, kind = match.groups()
        if kind != "-virtual":
            real.append(number)
        if kind != "-real":
            virtual.append(number)
    return real, virtual


def line_of(kernel):
    return (f"sm_{kernel.architecture:4} registers {kernel.registers:3}  threads {kernel.threads or '-':>4}  "
            f"shared {kernel.shared:6}  stack {kernel.stack + kernel.local:4}  instructions {kernel.instructions:5}  "
            f"{kernel.name}")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", nargs="+", metavar="BINARY")
    parser.add_argument("--architectures", required=True)
    parser.add_argument("--rules", default=pathlib.Path(__file__).parent / "rules.py")
    arguments = parser.parse_args(argv)
    real, virtual = parse_architectures(arguments.architectures)
    rules = runpy.run_path(str(arguments.rules))["RULES"]
    kernels, ptx = [], set()
    try:
        for binary in arguments.binaries:
            found, its_ptx = read_kernels(binary)
            kernels += found
            ptx |= its_ptx
    except NoTools as error:
        print(f"skipped: {error}")
        return SKIPPED
    for kernel in sorted(kernels, key=lambda one: (one.name, one.architecture)):
        print(line_of(kernel))
    if not kernels and not rules:
        print("skipped: no kernels in the binaries, and no rules that expect any")
        return SKIPPED
    complaints = kernel_rule.judge(kernels, rules, real)
    complaints += [f"no PTX for compute_{one}, which later devices need" for one in virtual if one not in ptx]
    for complaint in complaints:
        print(f"FAILED {complaint}")
    architectures = {kernel.architecture for kernel in kernels}
    print(f"{len(kernels)} kernels on {len(architectures)} architectures, {len(rules)} rules: "
          f"{len(complaints)} complaints")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
