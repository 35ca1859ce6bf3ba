"""Supervised fine-tuning of a LoRA adapter: PEFT puts it on, TRL's SFTTrainer trains it.

Everything heavy is imported inside the functions; nothing here may talk to the Hub. Rows come
tokenised (rows.py): the trainer's own preparation maps over the dataset several times, and cannot
mask with a template that has no generation markers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.refusal import Refusal
from recipes.train.rows import Examples, in_batches
from recipes.train.settings import Settings

if TYPE_CHECKING:
    from datasets import Dataset
    from peft import LoraConfig
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

Show = Callable[[int, int, dict[str, object]], None]  # step, of steps, details


@dataclass(frozen=True)
class Trained:
    """What training measured; the adapter lies in the output folder."""

    steps: int
    tokens: int
    seconds: float
    loss_first: float
    loss_last: float
    trainable_parameters: int
    log: list[dict[str, float]]

    @property
    def tokens_per_second(self) -> float:
        """Tokens of the rows, padding excluded, a second of training."""
        return self.tokens / self.seconds if self.seconds else 0.0


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    settings: Settings,
    out: Path,
    show: Show,
    callbacks: list[TrainerCallback] | None = None,
    resume_from: Path | None = None,
) -> Trained:
    """Train as `settings` (the recipe's `train` section) says; writes the adapter to `out`."""
    if not examples.input_ids:
        raise Refusal(
            "There is no row to train on: the dataset is empty or all its answers are cut."
        )
    trainer = _trainer(model, tokenizer, examples, settings, out, show, callbacks or [])
    adapted: Any = trainer.model
    began = time.monotonic()
    trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    seconds = time.monotonic() - began
    adapted.save_pretrained(str(out))
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    return Trained(
        steps=trainer.state.global_step,
        tokens=int(log[-1]["num_tokens"]),
        seconds=seconds,
        loss_first=log[0]["loss"],
        loss_last=log[-1]["loss"],
        trainable_parameters=sum(p.numel() for p in adapted.parameters() if p.requires_grad),
        log=log,
    )


def _trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    settings: Settings,
    out: Path,
    show: Show,
    callbacks: list[TrainerCallback],
) -> SFTTrainer:
    from transformers import PrinterCallback
    from trl.trainer.sft_trainer import SFTTrainer

    arguments = _arguments(settings, out)
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=_dataset(examples, arguments, settings.window),
        processing_class=tokenizer,
        peft_config=_lora(settings.lora),
        callbacks=[_reporter(show), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(settings: Settings, out: Path) -> SFTConfig:
    """TRL's own arguments, and what no recipe may change: our rows in our order, no reports."""
    from trl.trainer.sft_config import SFTConfig

    try:
        return SFTConfig(
            output_dir=str(out / "checkpoints"),
            dataset_kwargs={"skip_prepare_dataset": True},
            remove_unused_columns=False,
            train_sampling_strategy="sequential",
            max_length=settings.max_length,
            report_to="none",
            disable_tqdm=True,
            **settings.trainer,
        )
    except (TypeError, ValueError) as error:
        raise Refusal(f"train.trainer takes the arguments of TRL's SFTConfig: {error}") from error


def _lora(settings: dict[str, Any]) -> LoraConfig:
    from peft import LoraConfig

    try:
        return LoraConfig(task_type="CAUSAL_LM", **deepcopy(settings))  # PEFT writes into its lists
    except (TypeError, ValueError) as error:
        raise Refusal(f"train.lora takes the arguments of PEFT's LoraConfig: {error}") from error


def _dataset(examples: Examples, arguments: SFTConfig, window: int) -> Dataset:
    """The trainer's rows in the order it takes them, packed when the recipe says so."""
    from datasets import Dataset
    from trl.data_utils import pack_dataset

    if not arguments.packing:
        size = arguments.per_device_train_batch_size
        examples = in_batches(examples, size, window, arguments.seed)
    rows = Dataset.from_dict({"input_ids": examples.input_ids, "labels": examples.labels})
    if not arguments.packing:
        return rows
    rows = rows.shuffle(seed=arguments.seed)
    packed = pack_dataset(rows, int(arguments.max_length or 0), arguments.packing_strategy)
    return packed.shuffle(seed=arguments.seed)  # packing leaves the longest first


def _reporter(show: Show) -> TrainerCallback:
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    class Reporter(TrainerCallback):
        """Turns the trainer's steps into progress lines; the loss is the last one logged."""

        def on_step_end(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            entry = state.log_history[-1] if state.log_history else {}
            details: dict[str, object] = {}
            if "loss" in entry:
                details = {"loss": f"{entry['loss']:.3f}"}
            show(state.global_step, state.max_steps, details)

    return Reporter()
