"""The `generate:` section of a recipe, parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from recipes.core.errors import UserError
from recipes.core.language import Language
from recipes.core.schema import build
from recipes.generate import community, gates
from recipes.generate.data.corpora import Corpus
from recipes.generate.dedup import decontamination, minhash
from recipes.generate.gates.table import parse_settings as parse_gates
from recipes.generate.journal import hub
from recipes.generate.sources import responses
from recipes.generate.sources.table import SOURCES
from recipes.generate.teacher import client, judge


@dataclass(frozen=True)
class GenerateSettings:
    """The keys of `generate` in the recipe.

    test_share: share (0..1) of rows in the test split
    samples: rows of each source on the card
    sources: the settings of each source by its name; each is a key of `generate`
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
    sources: Mapping[str, Any]
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
        planned = self.planned_by_source(limit)
        return sum(planned[source.name] for source in SOURCES if source.asks_teacher)

    def planned_by_source(self, limit: int | None) -> dict[str, int]:
        """Return how many rows each source gives if every answer is good, `limit` at most."""
        planned: dict[str, int] = {}
        for source in SOURCES:
            rows = source.planned(self.sources[source.name], sum(planned.values()))
            planned[source.name] = rows if limit is None else min(rows, limit)
        return planned


def parse(section: dict[str, Any]) -> GenerateSettings:
    """Parse the section; raises UserError that names a missing or unknown key."""
    parsers: dict[str, Callable[..., object]] = {
        "teacher": client.TeacherSettings,
        "journal": hub.JournalSettings,
        "answers": responses.ResponseSettings,
        "conversations": Corpus,
        "gates": parse_gates,
        "ngrams": decontamination.NgramSettings,
        "near": minhash.MinhashSettings,
        "judge": judge.JudgeSettings,
        "style": community.Style,
    }
    by_section = {source.section: source for source in SOURCES}
    values: dict[str, Any] = {
        key: build(parsers[key], value, key) if key in parsers else value
        for key, value in section.items()
        if key not in by_section
    }
    if missing := [key for key in by_section if key not in section]:
        raise UserError(f"`generate` in the recipe is wrong: the source `{missing[0]}` is missing.")
    values["sources"] = {
        source.name: source.settings(section[key], key) for key, source in by_section.items()
    }
    for key in ("texts", "benchmarks"):
        values[key] = tuple(build(Corpus, value, key) for value in section.get(key) or ())
    return build(GenerateSettings, values, "generate")
