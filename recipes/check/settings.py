"""The `check:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from recipes.core.schema import build


@dataclass(frozen=True)
class Floors:
    """The least of each that will do: shares in 0..1, chrF++ in 0..100; absent ones do not count.

    `fertility` is a ceiling: tokens a word, as many times as for English; so is `bytes`, the share
    of tokens that are pieces of a letter.
    """

    script: float = 0.0
    language: float = 0.0
    structured: float = 0.0
    answered: float = 0.0
    chrf: float = 0.0
    round_trip: float = 0.0
    fertility: float = float("inf")
    bytes: float = 1.0


@dataclass(frozen=True)
class Source:
    """A split of a data set; `configs` are its own names of languages that it calls otherwise."""

    dataset: str
    split: str
    configs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckSettings:
    """`known`: where sentences with an English original are, by their `id`; `sentences` and `lists`
    are numbers of questions, and what was not answered after so many `minutes` never is; below
    `hopeless` nothing is trained, below `doubtful` it is said."""

    known: Source
    sentences: int
    lists: int
    minutes: float
    hopeless: Floors
    doubtful: Floors
    bases: list[str] = field(default_factory=list)


def parse(section: dict[str, Any]) -> CheckSettings:
    """Parse the section; raises UserError that names the key."""
    floors = {
        name: build(Floors, section.get(name) or {}, f"check.{name}")
        for name in ("hopeless", "doubtful")
    }
    known = build(Source, section.get("known"), "check.known")
    return build(CheckSettings, {**section, **floors, "known": known}, "check")
