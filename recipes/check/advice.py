"""From what was found to an advice; nothing is asked or read here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from recipes.check.settings import Floors

Word = Literal["good", "doubtful", "hopeless"]

# What is found under these names must be at least so much, under the others at most.
LEAST = ("answered", "script", "language", "structured", "chrf", "round_trip")
MOST = ("fertility", "bytes")


@dataclass(frozen=True)
class Reason:
    """What was seen, and the floor or ceiling that it does not reach."""

    what: str
    seen: float
    wanted: float


@dataclass(frozen=True)
class Advice:
    """A word, and why it is no better; no reasons when it is good."""

    word: Word
    reasons: tuple[Reason, ...] = ()


def advise(found: Mapping[str, float | None], hopeless: Floors, doubtful: Floors) -> Advice:
    """The advice; what could not be measured (None) speaks neither for nor against."""
    for word, floors in (("hopeless", hopeless), ("doubtful", doubtful)):
        if reasons := _short(found, floors):
            return Advice("hopeless" if word == "hopeless" else "doubtful", reasons)
    return Advice("good")


def _short(found: Mapping[str, float | None], floors: Floors) -> tuple[Reason, ...]:
    wanted = asdict(floors)
    return tuple(
        Reason(what, round(seen, 3), wanted[what])
        for what in (*LEAST, *MOST)
        if (seen := found.get(what)) is not None
        and (seen < wanted[what] if what in LEAST else seen > wanted[what])
    )
