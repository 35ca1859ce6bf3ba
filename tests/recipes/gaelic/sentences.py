"""A few thousand sentences in Scottish Gaelic and English, for tests of the real recipe.

`sentences.tsv` has phrases in both languages. A sentence has a person, a deed, a place and a time.
`held` phrases are only in the benchmarks, which have no others.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from pathlib import Path
from random import Random

ENGLISH, GAELIC = 0, 1
SLOTS = ("subject", "deed", "place", "time")
FIXED = ("question", "comment", "frame", "more", "said")
Pair = tuple[str, str]


@cache
def phrases(kind: str) -> tuple[Pair, ...]:
    """Return the (English, Gaelic) phrases of one kind."""
    lines = Path(__file__).with_name("sentences.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return tuple((english, gaelic) for row_kind, english, gaelic in rows if row_kind == kind)


def sentence(rng: Random, held: bool = False) -> Pair:
    """Return a random sentence in both languages."""
    prefix = "held-" if held else ""
    who, deed, place, time = (rng.choice(phrases(prefix + slot)) for slot in SLOTS)
    return _english(who, deed, place, time), _gaelic(who, deed, place, time)


def passage(rng: Random, sentences: int, held: bool = False) -> Pair:
    """Return several sentences, with a comment after every second one unless they are held."""
    pairs = []
    for number in range(sentences):
        pairs.append(sentence(rng, held))
        if number % 2 and not held:
            pairs.append(rng.choice(phrases("comment")))
    return together(pairs)


def together(pairs: list[Pair]) -> Pair:
    """Join pairs to one text in both languages."""
    return " ".join(pair[ENGLISH] for pair in pairs), " ".join(pair[GAELIC] for pair in pairs)


def translate(text: str, to: int) -> str | None:
    """Translate a text of these sentences; return None for any other text."""
    lines = []
    for line in text.splitlines():
        pieces = [_known(1 - to).get(piece) for piece in re.split(r"(?<=[.?!:])\s+", line) if piece]
        if None in pieces:
            return None
        lines.append(" ".join(pair[to] for pair in pieces if pair))
    return "\n".join(lines)


@cache
def _known(side: int) -> dict[str, Pair]:
    """Return every sentence, by its text in one language."""
    known = {pair[side]: pair for kind in FIXED for pair in phrases(kind)}
    for prefix in ("", "held-"):
        for parts in product(*(phrases(prefix + slot) for slot in SLOTS)):
            pair = _english(*parts), _gaelic(*parts)
            known[pair[side]] = pair
    return known


def _english(who: Pair, deed: Pair, place: Pair, time: Pair) -> str:
    text = f"{who[0]} is {deed[0]} {place[0]} {time[0]}."
    return text[0].upper() + text[1:]


def _gaelic(who: Pair, deed: Pair, place: Pair, time: Pair) -> str:
    return f"Tha {who[1]} {deed[1]} {place[1]} {time[1]}."
