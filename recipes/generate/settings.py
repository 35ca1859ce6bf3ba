"""The `generate:` section of a recipe, parsed into the settings of each part or refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from recipes.core.errors import UserError
from recipes.core.language import Language
from recipes.core.schema import build
from recipes.generate import community, gates
from recipes.generate.data.corpora import Corpus
from recipes.generate.dedup import decontamination, minhash
from recipes.generate.gates.settings import parse as parse_gates
from recipes.generate.journal import hub
from recipes.generate.sources import backtranslation, responses, scenarios, text_tasks, topics
from recipes.generate.teacher import client, judge


@dataclass(frozen=True)
class GenerateSettings:
    """Everything that a run needs to know; the names are those of the recipe's keys.

    `replay` is the share of all rows that are English conversations as they are.
    """

    seed: int
    test_share: float
    licence: str
    samples: int
    teacher: client.TeacherSettings
    journal: hub.JournalSettings
    answers: responses.ResponseSettings
    topics: topics.TopicSettings
    scenarios: scenarios.ScenarioSettings
    contexts: text_tasks.TextTaskSettings
    pairs: backtranslation.BacktranslationSettings
    translations: int
    replay: float
    texts: tuple[Corpus, ...]
    conversations: Corpus
    gates: gates.GateSettings
    ngrams: decontamination.Size
    near: minhash.MinhashSettings
    judge: judge.JudgeSettings
    watts: float | None
    benchmarks: tuple[Corpus, ...]
    communities: str
    style: community.Style = field(default_factory=community.Style)

    def spoken(self, language: Language) -> Language:
        """The language as prompts call it."""
        return replace(language, name=self.style.describe(language.name))

    def rules(self, language: Language) -> str:
        """What every prompt that asks for text in the language says of places and words."""
        glossary, forbidden = self.gates.glossary, self.gates.forbidden
        return community.prompt_rules(language.name, glossary, forbidden, self.style.region)

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


def parse(section: dict[str, Any]) -> GenerateSettings:
    """Parse the section; raises UserError that names a missing or an unknown key."""
    parts: dict[str, Callable[..., object]] = {
        "teacher": client.TeacherSettings,
        "journal": hub.JournalSettings,
        "answers": responses.ResponseSettings,
        "topics": topics.TopicSettings,
        "scenarios": scenarios.ScenarioSettings,
        "contexts": text_tasks.TextTaskSettings,
        "pairs": backtranslation.BacktranslationSettings,
        "conversations": Corpus,
        "gates": parse_gates,
        "ngrams": decontamination.Size,
        "near": minhash.MinhashSettings,
        "judge": judge.JudgeSettings,
        "style": community.Style,
    }
    known = {
        key: build(parts[key], value, key) if key in parts else value
        for key, value in section.items()
    }
    for key in ("texts", "benchmarks"):
        known[key] = tuple(build(Corpus, value, key) for value in section.get(key) or ())
    settings: GenerateSettings = build(GenerateSettings, known, "generate")
    if not 0 <= settings.replay < 1:
        raise UserError(f"`generate.replay` is a share of the rows, not {settings.replay!r}.")
    return settings
