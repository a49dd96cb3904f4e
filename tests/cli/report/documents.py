"""Result documents such as experiments write, one of each kind of chart, and odd ones; realistic in size and names."""

import json
import math

import numpy as np

ANIMALS = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
CONCEPTS = ["feathers", "wheels", "hooves", "open water", "amphibian", "collar", "antlers", "cockpit", "whiskers", "cargo container",
            "a very long concept name that no axis has the room for, such as a whole caption", "żółw 亀", "sky", "grass", "asphalt"]
HOSTILE = ["</script><script>window.hit=1</script>", "<img src=x onerror=window.hit=1>", "\"quoted\", 'single' & <b>bold</b>", "{{title}} ${1+1} \\u003c",
           "__proto__", "constructor", "line\nbreak\ttab", "\u202eevil\u202c\u0007bell", "=1+1", "javascript:window.hit=1", "-->", "]]>", "a" * 300]


def column(key, title, kind="text", digits=3):
    return {"key": key, "title": title, "kind": kind, "digits": digits}


def table(key, title, columns, rows, note=""):
    return {"key": key, "title": title, "note": note, "columns": columns, "rows": rows}


def chart(key, title, kind, of, description="", **parts):
    return {"key": key, "title": title, "description": description, "kind": kind, "table": of, "y_log": False, **parts}


def document(experiment, title, summary, tables, charts, settings=None):
    return {"format": "splice_cuda.result.1", "splice_cuda": "0.1.0", "experiment": experiment, "title": title, "summary": summary,
            "settings": settings or {}, "tables": tables, "charts": charts}


def summarize():
    random = np.random.default_rng(1)
    rows = []
    for name in ANIMALS:
        weights = np.sort(random.exponential(0.05, len(CONCEPTS)))[::-1]
        rows += [[name, CONCEPTS[j], float(w), round(float(w) * 2.2, 4)] for j, w in zip(random.permutation(len(CONCEPTS))[:6], weights)]
    overall = sorted([[c, float(w), float(w) / 9] for c, w in zip(CONCEPTS, random.exponential(0.03, len(CONCEPTS)))], key=lambda r: -r[1])
    differences = sorted([[c, float(d), float(e)] for c, d, e in zip(CONCEPTS, random.normal(0, 0.02, len(CONCEPTS)), random.uniform(0.002, 0.008, len(CONCEPTS)))],
                         key=lambda r: -r[1])
    differences[3][2] = None
    differences[5][1] = None
    l0 = random.poisson(14, 4000)
    histogram = [[k - 0.5, k + 0.5, int((l0 == k).sum())] for k in range(0, 34)]
    groups = [column("label", "Class"), column("concept", "Concept"), column("mean", "Mean weight", "number", 4), column("share", "Share of rows", "number", 3)]
    return document(
        "summarize", "CIFAR-10 in concepts", "10,000 rows of 10 classes. A row has 14.0 concepts on average (cosine 0.434); “feathers” weighs most over all rows.",
        [table("overall", "Concepts over all rows", [column("concept", "Concept"), column("mean", "Mean weight", "number", 4), column("error", "Standard error", "number", 4)], overall,
               "Mean weights over all rows that have an embedding."),
         table("classes", "Concepts of each class", groups, rows, "The six heaviest concepts of each class."),
         table("differences", "cat against dog", [column("concept", "Concept"), column("difference", "Difference of mean weights", "number", 4), column("error", "Standard error", "number", 4)],
               differences, "Above 0: heavier for cat. No error where a group has one row."),
         table("l0", "Concepts a row", [column("from", "l0 from", "number", 1), column("to", "to", "number", 1), column("rows", "Rows", "integer")], histogram)],
        [chart("overall", "Concepts over all rows", "bars", "overall", "The mean weight of each concept over all rows, heaviest first.", x="concept", y="mean"),
         chart("classes", "Concepts of each class", "bars", "classes", "The heaviest concepts of each class, a small chart a class.", x="concept", y="mean", facet="label"),
         chart("differences", "What sets cats apart from dogs", "bars", "differences", "Differences of mean weights with their standard errors.", x="concept", y="difference", error="error"),
         chart("l0", "Concepts a row", "histogram", "l0", "How many rows have how many concepts.", x="from", x_end="to", y="rows")],
        {"embeddings": "/data/cifar10/embeddings.npy", "rows": 10000, "dictionary": "/data/laion10k.safetensors", "dictionary_sha256": "9f" * 32, "l1_penalty": 0.25,
         "target_l0": None, "centred": True, "groups": ["cat", "dog"]})


