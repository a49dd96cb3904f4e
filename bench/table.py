"""Writes the tables of docs/benchmarks.md from bench/results: table.py RESULTS_FOLDER PAGE

The page holds `<!-- begin NAME -->` and `<!-- end NAME -->`; what lies between is replaced.
"""

import argparse
import pathlib
import re
import sys

from gpu_tables import gpu_tables
from markdown_table import markdown, number
from results_file import GPU_PARTS, load_results, parse_case, sweep_of

FILES = ("decompose", "stages", "roofline", "profile", "peers")


def with_quartiles(figure, name):
    return f"**{figure[name]:.2f}** ({figure[name + '_q1']:.2f}-{figure[name + '_q3']:.2f})"


def ratio_columns(figure):
    return [number(figure["us_per_row"]), number(figure["gemm_us_per_row"]), with_quartiles(figure, "ratio")]


RATIO_HEADER = ["us a row", "product, us a row", "ratio (quartiles)"]
TAIL_HEADER = ["l0", "certified", "largest gap"]


def tail_columns(figure):
    return [f"{figure['mean_l0']:.1f}", f"{figure['certified_share']:.0%}", f"{figure['max_relative_gap']:.1e}"]


def sweep_table(decompose, sweep, columns):
    """columns: (header, function of a row)."""
    header = [name for name, _ in columns] + RATIO_HEADER + TAIL_HEADER
    rows = [[text(row) for _, text in columns] + ratio_columns(row) + tail_columns(row)
            for row in sweep_of(decompose, sweep)]
    return markdown(header, rows)


def problem_column(row):
    return f"{row['problem']}, p {row['p']:,}, d {row['d']}"


def threads_table(decompose):
    """Times over those of one thread in the same turns."""
    rows = []
    for figure in sweep_of(decompose, "threads"):
        alone = "speedup" not in figure
        faster = ["1", "1"] if alone else [with_quartiles(figure, "speedup"), f"{figure['product_speedup']:.2f}"]
        rows.append([str(figure["threads"])] + ratio_columns(figure) + faster + tail_columns(figure)[1:])
    header = ["threads", *RATIO_HEADER, "times as fast as one (quartiles)", "the product", *TAIL_HEADER[1:]]
    return markdown(header, rows)


def asked_text(case):
    """What a path or a target asks for."""
    if case["sweep"].startswith("path"):
        return f"{case['sweep'].removeprefix('path')} penalties, 0.4 to {case['l1']:g}"
    asked = "l0" if "l0" in case else "cosine"
    return f"target_{asked} {case[asked]:g}"


def costs_table(decompose):
    """Paths and targets against plain calls; empty where a run has none."""
    rows = []
    for figure in decompose["figures"]:
        if "cost" not in figure:
            continue
        rows.append([asked_text(parse_case(figure["name"])), number(figure["us_per_row"]), number(figure["plain_us_per_row"]),
                     with_quartiles(figure, "cost"),
                     f"{figure['mean_l0']:.1f}", f"{figure['certified_share']:.0%}", f"{figure['mean_rounds']:.2f}"])
    header = ["asked for", "us a row (and penalty)", "plain calls, us", "cost (quartiles)", "l0", "certified", "passes"]
    return markdown(header, rows)


def stages_table(stages):
    """The default solver of the CPU certifies a row as soon as it is solved, in the same stage."""
    columns = {"prepare": "prepare_us", "screen": "screen_us", "solve and certify": "solve_us", "compact": "compact_us",
               "total": "total_us"}
    rows = []
    for figure in stages["figures"]:
        case = parse_case(figure["name"])
        rows.append([problem_column(case), f"{case['l1']:g}"] + [number(figure[name]) for name in columns.values()])
    return markdown(["problem", "l1", *columns], rows)


def roofline_table(roofline):
    """Two lines a case: the screening stage under the int8 roof, the fp32 product under its own."""
    rows = []
    for figure in roofline["figures"]:
        instructions = figure["label"].split("; ")
        for what, instruction, roof, reached in zip(("screening", "fp32 product"), instructions,
                                                    ("int8_peak", "fp32_peak"), ("screen", "product")):
            known = figure[roof] > 0
            rows.append([problem_column(parse_case(figure["name"])), what, instruction,
                         number(figure[roof]) if known else "not measured", number(figure[reached]),
                         f"**{figure[reached + '_share']:.0%}**" if known else "-"])
    return markdown(["problem", "stage", "instruction", "its peak", "reached", "share"], rows)


