"""The `generate:` section of a recipe, parsed into the settings of each part or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from recipes.generate import (
    answers,
    contexts,
    critic,
    decontaminate,
    gates,
    near,
    pairs,
    profile,
    scenarios,
    shards,
    teacher,
    topics,
)
from recipes.generate.corpora import Corpus
from recipes.generate.gates.settings import parse as parse_gates
from recipes.language import Language
from recipes.refusal import Refusal
from recipes.section import build


@dataclass(frozen=True)
class Settings:
    """Everything that a run needs to know; the names are those of the recipe's keys.

    `replay` is the share of all rows that are English conversations as they are.
    """

    seed: int
    test_share: float
    licence: str
    samples: int
    teacher: teacher.Settings
    journal: shards.Settings
    answers: answers.Settings
    topics: topics.Settings
    scenarios: scenarios.Settings
    contexts: contexts.Settings
    pairs: pairs.Settings
    translations: int
    replay: float
    texts: tuple[Corpus, ...]
    conversations: Corpus
    gates: gates.Settings
    ngrams: decontaminate.Size
    near: near.Settings
    judge: critic.Settings
    watts: float | None
    benchmarks: tuple[Corpus, ...]
    communities: str
    voice: profile.Voice = field(default_factory=profile.Voice)

    def spoken(self, language: Language) -> Language:
        """The language as prompts call it."""
        return replace(language, name=self.voice.named(language.name))

    def rules(self, language: Language) -> str:
        """What every prompt that asks for text in the language says of places and words."""
        glossary, forbidden = self.gates.glossary, self.gates.forbidden
        return profile.rules(language.name, glossary, forbidden, self.voice.region)

    def planned(self, limit: int | None) -> int:
        """How many rows the teacher makes when every answer is good, `limit` for each source."""
        sources = (
            self.topics.rows,
            self.scenarios.rows,
            self.contexts.rows,
            round(self.pairs.texts * (1 + self.pairs.to_english)),
            self.translations,
        )
        return sum(rows if limit is None else min(rows, limit) for rows in sources)


def parse(section: dict[str, Any]) -> Settings:
    """Parse the section; raises Refusal that names the key which is missing, unknown or foreign."""
    parts: dict[str, Callable[..., object]] = {
        "teacher": teacher.Settings,
        "journal": shards.Settings,
        "answers": answers.Settings,
        "topics": topics.Settings,
        "scenarios": scenarios.Settings,
        "contexts": contexts.Settings,
        "pairs": pairs.Settings,
        "conversations": Corpus,
        "gates": parse_gates,
        "ngrams": decontaminate.Size,
        "near": near.Settings,
        "judge": critic.Settings,
        "voice": profile.Voice,
    }
    known = {
        key: build(parts[key], value, key) if key in parts else value
        for key, value in section.items()
    }
    for key in ("texts", "benchmarks"):
        known[key] = tuple(build(Corpus, value, key) for value in section.get(key) or ())
    settings: Settings = build(Settings, known, "generate")
    if not 0 <= settings.replay < 1:
        raise Refusal(f"`generate.replay` is a share of the rows, not {settings.replay!r}.")
    return settings
