"""What is measured of one base: how it cuts the language, and what a short training makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.bakeoff.settings import BakeoffSettings
from recipes.check import fertility
from recipes.core import model_loading
from recipes.core.progress import Progress
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.benchmarks import Task
from recipes.evaluate.settings import Choice
from recipes.train import hardware, heldout_loss, sft, tokenize
from recipes.train import settings as training
from recipes.train.heldout_loss import Chat

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Measured:
    """One base. `before` and `after` are nats of each held-out chat; `scores_*` accuracies by
    benchmark; `tokens_a_letter` and `pieces` (tokens that are pieces of a letter) of its tokenizer.
    """

    base: str
    revision: str
    parameters: int
    tokens_a_letter: float
    pieces: float
    before: list[float]
    after: list[float]
    scores_before: dict[str, float]
    scores_after: dict[str, float]
    tokens_per_second: float
    seconds: float


@dataclass(frozen=True)
class Exam:
    """What every candidate learns and is asked: the very same chats and items."""

    learnt: Sequence[Chat]
    asked: Sequence[Chat]
    tasks: Sequence[Task]
    choice: Choice


def measure(
    repo: str,
    revision: str,
    exam: Exam,
    settings: BakeoffSettings,
    train: training.TrainSettings,
    scratch: Path,
) -> Measured:
    """Load, measure, train for some steps, measure again."""
    tokenizer = model_loading.tokenizer(repo, revision)
    model: Any = _load(repo, revision, train)
    texts = [turn["content"] for chat in exam.asked for turn in chat if turn["role"] == "assistant"]
    cut = fertility.measure(tokenizer, texts, [])
    parameters = sum(p.numel() for p in model.parameters())
    before = heldout_loss.nats(model, tokenizer, exam.asked), _scores(model, tokenizer, exam)
    del model  # what comes next needs the room
    trained, model = _teach(repo, revision, exam, settings, train, scratch)
    after = heldout_loss.nats(model, tokenizer, exam.asked), _scores(model, tokenizer, exam)
    return Measured(
        base=repo,
        revision=revision,
        parameters=parameters,
        tokens_a_letter=cut.tokens_per_character,
        pieces=cut.bytes or 0.0,
        before=before[0],
        after=after[0],
        scores_before=before[1],
        scores_after=after[1],
        tokens_per_second=trained.tokens_per_second,
        seconds=trained.seconds,
    )


def _load(repo: str, revision: str, train: training.TrainSettings) -> Any:
    import torch

    arguments = {"attn_implementation": hardware.attention(hardware.look()), **train.model}
    model: Any = model_loading.model(repo, revision, train.threads, arguments)
    return model.to("cuda" if torch.cuda.is_available() else "cpu")


def _teach(
    repo: str,
    revision: str,
    exam: Exam,
    settings: BakeoffSettings,
    train: training.TrainSettings,
    scratch: Path,
) -> tuple[sft.Trained, Any]:
    """Train as the recipe does, for some steps; the model is loaded as it would be from the Hub."""
    from peft import PeftModel

    tokenizer = model_loading.tokenizer(repo, revision)
    progress = Progress(settings.steps, "steps")
    trained = sft.train(
        lambda: _load(repo, revision, train),
        tokenizer,
        tokenize.tokenise(tokenizer, exam.learnt, train.max_length),
        _shortened(train, settings.steps),
        scratch,
        lambda step, steps, details: progress.show(step, **details),
    )
    if train.lora is None:
        return trained, _load(str(scratch), "main", train)
    return trained, PeftModel.from_pretrained(_load(repo, revision, train), scratch)


def _shortened(train: training.TrainSettings, steps: int) -> training.TrainSettings:
    short = {"max_steps": steps, "save_strategy": "no"}
    return replace(train, held_out=None, trainer={**train.trainer, **short})


def _scores(model: Any, tokenizer: PreTrainedTokenizerBase, exam: Exam) -> dict[str, float]:
    """The accuracy on each multiple-choice benchmark, few-shot as in the evaluation."""
    scores = {}
    for task in exam.tasks:
        likely = transformers_lm.choose(model, tokenizer, task.items, exam.choice, lambda _: None)
        right = [max(range(len(row)), key=row.__getitem__) == item.right
                 for row, item in zip(likely, task.items, strict=True)]  # fmt: skip
        scores[task.benchmark] = sum(right) / len(right)
    return scores