def scan():
    random = np.random.default_rng(2)
    cells = [[a, c, float(w) if random.random() > 0.1 else None] for a in ANIMALS for c, w in zip(CONCEPTS, random.gamma(0.5, 0.04, len(CONCEPTS)))]
    signed = [[a, b, float(np.clip(random.normal(0, 0.4), -1, 1))] for a in ANIMALS for b in ANIMALS]
    edges = np.linspace(0, 0.4, 21)
    counts = []
    for name, scale in (("man", 0.02), ("woman", 0.07)):
        found, _ = np.histogram(random.exponential(scale, 6000), edges)
        counts += [[name, float(a), float(b), int(n)] for a, b, n in zip(edges, edges[1:], found)]
    return document(
        "scan", "Where swimwear hides", "The group “swimwear” weighs 3.4 times as much for woman as for man (AUC 0.81).",
        [table("heat", "Concept by class", [column("label", "Class"), column("concept", "Concept"), column("mean", "Mean weight", "number", 3)], cells),
         table("correlation", "Correlation of classes", [column("a", "Class"), column("b", "Other class"), column("r", "Correlation", "number", 2)], signed),
         table("bins", "Weights of the group", [column("label", "Class"), column("from", "Weight from", "number", 2), column("to", "to", "number", 2), column("rows", "Rows", "integer")], counts)],
        [chart("heat", "Concepts and classes", "heat_map", "heat", "Mean weight of each concept in each class; darker is heavier.", x="label", y="concept", color="mean"),
         chart("correlation", "Correlation of classes", "heat_map", "correlation", "Blue together, orange apart.", x="b", y="a", color="r"),
         chart("bins", "Weights of swimwear by class", "histogram", "bins", "20 bins, logarithmic counts.", x="from", x_end="to", y="rows", series="label", y_log=True),
         chart("single", "The same, a chart a class", "histogram", "bins", "20 bins, logarithmic counts.", x="from", x_end="to", y="rows", facet="label", y_log=True)])


def curve():
    l0 = [3, 6, 10, 17, 30, 52, 90, 117, 250, 512]
    rows = []
    for name, top, speed in (("SpLiCE", 0.62, 0.05), ("random dictionary", 0.55, 0.01), ("learned dictionary", 0.64, 0.09), ("no non-negativity", 0.63, 0.06)):
        rows += [[name, n, top * (1 - math.exp(-speed * n)), 1 - 0.7 * math.exp(-speed * n / 2), 0.006] for n in l0]
    rows[7][2] = None
    random = np.random.default_rng(3)
    edges = np.linspace(-0.2, 1, 61)
    gaps = []
    for name, mean in (("image-image", 0.55), ("text-text", 0.45), ("image-text", 0.22)):
        found, _ = np.histogram(random.normal(mean, 0.08, 5000), edges)
        gaps += [[name, float(a), float(b), int(n)] for a, b, n in zip(edges, edges[1:], found)]
    years = [[year, 0.01 + 0.002 * (year - 1990) + float(random.normal(0, 0.003)), 0.004, name] for name in ("convertible", "yellow") for year in range(1990, 2013)]
    months = [[m, int(random.integers(10, 4000))] for m in ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]]
    return document(
        "evaluate sparsity-curve", "Sparsity and accuracy", "At 30 concepts a row zero-shot accuracy is 0.48, of 0.62 dense.",
        [table("curve", "By sparsity", [column("dictionary", "Dictionary"), column("l0", "Mean l0", "integer"), column("accuracy", "Accuracy", "number", 3),
                                        column("cosine", "Cosine", "number", 3), column("error", "Standard error", "number", 3)], rows),
         table("gap", "Cosines", [column("pair", "Pair"), column("from", "Cosine from", "number", 2), column("to", "to", "number", 2), column("count", "Pairs", "integer")], gaps),
         table("years", "By year", [column("year", "Year", "integer"), column("mean", "Mean weight", "number", 4), column("error", "Standard error", "number", 4), column("concept", "Concept")], years),
         table("months", "By month", [column("month", "Month"), column("rows", "Rows", "integer")], months)],
        [chart("accuracy", "Accuracy by sparsity", "lines", "curve", "Accuracy rises with the number of concepts.", x="l0", y="accuracy", series="dictionary", error="error"),
         chart("both", "Accuracy and cosine", "points", "curve", "Each point is a penalty.", x="cosine", y="accuracy", series="dictionary"),
         chart("gap", "The modality gap", "histogram", "gap", "Cosines within and between images and texts.", x="from", x_end="to", y="count", series="pair"),
         chart("years", "Convertibles over the years", "lines", "years", "Mean weights by model year.", x="year", y="mean", series="concept", error="error"),
         chart("months", "Rows by month", "columns", "months", "Rows of each month.", x="month", y="rows"),
         chart("months_log", "Rows by month, logarithmic", "columns", "months", "Rows of each month.", x="month", y="rows", y_log=True)])


