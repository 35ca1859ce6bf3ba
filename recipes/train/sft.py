"""Supervised fine-tuning: PEFT puts an adapter on (or none), TRL's SFTTrainer trains it.

Everything heavy is imported inside the functions; nothing here may talk to the Hub. Rows come
tokenised (rows.py): the trainer's own preparation maps over the dataset several times, and cannot
mask with a template that has no generation markers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.errors import UserError
from recipes.core.model_loading import has_experts
from recipes.core.progress import say
from recipes.train import adapter, hardware, packing, throughput
from recipes.train.callbacks import reporter
from recipes.train.hardware import Choices
from recipes.train.settings import TrainSettings
from recipes.train.tokenize import Examples, in_batches

if TYPE_CHECKING:
    from datasets import Dataset
    from torch.nn import Module
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

Show = Callable[[int, int, dict[str, object]], None]  # step, of steps, details
LEFTOVERS = ("training_args.bin",)  # what the trainer lays beside the weights: pickles


@dataclass(frozen=True)
class Trained:
    """What training measured, over all attempts that went on from each other."""

    steps: int
    tokens: int
    seconds: float
    loss_first: float
    loss_last: float
    held_out: float | None  # the held-out loss of what was kept
    trainable_parameters: int
    mfu: float | None
    log: list[dict[str, float]]

    @property
    def tokens_per_second(self) -> float:
        """Tokens of the rows, padding excluded, a second of training."""
        return self.tokens / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class TrainingInputs:
    """What is trained on, and how: all that one try needs beside the model."""

    tokenizer: PreTrainedTokenizerBase
    examples: Examples
    held_out: Examples | None
    settings: TrainSettings
    out: Path
    callbacks: Sequence[TrainerCallback]
    resume_from: Path | None


def train(
    load: Callable[[], PreTrainedModel],
    tokenizer: PreTrainedTokenizerBase,
    examples: Examples,
    settings: TrainSettings,
    out: Path,
    show: Show,
    held_out: Examples | None = None,
    callbacks: Sequence[TrainerCallback] = (),
    resume_from: Path | None = None,
) -> Trained:
    """Train as `settings` (the recipe's `train` section) says; writes what was trained to `out`.

    When memory runs out the model is loaded anew and fewer rows go through it at once; a step
    keeps its batch, its rows and their order.
    """
    if not examples.input_ids:
        raise UserError(
            "There is no row to train on: the dataset is empty or all its answers are cut."
        )
    watching = [reporter(show), *callbacks]
    course = TrainingInputs(tokenizer, examples, held_out, settings, out, watching, resume_from)
    return _within_memory(load, course, None)


def _within_memory(
    load: Callable[[], PreTrainedModel], course: TrainingInputs, instead: tuple[int, bool] | None
) -> Trained:
    from accelerate.utils.memory import clear_device_cache, should_reduce_batch_size

    trainer, choices = _trainer(load(), course, instead)
    try:
        return _run(trainer, course)
    except RuntimeError as error:
        smaller = hardware.fewer(choices)
        if trainer.args.world_size > 1 or not should_reduce_batch_size(error) or smaller is None:
            raise
    del trainer
    clear_device_cache(garbage_collection=True)
    say(f"memory ran out: rows at once, activation checkpointing: {smaller[0]}, {smaller[1]}")
    return _within_memory(load, course, smaller)


def _trainer(
    model: PreTrainedModel, course: TrainingInputs, instead: tuple[int, bool] | None = None
) -> tuple[SFTTrainer, Choices]:
    from transformers import PrinterCallback, set_seed
    from trl.trainer.sft_trainer import SFTTrainer

    settings = course.settings
    set_seed(settings.seed)  # an adapter begins at random
    adapted = adapter.put_on(model, settings, course.examples)
    chosen = _choose(adapted, settings)
    if instead:
        chosen = replace(chosen, rows=instead[0], checkpointing=instead[1])
    arguments = _arguments(settings, course.out, chosen)
    held_out = course.held_out
    trainer = SFTTrainer(
        model=adapted,
        args=arguments,
        train_dataset=_dataset(course.examples, arguments, settings),
        eval_dataset=_rows(held_out, arguments) if held_out else None,
        processing_class=course.tokenizer,
        callbacks=[*_stopper(settings), *course.callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    packing.keep_apart(trainer)
    return trainer, chosen


@contextmanager
def scoring_answers_only() -> Iterator[None]:
    """Have TRL score no tokens but those that are learnt, whatever the device.

    Where Triton is not it scores prompts and padding, too, for devices that compile each shape: a
    third of a step on a processor. What it does where Triton is runs in plain PyTorch as well.
    """
    from trl.trainer import utils

    before = utils._use_triton  # type: ignore[attr-defined]
    utils._use_triton = lambda device: True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        utils._use_triton = before  # type: ignore[attr-defined]


def _choose(adapted: Module, settings: TrainSettings) -> Choices:
    """What fits this machine: a recipe without a checkpointing or batch of its own takes it."""
    model: Any = adapted
    here, processes = hardware.look(), _processes()
    load = hardware.measure(
        model.config,
        weights=sum(p.numel() * p.element_size() for p in model.parameters()),
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        tokens=settings.max_length,
        rows=max(1, settings.batch // processes),
        packing=settings.packing,
    )
    if settings.launch == "fsdp":
        load = replace(load, shards=processes)
    return hardware.choose(here, load)


def _processes() -> int:
    from accelerate import PartialState

    return PartialState().num_processes if PartialState._shared_state else 1


def _arguments(settings: TrainSettings, out: Path, chosen: Choices) -> SFTConfig:
    """TRL's own arguments, and what no recipe may change: our rows in our order, no reports."""
    from trl.trainer.sft_config import SFTConfig

    processes = _processes()
    rows = hardware.divisor(settings.batch // processes, chosen.rows)
    if not rows or settings.batch % processes:
        raise UserError(
            f"`train.batch` is {settings.batch}: {processes} processes cannot share it."
        )
    more: dict[str, Any] = {}
    if settings.held_out:
        kept = settings.trainer.get("save_strategy") == "steps"
        more = {"eval_strategy": "steps", "load_best_model_at_end": kept}
        more |= {"metric_for_best_model": "eval_loss", "greater_is_better": False}
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
            report_to="none",
            disable_tqdm=True,
            **more,
            **{**chosen.trainer(), **settings.trainer},
        )
    except (TypeError, ValueError) as error:
        raise UserError(f"train.trainer takes the arguments of TRL's SFTConfig: {error}") from error


def _stopper(settings: TrainSettings) -> list[TrainerCallback]:
    from transformers import EarlyStoppingCallback

    patience = settings.held_out.patience if settings.held_out else None
    return [] if patience is None else [EarlyStoppingCallback(patience)]


def _dataset(examples: Examples, arguments: SFTConfig, settings: TrainSettings) -> Dataset:
    """The trainer's rows in the order it takes them, packed when the recipe says so."""
    seed = arguments.seed
    if not arguments.packing:
        return _rows(in_batches(examples, settings.batch, settings.window, seed), arguments)
    order = list(range(len(examples.input_ids)))
    packed = _rows(examples.ordered(_shuffled(order, seed)), arguments)
    return packed.shuffle(seed=seed)  # packing leaves the longest first


def _shuffled(order: list[int], seed: int) -> list[int]:
    from random import Random

    return Random(seed).sample(order, len(order))


def _rows(examples: Examples, arguments: SFTConfig) -> Dataset:
    from datasets import Dataset
    from trl.data_utils import pack_dataset

    rows = Dataset.from_dict({"input_ids": examples.input_ids, "labels": examples.labels})
    if not arguments.packing:
        return rows
    packed: Dataset = pack_dataset(rows, int(arguments.max_length or 0), arguments.packing_strategy)
    return packed


def _run(trainer: SFTTrainer, course: TrainingInputs) -> Trained:
    """Train to the end and write the best weights."""
    model: Any = trainer.model
    work = _work(model)
    resume = course.resume_from
    with scoring_answers_only():
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    trainer.save_model(str(course.out))
    for name in LEFTOVERS:
        (course.out / name).unlink(missing_ok=True)
    log = [entry for entry in trainer.state.log_history if "loss" in entry or "eval_loss" in entry]
    losses = [entry for entry in log if "loss" in entry]
    tokens, seconds = total(losses, "num_tokens"), total(losses, "seconds")
    lengths = [len(ids) for ids in course.examples.input_ids]
    here, flops = hardware.look(), throughput.flops_per_token(work, lengths) if work else None
    return Trained(
        steps=trainer.state.global_step,
        tokens=int(tokens),
        seconds=seconds,
        loss_first=losses[0]["loss"],
        loss_last=losses[-1]["loss"],
        held_out=_kept(trainer, log),
        trainable_parameters=sum(p.numel() for p in model.parameters() if p.requires_grad),
        mfu=throughput.mfu(tokens / seconds, flops, here.name, here.count) if flops else None,
        log=log,
    )


def total(log: Sequence[dict[str, float]], key: str) -> float:
    """The sum of what a counter reached before each time it began anew: a resumed run's."""
    values = [entry[key] for entry in log]
    ends = [a for a, b in zip(values, values[1:], strict=False) if b < a]
    return sum(ends) + values[-1]


def _kept(trainer: SFTTrainer, log: Sequence[dict[str, float]]) -> float | None:
    if trainer.args.load_best_model_at_end and trainer.state.best_metric is not None:
        return float(trainer.state.best_metric)
    return next((entry["eval_loss"] for entry in reversed(log) if "eval_loss" in entry), None)


def _work(model: Any) -> throughput.Work | None:
    """The matrices a token goes through; None for a mixture of experts, which uses some only."""
    import torch

    text = model.config.get_text_config()
    if has_experts(model.config):
        return None
    linear = [m.weight for m in model.modules() if isinstance(m, torch.nn.Linear)]
    heads = int(text.num_attention_heads)
    width = heads * int(getattr(text, "head_dim", None) or text.hidden_size // heads)
    return throughput.Work(
        weights=sum(weight.numel() for weight in linear),
        trained=sum(weight.numel() for weight in linear if weight.requires_grad),
        layers=int(text.num_hidden_layers),
        width=width,
    )
