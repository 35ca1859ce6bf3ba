"""Supervised fine-tuning: add a PEFT adapter, or none, and train with TRL's SFTTrainer.

Heavy imports are inside the functions, and this module must not access the Hub. The rows arrive
tokenized (tokenize.py): the trainer's own preparation maps over the dataset several times, and it
cannot mask prompts when the chat template has no generation markers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.errors import Unworkable, UserError
from recipes.core.model_loading import has_experts
from recipes.core.progress import say
from recipes.train import adapter, hardware, packing, throughput
from recipes.train.callbacks import OnStep, progress_callback
from recipes.train.hardware import TrainingOptions
from recipes.train.settings import TrainingSettings
from recipes.train.tokenize import Examples, order_for_batches
from recipes.train.trainer import check_reporting, loss_on_answers_only, trainer_class

if TYPE_CHECKING:
    from datasets import Dataset
    from torch.nn import Module
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

UNWANTED_FILES = ("training_args.bin",)  # pickles that the trainer saves beside the weights


@dataclass(frozen=True)
class SftResult:
    """What training measured, over all attempts when it was resumed."""

    steps: int
    tokens: int
    seconds: float
    loss_first: float
    loss_last: float
    held_out_loss: float | None  # nats per answer token, of the weights that were kept
    attention: str  # transformers' `attn_implementation`
    trainable_parameters: int
    mfu: float | None
    log: list[dict[str, float]]

    @property
    def tokens_per_second(self) -> float:
        """Tokens per second of training, without padding."""
        return self.tokens / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class TrainingInputs:
    """All that one attempt needs beside the model."""

    tokenizer: PreTrainedTokenizerBase
    examples: Examples
    held_out: Examples | None
    settings: TrainingSettings
    out: Path
    callbacks: Sequence[TrainerCallback]
    resume_from: Path | None


def train(
    load: Callable[[], PreTrainedModel],
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    settings: TrainingSettings,
    out: Path,
    on_step: OnStep,
    held_out: Examples | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    resume_from: Path | None = None,
) -> SftResult:
    """Train as the recipe's `train` section says and write the adapter or model to `out`.

    When memory runs out, load the model again and train with a smaller batch on each device; the
    batch of a step, its rows and their order stay the same.
    """
    if not examples.input_ids:
        raise Unworkable(
            "There is no row to train on: the dataset is empty, or `train.max_length` cuts off "
            "every answer."
        )
    callbacks = [progress_callback(on_step), *callbacks]
    inputs = TrainingInputs(tokenizer, examples, held_out, settings, out, callbacks, resume_from)
    return _train_within_memory(load, inputs, None)


def _train_within_memory(
    load: Callable[[], PreTrainedModel], inputs: TrainingInputs, reduced: tuple[int, bool] | None
) -> SftResult:
    from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

    trainer, options = _trainer(load(), inputs, reduced)
    try:
        return _run(trainer, inputs)
    except RuntimeError as error:
        reduced = hardware.reduce_memory(options)
        if trainer.args.world_size > 1 or not should_reduce_batch_size(error) or reduced is None:
            raise
    del trainer
    clear_device_cache(garbage_collection=True)
    rows, checkpointing = reduced
    say(f"out of memory; retrying with device batch {rows}, activation checkpointing "
        f"{'on' if checkpointing else 'off'}")  # fmt: skip
    return _train_within_memory(load, inputs, reduced)


def _trainer(
    model: PreTrainedModel, inputs: TrainingInputs, reduced: tuple[int, bool] | None = None
) -> tuple[SFTTrainer, TrainingOptions]:
    from transformers import PrinterCallback, set_seed

    settings = inputs.settings
    set_seed(settings.seed)  # an adapter's initial weights are random
    trained_model = adapter.add_adapter(model, settings, inputs.examples)
    options = _choose_options(trained_model, settings)
    if reduced:
        options = replace(options, rows=reduced[0], checkpointing=reduced[1])
    config = _sft_config(settings, inputs.out, options)
    held_out = inputs.held_out
    trainer = trainer_class()(
        model=trained_model,
        args=config,
        train_dataset=_training_dataset(inputs.examples, config, settings),
        eval_dataset=_dataset(held_out, config) if held_out else None,
        processing_class=inputs.tokenizer,
        callbacks=[*_early_stopping(settings), *inputs.callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    packing.separate_packed_rows(trainer)
    packing.fill_rows(trainer)
    return trainer, options


def _choose_options(trained_model: Module, settings: TrainingSettings) -> TrainingOptions:
    """Choose what fits this machine; the recipe's own `trainer` values override it later."""
    model: Any = trained_model
    processes = _processes()
    needs = hardware.memory_needs(
        model.config,
        weights=sum(p.numel() * p.element_size() for p in model.parameters()),
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        tokens=settings.max_length,
        rows=max(1, settings.batch // processes),
        packing=settings.packing,
    )
    if settings.launch == "fsdp":
        needs = replace(needs, shards=processes)
    return hardware.choose_options(hardware.detect(), needs)


def _processes() -> int:
    from accelerate import PartialState

    return PartialState().num_processes if PartialState._shared_state else 1


def _sft_config(settings: TrainingSettings, out: Path, options: TrainingOptions) -> SFTConfig:
    """Build TRL's config."""
    from trl.trainer.sft_config import SFTConfig

    check_reporting(settings.trainer)
    processes = _processes()
    rows = hardware.largest_divisor(settings.batch // processes, options.rows)
    if not rows or settings.batch % processes:
        raise UserError(
            f"`train.batch` is {settings.batch}: it must be a multiple of {processes}, the number "
            "of processes."
        )
    evaluation: dict[str, Any] = {}
    if settings.held_out:
        saves_steps = settings.trainer.get("save_strategy") == "steps"
        evaluation = {"eval_strategy": "steps", "load_best_model_at_end": saves_steps}
        evaluation |= {"metric_for_best_model": "eval_loss", "greater_is_better": False}
    try:
        return SFTConfig(
            output_dir=str(out / "checkpoints"),
            per_device_train_batch_size=rows,
            per_device_eval_batch_size=rows,
            gradient_accumulation_steps=settings.batch // processes // rows,
            dataset_kwargs={"skip_prepare_dataset": True},
            remove_unused_columns=False,
            train_sampling_strategy="sequential",
            ddp_find_unused_parameters=False,
            max_length=settings.max_length,
            logging_first_step=True,
            disable_tqdm=True,
            **evaluation,
            **options.trainer_arguments(settings.trainer),
        )
    except (TypeError, ValueError) as error:
        raise Unworkable(
            f"train.trainer takes the arguments of TRL's SFTConfig: {error}"
        ) from error


def _early_stopping(settings: TrainingSettings) -> list[TrainerCallback]:
    from transformers import EarlyStoppingCallback

    patience = settings.held_out.patience if settings.held_out else None
    return [] if patience is None else [EarlyStoppingCallback(patience)]


def _training_dataset(examples: Examples, config: SFTConfig, settings: TrainingSettings) -> Dataset:
    """Return the rows in the order of training, packed if the recipe says so."""
    seed = config.seed
    if not config.packing:
        return _dataset(order_for_batches(examples, settings.batch, settings.window, seed), config)
    order = list(range(len(examples.input_ids)))
    packed = _dataset(examples.select(_shuffled(order, seed)), config)
    return packed.shuffle(seed=seed)  # packing puts the longest rows first


def _shuffled(order: list[int], seed: int) -> list[int]:
    from random import Random

    return Random(seed).sample(order, len(order))


def _dataset(examples: Examples, config: SFTConfig) -> Dataset:
    from datasets import Dataset
    from trl.data_utils import pack_dataset

    rows = Dataset.from_dict({"input_ids": examples.input_ids, "labels": examples.labels})
    if not config.packing:
        return rows
    packed: Dataset = pack_dataset(rows, int(config.max_length or 0), config.packing_strategy)
    return packed


def _run(trainer: SFTTrainer, inputs: TrainingInputs) -> SftResult:
    """Train and save the weights: the best ones if held-out loss chooses them, else the last."""
    model: Any = trainer.model
    size = _model_size(model)
    resume_from = inputs.resume_from
    with loss_on_answers_only():
        trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    trainer.save_model(str(inputs.out))
    for name in UNWANTED_FILES:
        (inputs.out / name).unlink(missing_ok=True)
    log = [entry for entry in trainer.state.log_history if "loss" in entry or "eval_loss" in entry]
    losses = [entry for entry in log if "loss" in entry]
    seconds = counter_total(losses, "seconds")
    tokens = round(trained_share(trainer, inputs) * counter_total(losses, "num_tokens"))
    lengths = [len(ids) for ids in inputs.examples.input_ids]
    machine = hardware.detect()
    flops = throughput.flops_per_token(size, lengths) if size else None
    return SftResult(
        steps=trainer.state.global_step,
        tokens=tokens,
        seconds=seconds,
        loss_first=losses[0]["loss"],
        loss_last=losses[-1]["loss"],
        held_out_loss=_held_out_loss(trainer, log),
        attention=str(model.config._attn_implementation),
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        mfu=throughput.mfu(tokens / seconds, flops, machine.name, machine.count) if flops else None,
        log=log,
    )


def trained_share(trainer: SFTTrainer, inputs: TrainingInputs) -> float:
    """Return the share of the counted tokens that are not filling (`packing.fill_rows`)."""
    if not packing.fills_rows(trainer):
        return 1.0
    dataset: Any = trainer.train_dataset
    return inputs.examples.tokens / (len(dataset) * inputs.settings.max_length)


def counter_total(log: Sequence[dict[str, float]], key: str) -> float:
    """Return the total of a counter that starts again at 0 whenever the run is resumed."""
    values = [entry[key] for entry in log]
    before_resets = [a for a, b in zip(values, values[1:], strict=False) if b < a]
    return sum(before_resets) + values[-1]


def _held_out_loss(trainer: SFTTrainer, log: Sequence[dict[str, float]]) -> float | None:
    if trainer.args.load_best_model_at_end and trainer.state.best_metric is not None:
        return float(trainer.state.best_metric)
    return next((entry["eval_loss"] for entry in reversed(log) if "eval_loss" in entry), None)


def _model_size(model: Any) -> throughput.ModelSize | None:
    """Measure the model; None for a mixture of experts, where a token uses only some weights."""
    import torch

    config = model.config.get_text_config()
    if has_experts(model.config):
        return None
    linear = [m.weight for m in model.modules() if isinstance(m, torch.nn.Linear)]
    heads = int(config.num_attention_heads)
    width = heads * int(getattr(config, "head_dim", None) or config.hidden_size // heads)
    return throughput.ModelSize(
        weights=sum(weight.numel() for weight in linear),
        trained=sum(weight.numel() for weight in linear if weight.requires_grad),
        layers=int(config.num_hidden_layers),
        width=width,
    )
