"""Draws the plots of docs/benchmarks.md from bench/results: plot.py RESULTS_FOLDER PLOTS_FOLDER"""

import argparse
import pathlib
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402  (after the choice of the backend)

from gpu_tables import batch_cases, fp16_product  # noqa: E402
from results_file import GPU_PARTS, load_results, sweep_of  # noqa: E402

# Same input, same file; text stays text.
matplotlib.rcParams.update({
    "svg.hashsalt": "splice_cuda", "svg.fonttype": "none", "font.size": 10, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.3, "axes.axisbelow": True,
})
OURS, OTHERS, PRODUCT = "#0b6e99", "#b0b7bf", "#444444"
PROBLEM_LABELS = {"text15k": "text", "synthetic": "synthetic"}


def save(figure, path):
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def draw_ratio(axes, x, rows, label=None, marker="o", color=OURS):
    """Median ratio of each case, whiskers to the quartiles."""
    ratio = [row["ratio"] for row in rows]
    below = [row["ratio"] - row["ratio_q1"] for row in rows]
    above = [row["ratio_q3"] - row["ratio"] for row in rows]
    axes.errorbar(x, ratio, yerr=[below, above], marker=marker, color=color, capsize=3, label=label)


def finish_ratio(axes, xlabel):
    axes.axhline(1, color=PRODUCT, linewidth=1, linestyle="--")
    axes.text(0.99, 1, "one fp32 product", transform=axes.get_yaxis_transform(), ha="right", va="top",
              color=PRODUCT, fontsize=8)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(xlabel)
    axes.set_ylabel("time / fp32 product")


def ticks_at(axes, values):
    axes.set_xticks(values, [f"{value:,}" for value in values])
    axes.minorticks_off()


def plot_size(results, sweep, key, xlabel, title, path):
    """Ratio over a size on a log axis."""
    rows = sweep_of(results, sweep)
    figure, axes = plt.subplots(figsize=(6.4, 3.4))
    axes.set_xscale("log", base=2)
    draw_ratio(axes, [row[key] for row in rows], rows)
    ticks_at(axes, [row[key] for row in rows])
    if len(rows) > 5:
        axes.tick_params(axis="x", labelrotation=30)
    finish_ratio(axes, xlabel)
    axes.set_title(title, fontsize=10, loc="left")
    save(figure, path)


def plot_l1(results, path):
    """Ratio over l1, and the answers' size that causes it."""
    figure, (ratio_axes, l0_axes) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for (problem, label), marker, color in zip(PROBLEM_LABELS.items(), "os", (OURS, "#d9822b"), strict=True):
        rows = sweep_of(results, "l1", problem)
        if not rows:
            continue
        penalties = [row["l1"] for row in rows]
        draw_ratio(ratio_axes, penalties, rows, f"{label}, p {rows[0]['p']:,}, d {rows[0]['d']}", marker, color)
        l0_axes.plot(penalties, [row["mean_l0"] for row in rows], marker=marker, color=color)
    finish_ratio(ratio_axes, "l1_penalty")
    ratio_axes.legend(frameon=False)
    l0_axes.set_yscale("log")
    values = [1, 2, 5, 10, 20, 50, 100, 200]
    l0_axes.set_yticks(values, [str(value) for value in values])
    l0_axes.minorticks_off()
    l0_axes.set_xlabel("l1_penalty")
    l0_axes.set_ylabel("concepts a row (l0)")
    save(figure, path)


