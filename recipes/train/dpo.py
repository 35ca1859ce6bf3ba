"""Direct preference optimization: train an adapter on preference pairs with TRL's DPOTrainer.

A frozen copy of the adapter is the reference, so that answers nobody complained about change
little. With TRL's `sft` among the losses, the better answers are also learned as ordinary rows.
Heavy imports are inside the functions, and this module must not access the Hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.control_tokens import clean_chats
from recipes.core.errors import Unworkable
from recipes.train import hardware
from recipes.train.callbacks import OnStep, progress_callback
from recipes.train.preference_pairs import PreferencePair
from recipes.train.settings import TrainingSettings
from recipes.train.sft import UNWANTED_FILES, counter_total
from recipes.train.trainer import check_reporting

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase, TrainerCallback
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

SHARED_ARGUMENTS = ("bf16", "fp16", "optim", "optim_args")
MARGIN, ACCURACY = "rewards/margins", "rewards/accuracies"


@dataclass(frozen=True)
class DpoResult:
    """What training measured.

    `reward_margin` is how much the reward of chosen answers exceeds that of rejected ones, and
    `accuracy` the share of pairs in which it does, both as logged last.
    """

    steps: int
    seconds: float
    loss_first: float
    loss_last: float
    reward_margin: float
    accuracy: float
    log: list[dict[str, float]]


def train(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[PreferencePair],
    settings: TrainingSettings,
    out: Path,
    on_step: OnStep,
    system: str,
    callbacks: Sequence[TrainerCallback] = (),
    resume_from: Path | None = None,
) -> DpoResult:
    """Train the adapter `default` of `model` as `train.feedback` says, and write it to `out`."""
    from datasets import Dataset
    from transformers import PrinterCallback, set_seed
    from trl.trainer.dpo_trainer import DPOTrainer

    set_seed(settings.seed)
    trainer = DPOTrainer(
        model=model,
        args=_dpo_config(model, settings, out),
        train_dataset=Dataset.from_list(
            [
                dict(zip(row, clean_chats(tokenizer, list(row.values())), strict=True))
                for row in (pair.to_trl(system) for pair in pairs)
            ]
        ),
        processing_class=tokenizer,
        callbacks=[progress_callback(on_step), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    trained: Any = trainer.model
    trained.save_pretrained(out, selected_adapters=["default"])  # without the reference
    tokenizer.save_pretrained(out)
    for name in UNWANTED_FILES:
        (out / name).unlink(missing_ok=True)
    return _result(trainer)


def _result(trainer: DPOTrainer) -> DpoResult:
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    return DpoResult(
        steps=trainer.state.global_step,
        seconds=counter_total(log, "seconds"),
        loss_first=log[0]["loss"],
        loss_last=log[-1]["loss"],
        reward_margin=log[-1][MARGIN],
        accuracy=log[-1][ACCURACY],
        log=log,
    )


def _dpo_config(model: PeftModel, settings: TrainingSettings, out: Path) -> DPOConfig:
    """Build TRL's config; `train.trainer` decides precision and optimizer here, too."""
    from trl.trainer.dpo_config import DPOConfig

    feedback = settings.feedback
    assert feedback
    check_reporting(feedback.trainer)
    needs = hardware.memory_needs(
        model.config,
        weights=sum(p.numel() * p.element_size() for p in model.parameters()),
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        tokens=settings.max_length,
        rows=2 * feedback.batch,  # a pair is two rows
        packing=False,
    )
    options = hardware.choose_options(hardware.detect(), needs)
    options = replace(options, liger=False)  # it has a loss of its own, and not every `loss_type`
    shared = {key: settings.trainer[key] for key in SHARED_ARGUMENTS if key in settings.trainer}
    device_pairs = hardware.largest_divisor(feedback.batch, max(1, options.rows // 2))
    try:
        return DPOConfig(
            output_dir=str(out / "checkpoints"),
            per_device_train_batch_size=device_pairs,
            gradient_accumulation_steps=feedback.batch // device_pairs,
            max_length=settings.max_length,
            logging_first_step=True,
            disable_tqdm=True,
            **options.trainer_arguments({**shared, **feedback.trainer}),
        )
    except (TypeError, ValueError) as error:
        raise Unworkable(
            f"train.feedback.trainer takes the arguments of TRL's DPOConfig: {error}"
        ) from error
