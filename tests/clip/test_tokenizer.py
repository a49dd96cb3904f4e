"""Tokens against open_clip's SimpleTokenizer, on texts of many scripts and on the traps of each cleaning step."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from html.entities import html5
from pathlib import Path

import ftfy
import numpy as np
import open_clip
import pytest
from export.open_clip_model import clip_tokenizer

from conftest import run_well

CONTEXT = 77
TRAPS = [
    "", " ", "a photo of a cat", "  Two\tspaces\n\nand LINES\r\nmore\r", "it's I'M they'RE we'VE she'LL he'D don'T", "'\u017f \u017ft",
    "<start_of_text>x<end_of_text>", "<START_OF_TEXT>", "!<end_of_text>!", "<\u017ftart_of_text>",
    "\u0130stanbul I\u0307 \u039f\u0394\u039f\u03a3 \u03a3\u0391\u03a3. \u03a3", "stra\u00dfe STRASSE \u1e9e", "\u212a \u212b \u2126",
    "e\u0301 \u00e9 \u1100\u1161\u11a8 \uac00", "\u0663\u0664 \u0967 \u2167 \u00bd \u00b2 \u2460 1234567", "a1b2c3 100,000.50 $5",
    "\u201cquotes\u201d \u2018single\u2019 \u201elow\u201f \u02bc", "\ufb01\ufb02\ufb03\ufb05 \u0132\u0133\u0149 \u01c4\u01c5\u01c6 \u01f1",
    "\uff21\uff22\uff43\uff11\u3000\uff76\uff9e\uffe5", "&amp; &lt;b&gt; &eacute; &EACUTE; &NTILDE; &nTILDE; &SZLIG;", "&amp;amp;amp;lt;",
    "&notit; &notin; &not &copy 2020 &AMP &ampx", "&#65; &#x41; &#X41 &#0; &#128; &#x81; &#xD800; &#x110000; &#11; &#59; &#12a; &#;&#x;",
    "a < b &amp; c", "<b>&amp;</b>\n&amp;", "&amp;\n<i>\n&amp;", "&\u00e9acute;", "&" + "x" * 40 + ";", "&" * 50, "tail &", "tail &am",
    "\x1b[31mred\x1b[0m \x1b[1;2;3Hx \x1b[x \x1b[\u0661m", "\x00\x01\x07\x08\x0b\x0e\x1f\x7f\u206a\ufeff\ufff9\ufffcx", "\x0c\x1c\x1d x",
    "\u2028line\u2029par", "zero\u200bwidth\u200cjoin\u200ders\u00ad soft\u2060", "\u00a0nbsp\u2003em\u180e",
    "\U0001f600\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea \u2764\ufe0f", "\u4f60\u597d\uff0c\u4e16\u754c\uff01", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35",
    "\u0928\u092e\u0938\u094d\u0924\u0947", "\u0645\u0631\u062d\u0628\u0627", "\u05e9\u05dc\u05d5\u05dd", "x" * 500, "ab" * 300, "word " * 100, "_under_score__", "...!!!???", "\ufffd\U0010ffff\ue000",
]
BLOCKS = [(0x20, 0x7E), (0xA1, 0x24F), (0x250, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x590, 0x6FF), (0x900, 0x97F),
          (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x20CF), (0x2100, 0x27BF), (0x3000, 0x30FF), (0x4E00, 0x5000),
          (0xAC00, 0xAD00), (0xF900, 0xFAFF), (0xFB00, 0xFDFF), (0xFE00, 0xFFEF), (0x10000, 0x107FF), (0x1D400, 0x1D7FF),
          (0x1F300, 0x1FAFF), (0x0, 0x1F), (0x7F, 0xA0), (0x2000, 0x206F)]
PIECES = ["&amp;", "&eacute;", "&#233;", "&#x2014", "&lt", "'s", "'RE", "'ll", " ", "  ", "\n", "\r\n", "the", "Cat", "dog's", "<",
          ">", "\u0301", "\u200d", "\u0130", "\u03a3", "\x1b[1m", ";", "&", "#", "123", "\u00bd", "\ufb01", "\uff21", "\u2019", "<start_of_text>"]


def assigned(text: str) -> bool:
    """Whether Python's Unicode data know all of it: newer characters have no class there."""
    return all(unicodedata.category(letter) != "Cn" for letter in text)


def fuzzed(rng: np.random.Generator, count: int) -> Iterator[str]:
    """Texts of random pieces, and of code points of one or two blocks with words between them."""
    while count > 0:
        parts = []
        blocks = [BLOCKS[i] for i in rng.integers(0, len(BLOCKS), 2)]
        for _ in range(int(rng.integers(1, 25))):
            if rng.random() < 0.4:
                parts.append(PIECES[rng.integers(0, len(PIECES))])
            else:
                low, high = blocks[rng.integers(0, 2)]
                parts.append(chr(rng.integers(low, high + 1)))
        text = "".join(parts)
        if assigned(text):
            count -= 1
            yield text


