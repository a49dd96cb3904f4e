"""The table: what each kernel of the library is allowed, and what it is made of. check_library.py judges by it.

A rule names a kernel by a part of its mangled name: the kernel's struct, or struct and template arguments as mangled
("ILi64E" for <64>). Kernels without a rule must not spill, must not use local memory, and must launch: with the threads
of their __launch_bounds__, or with 1,024. A rule whose kernel is not found is an error: renaming takes no kernel out.

    Rule("ScreenKernel", registers=168, shared=20 * 1024, requires=r"IMMA", forbids=r"\\b(ATOM|RED)[GS]?\\b",
         architectures=("80", "86", "89", "90a"))

Instructions have other names on other architectures (RED is REDG on sm_90): a rule is tried on all of them.
Say why next to a number that is not obvious: which occupancy it keeps, which instruction its speed rests on.
"""

from kernel_rule import Rule

# Whose kernels multiply by tensor cores. The library is compiled for 90a; 90 alone lacks products of warpgroups.
TENSOR_CORES = ("80", "86", "89", "90", "90a", "100", "120")
NO_ATOMICS = r"\b(ATOM|RED)[GS]?\b"  # sums in one order: the same bits in every run
ONLY_QUEUES = r"\b(ATOMS?|RED[GS]?)\b|\bATOMG(?!\.E\.(ADD|EXCH)(\.64)?\.STRONG)"  # whose numbers decide who works on a row, and nothing else


def of_duty(kernel: str, duty: str, tier: int) -> str:
    """What names a kernel that holds working sets in registers: WarpRowsKernel or BlockRowsKernel for a duty and a tier."""
    return f"{kernel}INS0_{duty}ELi{tier}E"


GUESS, SOLVE, CHECK = "8GuessRow", "8SolveRowILb0EE", "8SolveRowILb1EE"
TINY_GUESS, SMALL_GUESS = of_duty("WarpRowsKernel", GUESS, 0), of_duty("WarpRowsKernel", GUESS, 1)
TINY_SOLVE, SMALL_SOLVE, MEDIUM_SOLVE = of_duty("WarpRowsKernel", SOLVE, 0), of_duty("WarpRowsKernel", SOLVE, 1), of_duty("BlockRowsKernel", SOLVE, 2)
SMALL_CHECK, MEDIUM_CHECK = of_duty("WarpRowsKernel", CHECK, 1), of_duty("BlockRowsKernel", CHECK, 2)

RULES: list[Rule] = [
    # Tableaux in registers, swept by fused multiply-adds; Gram matrices by tensor cores. Of guesses four blocks of four warps stay on a
    # multiprocessor with 32 places, of solutions three; two with 64. What lies on the stack is pointers that are needed once a
    # round, and what calls of products and residuals put aside. Warps are at different places of the code, which has to stay below what a
    # multiprocessor keeps of it: 116 KB instead of 100 cost a fifth of the time.
    Rule(TINY_GUESS, registers=128, shared=27 * 1024, stack=16, requires=r"\bFFMA\b", forbids=ONLY_QUEUES),
    Rule(TINY_GUESS, registers=128, stack=16, requires=r"\bHMMA\b", instructions=2500, architectures=("90", "90a")),
    Rule(TINY_SOLVE, registers=168, shared=27 * 1024, stack=48, requires=r"\bFFMA\b", forbids=ONLY_QUEUES),
    Rule(TINY_SOLVE, registers=168, stack=48, requires=r"\bHMMA\b", instructions=6050, architectures=("90", "90a")),
    *(Rule(kernel, registers=255, shared=48 * 1024, stack=stack, requires=requires, forbids=ONLY_QUEUES)
      for kernel, stack in ((SMALL_GUESS, 40), (SMALL_SOLVE, 48), (SMALL_CHECK, 72)) for requires in (r"\bFFMA\b", r"\bHMMA\b")),
    # A tableau's row a lane: two blocks a multiprocessor (on 7.5 shared memory holds one). Their products of atoms lie in what static shared memory can be.
    *(Rule(kernel, registers=255, shared=40 * 1024, stack=stack, requires=requires, forbids=ONLY_QUEUES)
      for kernel, stack in ((MEDIUM_SOLVE, 72), (MEDIUM_CHECK, 152)) for requires in (r"\bFFMA\b", r"\bHMMA\b")),
    Rule("LargeCheckRowsKernel", registers=255, shared=1024, stack=16, forbids=NO_ATOMICS),
    # Lists are read from where they lie: many warps hide that.
    Rule("PickRowsKernel", registers=80, shared=9 * 1024, forbids=ONLY_QUEUES),
    # Certificates are fp64; three blocks of four rows a multiprocessor, whose codes lie in shared memory.
    Rule("CertifyScreenedKernel", registers=168, shared=2048, stack=32, requires=r"\bDFMA\b", forbids=ONLY_QUEUES),
    Rule("CertifyScreenedKernel", registers=168, shared=2048, stack=32, instructions=7000, architectures=("90", "90a")),
    Rule("CertifyExactlyKernel", registers=255, shared=1024, requires=r"\bDFMA\b", forbids=NO_ATOMICS),
    Rule("CertifyCodesKernel", registers=255, shared=1024, requires=r"\bDFMA\b", forbids=NO_ATOMICS),
    # The fallback and refits keep their pointers in local memory: their time is that of fp64 products.
    Rule("ExactRowKernel", registers=255, shared=1024, stack=272, requires=r"\bDFMA\b", forbids=NO_ATOMICS),
    Rule("RefitKernel", registers=255, shared=1024, stack=272, requires=r"\bDFMA\b", forbids=NO_ATOMICS),
    Rule("RelaxKernel", registers=255, shared=1024, stack=272, requires=r"\bDFMA\b", forbids=NO_ATOMICS),
    # Two blocks a multiprocessor: one is at its barriers while the other loads. On the stack, pointers and what products in fp64 put aside.
    Rule("TargetRowKernel", registers=128, shared=1024, stack=336, requires=r"\bDFMA\b", forbids=NO_ATOMICS),
    # A block a row, all atoms once: four blocks a multiprocessor.
    Rule("FistaStepKernel", registers=64, shared=1024, forbids=NO_ATOMICS),
    Rule("AdmmStepKernel", registers=64, shared=1024, forbids=NO_ATOMICS),
    Rule("TestGapKernel", registers=64, shared=1024, forbids=NO_ATOMICS),
    # One pass over sums that lie in the second-level cache: many warps hide its latency.
    Rule("ListCandidatesKernel", registers=64, shared=1024, forbids=NO_ATOMICS),
    # Two blocks of 256 threads a multiprocessor: one lists while the other multiplies. On 7.5 the kernel is empty, and that by
    # warpgroups on all but 9.0. Static shared memory in front of the dynamic one would have to be filled up to 512 bytes.
    *(Rule(f"ScreenFusedKernelILi{places}ELb{rows_stay}ELNS0_11ProductUnitE{unit}E", registers=128, shared=512,
           requires=instruction, forbids=NO_ATOMICS, architectures=architectures)
      for places, rows_stay in ((128, 1), (64, 1), (64, 0))
      for unit, instruction, architectures in ((0, r"\bIMMA\b", TENSOR_CORES),
                                               (1, rf"\bIGMMA\.64x{places}x32\.S8\.S8\b", ("90a",)))),
    # CUB's own; not ours to mend.
    Rule("DeviceScanKernel", registers=128, shared=48 * 1024, stack=16),
]
