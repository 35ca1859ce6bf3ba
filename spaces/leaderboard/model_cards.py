"""What the cards of adapters say: the licence, and whether speakers reviewed the data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parse_results import text_of

REVIEWED = "reviewed-by-speakers"  # the tag that `kakugo-recipe review-report` sets


@dataclass(frozen=True)
class ModelCard:
    """The licence, as the Hub names it or by its own name, and whether the data are reviewed."""

    licence: str = ""
    is_reviewed: bool = False


def parse_card(card: Mapping[str, Any]) -> ModelCard:
    """Read the metadata of a card; what is missing or malformed is left out."""
    licence, tags = text_of(card.get("license")), card.get("tags")
    if licence == "other":
        licence = text_of(card.get("license_name")) or licence
    return ModelCard(licence, REVIEWED in (tags if isinstance(tags, list) else ()))
