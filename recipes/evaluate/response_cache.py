"""Asks all contestants all questions, and none of them twice.

Answers are put on the Hub after each model, and in between when that takes long; a run that was
killed, or that is to have one more peer, finds them there again. Whoever changes what an answer
depends on adds it to `key`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from time import monotonic
from typing import Any

from recipes.core.progress import Progress
from recipes.evaluate import schema
from recipes.evaluate.backends.loader import Speaker, Stage
from recipes.evaluate.backends.transformers_lm import Said, Show
from recipes.evaluate.benchmarks import Task
from recipes.evaluate.models import Contestant
from recipes.evaluate.schema import Row
from recipes.evaluate.settings import EvaluateSettings
from recipes.evaluate.significance import Output, Outputs

Kept = Mapping[str, Mapping[str, Output]]  # key → item's id → answer
Given = dict[tuple[int, int], Outputs]  # (contestant, task) → answers
Keep = Callable[[list[Row]], None]


def collect(
    contestants: Sequence[Contestant],
    tasks: Sequence[Task],
    settings: EvaluateSettings,
    stage: Stage,
    kept: Kept,
    keep: Keep,
) -> Given:
    """The answers of each contestant to each task; `keep` gets the rows of all that is known."""
    keys = {(c, t): key(one, task, settings) for c, one in enumerate(contestants)
            for t, task in enumerate(tasks)}  # fmt: skip
    given: Given = {
        place: found
        for place, name in keys.items()
        if (found := recall(kept, name, tasks[place[1]])) is not None
    }
    show = _counter(len(contestants) * sum(len(task.items) for task in tasks))
    show(sum(map(len, given.values())))
    last = monotonic()
    for c, contestant in enumerate(contestants):
        missing = [t for t in range(len(tasks)) if (c, t) not in given]
        speaker = stage.call(contestant) if missing else None
        for t in missing:
            assert speaker
            given[c, t] = _ask(speaker, tasks[t], settings, show)
            if t == missing[-1] or monotonic() - last > settings.keep_after:
                keep(lines(contestants, tasks, settings, given))
                last = monotonic()
    return given


def lines(
    contestants: Sequence[Contestant],
    tasks: Sequence[Task],
    settings: EvaluateSettings,
    given: Mapping[tuple[int, int], Outputs],
    scores: Mapping[tuple[int, int], dict[str, Sequence[float]]] | None = None,
) -> list[Row]:
    """The rows of outputs.jsonl, as far as answers are there."""
    return [
        line
        for (c, t), answers in sorted(given.items())
        for line in schema.outputs(
            contestants[c],
            tasks[t],
            key(contestants[c], tasks[t], settings),
            answers,
            (scores or {}).get((c, t), {}),
        )
    ]


def key(contestant: Contestant, task: Task, settings: EvaluateSettings) -> str:
    """What an answer depends on beside the item itself: same key, same answer."""
    asked = {
        "model": [contestant.model, contestant.base, contestant.files],
        "how": [settings.backend, settings.model, settings.merge, settings.vllm],
        "decoding": asdict(settings.generation if task.metric == "chrF++" else settings.choice),
        "system": settings.system,
        "task": [task.dataset, task.revision, task.config, task.direction, asdict(task.asked)],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]


def read(text: str) -> Kept:
    """The answers in an outputs.jsonl; lines that are none are left out, and so asked for again."""
    kept: dict[str, dict[str, Output]] = {}
    for line in text.split("\n"):  # splitlines would cut at signs that JSON leaves alone
        try:
            row = schema.upgraded_output(json.loads(line))
            kept.setdefault(str(row["cache_key"]), {})[str(row["id"])] = _output(row)
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    return kept


def recall(kept: Kept, name: str, task: Task) -> list[Output] | None:
    """All answers to the task, or None when one of them is missing."""
    known = kept.get(name, {})
    if any(item.id not in known for item in task.items):
        return None
    return [known[item.id] for item in task.items]


def _output(row: dict[str, Any]) -> Output:
    if "raw" in row:
        return Said(str(row["raw"]), bool(row["finished"]))
    return [float(each) for each in row["log_likelihoods"]]


def _ask(speaker: Speaker, task: Task, settings: EvaluateSettings, show: Show) -> Outputs:
    if task.metric == "chrF++":
        return speaker.translate(task.items, settings.generation, show)
    return speaker.choose(task.items, settings.choice, show)


def _counter(total: int) -> Show:
    progress, done = Progress(total, "items"), 0

    def show(items: int) -> None:
        nonlocal done
        done += items
        progress.show(done)

    return show
