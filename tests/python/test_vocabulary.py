"""select_vocabulary, against the rules written down in numpy fp64."""

import threading
import time

import numpy as np
import pytest
from conftest import unit

import splice_cuda


class Table:
    """Embeds words that it has vectors for; phrases are their words' mean, bent."""

    def __init__(self, words, dim, seed):
        generator = np.random.default_rng(seed)
        self.dim = dim
        self.rows = {word: generator.normal(size=dim).astype(np.float32) + 0.4 for word in words}
        self.bend = generator.normal(size=dim).astype(np.float32)
        self.asked = []

    def embed_texts(self, texts):
        self.asked += texts
        return np.stack([self.row(text) for text in texts])

    def row(self, text):
        if text in self.rows:
            return self.rows[text]
        words = text.split()
        return sum(self.rows[word] for word in words) / len(words) + (0.2 * len(words[0])) * self.bend


def expected(table, words, bigrams, size, bigram_size, max_cosine, bigram_cosine):
    def direction(text):
        row = table.row(text).astype(np.float64)
        return row / np.linalg.norm(row)

    taken, dropped = [], []
    for lines, most, phrases in ((words, size, False), (bigrams, bigram_size, True)):
        part = []
        for line in reversed(range(len(lines))):
            if len(part) == most:
                break
            here = direction(lines[line])
            if phrases:
                mean = np.mean([direction(word) for word in lines[line].split()], axis=0)
                if here @ mean / np.linalg.norm(mean) > bigram_cosine:
                    dropped.append((line, phrases, "near_its_words"))
                    continue
            if any(here @ other > max_cosine for _, other in [*taken, *part]):
                dropped.append((line, phrases, "near_duplicate"))
                continue
            part.append((lines[line], here))
        taken = [*part[::-1], *taken]
    return [name for name, _ in taken], dropped


@pytest.mark.parametrize("max_cosine,bigram_cosine", [(0.5, 0.9), (0.9, 0.6), (1.0, 1.0)])
def test_rules(max_cosine, bigram_cosine):
    words = [("a" * (1 + j % 5)) + str(j) for j in range(60)]
    bigrams = [f"{words[j]} {words[(7 * j + 1) % 60]}" for j in range(40)]
    table = Table(words, 12, 4)
    chosen = splice_cuda.select_vocabulary(
        table, words, bigrams, size=30, bigram_size=10, max_cosine=max_cosine, bigram_cosine=bigram_cosine
    )
    names, dropped = expected(table, words, bigrams, 30, 10, max_cosine, bigram_cosine)
    assert chosen.names == names and chosen.bigrams == sum(" " in name for name in names)
    assert [(line.line, line.bigram, line.rule) for line in chosen.dropped] == dropped
    assert bool(dropped) == (max_cosine < 1)
    np.testing.assert_array_equal(chosen.embeddings, [table.row(name) for name in names])
    assert chosen.words_seen <= 60 and chosen.bigrams_seen <= 40


def test_unwanted_empty_and_repeated():
    table = Table(["cat", "dog", "damn"], 8, 1)
    chosen = splice_cuda.select_vocabulary(
        table, ["cat", " ", "cat", "damn", "dog"], ["damn dog", "cat dog"], unwanted=["damn"], max_cosine=1, bigram_cosine=1
    )
    assert chosen.names == ["cat dog", "cat", "dog"] and chosen.bigrams == 1
    assert [line.rule for line in chosen.dropped] == ["unwanted", "empty_name", "duplicate_name", "unwanted"]
    assert "damn dog" not in table.asked


def test_any_array_will_do():
    words = ["one", "two", "three"]
    table = Table(words, 8, 2)

    class Lists(Table):
        def embed_texts(self, texts):
            return [[float(number) for number in table.row(text)] for text in texts]

    plain = splice_cuda.select_vocabulary(table, words, max_cosine=1)
    assert plain.names == words
    np.testing.assert_array_equal(splice_cuda.select_vocabulary(Lists(words, 8, 2), words, max_cosine=1).embeddings, plain.embeddings)


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    words = ["one", "two", "three"]
    table = Table(words, 8, 2)

    class Tensors(Table):
        def embed_texts(self, texts):
            return torch.from_numpy(super().embed_texts(texts)).bfloat16().requires_grad_()

    found = splice_cuda.select_vocabulary(Tensors(words, 8, 2), words, max_cosine=1).embeddings
    rows = np.stack([table.row(word) for word in words])
    np.testing.assert_allclose(found, rows, rtol=0.01)
    assert unit(found).shape == (3, 8)


def test_wrong_arguments():
    table = Table(["one"], 8, 3)
    for wrong, match in (
        ({"size": -1}, "size"),
        ({"size": 1.5}, "size: got 1.5, expected an integer"),
        ({"max_cosine": 0}, "max_cosine"),
        ({"bigram_cosine": 2}, "bigram_cosine"),
        ({"unwanted": "damn"}, "unwanted: got one text"),
        ({"bigrams": [1]}, "bigrams: got int at 0"),
        ({"bigrams": ["a b", "a \udcff"]}, r"bigrams: got 'a \\udcff' at 1, expected texts that can be written as UTF-8"),
    ):
        with pytest.raises(splice_cuda.ArgumentError, match=match):
            splice_cuda.select_vocabulary(table, ["one"], **wrong)
    table.embed_texts = lambda texts: np.zeros(8)
    with pytest.raises(splice_cuda.ArgumentError, match=r"encoder.embed_texts: got shape \(8,\), expected \(1, 8\)"):
        splice_cuda.select_vocabulary(table, ["one"])
    del table.embed_texts
    table.dim = 9
    with pytest.raises(splice_cuda.ArgumentError, match=r"encoder.embed_texts: got shape \(1, 8\), expected \(1, 9\)"):
        splice_cuda.select_vocabulary(table, ["one"])


def test_what_the_encoder_raises_passes_through():
    class Failing(Table):
        def embed_texts(self, texts):
            raise KeyError("no such word")

    with pytest.raises(KeyError, match="no such word"):
        splice_cuda.select_vocabulary(Failing(["one"], 8, 1), ["one"])
    assert splice_cuda.select_vocabulary(Table(["one"], 8, 1), ["one"]).names == ["one"]


def test_it_is_called_where_the_caller_is():
    """On its thread; a context whose call waits is refused there, as it could never run."""
    context = splice_cuda.Context()
    dictionary = splice_cuda.Dictionary(np.eye(8, dtype=np.float32))
    threads = []

    class Curious(Table):
        def embed_texts(self, texts):
            threads.append(threading.current_thread())
            dictionary.decompose(np.eye(8, dtype=np.float32))
            with pytest.raises(splice_cuda.ArgumentError, match="context: got one whose call is waiting"):
                dictionary.decompose(np.eye(8, dtype=np.float32), context=context)
            return super().embed_texts(texts)

    assert splice_cuda.select_vocabulary(Curious(["one"], 8, 1), ["one"], context=context).names == ["one"]
    assert set(threads) == {threading.current_thread()}


def test_cancel():
    class Slow(Table):
        def embed_texts(self, texts):
            time.sleep(0.2)
            return super().embed_texts(texts)

    words = [f"w{j}" for j in range(20000)]
    with pytest.raises(splice_cuda.CancelledError):
        splice_cuda.select_vocabulary(Slow(words, 8, 1), words, cancel=lambda: True)
