"""The `train:` section of a recipe: our own settings, and arguments for PEFT and TRL.

A recipe may define `variants:`, each a set of changes to the rest of the section; `variant:` names
the one to train. What depends on the machine is chosen in hardware.py instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from recipes.core.errors import UserError
from recipes.core.model_loading import ModelMapping
from recipes.core.schema import build
from recipes.validation.errors import quote
from recipes.validation.models import OPEN, Partial
from recipes.validation.ranges import Amount, Count, PositiveAmount, PositiveCount, Share, Text

Loss = Literal[
    "nll", "dft", "chunked_nll", "sigmoid", "sigmoid_norm", "hinge", "ipo", "exo_pair",
    "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down",
    "discopop", "sft",
]  # fmt: skip


Scheduler = Literal[
    "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
    "inverse_sqrt", "reduce_lr_on_plateau", "cosine_with_min_lr", "cosine_warmup_with_min_lr",
    "warmup_stable_decay", "greedy",
]  # fmt: skip


@dataclass(frozen=True)
class TrainerArguments:
    """Arguments of TRL's SFTConfig or DPOConfig; they have more than these."""

    __pydantic_config__ = OPEN

    seed: Count
    """The seed of the adapter's initial weights, the order of rows and dropout."""
    num_train_epochs: PositiveAmount = 1
    max_steps: Annotated[int, Field(ge=-1)] = -1
    packing: bool = False
    """Whether several rows are packed into one of `max_length` tokens."""
    learning_rate: PositiveAmount = 5e-5
    lr_scheduler_type: Scheduler = "linear"
    warmup_steps: Amount = 0
    """The number of steps, or their share below 1."""
    weight_decay: Amount = 0
    max_grad_norm: Amount = 1
    use_cpu: bool = False
    bf16: bool = False
    fp16: bool = False
    activation_checkpointing: bool = False
    gradient_checkpointing: bool = False
    dataloader_num_workers: Count = 0
    dataloader_pin_memory: bool = True
    logging_steps: PositiveAmount = 1
    eval_steps: PositiveAmount | None = None
    save_strategy: Literal["no", "steps", "epoch", "best"] = "steps"
    save_steps: PositiveAmount = 500
    save_total_limit: PositiveCount | None = None
    report_to: Literal["none", "trackio"] = "none"
    """Where each logged step is also reported; `trackio_space_id` names a Space for trackio."""
    beta: Amount = 0.1
    """How strongly preferences stay close to the current version."""
    loss_type: Loss | list[Loss] = "sigmoid"
    loss_weights: list[Amount] | None = None


@dataclass(frozen=True)
class LoraArguments:
    """Arguments of PEFT's LoraConfig; it has more than these."""

    __pydantic_config__ = OPEN

    r: PositiveCount = 8
    """The rank."""
    lora_alpha: PositiveAmount = 8
    lora_dropout: Share = 0.0
    target_modules: Text | list[Text] | None = None
    modules_to_save: list[Text] | None = None
    ensure_weight_tying: bool = False
    use_rslora: bool = False
    use_dora: bool = False


# What the libraries know, so that a misspelt argument is refused before anything is paid for.
KNOWN_ARGUMENTS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("library_arguments.json").read_text(encoding="utf-8")
)
# What our own code decides, from other settings or for the order of rows.
OWN_ARGUMENTS = {
    "output_dir", "per_device_train_batch_size", "per_device_eval_batch_size",
    "gradient_accumulation_steps", "dataset_kwargs", "remove_unused_columns",
    "train_sampling_strategy", "ddp_find_unused_parameters", "max_length", "logging_first_step",
    "disable_tqdm", "eval_strategy", "load_best_model_at_end", "metric_for_best_model",
    "greater_is_better",
}  # fmt: skip


def _trainer_arguments(config: str) -> Partial:
    return Partial(TrainerArguments, keys=set(KNOWN_ARGUMENTS[config]) - OWN_ARGUMENTS)


