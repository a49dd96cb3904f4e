"""Byte-level BPE as CLIP has it, and merges learned from captions."""
from __future__ import annotations

import html
import json
from collections import Counter
from functools import lru_cache
from pathlib import Path
from typing import Iterable, Sequence

import ftfy
import regex
import torch
from torch import Tensor

START, END = "<start_of_text>", "<end_of_text>"
WORD_END = "</w>"
_PATTERN = regex.compile(rf"{START}|{END}|'s|'t|'re|'ve|'m|'ll|'d|[\p{{L}}]+|[\p{{N}}]|[^\s\p{{L}}\p{{N}}]+", regex.IGNORECASE)
_PLAIN = regex.compile(r"[A-Za-z ]*")

Pair = tuple[str, str]


@lru_cache
def byte_symbols() -> dict[int, str]:
    """Byte to the printable character that stands for it, in the order of token ids: printable bytes first."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable}, **{byte: chr(256 + k) for k, byte in enumerate(others)}}


def split_words(text: str) -> list[str]:
    """Cleans a text, lowers it and splits it; each word is written in byte symbols."""
    if _PLAIN.fullmatch(text):  # nothing to clean, and a hundred times as fast
        return text.lower().split()
    text = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    text = " ".join(text.split()).strip().lower()
    return ["".join(byte_symbols()[byte] for byte in word.encode("utf-8")) for word in _PATTERN.findall(text)]


def _start_symbols(word: str) -> tuple[str, ...]:
    return (*word[:-1], word[-1] + WORD_END)


def _merge(symbols: Sequence[str], pair: Pair) -> tuple[str, ...]:
    """Joins every occurrence of the pair, from the left."""
    merged: list[str] = []
    place = 0
    while place < len(symbols):
        if tuple(symbols[place:place + 2]) == pair:
            merged.append(symbols[place] + symbols[place + 1])
            place += 2
        else:
            merged.append(symbols[place])
            place += 1
    return tuple(merged)


def learn_merges(captions: Iterable[str]) -> list[Pair]:
    """Merges of byte-pair encoding, until every word of the captions is one token. Ties go to the smaller pair."""
    counts = Counter(word for caption in captions for word in split_words(caption))
    words = {word: _start_symbols(word) for word in counts}
    merges: list[Pair] = []
    while True:
        pairs: Counter[Pair] = Counter()
        for word, symbols in words.items():
            for pair in zip(symbols, symbols[1:]):
                pairs[pair] += counts[word]
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = {word: _merge(symbols, best) for word, symbols in words.items()}


class Tokenizer:
    """Text to token ids. Ids: 256 byte symbols, the same with `</w>`, one for each merge, start token, end token."""

    def __init__(self, merges: Sequence[Pair], context_length: int) -> None:
        symbols = list(byte_symbols().values())
        tokens = [*symbols, *(symbol + WORD_END for symbol in symbols), *("".join(pair) for pair in merges), START, END]
        self.merges = list(merges)
        self.context_length = context_length
        self._ids = {token: number for number, token in enumerate(tokens)}
        self._ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._words: dict[str, list[int]] = {START: [self._ids[START]], END: [self._ids[END]]}

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self._ids)

    @property
    def end_id(self) -> int:
        """The end token's id, the largest of all."""
        return self._ids[END]

    def encode(self, text: str) -> list[int]:
        """Ids of a text, without start and end token."""
        return [number for word in split_words(text) for number in self._word(word)]

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Ids with start and end token, int64 [n, context_length]; unused places are 0.

        A text longer than the context keeps its first context_length - 1 tokens, followed by the end token.
        """
        rows = torch.zeros(len(texts), self.context_length, dtype=torch.long)
        for row, text in zip(rows, texts):
            numbers = [self._ids[START], *self.encode(text)][:self.context_length - 1] + [self._ids[END]]
            row[:len(numbers)] = torch.tensor(numbers)
        return rows

    def _word(self, word: str) -> list[int]:
        if word not in self._words:
            symbols = _start_symbols(word)
            while len(symbols) > 1:
                best = min(zip(symbols, symbols[1:]), key=lambda pair: self._ranks.get(pair, len(self._ranks)))
                if best not in self._ranks:
                    break
                symbols = _merge(symbols, best)
            self._words[word] = [self._ids[symbol] for symbol in symbols]
        return self._words[word]

    def save(self, path: Path) -> None:
        """Writes tokenizer.json of a model folder."""
        content = {"type": "clip_bpe", "clean": "lower", "context_length": self.context_length, "start_token": START,
                   "end_token": END, "merges": [" ".join(pair) for pair in self.merges]}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    @staticmethod
    def load(path: Path) -> Tokenizer:
        """Reads tokenizer.json of a model folder."""
        content = json.loads(path.read_text(encoding="utf-8"))
        first, _, second = zip(*(merge.partition(" ") for merge in content["merges"]))
        return Tokenizer(list(zip(first, second)), content["context_length"])
