"""Measure one candidate base before and after a short training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.bakeoff.settings import BakeOffSettings
from recipes.check import fertility
from recipes.core import model_loading
from recipes.core.benchmarks.tasks import Task
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.settings import EvaluateSettings
from recipes.train import hardware, heldout_loss, sft
from recipes.train.callbacks import print_progress
from recipes.train.heldout_loss import Chat
from recipes.train.settings import TrainingSettings
from recipes.train.tokenize import tokenize_chats

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Measurement:
    """What was measured of one base.

    `before` and `after` are the nats of each held-out chat, `scores_*` accuracies by benchmark.
    `tokens_per_character` and `partial_tokens` (the share of tokens that are only a part of a
    character) describe the tokenizer.
    """

    base: str
    revision: str
    parameters: int
    tokens_per_character: float
    partial_tokens: float
    before: list[float]
    after: list[float]
    scores_before: dict[str, float]
    scores_after: dict[str, float]
    tokens_per_second: float
    seconds: float


@dataclass(frozen=True)
class BakeOffData:
    """The chats and items that are the same for every candidate."""

    training_chats: Sequence[Chat]
    held_out_chats: Sequence[Chat]
    tasks: Sequence[Task]
    evaluation: EvaluateSettings


def measure(
    repo: str,
    revision: str,
    data: BakeOffData,
    settings: BakeOffSettings,
    train: TrainingSettings,
    scratch: Path,
) -> Measurement:
    """Load and measure a base, train it for some steps, and measure it again."""
    tokenizer = model_loading.tokenizer(repo, revision)
    model: Any = _load(repo, revision, train)
    chats = data.held_out_chats
    answers = [turn["content"] for chat in chats for turn in chat if turn["role"] == "assistant"]
    tokens = fertility.measure(tokenizer, answers, [])
    parameters = sum(p.numel() for p in model.parameters())
    before = heldout_loss.nats(model, tokenizer, chats)
    scores_before = _scores(model, tokenizer, data)
    del model  # free its memory for the training
    result, model = _train(repo, revision, data, settings, train, scratch)
    return Measurement(
        base=repo,
        revision=revision,
        parameters=parameters,
        tokens_per_character=tokens.tokens_per_character,
        partial_tokens=tokens.bytes or 0.0,
        before=before,
        after=heldout_loss.nats(model, tokenizer, chats),
        scores_before=scores_before,
        scores_after=_scores(model, tokenizer, data),
        tokens_per_second=result.tokens_per_second,
        seconds=result.seconds,
    )


def _load(repo: str, revision: str, train: TrainingSettings, packing: bool = False) -> Any:
    import torch

    attention = hardware.attention(hardware.detect(), packing)
    arguments = {"attn_implementation": attention, **train.model}
    model: Any = model_loading.model(repo, revision, train.threads, arguments)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _train(
    repo: str,
    revision: str,
    data: BakeOffData,
    settings: BakeOffSettings,
    train: TrainingSettings,
    scratch: Path,
) -> tuple[sft.SftResult, Any]:
    """Train as the recipe does, for some steps, and load the result as it would be from the Hub."""
    from peft import PeftModel

    tokenizer = model_loading.tokenizer(repo, revision)
    result = sft.train(
        lambda: _load(repo, revision, train, train.packing),
        tokenizer,
        tokenize_chats(tokenizer, data.training_chats, train.max_length),
        _shortened(train, settings.steps),
        scratch,
        print_progress(),
    )
    if train.lora is None:
        return result, _load(str(scratch), "main", train)
    return result, PeftModel.from_pretrained(_load(repo, revision, train), scratch)


def _shortened(train: TrainingSettings, steps: int) -> TrainingSettings:
    changes = {"max_steps": steps, "save_strategy": "no"}
    return replace(train, held_out=None, trainer={**train.trainer, **changes})


def _scores(model: Any, tokenizer: PreTrainedTokenizerBase, data: BakeOffData) -> dict[str, float]:
    """Return the accuracy on each multiple-choice benchmark, few-shot as in the evaluation."""
    scores = {}
    for task in data.tasks:
        likelihoods = transformers_lm.log_likelihoods(
            model, tokenizer, task.items, data.evaluation.choice_for(task.settings), lambda _: None
        )
        correct = [
            max(range(len(row)), key=row.__getitem__) == item.correct
            for row, item in zip(likelihoods, task.items, strict=True)
        ]
        scores[task.benchmark] = sum(correct) / len(correct)
    return scores
