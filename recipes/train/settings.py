"""The `train:` section of a recipe: our own settings, and arguments for PEFT and TRL.

A recipe may define `variants:`, each a set of changes to the rest of the section; `variant:` names
the one to train. What depends on the machine is chosen in hardware.py instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class HeldOutSettings:
    """`rows` of the `test` split measure the held-out loss, every `trainer.eval_steps`.

    Training stops after `patience` measurements without a lower loss, or never if it is None.
    """

    rows: int
    patience: int | None = None


@dataclass(frozen=True)
class FeedbackSettings:
    """How an adapter learns from feedback: at least `fewest` pairs, `batch` pairs per step.

    `trainer` holds arguments of TRL's DPOConfig.
    """

    fewest: int
    batch: int
    trainer: dict[str, Any]


@dataclass(frozen=True)
class TrainingSettings:
    """`model` is passed to `from_pretrained`, `lora` to LoraConfig, `trainer` to SFTConfig.

    `max_length` is in tokens.
    `batch` is the number of rows per step, on all devices together.
    `lora` None trains all weights.
    `trained_tokens` is how many token embeddings are trained beside the adapter.
    `launch` is the file of `accelerate/` that several processes are started with, `processes` their
    number, None for one per accelerator.
    `threads` is the number of CPU threads, None for torch's default.
    The rows of `window` batches are sorted by length together (`tokenize.order_for_batches`).
    """

    max_length: int
    batch: int
    model: dict[str, Any]
    trainer: dict[str, Any]
    lora: dict[str, Any] | None = None
    variant: str | None = None
    trained_tokens: int = 0
    held_out: HeldOutSettings | None = None
    launch: str = "ddp"
    processes: int | None = None
    threads: int | None = None
    window: int = 1
    feedback: FeedbackSettings | None = None

    @property
    def seed(self) -> int:
        """The seed of the adapter's initial weights, the order of rows and dropout."""
        return int(self.trainer["seed"])

    @property
    def packing(self) -> bool:
        """Whether several rows are packed into one of `max_length` tokens."""
        return bool(self.trainer.get("packing"))


def parse(section: dict[str, Any]) -> TrainingSettings:
    """Parse the section; raise UserError for a missing or unknown key."""
    values = _apply_variant(section)
    held_out = values.get("held_out")
    if held_out is not None:
        values["held_out"] = build(HeldOutSettings, held_out, "train.held_out")
    if (feedback := values.get("feedback")) is not None:
        values["feedback"] = build(FeedbackSettings, feedback, "train.feedback")
    settings = build(TrainingSettings, values, "train")
    if settings.trained_tokens and settings.lora is None:
        raise UserError(
            "`train.trained_tokens` needs `train.lora`: without it, all embeddings are trained."
        )
    if "seed" not in settings.trainer:
        raise UserError("`train.trainer` needs a `seed`, so that the run can be repeated.")
    if settings.held_out and "eval_steps" not in settings.trainer:
        raise UserError("`train.held_out` needs `train.trainer.eval_steps`: how often to measure.")
    return settings


def _apply_variant(section: dict[str, Any]) -> dict[str, Any]:
    """Return the section with the changes of its variant applied."""
    variants = section.get("variants") or {}
    common = {key: value for key, value in section.items() if key != "variants"}
    name = section.get("variant")
    if name is None:
        return common
    if name not in variants:
        known = ", ".join(sorted(variants)) or "none"
        raise UserError(f"`train.variant` is {name!r}; the recipe's `variants` are: {known}.")
    return _merge(common, variants[name] or {})


def _merge(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Merge mappings key by key; any other value in `changes` replaces that in `values`."""
    merged = {**values, **changes}
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            merged[key] = _merge(values[key], value)
    return merged
