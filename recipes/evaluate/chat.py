"""Ask the adapter in a chat, through the code of the Space that visitors use.

A test asks with the recipe's own system prompt, shots and settings. A visitor has none of them, and
asks a second question in the same chat. Both questions of a chat are items of the recipe's tests.
"""

from __future__ import annotations

import importlib
import sys
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.benchmarks.tasks import Item, Task
from recipes.core.progress import Progress, say
from recipes.evaluate import intervals, metrics
from recipes.evaluate.intervals import Interval
from recipes.evaluate.models import ComparedModel
from recipes.evaluate.settings import BootstrapSettings, ChatSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

RECIPES = Path(__file__).parents[1]
CHAT_MODULES = ("adapters", "answer_settings", "conversation", "engine")


@dataclass(frozen=True)
class ChatScore:
    """The answers to `n` first questions, and to as many second ones.

    `metric` is accuracy (0 to 1) or chrF++ (0 to 100).
    """

    metric: str
    n: int
    first: Interval
    second: Interval


def score(
    api: HfApi,
    model: ComparedModel,
    tasks: Sequence[Task],
    settings: ChatSettings,
    bootstrap: BootstrapSettings,
) -> ChatScore | None:
    """Ask in new chats, then a second question in each; None if the chat does not serve the model.

    `tasks` are those in the adapter's language.
    """
    items = questions(tasks, settings)
    if not items:
        return None
    answers = _ask(api, model, items)
    if answers is None:
        say(f"{model.model} was not asked in a chat, which does not serve it")
        return None
    first, second = (
        judge(
            [
                (pair[turn].reference, texts[turn])
                for pair, texts in zip(items, answers, strict=True)
            ],
            settings,
            bootstrap,
        )
        for turn in (0, 1)
    )
    return ChatScore(settings.metric, len(items), first, second)


def questions(tasks: Sequence[Task], settings: ChatSettings) -> list[tuple[Item, Item]]:
    """Return the two questions of each chat: items of all tasks in turn, none of them twice."""
    by_task = [task.items for task in tasks if task.benchmark in settings.benchmarks]
    in_turn = (item for items in zip_longest(*by_task) for item in items if item)
    chosen = list(islice(in_turn, 2 * settings.requests))
    count = len(chosen) // 2
    return list(zip(chosen[:count], chosen[count : 2 * count], strict=True))


def _ask(
    api: HfApi, model: ComparedModel, items: Sequence[tuple[Item, Item]]
) -> list[list[str]] | None:
    """Return the answers of each chat, as its page shows them."""
    from huggingface_hub import ModelCard

    adapters, answer_settings, conversation, engine = chat_modules()
    path = api.hf_hub_download(model.model, "README.md", revision=model.revision)
    card = ModelCard.load(path).data.to_dict()
    served = adapters.parse_adapter(model.model, model.revision, card)
    if served is None:
        return None
    models, settings = engine.Engine(api.token), answer_settings.AnswerSettings()

    def chat(pair: tuple[Item, Item]) -> list[str]:
        talk, answers = conversation.Conversation(), list[str]()
        for item in pair:
            talk = talk.ask(item.prompt)
            messages = conversation.model_messages(talk, "adapter")
            growing: Iterator[str] = models.answer(
                served, messages, "adapter", settings, threading.Event()
            )
            text = ["", *growing][-1]
            talk = talk.answer("adapter", text)
            answers.append(conversation.split_reasoning(text)[1])
        return answers

    progress, answers = Progress(len(items), "chats"), []
    for pair in items:
        answers.append(chat(pair))
        progress.show(len(answers))
    return answers


def chat_modules() -> list[Any]:
    """Import what asks a model in the chat's Space, from the wheel or from a checkout."""
    folder = next(each for each in (RECIPES / "spaces", RECIPES.parent / "spaces") if each.is_dir())
    for path in (str(folder), str(folder / "chat")):
        if path not in sys.path:
            sys.path.append(path)
    return list(map(importlib.import_module, CHAT_MODULES))


def judge(
    pairs: Sequence[tuple[str, str]], settings: ChatSettings, bootstrap: BootstrapSettings
) -> Interval:
    """Score pairs of reference and answer; an answer is right if it equals the reference."""
    references, answers = map(list, zip(*pairs, strict=True))
    if settings.metric == "chrF++":
        statistics = metrics.chrf_statistics(answers, references)
        return intervals.score_interval(metrics.chrf, statistics, bootstrap.samples, bootstrap.seed)
    same_form = partial(unicodedata.normalize, metrics.NORMAL_FORM)
    right = [same_form(answer.strip()) == same_form(reference) for reference, answer in pairs]
    return intervals.wilson(metrics.mean_statistics(right)[:, 0])