def extremes():
    random = np.random.default_rng(4)
    many = [[f"concept number {j} of the thousand", float(w)] for j, w in enumerate(np.sort(random.exponential(0.02, 1000))[::-1])]
    series = [[f"series {s}", x, float(math.sin(x / 5 + s / 20) + s / 100)] for s in range(200) for x in range(20)]
    scatter = [[float(x), float(x * 0.7 + e)] for x, e in zip(random.normal(0, 1, 6000), random.normal(0, 0.4, 6000))]
    wide = [[f"row {i}", f"column {j}", float(random.normal())] for i in range(80) for j in range(70)]
    grouped = [[a, split, float(random.normal(0.1, 0.1)), 0.03] for a in ANIMALS[:5] for split in ("train", "validation", "test")]
    nothing = [column("name", "Name"), column("value", "Value", "number", 2)]
    amounts = [["tiny", 1e-12], ["zero", 0.0], ["huge", 1.5e12], ["negative", -2.5], ["none", None]]
    return document(
        "extremes", "What does not fit", "A thousand bars, two hundred series, no rows, one row.",
        [table("many", "A thousand", nothing, many), table("series", "Two hundred series", [column("name", "Series"), column("x", "Step", "integer"), column("y", "Value", "number", 2)], series),
         table("scatter", "Six thousand points", [column("x", "First", "number", 2), column("y", "Second", "number", 2)], scatter),
         table("wide", "Eighty by seventy", [column("a", "Row"), column("b", "Column"), column("c", "Value", "number", 2)], wide),
         table("grouped", "Grouped", [column("a", "Class"), column("split", "Split"), column("v", "Value", "number", 3), column("e", "Error", "number", 3)], grouped),
         table("empty", "No rows", nothing, []), table("one", "One row", nothing, [["the only one", 0.5]]), table("amounts", "Amounts", nothing, amounts)],
        [chart("many", "A thousand bars", "bars", "many", x="name", y="value"), chart("many_columns", "A thousand columns", "columns", "many", x="name", y="value"),
         chart("series", "Two hundred series", "lines", "series", x="x", y="y", series="name"), chart("scatter", "Six thousand points", "points", "scatter", x="x", y="y"),
         chart("wide", "Eighty by seventy", "heat_map", "wide", x="b", y="a", color="c"),
         chart("grouped", "Grouped bars", "bars", "grouped", x="a", y="v", series="split", error="e"),
         chart("grouped_columns", "Grouped columns", "columns", "grouped", x="a", y="v", series="split", error="e"),
         chart("empty", "Nothing", "bars", "empty", x="name", y="value"), chart("one", "One bar", "bars", "one", x="name", y="value"),
         chart("one_line", "One point", "lines", "one", x="name", y="value"), chart("amounts", "Amounts", "bars", "amounts", x="name", y="value"),
         chart("amounts_log", "Amounts, logarithmic", "bars", "amounts", x="name", y="value", y_log=True)])


def hostile():
    rows = [[name, i + 0.5, name] for i, name in enumerate(HOSTILE)]
    parts = [column("name", HOSTILE[0]), column("value", HOSTILE[1], "number", 2), column("other", HOSTILE[2])]
    kinds = [("bars", {"x": "name", "y": "value"}), ("columns", {"x": "name", "y": "value"}), ("lines", {"x": "name", "y": "value", "series": "other"}),
             ("heat_map", {"x": "name", "y": "other", "color": "value"}), ("points", {"x": "value", "y": "value", "series": "name"}),
             ("histogram", {"x": "value", "x_end": "value", "y": "value", "facet": "name"})]
    return document(HOSTILE[0], HOSTILE[1], HOSTILE[0], [table("hostile", HOSTILE[1], parts, rows, HOSTILE[0])],
                    [chart(kind, HOSTILE[i], kind, "hostile", HOSTILE[0], **given) for i, (kind, given) in enumerate(kinds)], {HOSTILE[0]: HOSTILE[1], "list": HOSTILE})


def pictures(paths):
    rows = [[str(path), path.name, 0.1 * i] for i, path in enumerate(paths)]
    return document("search", "Pictures with a forest", "Three pictures.", [
        table("found", "Found", [column("path", "Picture", "picture"), column("name", "Name"), column("weight", "Weight", "number", 3)], rows)], [])


ALL = {"summarize": summarize, "scan": scan, "curve": curve, "extremes": extremes, "hostile": hostile}


def write(folder, names=tuple(ALL)):
    """Paths of the documents named, written into the folder."""
    paths = []
    for name in names:
        paths.append(folder / f"{name}.json")
        paths[-1].write_text(json.dumps(ALL[name]()), encoding="utf-8")
    return paths
