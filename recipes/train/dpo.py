"""Direct preference optimisation: TRL's DPOTrainer moves an adapter towards what people prefer.

The adapter goes on from itself, and its own frozen copy is the reference: what nobody complained of
shall stay. With TRL's `sft` among the losses the better answers are learnt as rows of their own,
too. Everything heavy is imported inside the functions; nothing here may talk to the Hub.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.errors import UserError
from recipes.train import hardware
from recipes.train.callbacks import reporter
from recipes.train.preference_pairs import Pair
from recipes.train.settings import TrainSettings
from recipes.train.sft import LEFTOVERS, Show, total

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedTokenizerBase, TrainerCallback
    from trl.trainer.dpo_config import DPOConfig
    from trl.trainer.dpo_trainer import DPOTrainer

MARGIN, ACCURACY = "rewards/margins", "rewards/accuracies"


@dataclass(frozen=True)
class Tuned:
    """What training measured; `margin` is by how much more the better answers rose than the worse,
    `right` in which share of the pairs, as logged last."""

    steps: int
    seconds: float
    loss_first: float
    loss_last: float
    margin: float
    right: float
    log: list[dict[str, float]]


def train(
    model: PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Pair],
    settings: TrainSettings,
    out: Path,
    show: Show,
    system: str,
    callbacks: Sequence[TrainerCallback] = (),
    resume_from: Path | None = None,
) -> Tuned:
    """Train the adapter `default` of `model`, as `train.feedback` says; writes it to `out`."""
    from datasets import Dataset
    from transformers import PrinterCallback, set_seed
    from trl.trainer.dpo_trainer import DPOTrainer

    set_seed(settings.seed)
    trainer = DPOTrainer(
        model=model,
        args=_arguments(model, settings, out),
        train_dataset=Dataset.from_list([pair.wire(system) for pair in pairs]),
        processing_class=tokenizer,
        callbacks=[reporter(show), *callbacks],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    tuned: Any = trainer.model
    tuned.save_pretrained(out, selected_adapters=["default"])  # not the reference
    tokenizer.save_pretrained(out)
    for name in LEFTOVERS:
        (out / name).unlink(missing_ok=True)
    return _measured(trainer)


def _measured(trainer: DPOTrainer) -> Tuned:
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    return Tuned(
        steps=trainer.state.global_step,
        seconds=total(log, "seconds"),
        loss_first=log[0]["loss"],
        loss_last=log[-1]["loss"],
        margin=log[-1][MARGIN],
        right=log[-1][ACCURACY],
        log=log,
    )


def _arguments(model: PeftModel, settings: TrainSettings, out: Path) -> DPOConfig:
    """TRL's own arguments, and what no recipe may change."""
    from trl.trainer.dpo_config import DPOConfig

    feedback = settings.feedback
    assert feedback
    load = hardware.measure(
        model.config,
        weights=sum(p.numel() * p.element_size() for p in model.parameters()),
        trained=sum(p.numel() for p in model.parameters() if p.requires_grad),
        tokens=settings.max_length,
        rows=2 * feedback.batch,  # both answers go through at once
        packing=False,
    )
    chosen = hardware.choose(hardware.look(), load)
    rows = hardware.divisor(feedback.batch, max(1, chosen.rows // 2))
    try:
        return DPOConfig(
            output_dir=str(out / "checkpoints"),
            per_device_train_batch_size=rows,
            gradient_accumulation_steps=feedback.batch // rows,
            max_length=settings.max_length,
            bf16=chosen.bf16 and settings.trainer.get("bf16", True),
            optim=chosen.optim,
            gradient_checkpointing=chosen.checkpointing,
            logging_first_step=True,
            report_to="none",
            disable_tqdm=True,
            **feedback.trainer,
        )
    except (TypeError, ValueError) as error:
        raise UserError(
            f"train.feedback.trainer takes the arguments of TRL's DPOConfig: {error}"
        ) from error
