"""splice summarize: mean codes of groups, and the test of two groups' difference."""

import re
import signal
import subprocess
import time

import numpy as np
import pytest
import scipy.sparse
from conftest import SPLICE, fails, run
from evaluation import document_of, error_of, reader_of, rows_of
from grouped_rows import NAMES, PENALTY, checked_charts, grouped

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def mixed(value):
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & MASK
    return value ^ (value >> 31)


def dealt_labels(count_a, count_b, permutations, seed):
    """bool [permutations, records]: SplitMix64 streams and sequential sampling without replacement, as the header describes them."""
    count_a, count_b = int(count_a), int(count_b)
    labels = np.zeros((permutations, count_a + count_b), bool)
    for b in range(permutations):
        stream, left_of_a = mixed((mixed(seed) + (b + 1) * GOLDEN) & MASK), count_a
        for i in range(count_a + count_b):
            left = count_a + count_b - i
            labels[b, i] = (mixed((stream + (i + 1) * GOLDEN) & MASK) * left >> 64) < left_of_a
            left_of_a -= int(labels[b, i])
    return labels


def pooled_t(codes, in_a):
    """|t| with the spread of all rows, of every column."""
    a, b = codes[in_a], codes[~in_a]
    spread = codes.std(axis=0, ddof=1) * np.sqrt(1 / len(a) + 1 / len(b))
    return np.divide(np.abs(a.mean(axis=0) - b.mean(axis=0)), spread, out=np.zeros(codes.shape[1]), where=spread > 0)


def p_values(codes, in_a, labels):
    observed = pooled_t(codes, in_a)
    dealt = np.array([pooled_t(codes, one) for one in labels])
    reached = observed * (1 - 1e-9)
    alone = (1 + (dealt >= reached).sum(axis=0)) / (len(labels) + 1)
    corrected = (1 + (dealt.max(axis=1)[:, None] >= reached).sum(axis=0)) / (len(labels) + 1)
    return alone, corrected


@pytest.mark.parametrize("source", ["solved", "stored"])
def test_means_are_those_of_numpy(grouped, source):
    document = document_of("summarize", *getattr(grouped, source), "--by", "label", "--top", 6)
    assert [row["group"] for row in rows_of(document, "groups")] == ["ant", "cat", "dog"]
    for row in rows_of(document, "groups"):
        own = grouped.members(row["group"])
        codes = grouped.codes[own]
        assert row["rows"] == own.sum()
        assert row["l0"] == pytest.approx((codes != 0).sum(axis=1).mean(), rel=1e-12)
        assert row["cosine"] == pytest.approx(grouped.cosine[own].mean(), rel=1e-6)
        assert row["empty"] == ((codes != 0).sum(axis=1) == 0).sum()
        assert row["uncertified"] == 0
        if own.sum() > 1:
            assert row["l0_error"] == pytest.approx(error_of((codes != 0).sum(axis=1)), rel=1e-9)
        else:
            assert row["l0_error"] is None and row["cosine_error"] is None
        means = codes.mean(axis=0)
        expected = np.lexsort((np.arange(40), -means))[: min(6, (means > 0).sum())]
        found = [one for one in rows_of(document, "concepts") if one["group"] == row["group"]]
        assert [one["concept"] for one in found] == [NAMES[j] for j in expected]
        for one, j in zip(found, expected):
            assert one["weight"] == pytest.approx(means[j], rel=1e-9)
            assert one["share"] == pytest.approx((codes[:, j] != 0).mean())
            if own.sum() > 1:
                assert one["error"] == pytest.approx(error_of(codes[:, j]), rel=1e-9)
            else:
                assert one["error"] is None
    # Rows without embedding or label are told, and are no one's.
    bad = {"zeros": grouped.label[5], "non_finite": grouped.label[9]}
    for key, label in bad.items():
        assert [row["group"] for row in rows_of(document, "groups") if row[key] == 1] == [label]
    assert "1 of zeros left out, 1 with NaN or infinity left out, 1 in no group left out" in document["summary"]
    assert checked_charts(document) == ["concepts", "l0", "cosine", "gap"]


