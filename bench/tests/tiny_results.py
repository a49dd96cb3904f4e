"""Output of the benchmarks in small: a case of each sweep, two peers."""

import copy

CONTEXT = {"date": "2026-01-01T00:00:00+00:00", "host_name": "somewhere", "compiler": "GNU 12.2.0, Release",
           "cpu_target": "AVX2", "openblas_kernels": "Haswell", "version": "0.1.0"}
BUILD = ("compiler", "cpu_target", "openblas_kernels", "version")


def benchmark(name, **counters):
    return {"name": f"{name}/iterations:7/manual_time", "run_name": name, "iterations": 7, "real_time": 1.0,
            "cpu_time": 1.0, "time_unit": "ms", **counters}


def ratio_case(name, ratio):
    return benchmark(name, us_per_row=100 * ratio, gemm_us_per_row=100.0, rows_per_s=1e4 / ratio, ratio=ratio,
                     ratio_q1=ratio - 0.1, ratio_q3=ratio + 0.1, certified_share=1.0, mean_l0=12.5,
                     mean_rounds=2.0, max_relative_gap=3e-7)


def cost_case(name, cost):
    return benchmark(name, us_per_row=300 * cost, plain_us_per_row=300.0, cost=cost, cost_q1=cost - 0.1,
                     cost_q3=cost + 0.1, certified_share=1.0, mean_l0=8.0, mean_rounds=1.5)


def decompose():
    tail = "working_set/threads:1"
    names = [f"l1/text15k/p:15000/d:384/n:512/l1:0.25/{tail}", f"l1/synthetic/p:10000/d:512/n:512/l1:0.25/{tail}",
             f"batch/text15k/p:15000/d:384/n:64/l1:0.25/{tail}", f"atoms/synthetic/p:1000/d:512/n:512/l1:0.35/{tail}",
             f"dim/synthetic/p:15000/d:768/n:512/l1:0.35/{tail}",
             "solver/text15k/p:15000/d:384/n:16/l1:0.25/fista/threads:1",
             "threads/text15k/p:15000/d:384/n:2048/l1:0.25/working_set/threads:2"]
    cases = [ratio_case(name, 2.0 + i) for i, name in enumerate(names)]
    cases[3:3] = [cost_case(f"path16/text15k/p:15000/d:384/n:512/l1:0.15/{tail}", 0.5),
                  cost_case(f"target/text15k/p:15000/d:384/n:512/l0:8/{tail}", 2.0),
                  cost_case(f"target/text15k/p:15000/d:384/n:512/cosine:0.6/{tail}", 2.5)]
    return {"context": copy.deepcopy(CONTEXT), "benchmarks": cases}


def stages():
    counters = dict(prepare_us=0.1, screen_us=60.0, solve_us=30.0, certify_us=5.0, compact_us=0.2, total_us=95.3)
    case = benchmark("stages/text15k/p:15000/d:384/l1:0.25", **counters)
    return {"context": copy.deepcopy(CONTEXT), "benchmarks": [case]}


def roofline():
    case = benchmark("roofline/text15k/p:15000/d:384/l1:0.25", int8_peak=200.0, screen=150.0, screen_share=0.75,
                     fp32_peak=50.0, product=40.0, product_share=0.8,
                     label="vpdpbusd, 64 bytes; vfmadd231ps, 64 bytes")
    return {"context": copy.deepcopy(CONTEXT), "benchmarks": [case]}


def profile():
    def case(l1, **shares):
        return {"name": f"stages/text15k/p:15000/d:384/l1:{l1}",
                "functions": [{"function": name, "share": share} for name, share in shares.items()]}

    return {"context": copy.deepcopy(CONTEXT),
            "profiles": [case(0.15, **{"Screen<false>": 0.5, "Dot": 0.3, "rare": 0.005}),
                         case(0.25, **{"Screen<false>": 0.7})]}


def peers():
    def peer(name, us, reached=True, note=None):
        return {"name": name, "us_per_row": us, "rows": 8, "tolerance": 1e-6, "max_relative_gap": 5e-7,
                "reached": reached, "mean_l0": 12.0, "ratio_cpp_product": us / 100, "ratio_numpy_product": us / 90,
                "seconds": [us * 8e-6], "search": [], "note": note}

    return {"problem": "text15k", "atoms": 15000, "dim": 384, "target_gap": 1e-6,
            "skipped": ["No module named 'spams'"],
            "context": {key: CONTEXT[key] for key in BUILD} | {"numpy_openblas": "0.3.31, Haswell"},
            "comparisons": [{"l1_penalty": 0.25, "batch": 512, "turns": 5,
                             "product_us_per_row": {"numpy": 90.0, "cpp": 100.0},
                             "peers": [peer("splice_cuda", 200.0), peer("slow", 4e6, False, "a note")]}]}