SftMapping = Annotated[dict[str, Any], _trainer_arguments("SFTConfig")]
DpoMapping = Annotated[dict[str, Any], _trainer_arguments("DPOConfig")]
LoraMapping = Annotated[dict[str, Any], Partial(LoraArguments, keys=KNOWN_ARGUMENTS["LoraConfig"])]


@dataclass(frozen=True)
class HeldOutSettings:
    """Rows that measure the held-out loss, every `trainer.eval_steps`."""

    rows: PositiveCount
    """Rows of the `test` split."""
    patience: PositiveCount | None = None
    """Training stops after so many measurements without a lower loss; null never stops it."""


@dataclass(frozen=True)
class FeedbackSettings:
    """How an adapter learns from feedback."""

    fewest: PositiveCount
    """Pairs that it needs at least."""
    batch: PositiveCount
    """Pairs per step."""
    trainer: DpoMapping
    """Arguments of TRL's DPOConfig."""


@dataclass(frozen=True)
class TrainingSettings:
    """How the base is trained on the dataset."""

    max_length: PositiveCount
    """The longest row, in tokens."""
    batch: PositiveCount
    """Rows per step, on all devices together."""
    model: ModelMapping
    """Arguments of `from_pretrained`."""
    trainer: SftMapping
    """Arguments of TRL's SFTConfig."""
    lora: LoraMapping | None = None
    """Arguments of PEFT's LoraConfig; null trains all weights."""
    variant: str | None = None
    """The one of `variants` to train."""
    trained_tokens: Count = 0
    """Token embeddings that are trained beside the adapter."""
    held_out: HeldOutSettings | None = None
    launch: Literal["ddp", "fsdp"] = "ddp"
    """The file of `accelerate/` that several processes are started with."""
    processes: PositiveCount | None = None
    """Their number; null starts one per accelerator."""
    threads: PositiveCount | None = None
    """CPU threads; null leaves it to torch."""
    window: PositiveCount = 1
    """The rows of so many batches are sorted by length together (`tokenize.order_for_batches`)."""
    follow_ups: Share = 0.0
    """The share of chats that others follow in the same row, so that a model learns to answer a
    second question. `max_length` must have room for several rows."""
    feedback: FeedbackSettings | None = None

    def __post_init__(self) -> None:
        if self.trained_tokens and self.lora is None:
            raise ValueError(
                "`trained_tokens` needs `lora`: without it, all embeddings are trained"
            )
        if "seed" not in self.trainer:
            raise ValueError("`trainer` needs a `seed`, so that the run can be repeated")
        if self.held_out and "eval_steps" not in self.trainer:
            raise ValueError("`held_out` needs `trainer.eval_steps`: how often to measure")

    @property
    def seed(self) -> int:
        """The seed of the adapter's initial weights, the order of rows and dropout."""
        return int(self.trainer["seed"])

    @property
    def packing(self) -> bool:
        """Whether several rows are packed into one of `max_length` tokens."""
        return bool(self.trainer.get("packing"))


Changes = Annotated[dict[str, Any], Partial(TrainingSettings, deep=True)]


@dataclass(frozen=True)
class TrainSection(TrainingSettings):
    """How the base is trained, with several variants to choose from."""

    variants: dict[str, Changes] = field(default_factory=dict)
    """Changes of the other keys; `variant` names the one to train."""


def parse(section: dict[str, Any]) -> TrainingSettings:
    """Parse the section; raise UserError that starts with a path, also for other variants."""
    build(TrainSection, section, "train")
    common = {key: value for key, value in section.items() if key != "variants"}
    variants = {
        name: build(TrainingSettings, _merge(common, changes), f"train.variants.{name}")
        for name, changes in section.get("variants", {}).items()
    }
    if common.get("variant") is None:
        return build(TrainingSettings, common, "train")
    if common["variant"] not in variants:
        known = ", ".join(sorted(variants)) or "none"
        raise UserError(
            f"train.variant: {quote(common['variant'])} is not one of `variants`: {known}."
        )
    return variants[common["variant"]]


def _merge(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Merge mappings key by key; any other value in `changes` replaces that in `values`."""
    merged = {**values, **changes}
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            merged[key] = _merge(values[key], value)
    return merged