def test_without_a_column_all_rows_are_one_group(grouped):
    document = document_of("summarize", *grouped.solved)
    (row,) = rows_of(document, "groups")
    assert (row["group"], row["rows"]) == ("all", 148)
    assert rows_of(document, "concepts")[0]["weight"] == pytest.approx(grouped.codes[grouped.embedded].mean(axis=0).max(), rel=1e-9)


def test_histograms_hold_every_row(grouped):
    document = document_of("summarize", *grouped.stored, "--by", "label")
    own = grouped.members("dog")
    for key, values in (("l0", (grouped.codes[own] != 0).sum(axis=1)), ("cosine", grouped.cosine[own])):
        bins = [row for row in rows_of(document, key) if row["group"] == "dog"]
        edges = [row["from"] for row in bins] + [bins[-1]["to"]]
        expected = np.histogram(values + 1e-12, edges)[0]
        assert [row["rows"] for row in bins] == expected.tolist()
        assert sum(expected) == own.sum()
    logs = [-17 if gap == 0 else np.log10(gap) for gap in grouped.gap[own]]
    for row in rows_of(document, "gap"):
        if row["group"] == "dog":
            assert row["rows"] == sum(row["from"] <= max(value, -16.9) < row["to"] for value in logs)


def test_permutations_are_those_of_numpy(grouped):
    document = document_of("summarize", *grouped.stored, "--by", "label", "--compare", "cat", "dog", "--permutations", 99, "--seed", 12, "--top", 40)
    either = (grouped.label == "cat") | (grouped.label == "dog")
    labels = dealt_labels((grouped.label == "cat").sum(), (grouped.label == "dog").sum(), 99, 12)
    solved = grouped.embedded[either]
    codes, in_a = grouped.codes[either][solved], (grouped.label[either] == "cat")[solved]
    alone, corrected = p_values(codes, in_a, labels[:, solved])
    a, b = codes[in_a], codes[~in_a]
    found = rows_of(document, "differences")
    assert {row["concept"] for row in found} == {NAMES[j] for j in np.flatnonzero(codes.any(axis=0))}
    for row in found:
        j = NAMES.index(row["concept"])
        assert row["difference"] == pytest.approx(a[:, j].mean() - b[:, j].mean(), rel=1e-9, abs=1e-15)
        assert row["error"] == pytest.approx(np.sqrt(a[:, j].var(ddof=1) / len(a) + b[:, j].var(ddof=1) / len(b)), rel=1e-9)
        assert row["p"] == pytest.approx(alone[j]) and row["p_corrected"] == pytest.approx(corrected[j])
    sizes = [abs(row["difference"]) for row in found]
    assert sizes == sorted(sizes, reverse=True)
    assert {"cat", "dog", "forest", "water"} <= {row["concept"] for row in found if row["p_corrected"] <= 0.05}
    # The oracle notices another deal.
    assert not np.allclose(p_values(codes, in_a, dealt_labels(in_a.sum(), (~in_a).sum(), 99, 13))[0], alone)


def test_p_values_are_near_those_of_other_permutations(grouped):
    document = document_of("summarize", *grouped.stored, "--by", "label", "--compare", "cat", "dog", "--permutations", 2000, "--top", 40)
    either = (grouped.members("cat")) | (grouped.members("dog"))
    codes, in_a = grouped.codes[either], grouped.label[either] == "cat"
    generator = np.random.default_rng(0)
    alone, corrected = p_values(codes, in_a, np.array([generator.permutation(in_a) for _ in range(2000)]))
    for row in rows_of(document, "differences"):
        j = NAMES.index(row["concept"])
        for found, expected in ((row["p"], alone[j]), (row["p_corrected"], corrected[j])):
            assert abs(found - expected) <= 4.5 * np.sqrt(2 * expected * (1 - expected) / 2000) + 0.002


