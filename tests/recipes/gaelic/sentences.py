"""A few thousand sentences of Scottish Gaelic with their English, for tests of the real recipe.

`gaelic.tsv` holds phrases in both languages; a sentence is somebody, a deed, a place and a time.
What is `held` is said in benchmarks alone, and nothing else is said there.
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
    """(English, Gaelic) of one kind."""
    lines = Path(__file__).with_name("sentences.tsv").read_text("utf-8").splitlines()
    rows = (line.split("\t") for line in lines)
    return tuple((english, gaelic) for found, english, gaelic in rows if found == kind)


def sentence(rng: Random, held: bool = False) -> Pair:
    """A random one, in both languages."""
    kept = "held-" if held else ""
    who, deed, place, time = (rng.choice(phrases(kept + slot)) for slot in SLOTS)
    return _english(who, deed, place, time), _gaelic(who, deed, place, time)


def passage(rng: Random, sentences: int, held: bool = False) -> Pair:
    """Some of them, with a remark after each second one that is not held."""
    said = []
    for number in range(sentences):
        said.append(sentence(rng, held))
        if number % 2 and not held:
            said.append(rng.choice(phrases("comment")))
    return together(said)


def together(said: list[Pair]) -> Pair:
    """The pieces as one text, in both languages."""
    return " ".join(pair[ENGLISH] for pair in said), " ".join(pair[GAELIC] for pair in said)


def translate(text: str, to: int) -> str | None:
    """A text of this world in the other language, line by line; None for any other text."""
    lines = []
    for line in text.splitlines():
        pieces = [_known(1 - to).get(piece) for piece in re.split(r"(?<=[.?!:])\s+", line) if piece]
        if None in pieces:
            return None
        lines.append(" ".join(pair[to] for pair in pieces if pair))
    return "\n".join(lines)


@cache
def _known(side: int) -> dict[str, Pair]:
    """Every sentence there is."""
    found = {pair[side]: pair for kind in FIXED for pair in phrases(kind)}
    for kept in ("", "held-"):
        for parts in product(*(phrases(kept + slot) for slot in SLOTS)):
            pair = _english(*parts), _gaelic(*parts)
            found[pair[side]] = pair
    return found


def _english(who: Pair, deed: Pair, place: Pair, time: Pair) -> str:
    said = f"{who[0]} is {deed[0]} {place[0]} {time[0]}."
    return said[0].upper() + said[1:]


def _gaelic(who: Pair, deed: Pair, place: Pair, time: Pair) -> str:
    return f"Tha {who[1]} {deed[1]} {place[1]} {time[1]}."
