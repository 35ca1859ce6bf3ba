"""The `generate:` section of a recipe, parsed."""

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
    """The keys of `generate` in the recipe.

    test_share: share (0..1) of rows in the test split
    samples: rows of each source on the card
    translations: number of conversations to translate
    replay: share (0..1) of all rows that are English conversations as they are
    watts: power of the teacher's hardware, for the estimate of energy on the card
    style: from the community's profile
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
    ngrams: decontamination.NgramSettings
    near: minhash.MinhashSettings
    judge: judge.JudgeSettings
    watts: float | None
    benchmarks: tuple[Corpus, ...]
    communities: str
    style: community.Style = field(default_factory=community.Style)

    def prompt_language(self, language: Language) -> Language:
        """Return the language with the name that prompts call it."""
        return replace(language, name=self.style.describe(language.name))

    def prompt_rules(self, language: Language) -> str:
        """Return the community's rules for every request for text in the language."""
        glossary, forbidden = self.gates.glossary, self.gates.forbidden
        return community.prompt_rules(language.name, glossary, forbidden, self.style.region)

    def planned_rows(self, limit: int | None) -> int:
        """Return how many rows the teacher makes if every answer is good, `limit` per source."""
        sources = (
            self.topics.rows,
            self.scenarios.rows,
            self.contexts.rows,
            round(self.pairs.texts * (1 + self.pairs.to_english)),
            self.translations,
        )
        return sum(rows if limit is None else min(rows, limit) for rows in sources)


def parse(section: dict[str, Any]) -> GenerateSettings:
    """Parse the section; raises UserError that names a missing or unknown key."""
    parsers: dict[str, Callable[..., object]] = {
        "teacher": client.TeacherSettings,
        "journal": hub.JournalSettings,
        "answers": responses.ResponseSettings,
        "topics": topics.TopicSettings,
        "scenarios": scenarios.ScenarioSettings,
        "contexts": text_tasks.TextTaskSettings,
        "pairs": backtranslation.BacktranslationSettings,
        "conversations": Corpus,
        "gates": parse_gates,
        "ngrams": decontamination.NgramSettings,
        "near": minhash.MinhashSettings,
        "judge": judge.JudgeSettings,
        "style": community.Style,
    }
    values = {
        key: build(parsers[key], value, key) if key in parsers else value
        for key, value in section.items()
    }
    for key in ("texts", "benchmarks"):
        values[key] = tuple(build(Corpus, value, key) for value in section.get(key) or ())
    settings: GenerateSettings = build(GenerateSettings, values, "generate")
    if not 0 <= settings.replay < 1:
        raise UserError(
            f"`generate.replay` must be a share of the rows (0..1), not {settings.replay!r}."
        )
    return settings