def test_results_depend_neither_on_threads_nor_on_the_source(grouped):
    one = document_of("summarize", *grouped.solved, "--by", "label", "--compare", "cat", "dog", "--threads", 1)
    two = document_of("summarize", *grouped.solved, "--by", "label", "--compare", "cat", "dog", "--threads", 2)
    stored = document_of("summarize", *grouped.stored, "--by", "label", "--compare", "cat", "dog")
    assert one == two
    assert one["tables"] == stored["tables"]


def test_empty_codes_come_with_the_penalty_that_would_do(grouped):
    done = run("summarize", *grouped.solved[:-1], 40, "--by", "label")
    assert "No concept in any of 148 codes" in done.stdout and "No concept in any of 148 codes" in done.stderr
    penalty = float(re.search(r"--l1-penalty ([0-9.e-]+) would", done.stdout).group(1))
    run("decompose", "-d", grouped / "dict.safetensors", "-e", grouped / "rows.npy", "--target-l0", 10, "-o", grouped / "target.npz")
    with np.load(grouped / "target.npz") as stored:
        penalties = np.sort(stored["l1_penalty"][grouped.embedded])
    assert penalty == pytest.approx(penalties[(len(penalties) - 1) // 2], rel=5e-3)
    # Nothing of the kind where some row has a concept.
    assert "No concept" not in run("summarize", *grouped.solved).stderr


def test_writes_the_document(grouped, tmp_path):
    out = tmp_path / "result.json"
    done = run("summarize", *grouped.solved, "--by", "split", "--out", out)
    assert "wrote" in done.stderr and out.read_text().startswith('{"format":"splice_cuda.result.1"')
    fails(2, "summarize", *grouped.stored, "--out", grouped / "codes.npz", says=["--out", "is an input"])
    fails(2, "summarize", *grouped.stored, "--out", grouped / "records.csv", says=["--out", "is an input"])


def test_a_group_without_embeddings_is_told(grouped, tmp_path):
    label = ["void" if i in (5, 9) else "full" for i in range(150)]
    (tmp_path / "void.csv").write_text("label\n" + "\n".join(label) + "\n")
    document = document_of("summarize", "-d", grouped / "dict.safetensors", "-e", grouped / "rows.npy", "--records", tmp_path / "void.csv",
                           "--l1-penalty", PENALTY, "--by", "label", "--compare", "full", "void")
    void = next(row for row in rows_of(document, "groups") if row["group"] == "void")
    assert (void["rows"], void["zeros"], void["non_finite"], void["l0"], void["cosine"]) == (0, 1, 1, None, None)
    assert "full and void can't be compared" in document["summary"]


def test_more_groups_than_are_held(grouped, tmp_path):
    np.save(tmp_path / "rows.npy", np.zeros((200_001, 24), np.float16))
    (tmp_path / "records.csv").write_text("path\n" + "".join(f"{i}\n" for i in range(200_001)))
    given = ("-d", grouped / "dict.safetensors", "-e", tmp_path / "rows.npy", "--records", tmp_path / "records.csv", "--by", "path")
    fails(2, "summarize", *given, says=["--by", "'path'", "200001 values"])
    fails(2, "scan", *given, "--group", "a=water", says=["--by", "'path'", "200001 values"])


def test_a_table_that_another_program_reads(grouped, tmp_path):
    """--python is heeded beside stored codes, too, and so is Ctrl-C while it reads."""
    labels = ["odd" if i % 2 else "even" for i in range(150)]
    reader = reader_of(tmp_path, "label\n" + "\n".join(labels) + "\n")
    call = ("summarize", "--codes", grouped / "codes.npz", "--records", tmp_path / "table.parquet", "--by", "label", "--python")
    assert {row["group"]: row["rows"] for row in rows_of(document_of(*call, reader), "groups")} == {"even": 75, "odd": 73}
    fails(3, *call, tmp_path / "no such program", says=["no such program"])
    (tmp_path / "sleeper").write_text("#!/bin/sh\nexec sleep 100\n")
    (tmp_path / "sleeper").chmod(0o755)
    process = subprocess.Popen([SPLICE, *map(str, call), str(tmp_path / "sleeper")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(0.7)
    assert process.poll() is None, "the run ended before it could be interrupted"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and out == "" and "interrupted" in err


def codes_without_concepts(grouped, path, status):
    """Empty codes of rows of this status, or without any."""
    codes = scipy.sparse.csr_matrix((4, 40), dtype=np.float32)
    scipy.sparse.save_npz(path, codes)
    if status is None:
        return ["--codes", path, "-d", grouped / "dict.safetensors"]
    with np.load(path) as foreign, np.load(grouped / "codes.npz") as stored:
        members = {name: foreign[name] for name in foreign.files} | {name: stored[name][:4] for name in ("gap", "primal", "dual", "kkt_violation", "l1_penalty", "rounds", "iterations", "cosine")}
    np.savez(path, **members, status=np.array(status, np.uint8))
    return ["--codes", path, "-d", grouped / "dict.safetensors"]


def test_the_penalty_is_not_blamed_for_rows_without_embedding(grouped, tmp_path):
    with np.load(grouped / "codes.npz") as stored:
        certified, zero, non_finite = (int(stored["status"][i]) for i in (0, 5, 9))
    for status, told in (([zero, zero, non_finite, zero], None), ([zero, certified, certified, non_finite], "2 codes"), (None, "4 codes")):
        done = run("summarize", *codes_without_concepts(grouped, tmp_path / "c.npz", status))
        for text in (done.stdout, done.stderr):
            assert f"No concept in any of {told}:" in text if told else "penalty" not in text


def test_wrong_arguments_are_named(grouped, tmp_path):
    (tmp_path / "short.csv").write_text("label\ncat\n")
    fails(2, "summarize", *grouped.solved, "--by", "klass", says=["--by", "'klass'", "'label'", "'split'"])
    fails(2, "summarize", "-d", grouped / "dict.safetensors", "-e", grouped / "rows.npy", "--records", tmp_path / "short.csv", "--by", "label",
          says=["--records", "got 1 records", "expected 150"])
    fails(2, "summarize", "--codes", grouped / "codes.npz", "--records", tmp_path / "short.csv", "--by", "label", says=["--records", "expected 150"])
    fails(2, "summarize", "--codes", grouped / "codes.npz", "--by", "label", says=["--by", "no records"])
    fails(2, "summarize", *grouped.solved, "--by", "label", "--compare", "cat", "cow", says=["--compare", "'cow'", "'dog'"])
    fails(2, "summarize", *grouped.solved, "--by", "label", "--compare", "cat", "cat", says=["--compare", "twice"])
    fails(2, "summarize", *grouped.solved, "--compare", "cat", "dog", says=["--compare", "--by"])
    for more in (["-e", grouped / "rows.npy"], ["--l1-penalty", 0.2], ["--target-l0", 4], ["--raw"], ["--image-mean", "none"], ["--solver", "fista"],
                 ["--gap-tolerance", 1e-2], ["--max-rounds", 7], ["--max-iterations", 7], ["--any-model"], ["--batch-size", 3], ["--precision", "float16"],
                 ["--device", "cuda:7"], ["--dataset", f"imagefolder:{tmp_path}"]):
        fails(2, "summarize", *grouped.stored, *more, says=["--codes", "together with", more[0].replace("-e", "--embeddings", more[0] == "-e")])
    for more in (["--any-model"], ["--batch-size", 3], ["--precision", "float16"]):
        fails(2, "summarize", *grouped.solved, *more, says=[more[0], "no --model"])
    fails(2, "summarize", *grouped.solved[:-2], "--target-l0", 4, "--solver", "admm", says=["--solver", "admm", "--target-l0", "working_set"])
    fails(3, "summarize", "--codes", grouped / "rows.npy", says=["rows.npy"])