class Tokens:
    """Both tokenizers on the same texts."""

    def __init__(self, folder: Path, context: int) -> None:
        """Writes tokenizer.json out of open_clip's merges."""
        self.context = context
        self.reference = open_clip.SimpleTokenizer(context_length=context)
        parts = clip_tokenizer(self.reference, context)
        (folder / "tokenizer.json").write_text(json.dumps(
            {"type": "clip_bpe", "clean": "lower", "context_length": context, "start_token": parts.start_token,
             "end_token": parts.end_token, "merges": parts.merges}))
        self.folder = folder

    def ours(self, texts: list[bytes]) -> np.ndarray:
        """int64 [texts, context]."""
        (self.folder / "texts").write_bytes(b"\0".join(texts) + b"\0")
        return np.frombuffer(run_well(self.folder, "tokens", self.folder / "texts"), np.int64).reshape(len(texts), self.context)

    def differing(self, texts: list[str]) -> list[str]:
        """Texts on which the two differ."""
        expected = self.reference(texts).numpy()
        found = self.ours([text.encode() for text in texts])
        return [text for text, a, b in zip(texts, expected, found, strict=True) if (a != b).any()]


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """One pair for all tests."""
    return Tokens(tmp_path_factory.mktemp("tokens"), CONTEXT)


def encoding_is_left_alone(text: str) -> bool:
    """Whether ftfy does not take the text for one read in a wrong encoding: the one step that is not ours."""
    return ftfy.fix_text(text) == ftfy.fix_text(text, fix_encoding=False)


def test_traps(tokens: Tokens) -> None:
    texts = [text for text in TRAPS if "\0" not in text and encoding_is_left_alone(text)]
    assert len(texts) >= len(TRAPS) - 4
    assert tokens.differing(texts) == []


def test_fuzzed_texts(tokens: Tokens, rng: np.random.Generator) -> None:
    texts = [text.replace("\0", "") for text in fuzzed(rng, 8000)]
    kept = [text for text in texts if encoding_is_left_alone(text)]
    print(f"{len(texts) - len(kept)} of {len(texts)} fuzzed texts look misread to ftfy")
    assert len(kept) > len(texts) * 0.6
    assert tokens.differing(kept) == []


def test_every_character(tmp_path: Path) -> None:
    # Between letters, so that a character's class shows; Han and Hangul are sampled.
    large = [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0x17000, 0x18CFF), (0x20000, 0x3FFFF), (0xE000, 0xF8FF), (0xF0000, 0x10FFFF)]
    points = [p for p in range(1, 0x110000) if not 0xD800 <= p < 0xE000 and
              (p % 97 == 0 or not any(low <= p <= high for low, high in large))]
    letters = [chr(p) for p in points if assigned(chr(p)) and encoding_is_left_alone(f"x{chr(p)}y ")]
    assert len(letters) > 30000
    texts = ["".join(f"x{letter}y " for letter in letters[i:i + 50]) for i in range(0, len(letters), 50)]
    texts = [text for text in texts if encoding_is_left_alone(text)]
    assert len(texts) > 600
    found = Tokens(tmp_path, 1000).differing(texts)
    assert found == []


def test_words_are_seldom_taken_for_misread(tokens: Tokens) -> None:
    words = ["caf\u00e9", "na\u00efve", "\u00c5ngstr\u00f6m", "\u041c\u043e\u0441\u043a\u0432\u0430", "\u6771\u4eac", "Z\u00fcrich", "S\u00e3o Paulo", "\u0141\u00f3d\u017a", "\u0391\u03b8\u03ae\u03bd\u03b1", "\u20ac5", "\u00a320"]
    texts = [f"a photo of {a} and {b}" for a in words for b in words]
    assert all(encoding_is_left_alone(text) for text in texts)
    assert tokens.differing(texts) == []


def test_every_character_reference(tokens: Tokens) -> None:
    texts = [f"x&{name}y" for name in html5] + [f"x&{name.upper()}y" for name in html5] + [f"x&{name}1" for name in html5]
    texts = [text for text in texts if encoding_is_left_alone(text)]
    assert len(texts) > 6000
    assert tokens.differing(texts) == []


def test_invalid_utf8_becomes_replacement_characters(tokens: Tokens) -> None:
    broken = [b"a\xffb", b"\xc3", b"\xe2\x82", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xf8\x88\x80\x80\x80", b"ok\x80\x80"]
    expected = tokens.reference([bytes_.decode("utf-8", "replace") for bytes_ in broken]).numpy()
    assert (tokens.ours(broken) == expected).all()


def test_differences_would_be_seen(tokens: Tokens) -> None:
    found = tokens.ours([b"a photo of a cat", b"a photo of a bat"])
    assert (found[0] != found[1]).sum() == 1
    assert (found[0] == tokens.reference(["a photo of a cat"]).numpy()[0]).all()
