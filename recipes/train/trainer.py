"""TRL's SFTTrainer, with a held-out loss per answer token and logits for answers only.

Heavy imports are inside the functions. This module must not know the recipe.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from recipes.core.errors import Unworkable
from recipes.train.tokenize import IGNORED

if TYPE_CHECKING:
    from torch import Tensor
    from transformers.trainer_utils import EvalLoopOutput
    from trl.trainer.sft_trainer import SFTTrainer


def trainer_class() -> type[SFTTrainer]:
    """Return a trainer whose held-out loss is the mean over all answer tokens.

    Its superclass averages over batches, whatever the number of answer tokens in each. With several
    processes, rows that fill up the last batches count twice.
    """
    import torch
    from trl.trainer.sft_trainer import SFTTrainer

    class Trainer(SFTTrainer):
        def evaluation_loop(self, *args: Any, **kwargs: Any) -> EvalLoopOutput:
            self._sums = torch.zeros(2, device=self.args.device)  # loss, answer tokens
            output = super().evaluation_loop(*args, **kwargs)
            loss, tokens = self.accelerator.reduce(self._sums, reduction="sum").tolist()
            if output.metrics is not None:
                output.metrics["eval_loss"] = loss / max(1.0, tokens)
            return output

        def prediction_step(
            self, model: Any, inputs: dict[str, Any], *args: Any, **kwargs: Any
        ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
            loss, logits, labels = super().prediction_step(model, inputs, *args, **kwargs)
            tokens = (inputs["labels"][:, 1:] != IGNORED).sum()
            if loss is not None:
                self._sums += torch.stack([loss.float() * tokens, tokens.float()])
            return loss, logits, labels

    return Trainer


@contextmanager
def loss_on_answers_only() -> Iterator[None]:
    """Make TRL compute logits only for tokens that have a label, on any device.

    Without Triton, TRL also computes them for prompts and padding, for the sake of devices that
    compile each shape; on a CPU this takes a third of a step. Its code path for Triton also runs
    in plain PyTorch.
    """
    from trl.trainer import utils

    original = utils._use_triton  # type: ignore[attr-defined]
    utils._use_triton = lambda device: True  # type: ignore[attr-defined]
    try:
        yield
    finally:
        utils._use_triton = original  # type: ignore[attr-defined]


def check_reporting(arguments: Mapping[str, Any]) -> None:
    """Raise UserError if a recipe reports to trackio, and it is not installed."""
    if arguments.get("report_to") == "trackio" and not importlib.util.find_spec("trackio"):
        raise Unworkable("`report_to: trackio` needs a package: pip install 'kakugo-bot[trackio]'.")
