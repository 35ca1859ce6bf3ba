"""Parse the `check:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from recipes.core.schema import build


@dataclass(frozen=True)
class Thresholds:
    """Minimum shares (0 to 1) and chrF++ (0 to 100), and maximums for the tokenizer.

    The maximums are `fertility` (tokens relative to English) and `bytes` (share of tokens that are
    only part of a character). The default of each accepts everything.
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
class ReferenceDataset:
    """A split of a dataset; `configs` maps our language codes to its config names that differ."""

    dataset: str
    split: str
    configs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckSettings:
    """What to ask, and how to judge the answers.

    `known` has sentences with their English originals, joined by `id`. `sentences` and `lists` are
    numbers of questions; what is not answered after `minutes` counts as unanswered. Languages below
    the `hopeless` thresholds are not trained; those below `doubtful` get a warning. `bases` are
    more base models whose tokenizers are measured.
    """

    known: ReferenceDataset
    sentences: int
    lists: int
    minutes: float
    hopeless: Thresholds
    doubtful: Thresholds
    bases: list[str] = field(default_factory=list)


def parse(section: dict[str, Any]) -> CheckSettings:
    """Parse the section; raise UserError that names a wrong key."""
    thresholds = {
        name: build(Thresholds, section.get(name) or {}, f"check.{name}")
        for name in ("hopeless", "doubtful")
    }
    known = build(ReferenceDataset, section.get("known"), "check.known")
    return build(CheckSettings, {**section, **thresholds, "known": known}, "check")
