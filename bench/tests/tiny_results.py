"""Output of the benchmarks in small: a case of each sweep, two peers."""

import copy
import json

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
             "threads/text15k/p:15000/d:384/n:2048/l1:0.25/working_set/threads:1",
             "threads/text15k/p:15000/d:384/n:2048/l1:0.25/working_set/threads:2"]
    cases = [ratio_case(name, 2.0 + i) for i, name in enumerate(names)]
    cases[-1] |= dict(speedup=1.93, speedup_q1=1.9, speedup_q3=1.95, product_speedup=1.97)
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


def gpu_line(n=65536, l1=0.25, p=15000, rows_in="device", us=1.0, problem="synthetic", d=512):
    return {"name": f"device/{problem}/p:{p}/d:{d}/n:{n}/l1:{l1}/cuda:0", "n": n, "l1": l1, "p": p, "d": d, "rows_in": rows_in,
            "us_per_row": us, "rows_per_s": 1e6 / us, "seconds": [n * us * 1e-6] * 3, "certified_share": 1.0, "mean_l0": 19.5,
            "mean_rounds": 2.5, "max_relative_gap": 2e-7, "same_bits": True} | {key: CONTEXT[key] for key in BUILD}


def gpu_sweep():
    return [gpu_line(n=256, us=8.0), gpu_line(us=2.0), gpu_line(p=1000, us=0.25), gpu_line(l1=0.35, us=0.5),
            gpu_line(rows_in="host", us=3.0), gpu_line(problem="text15k", d=384, us=4.0), gpu_line(us=1.0)]


def gpu_peers():
    def peer(name, us, reached, **more):
        return {"name": name, "us_per_row": us, "timed_rows": 512, "reached_share": reached, "max_relative_gap": 3e-6} | more

    return {"context": {"library": "torch 9.1", "device": "Test GPU", "cuda": "13.0"}, "problem": "tiny", "atoms": 15000, "dim": 512,
            "target_gap": 1e-6, "problem_of_ours": None,
            "comparisons": [{"l1_penalty": 0.25, "turns": 3, "failures": [],
                             "peers": [peer("slow", 6000.0, 0.5, iterations=700.0), peer("splice_cuda", 3.0, 1.0)],
                             "products": [{"name": "product, FP16", "us_per_row": 0.05, "tera_operations_per_s": 300.0},
                                          {"name": "product, INT8", "error": "not there"}]}]}


def gpu_summary():
    return {"machine": {"cpu": "Test CPU", "commit": "abc", "date": "2026-01-02",
                        "gpu": {"name": "Test GPU", "driver_version": "580.1", "compute_cap": "9.0", "driver_cuda": "13.0"}}}


def gpu_profile():
    return [{"l1": 0.25, "span_us": 2000.0, "busy_us": 1000.0,
             "kernels": {"WarpSolveRowsKernel<0, 32, 4>": [600.0, 8], "ScreenFusedKernel<128, true, sp": [200.0, 12],
                         "CertifyScreenedKernel": [100.0, 8], "ExactRowKernel": [50.0, 2], "Memcpy": [10.0, 4]}}]


def write_gpu_run(folder):
    """The folder as bench/gpu_check.sh leaves it, with a profile."""
    folder.mkdir()
    (folder / "sweep.jsonl").write_text("".join(json.dumps(line) + "\n" for line in gpu_sweep()))
    target = {key: value for key, value in gpu_line().items() if key != "l1"} | {"target_l0": 8}
    (folder / "targets.jsonl").write_text(json.dumps(target) + "\n")
    for name, content in (("peers", gpu_peers()), ("summary", gpu_summary()), ("profile", gpu_profile())):
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder
