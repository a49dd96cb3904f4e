"""The table: what each kernel of the library is allowed, and what it is made of. check_library.py judges by it.

A rule names a kernel by a part of its mangled name: the kernel's struct, or struct and template arguments as mangled
("ILi64E" for <64>). Kernels without a rule must not spill, must not use local memory, and must launch: with the threads
of their __launch_bounds__, or with 1,024. A rule whose kernel is not found is an error: renaming takes no kernel out.

    Rule("ScreenKernel", registers=168, shared=20 * 1024, requires=r"IMMA", forbids=r"\\b(ATOM|RED)[GS]?\\b",
         architectures=("80", "86", "89", "90"))

Instructions have other names on other architectures (RED is REDG on sm_90): a rule is tried on all of them.
Say why next to a number that is not obvious: which occupancy it keeps, which instruction its speed rests on.
"""

from kernel_rule import Rule

RULES: list[Rule] = []
