"""The `train:` section of a recipe: our own numbers, and those that PEFT and TRL are handed.

A recipe may hold `variants:`, each a set of changes to the rest of the section; `variant:` names
the one that is trained. What the machine decides is not written here but chosen (machine.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class HeldOut:
    """How many rows of the `test` split give the held-out loss; stop after `patience` looks
    (every `trainer.eval_steps`) without a better one, None for never."""

    rows: int
    patience: int | None = None


@dataclass(frozen=True)
class Feedback:
    """What is learnt from what people said: not from fewer than `fewest` pairs; `batch` are the
    pairs of one step, `trainer` goes to TRL's DPOConfig as it is."""

    fewest: int
    batch: int
    trainer: dict[str, Any]


@dataclass(frozen=True)
class TrainSettings:
    """`model` goes to `from_pretrained`, `lora` to LoraConfig, `trainer` to SFTConfig, as they are.

    `max_length` is in tokens; `batch` the rows of one step, over all devices; `lora` None trains
    all weights; `trained_tokens` is how many token embeddings are trained beside the adapter;
    `launch` the file of accelerate/ that several processes are started with, `processes` how many,
    None for one per accelerator; `threads` of the processor, None for torch's choice; the rows of
    `window` batches are sorted by length together (rows.in_batches), 1 for none.
    """

    max_length: int
    batch: int
    model: dict[str, Any]
    trainer: dict[str, Any]
    lora: dict[str, Any] | None = None
    variant: str | None = None
    trained_tokens: int = 0
    held_out: HeldOut | None = None
    launch: str = "ddp"
    processes: int | None = None
    threads: int | None = None
    window: int = 1
    feedback: Feedback | None = None

    @property
    def seed(self) -> int:
        """Of the adapter's first weights, of the rows' order and of dropout."""
        return int(self.trainer["seed"])

    @property
    def packing(self) -> bool:
        """Whether rows are packed into rows of `max_length`."""
        return bool(self.trainer.get("packing"))


def parse(section: dict[str, Any]) -> TrainSettings:
    """Parse the section; raises UserError for a key that is missing or unknown."""
    values = _varied(section)
    held_out = values.get("held_out")
    if held_out is not None:
        values["held_out"] = build(HeldOut, held_out, "train.held_out")
    if (feedback := values.get("feedback")) is not None:
        values["feedback"] = build(Feedback, feedback, "train.feedback")
    settings = build(TrainSettings, values, "train")
    if settings.trained_tokens and settings.lora is None:
        raise UserError(
            "`train.trained_tokens` goes with `train.lora`; without it all are trained."
        )
    if "seed" not in settings.trainer:
        raise UserError("`train.trainer` needs a `seed`: a run must be one that can be repeated.")
    if settings.held_out and "eval_steps" not in settings.trainer:
        raise UserError("`train.held_out` needs `train.trainer.eval_steps`: how often to look.")
    return settings


def _varied(section: dict[str, Any]) -> dict[str, Any]:
    """The section with the changes of its variant made."""
    variants = section.get("variants") or {}
    plain = {key: value for key, value in section.items() if key != "variants"}
    name = section.get("variant")
    if name is None:
        return plain
    if name not in variants:
        known = ", ".join(sorted(variants)) or "none"
        raise UserError(f"`train.variant` is {name!r}; the recipe's `variants` are: {known}.")
    return _over(plain, variants[name] or {})


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """`below` with the values of `above`: mappings key by key, all else replaced."""
    merged = {**below, **above}
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            merged[key] = _over(below[key], value)
    return merged
