"""splice scan: groups of concepts over classes, and concepts that look like spurious correlations."""

import os
import subprocess

import numpy as np
import pytest
from conftest import SPLICE, fails, not_under_sanitizers, run
from evaluation import document_of, error_of, rows_of
from grouped_rows import CAT, DEEP, DOG, FOREST, NAMES, SEA, WATER, checked_charts, cosine, grouped

def peak_memory(arguments):
    """Bytes of a run at its largest."""
    process = subprocess.Popen([SPLICE, *map(str, arguments)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_maxrss * 1024


PLACES = ["--group", "place=water,forest", "--group", "sea=sea, deep water"]


def test_weights_and_histograms_are_those_of_numpy(grouped):
    for source in (grouped.solved, grouped.stored):
        document = document_of("scan", *source, "--by", "label", *PLACES)
        sums = {"place": grouped.codes[:, [WATER, FOREST]].sum(axis=1), "sea": grouped.codes[:, [SEA, DEEP]].sum(axis=1)}
        weights = rows_of(document, "weights")
        assert [(row["group"], row["class"]) for row in weights] == [(g, c) for g in ("place", "sea") for c in ("ant", "cat", "dog")]
        for row in weights:
            own = sums[row["group"]][grouped.members(row["class"])]
            assert row["rows"] == len(own)
            assert row["weight"] == pytest.approx(own.mean(), rel=1e-9, abs=1e-15)
            assert row["share"] == pytest.approx((own > 0).mean())
            assert row["error"] is None if len(own) == 1 else row["error"] == pytest.approx(error_of(own), rel=1e-9)
            bins = [one for one in rows_of(document, "histogram") if (one["group"], one["class"]) == (row["group"], row["class"])]
            edges = [one["from"] for one in bins] + [bins[-1]["to"]]
            assert len(bins) == 20 and np.allclose(np.diff(edges), edges[1])
            assert [one["rows"] for one in bins] == np.histogram(own, edges)[0].tolist()
            assert sum(one["rows"] for one in bins) == len(own)
        # The range of a group of concepts is that of all classes, and hardly more.
        largest = {name: values[grouped.embedded & (grouped.label != "")].max() for name, values in sums.items()}
        for name in sums:
            end = max(one["to"] for one in rows_of(document, "histogram") if one["group"] == name)
            assert largest[name] < end < 1.05 * largest[name]
        assert checked_charts(document) == ["histogram"]
        assert document["charts"][0]["y_log"] and document["charts"][0]["facet"] == "group"


@not_under_sanitizers
def test_memory_goes_by_what_occurs(grouped, tmp_path):
    """20,000 classes of a row each: a fine histogram of each would take 16 KB, and twice that with two groups of concepts."""
    count = 20_000
    np.save(tmp_path / "rows.npy", grouped.rows[np.arange(count) % 5])
    (tmp_path / "records.csv").write_text("path\n" + "".join(f"{i}.png\n" for i in range(count)))
    given = ["scan", "-d", grouped / "dict.safetensors", "-e", tmp_path / "rows.npy", "--records", tmp_path / "records.csv", "--by", "path", "--bins", 2,
             "--threads", 1, "--quiet"]
    groups = ["--group", "a=water", "--group", "b=forest", "--group", "c=cat"]
    assert peak_memory(given + groups) - peak_memory(given + groups[:2]) < count * 3000
    done = fails(4, *given[:-5], "--bins", 1024, "--threads", 1, *(f"--group=g{i}=water" for i in range(500)), says=["out of memory", "--group", "--bins"])
    assert "bytes" in done.stderr


def test_synonyms_and_words_are_told(grouped):
    near = [cosine(grouped.atoms[WATER], grouped.atoms[j]) for j in range(40)]
    assert near[SEA] > 0.8 and near[SEA] > near[DEEP]
    document = document_of("scan", *grouped.stored, "--by", "label", "--group", "wet=water", "--synonyms", near[SEA] - 1e-4)
    found = {row["concept"]: row for row in rows_of(document, "members")}
    assert set(found) == {NAMES[j] for j in range(40) if near[j] >= near[SEA] - 1e-4}
    assert found["sea"]["origin"] == "synonym" and found["sea"]["cosine"] == pytest.approx(near[SEA], abs=1e-6)
    document = document_of("scan", *grouped.stored, "--by", "label", "--group", "wet=water", "--words")
    assert {row["concept"]: row["origin"] for row in rows_of(document, "members")} == {"water": "named", "deep water": "word"}


def test_bins_are_as_many_as_asked_for(grouped):
    document = document_of("scan", *grouped.stored, "--by", "label", "--group", "wet=water", "--bins", 7)
    assert len(rows_of(document, "histogram")) == 3 * 7


def oracle(codes, of_class):
    """Cohen's d, its standard error and mutual information in bits, of every concept."""
    a, b = codes[of_class], codes[~of_class]
    n, m = len(a), len(b)
    pooled = np.sqrt((a.var(axis=0, ddof=1) * (n - 1) + b.var(axis=0, ddof=1) * (m - 1)) / (n + m - 2))
    d = (a.mean(axis=0) - b.mean(axis=0)) / np.where(pooled > 0, pooled, np.nan)
    error = np.sqrt((n + m) / (n * m) + d**2 / (2 * (n + m)))
    information = np.zeros(codes.shape[1])
    for has in (codes != 0, codes == 0):
        for of in (of_class, ~of_class):
            part = (has & of[:, None]).mean(axis=0)
            with np.errstate(divide="ignore", invalid="ignore"):
                information += np.where(part > 0, part * np.log2(part / (has.mean(axis=0) * of.mean())), 0)
    return d, error, information


def test_suspicion_is_association_without_kinship(grouped):
    document = document_of("scan", *grouped.stored, "--by", "label", "--spurious", "--top", 30)
    known = grouped.embedded & (grouped.label != "")
    codes, labels = grouped.codes[known], grouped.label[known]
    expected = {}
    for name, atom in (("cat", CAT), ("dog", DOG)):
        d, error, information = oracle(codes, labels == name)
        for j in np.flatnonzero((codes[labels == name] != 0).any(axis=0)):
            kinship = cosine(grouped.atoms[j], grouped.atoms[atom])
            score = max(d[j] - 2 * error[j], 0) * (1 - min(max(kinship, 0), 1))
            if score > 1e-6:
                expected[NAMES[j], name] = (score, d[j], error[j], information[j], kinship)
    found = rows_of(document, "spurious")
    assert {(row["concept"], row["class"]) for row in found if row["suspicion"] > 1e-6} == set(expected)
    for row in found:
        if row["suspicion"] <= 1e-6:
            continue
        score, *rest = expected[row["concept"], row["class"]]
        assert row["suspicion"] == pytest.approx(score, rel=1e-5, abs=1e-6)
        assert [row["effect"], row["error"], row["information"], row["kinship"]] == pytest.approx(rest, rel=1e-5, abs=1e-6)
    scores = [row["suspicion"] for row in found]
    assert scores == sorted(scores, reverse=True)
    # The planted places, not the classes themselves, which are as strongly associated.
    assert {(row["concept"], row["class"]) for row in found[:2]} == {("water", "cat"), ("forest", "dog")}
    assert all(row["suspicion"] < 1e-5 for row in found if row["concept"] == row["class"])
    assert "'ant' first" in next(one for one in document["tables"] if one["key"] == "spurious")["note"]
    assert rows_of(document_of("scan", *grouped.stored, "--by", "label", "--spurious", "--top", 2), "spurious") == found[:2]


def test_nothing_is_suspicious_where_labels_are_drawn(grouped, tmp_path):
    labels = np.random.default_rng(1).permutation(["cat", "dog"] * 75)
    (tmp_path / "drawn.csv").write_text("label\n" + "\n".join(labels) + "\n")
    found = rows_of(document_of("scan", "--codes", grouped / "codes.npz", "--records", tmp_path / "drawn.csv", "--by", "label", "--spurious"), "spurious")
    assert all(row["suspicion"] < 0.3 for row in found)


def test_a_kinship_that_is_not_known_is_told(grouped, tmp_path):
    lines = ["zwim" if label == "cat" else "zwam" for label in grouped.label]
    (tmp_path / "records.csv").write_text("label\n" + "\n".join(lines) + "\n")
    summary = document_of("scan", "--codes", grouped / "codes.npz", "--records", tmp_path / "records.csv", "--by", "label", "--spurious")["summary"]
    assert "kinship not known" in summary and "nan" not in summary


def test_overlaps_and_wrong_groups_are_told(grouped):
    done = run("scan", *grouped.stored, "--by", "label", "--group", "a=water,sea", "--group", "b=sea")
    assert "share 1 concept, 'sea' first" in done.stderr
    fails(2, "scan", *grouped.stored, "--by", "label", says=["--group", "--spurious"])
    fails(2, "scan", *grouped.stored, "--by", "label", "--group", "water", says=["--group", "NAME=concept"])
    fails(2, "scan", *grouped.stored, "--by", "label", "--group", "a=watr", says=["--group", "'a'", "watr", "nearest: water"])
    fails(2, "scan", *grouped.stored, "--by", "label", "--group", "a=water", "--group", "a=sea", says=["--group", "'a' twice"])
    fails(2, "scan", *grouped.stored, "--by", "label", "--group", "a=water", "--synonyms", 1.5, says=["--synonyms", "1.5"])
    fails(2, "scan", *grouped.stored, "--by", "label", "--group", "a=water", "--bins", 0, says=["--bins"])
    fails(2, "scan", *grouped.stored, "--group", "a=water", says=["--by"])
