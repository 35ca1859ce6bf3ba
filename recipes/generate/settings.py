"""The `generate:` section of a recipe, parsed into the settings of each part or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from recipes.generate import (
    answers,
    contexts,
    decontaminate,
    gates,
    pairs,
    scenarios,
    teacher,
    topics,
)
from recipes.generate.corpora import Corpus
from recipes.refusal import Refusal

T = TypeVar("T")


@dataclass(frozen=True)
class Settings:
    """Everything that a run needs to know; the names are those of the recipe's keys."""

    seed: int
    test_share: float
    licence: str
    samples: int
    teacher: teacher.Settings
    answers: answers.Settings
    topics: topics.Settings
    scenarios: scenarios.Settings
    contexts: contexts.Settings
    pairs: pairs.Settings
    translations: int
    texts: Corpus
    conversations: Corpus
    gates: gates.Settings
    ngrams: decontaminate.Size
    benchmarks: tuple[Corpus, ...]

    def planned(self, limit: int | None) -> int:
        """How many rows there will be when every answer is good, with `limit` for each source."""
        sources = (
            self.topics.rows,
            self.scenarios.rows,
            self.contexts.texts * self.contexts.per_text,
            round(self.pairs.texts * (1 + self.pairs.to_english)),
            self.translations,
        )
        return sum(rows if limit is None else min(rows, limit) for rows in sources)


def parse(section: dict[str, Any]) -> Settings:
    """Parse the section; raises Refusal that names the key which is missing, unknown or foreign."""
    parts: dict[str, Callable[..., object]] = {
        "teacher": teacher.Settings,
        "answers": answers.Settings,
        "topics": topics.Settings,
        "scenarios": scenarios.Settings,
        "contexts": contexts.Settings,
        "pairs": pairs.Settings,
        "texts": Corpus,
        "conversations": Corpus,
        "gates": gates.Settings,
        "ngrams": decontaminate.Size,
    }
    known = {
        key: _build(parts[key], value, key) if key in parts else value
        for key, value in section.items()
    }
    known["benchmarks"] = tuple(
        _build(Corpus, value, "benchmarks") for value in section.get("benchmarks") or ()
    )
    return _build(Settings, known, "generate")


def _build(kind: Callable[..., T], values: object, key: str) -> T:
    if not isinstance(values, dict):
        raise Refusal(f"`{key}` in the recipe must hold keys and values, not {values!r}.")
    try:
        return kind(**values)
    except TypeError as error:
        wrong = str(error).removeprefix(f"{getattr(kind, '__name__', '')}.__init__() ")
        raise Refusal(f"`{key}` in the recipe is not as it must be: {wrong}.") from error
