"""The `train:` section of a recipe: our own numbers, and those that PEFT and TRL are handed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.section import build


@dataclass(frozen=True)
class Settings:
    """`model` goes to `from_pretrained`, `lora` to LoraConfig, `trainer` to SFTConfig, as they are.

    `max_length` is in tokens; `threads` of the processor, None for torch's choice; the rows of
    `window` batches are sorted by length together (rows.in_batches), 1 for none.
    """

    max_length: int
    model: dict[str, Any]
    lora: dict[str, Any]
    trainer: dict[str, Any]
    threads: int | None = None
    window: int = 1


def parse(section: dict[str, Any]) -> Settings:
    """Parse the section; raises Refusal for a key that is missing or unknown."""
    return build(Settings, section, "train")
