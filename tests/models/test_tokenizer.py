"""The tokenizer is CLIP's, with merges of its own."""

import gzip

import pytest

from conftest import FOLDER, skip_without_packages

skip_without_packages()

import torch

from scene_clip.tokenizer import Tokenizer, learn_merges
from scene_clip.words import MEANINGS, STOP_WORDS

TEXTS = ["a red star on the night", "Two BIG rings", "zebra", "  odd \t blanks\n", "", "don't we'll 1234 o'clock!?",
         "caf\u00e9 na\u00efve \u00fcber \u4e2d\u6587 \U0001f600", "&amp;lt; &eacute;", "\u00c3\u00a9 mojibake", "x" * 80,
         "circlecircle starstar", "<end_of_text> red <START_OF_TEXT>", "red-striped/box", 
         "\u0130stanbul \u2160\u2161", "a\u200bb"]


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.load(FOLDER / "tokenizer.json")


def test_every_word_is_one_token(tokenizer):
    assert [word for word in sorted(MEANINGS.keys() | STOP_WORDS) if len(tokenizer.encode(word)) != 1] == []
    assert len(tokenizer.encode("zebra")) > 1


def test_captions_fit_the_context(tokenizer, corpus):
    assert max(len(tokenizer.encode(caption)) for caption in corpus) + 2 <= tokenizer.context_length


def test_layout_of_ids(tokenizer):
    assert tokenizer.size == 512 + len(tokenizer.merges) + 2
    assert tokenizer.encode("!") == [256]  # the first printable byte, at the end of a word
    (row,) = tokenizer(["red"]).tolist()
    assert row[0] == tokenizer.size - 2 and row[2] == tokenizer.end_id == tokenizer.size - 1 and set(row[3:]) == {0}


def test_long_texts_keep_their_start_and_get_an_end(tokenizer):
    (row,) = tokenizer(["red " * 100]).tolist()
    assert len(row) == tokenizer.context_length and row[-1] == tokenizer.end_id
    assert set(row[1:-1]) == set(tokenizer.encode("red"))


def test_the_tokenizer_is_that_of_open_clip(tokenizer, corpus, tmp_path):
    open_clip = pytest.importorskip("open_clip", reason="open_clip is not installed")
    path = tmp_path / "merges.txt.gz"
    lines = ["#version: 0.2", *(" ".join(pair) for pair in tokenizer.merges)]
    path.write_bytes(gzip.compress("\n".join(lines).encode("utf-8")))
    theirs = open_clip.tokenizer.SimpleTokenizer(str(path), context_length=tokenizer.context_length)
    texts = TEXTS + corpus[:300]
    assert theirs.vocab_size == tokenizer.size and theirs.eot_token_id == tokenizer.end_id
    assert torch.equal(theirs(texts), tokenizer(texts))
    # The comparison notices another order of merges.
    assert not torch.equal(theirs(texts), Tokenizer(tokenizer.merges[::-1], tokenizer.context_length)(texts))


def test_merges_make_words_of_the_captions_and_repeat(tmp_path):
    captions = ["low low low lower", "newest newest", "wide widest"]
    merges = learn_merges(captions)
    assert merges == learn_merges(captions)
    assert merges[0] == ("l", "o")  # four times, as "o w" has no word end before "low" ends
    learned = Tokenizer(merges, 8)
    assert all(len(learned.encode(word)) == 1 for word in "low lower newest wide widest".split())
    learned.save(tmp_path / "tokenizer.json")
    assert torch.equal(Tokenizer.load(tmp_path / "tokenizer.json")(TEXTS), learned(TEXTS))