def milliseconds(microseconds):
    value = microseconds / 1000
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def plot_peers(comparison, path):
    peers = sorted(comparison["peers"], key=lambda peer: peer["us_per_row"], reverse=True)
    figure, axes = plt.subplots(figsize=(7.2, 0.36 * len(peers) + 0.9))
    microseconds = [peer["us_per_row"] for peer in peers]
    colors = [OURS if peer["name"].startswith("splice_cuda") else OTHERS for peer in peers]
    bars = axes.barh([peer["name"] for peer in peers], microseconds, color=colors)
    labels = [milliseconds(value) + ("" if peer["reached"] else " (gap above target)")
              for value, peer in zip(microseconds, peers, strict=True)]
    axes.bar_label(bars, labels, padding=3, fontsize=8)
    product = comparison["product_us_per_row"]["cpp"]
    axes.axvline(product, color=PRODUCT, linewidth=1, linestyle="--")
    axes.text(product, 1.0, " one fp32 product", transform=axes.get_xaxis_transform(), va="bottom", fontsize=8,
              color=PRODUCT)
    axes.set_xscale("log")
    axes.set_xlim(product / 3, max(microseconds) * 8)
    axes.set_xlabel(f"microseconds a row, one thread, relative gap at most 1e-6, l1 {comparison['l1_penalty']:g}")
    axes.grid(axis="y", visible=False)
    save(figure, path)


def plot_gpu_batch(gpu, path):
    """Time a row over the batch on a GPU, beside multiples of the FP16 product."""
    lines, product = batch_cases(gpu), fp16_product(gpu)
    if not lines:  # a sweep that was cut off
        return
    figure, axes = plt.subplots(figsize=(6.4, 3.4))
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.plot([line["n"] for line in lines], [line["us_per_row"] for line in lines], marker="o", color=OURS)
    for line in lines:
        axes.annotate(f"{line['us_per_row']:.3g}", (line["n"], line["us_per_row"]), xytext=(4, 5), textcoords="offset points",
                      fontsize=8, color=OURS)
    for factor, label, style in ((1, "one FP16 product", "--"), (8, "8 products: the target", ":")):
        axes.axhline(factor * product, color=PRODUCT, linewidth=1, linestyle=style)
        axes.text(0.99, factor * product, label, transform=axes.get_yaxis_transform(), ha="right", va="bottom",
                  color=PRODUCT, fontsize=8)
    ticks_at(axes, [line["n"] for line in lines])
    axes.tick_params(axis="x", labelrotation=30)
    values = [value for value in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100) if value > product / 3]
    axes.set_yticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.set_ylim(product / 1.8, 2 * max(line["us_per_row"] for line in lines))
    axes.set_xlabel("rows in the batch, in device memory")
    axes.set_ylabel("microseconds a row")
    context, peers = gpu["context"], gpu["peers"]
    axes.set_title(f"{context['device']}, synthetic, p {peers['atoms']:,}, d {peers['dim']}, l1 0.25", fontsize=10, loc="left")
    save(figure, path)


def draw_all(decompose, peers, folder):
    folder.mkdir(parents=True, exist_ok=True)
    plot_l1(decompose, folder / "ratio_l1.svg")
    plot_size(decompose, "batch", "n", "rows in the batch", "text, p 15,000, d 384, l1 0.25",
              folder / "ratio_batch.svg")
    plot_size(decompose, "atoms", "p", "atoms", "synthetic, d 512, l1 0.35", folder / "ratio_atoms.svg")
    plot_size(decompose, "dim", "d", "dimension", "synthetic, p 15,000, l1 0.35", folder / "ratio_dim.svg")
    for comparison in peers["figures"]:
        plot_peers(comparison, folder / f"peers_l1_{comparison['l1_penalty']:g}.svg")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=pathlib.Path, help="holds decompose.json, peers.json and, where a GPU was measured, gpu.json")
    parser.add_argument("plots", type=pathlib.Path)
    arguments = parser.parse_args(argv)
    try:
        decompose, peers = (load_results(arguments.folder / f"{name}.json") for name in ("decompose", "peers"))
        draw_all(decompose, peers, arguments.plots)
        if (arguments.folder / "gpu.json").exists():
            gpu = load_results(arguments.folder / "gpu.json", GPU_PARTS, "collect_gpu.py")
            plot_gpu_batch(gpu, arguments.plots / "gpu_batch.svg")
    except ValueError as error:
        print(f"plot: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