def profile_table(profile):
    """Functions by their share in each case, those of 1 % and more of one; the rest in a last line."""
    cases = profile["figures"]
    if not cases:
        return "Not measured: `perf` did not work on this machine."
    share = {case["name"]: {one["function"]: one["share"] for one in case["functions"]} for case in cases}
    most = {}
    for functions in share.values():
        for function, value in functions.items():
            most[function] = max(value, most.get(function, 0))
    shown = sorted((name for name in most if most[name] >= 0.01), key=most.get, reverse=True)
    rows = [[f"`{name}`"] + [f"{share[case['name']].get(name, 0):.1%}" for case in cases] for name in shown]
    rows.append(["all others"] + [f"{1 - sum(share[case['name']].get(name, 0) for name in shown):.1%}" for case in cases])
    return markdown(["function"] + [f"l1 {parse_case(case['name'])['l1']:g}" for case in cases], rows)


def tolerance_text(peer):
    tolerance = peer["tolerance"]
    if isinstance(tolerance, str):
        return tolerance
    return f"{tolerance:,.0f} iterations" if tolerance >= 1 else f"{tolerance:.1e}"


def peers_table(comparison):
    product = comparison["product_us_per_row"]
    ours = comparison["peers"][0]["us_per_row"]
    rows = [[peer["name"], number(peer["us_per_row"]), f"{peer['us_per_row'] / ours:,.1f}",
             number(peer["ratio_cpp_product"]), str(peer["rows"]), tolerance_text(peer),
             f"{peer['max_relative_gap']:.1e}" + ("" if peer["reached"] else " (target missed)")]
            for peer in sorted(comparison["peers"], key=lambda peer: peer["us_per_row"])]
    header = ["solver", "us a row", "times splice_cuda", "times the product", "rows", "tolerance", "largest gap"]
    return (f"l1 {comparison['l1_penalty']:g}; one product: {number(product['cpp'])} us a row (C++), "
            f"{number(product['numpy'])} us (numpy):\n\n" + markdown(header, rows))


def machine_table(decompose, peers):
    machine, context = decompose["machine"], decompose["context"]
    rows = [["processor", machine["cpu"]], ["cores", str(machine["cores"])],
            ["instruction sets", ", ".join(machine["features"])], ["our kernels", context["cpu_target"]],
            ["compiler", context["compiler"]],
            ["matrix product", f"OpenBLAS, kernels {context['openblas_kernels']}"],
            ["numpy's OpenBLAS", peers["context"]["numpy_openblas"]],
            ["commit", machine["commit"]], ["date", machine["date"]],
            ["run", "short" if decompose["short"] else "full"]]
    return markdown(["", ""], rows)


def all_tables(decompose, stages, roofline, profile, peers, gpu):
    """Text of each marker."""
    penalty = ("l1", lambda row: f"{row['l1']:g}")
    notes = {peer["name"]: peer["note"] for one in peers["figures"] for peer in one["peers"] if peer["note"]}
    return {
        "machine": machine_table(decompose, peers),
        "l1": sweep_table(decompose, "l1", [("problem", problem_column), penalty]),
        "batch": sweep_table(decompose, "batch", [("rows in the batch", lambda row: f"{row['n']:,}")]),
        "atoms": sweep_table(decompose, "atoms", [("atoms", lambda row: f"{row['p']:,}")]),
        "dim": sweep_table(decompose, "dim", [("d", lambda row: str(row["d"]))]),
        "solver": sweep_table(decompose, "solver", [("solver", lambda row: row["solver"])]),
        "threads": threads_table(decompose),
        "costs": costs_table(decompose),
        "stages": stages_table(stages),
        "roofline": roofline_table(roofline),
        "profile": profile_table(profile),
        "peers": "\n\n".join([peers_table(one) for one in peers["figures"]] +
                             ["\n".join(f"- {name}: {note}." for name, note in notes.items())] +
                             [f"- Left out: {reason}." for reason in peers["context"]["skipped"]]),
    } | gpu_tables(gpu)


def fill(page, tables):
    """The page with its marked parts replaced. Raises ValueError where markers and tables differ."""
    marked = re.findall(r"<!-- begin (\w+) -->", page)
    if sorted(marked) != sorted(tables):
        raise ValueError(f"markers of the page: {sorted(marked)}, expected one for each of {sorted(tables)}")
    for name, table in tables.items():
        pattern = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page, count = pattern.subn(lambda match: f"{match[1]}{table}\n{match[2]}", page)
        if count != 1:
            raise ValueError(f"<!-- begin {name} --> has no <!-- end {name} --> after it")
    return page


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path, help="holds " + ", ".join(f"{name}.json" for name in (*FILES, "gpu")))
    parser.add_argument("page", type=pathlib.Path)
    arguments = parser.parse_args(argv)
    try:
        results = [load_results(arguments.folder / f"{name}.json") for name in FILES]
        results.append(load_results(arguments.folder / "gpu.json", GPU_PARTS, "collect_gpu.py"))
        arguments.page.write_text(fill(arguments.page.read_text(), all_tables(*results)))
    except ValueError as error:
        print(f"table: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
