"""The tables of docs/benchmarks.md that bench/results/gpu.json gives (collect_gpu.py writes it)."""

from markdown_table import markdown, number

# Kernels' names by the part of the work that they do; the rest is "other".
STAGES = {"solve": ("PickRowsKernel", "GuessRow", "SolveRow", "CheckRowsKernel"), "screen": ("ScreenFused", "ListCandidates", "CollectRows", "QuantizeRows"),
          "certify": ("CertifyScreened",), "fp64 fallback": ("ExactRow", "CertifyExactly")}
SWEEP_HEADER = ["us a row", "rows a second", "FP16 products", "passes", "l0", "certified", "largest gap", "calls"]


def fp16_product(gpu):
    """Microseconds a row."""
    [product] = [one for one in gpu["peers"]["comparisons"][0]["products"] if one["name"] == "product, FP16"]
    return product["us_per_row"]


def is_yardstick(line, gpu):
    """Whether the product measured is the one of this case's problem."""
    return (line["p"], line["d"]) == (gpu["peers"]["atoms"], gpu["peers"]["dim"])


def problem_of(line):
    return line["name"].split("/")[1]


def cases(gpu, **values):
    """Lines with these values (and problem); of a case that was measured twice the last."""
    found = {}
    for line in gpu["sweep"]:
        known = line | {"problem": problem_of(line)}
        if all(known[key] == value for key, value in values.items()):
            found[problem_of(line), line["p"], line["d"], line["n"], line["l1"], line["rows_in"]] = line
    return list(found.values())


def sweep_table(gpu, lines, columns):
    """columns: (header, function of a line)."""
    rows = []
    for line in lines:
        ratio = f"**{number(line['us_per_row'] / fp16_product(gpu))}**" if is_yardstick(line, gpu) else "-"
        rows.append([text(line) for _, text in columns] +
                    [number(line["us_per_row"]), number(line["rows_per_s"]), ratio, f"{line['mean_rounds']:.2f}",
                     f"{line['mean_l0']:.1f}", f"{line['certified_share']:.0%}", f"{line['max_relative_gap']:.1e}",
                     str(len(line["seconds"]))])
    return markdown([name for name, _ in columns] + SWEEP_HEADER, rows)


def batch_cases(gpu):
    """The batch sweep of rows in device memory, by size."""
    here = {"problem": "synthetic", "rows_in": "device", "p": gpu["peers"]["atoms"], "d": gpu["peers"]["dim"]}
    return sorted(cases(gpu, l1=0.25, **here), key=lambda line: line["n"])


def penalty_cases(gpu):
    lines = cases(gpu, rows_in="device", n=65536)
    lines = [line for line in lines if problem_of(line) == "text15k" or is_yardstick(line, gpu)]
    return sorted(lines, key=lambda line: (problem_of(line), line["l1"]))


def atoms_cases(gpu):
    """Those of penalties with more than one dictionary."""
    lines = cases(gpu, problem="synthetic", rows_in="device", n=65536, d=gpu["peers"]["dim"])
    penalties = [line["l1"] for line in lines]
    return sorted((line for line in lines if penalties.count(line["l1"]) > 1), key=lambda line: (line["l1"], line["p"]))


def solvers_table(comparison):
    ours = next(peer["us_per_row"] for peer in comparison["peers"] if peer["name"] == "splice_cuda")
    rows = [[peer["name"], ("" if peer["reached_share"] == 1 else "at least ") + number(peer["us_per_row"]),
             number(peer["us_per_row"] / ours), f"{peer['timed_rows']:,}",
             number(peer["iterations"]) if "iterations" in peer else "-", f"{peer['reached_share']:.0%}",
             f"{peer['max_relative_gap']:.1e}"]
            for peer in sorted(comparison["peers"], key=lambda peer: peer["us_per_row"])]
    header = ["solver", "us a row", "times splice_cuda", "rows timed", "iterations a row", "rows that reach 1e-6", "largest gap"]
    return f"l1 {comparison['l1_penalty']:g}:\n\n" + markdown(header, rows)


def products_table(gpu):
    rows = [[one["name"].removeprefix("product, "), f"{one['us_per_row']:.4f}", number(one["tera_operations_per_s"])]
            if "us_per_row" in one else [one["name"].removeprefix("product, "), one["error"], "-"]
            for one in gpu["peers"]["comparisons"][0]["products"]]
    return markdown(["product of 65,536 rows", "us a row", "10^12 operations a second"], rows)


def stage_times(kernels):
    """Microseconds of each stage and of all other kernels, which sum to those of all."""
    times = dict.fromkeys([*STAGES, "other"], 0.0)
    for name, (microseconds, _) in kernels.items():
        stage = next((stage for stage, parts in STAGES.items() if any(part in name for part in parts)), "other")
        times[stage] += microseconds
    return times


def profile_table(gpu):
    if not gpu["profile"]:
        return "Not measured in this run."
    rows = []
    for one in gpu["profile"]:
        times = stage_times(one["kernels"])
        times["other"] += one["busy_us"] - sum(times.values())  # kernels too short to be listed
        rows.append([f"{one['l1']:g}", number(one["span_us"] / 1000), f"{one['busy_us'] / one['span_us']:.0%}"] +
                    [f"{value / one['busy_us']:.1%}" for value in times.values()])
    return markdown(["l1", "first to last kernel, ms", "of it busy", *STAGES, "other"], rows)


def context_table(gpu):
    context = gpu["context"]
    names = {"device": "device", "driver": "driver", "cuda": "CUDA", "torch": "PyTorch", "architecture": "compiled for",
             "cpu": "processor beside it", "compiler": "compiler", "commit": "commit", "date": "date"}
    return markdown(["", ""], [[text, context[key]] for key, text in names.items()])


def gpu_tables(gpu):
    """Text of each marker."""
    rows = ("rows", lambda line: f"{line['n']:,}")
    penalty = ("l1", lambda line: f"{line['l1']:g}")
    problem = ("problem", lambda line: f"{problem_of(line)}, p {line['p']:,}, d {line['d']}")
    host = sorted(cases(gpu, rows_in="host"), key=lambda line: (line["n"], line["l1"]))
    return {
        "gpu_machine": context_table(gpu),
        "gpu_l1": sweep_table(gpu, penalty_cases(gpu), [problem, penalty]),
        "gpu_batch": sweep_table(gpu, batch_cases(gpu), [rows]),
        "gpu_atoms": sweep_table(gpu, atoms_cases(gpu), [("atoms", lambda line: f"{line['p']:,}"), penalty]),
        "gpu_host": sweep_table(gpu, host, [rows, penalty]),
        "gpu_profile": profile_table(gpu),
        "gpu_products": products_table(gpu),
        "gpu_peers": "\n\n".join(solvers_table(one) for one in gpu["peers"]["comparisons"]),
    }
