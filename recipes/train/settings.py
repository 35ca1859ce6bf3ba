"""The `train:` section of a recipe: our own settings, and arguments for PEFT and TRL.

A recipe may define `variants:`, each a set of changes to the rest of the section; `variant:` names
the one to train. What depends on the machine is chosen in hardware.py instead.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from recipes.core.model_loading import ModelMapping
from recipes.core.schema import build
from recipes.validation.models import OPEN, Partial, given, rule, strict_with
from recipes.validation.ranges import Amount, Count, PositiveAmount, PositiveCount, Share, Text
from recipes.validation.recipe_files import merged

SftLoss = Literal["nll", "dft", "chunked_nll"]
PreferenceLoss = Literal[
    "sigmoid", "sigmoid_norm", "hinge", "ipo", "exo_pair",
    "nca_pair", "robust", "bco_pair", "sppo_hard", "aot", "aot_unpaired", "apo_zero", "apo_down",
    "discopop", "sft",
]  # fmt: skip

SFT_LOSSES = list(get_args(SftLoss))
NO_SFT_LOSS = {"not": {"enum": SFT_LOSSES}, "errorMessage": "use a loss for preferences"}
SEED = "add it, so that the run can be repeated"

Scheduler = Literal[
    "linear", "cosine", "cosine_with_restarts", "polynomial", "constant", "constant_with_warmup",
    "inverse_sqrt", "reduce_lr_on_plateau", "cosine_with_min_lr", "cosine_warmup_with_min_lr",
    "warmup_stable_decay", "greedy",
]  # fmt: skip


Steps = PositiveCount | Annotated[float, Field(gt=0, lt=1)]  # their number, or a share of all


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
    logging_steps: Steps = 1
    eval_steps: Steps | None = None
    save_strategy: Literal["no", "steps", "epoch", "best"] = "steps"
    save_steps: Steps = 500
    save_total_limit: PositiveCount | None = None
    report_to: Literal["none", "trackio"] = "none"
    """Where each logged step is also reported; `trackio_space_id` names a Space for trackio."""
    beta: Amount = 0.1
    """How strongly preferences stay close to the current version."""
    loss_type: Literal[SftLoss, PreferenceLoss] | list[PreferenceLoss] = "sigmoid"
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


# The arguments that the libraries know, with their JSON types, so that a wrong one is refused
# before anything is paid for.
KNOWN_ARGUMENTS: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("library_arguments.json").read_text(encoding="utf-8")
)
# Arguments that our own code decides, from other settings or for the order of rows.
OWN_ARGUMENTS = {
    "output_dir", "per_device_train_batch_size", "per_device_eval_batch_size",
    "gradient_accumulation_steps", "dataset_kwargs", "remove_unused_columns",
    "train_sampling_strategy", "ddp_find_unused_parameters", "max_length", "logging_first_step",
    "disable_tqdm", "eval_strategy", "load_best_model_at_end", "metric_for_best_model",
    "greater_is_better",
}  # fmt: skip


def _trainer_arguments(config: str) -> Partial:
    known = KNOWN_ARGUMENTS[config].items()
    keys = {key: types for key, types in known if key not in OWN_ARGUMENTS}
    return Partial(TrainerArguments, keys=keys)


SftMapping = Annotated[dict[str, Any], _trainer_arguments("SFTConfig")]
DpoMapping = Annotated[dict[str, Any], _trainer_arguments("DPOConfig")]
LoraMapping = Annotated[dict[str, Any], Partial(LoraArguments, keys=KNOWN_ARGUMENTS["LoraConfig"])]


@dataclass(frozen=True)
class HeldOutSettings:
    """Rows that measure the held-out loss, every `trainer.eval_steps`."""

    rows: PositiveCount
    """Rows of the `test` split, drawn from all of it."""
    patience: PositiveCount | None = None
    """Training stops after so many measurements without a lower loss; null never stops it."""


@dataclass(frozen=True)
class FeedbackSettings:
    """How an adapter learns from feedback."""

    __pydantic_config__ = strict_with(
        {"properties": {"trainer": {"properties": {"loss_type": NO_SFT_LOSS}}}},
    )

    fewest: PositiveCount
    """Pairs that it needs at least."""
    batch: PositiveCount
    """Pairs per step."""
    trainer: DpoMapping
    """Arguments of TRL's DPOConfig."""


@dataclass(frozen=True)
class TrainingSettings:
    """How the base is trained on the dataset."""

    __pydantic_config__ = strict_with(
        {"properties": {"trainer": {"required": ["seed"], "errorMessage": SEED}}},
        {"properties": {"trainer": {"properties": {"loss_type": {"enum": SFT_LOSSES}}}}},
        rule(
            given("trained_tokens", {"exclusiveMinimum": 0}),
            given("lora", {"type": "object"}),
            "`trained_tokens` needs it: without it, all embeddings are trained",
        ),
        rule(
            given("held_out", {"type": "object"}),
            {"properties": {"trainer": given("eval_steps")}},
            "`held_out` needs it: how often to measure",
        ),
        rule(
            given("trainer", given("save_strategy", {"const": "best"})),
            given("held_out", {"type": "object"}),
            "`save_strategy: best` needs it: the best has the lowest held-out loss",
        ),
    )

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
    """The share of chats that are followed by others in the same row, so that a model learns to
    answer a second question. `max_length` must have room for several chats."""
    feedback: FeedbackSettings | None = None

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
    """Parse the section with its variant's changes; raise UserError that starts with a path."""
    changes = section.get("variants", {}).get(section.get("variant"), {})
    return build(TrainSection, merged(section, changes), "train")
