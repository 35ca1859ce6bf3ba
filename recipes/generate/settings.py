"""The `generate:` section of a recipe, parsed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass, replace
from typing import Annotated, Any

from pydantic import Field

from recipes.core.language import Language
from recipes.core.schema import build
from recipes.generate import community, gates
from recipes.generate.data.corpora import Corpus
from recipes.generate.dedup import decontamination, minhash
from recipes.generate.gates.table import GateSection
from recipes.generate.journal import hub
from recipes.generate.lengths import LengthSettings
from recipes.generate.sources import responses
from recipes.generate.sources.table import SOURCES
from recipes.generate.teacher import client, judge
from recipes.validation.ranges import Count, PositiveAmount, Text


@dataclass(frozen=True)
class GenerateSettings:
    """How the teacher writes a dataset, and what of it is kept."""

    seed: Count
    test_share: Annotated[float, Field(ge=0, lt=1)]
    """The share (0 to 1) of rows in the test split."""
    licence: Text
    """The licence of the dataset, as the Hub calls it."""
    samples: Count
    """Rows of each source on the card."""
    teacher: client.TeacherSettings
    journal: hub.JournalSettings
    answers: responses.ResponseSettings
    texts: tuple[Corpus, ...]
    """Texts in the language: from each corpus in turn, until there are enough."""
    conversations: Corpus
    """English conversations."""
    gates: gates.GateSettings
    ngrams: decontamination.NgramSettings
    near: minhash.MinhashSettings
    judge: judge.JudgeSettings
    watts: PositiveAmount | None
    """The power of the teacher's hardware, for the estimate of energy on the card."""
    communities: Text
    """The dataset with the profiles of communities."""
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The share (0 to 1) of the rows below to make, of each source."""
    lengths: LengthSettings | None = None
    """Assumed lengths of calls; without them, the estimate is that of the plan."""
    benchmarks: tuple[Corpus, ...] = ()
    """Texts that no row may overlap with, instead of those of `evaluate.benchmarks`."""
    style: community.Style = field(default_factory=community.Style)
    """From the community's profile."""

    def within(self, fertility: float | None) -> GenerateSettings:
        """Return settings whose conversations are short enough to be translated in one answer.

        `fertility` is the teacher's tokens in the language relative to English, None if unknown.
        """
        fertility = fertility or (self.lengths.fertility if self.lengths else 1.0)
        longest = max(1, int(self.teacher.max_tokens / max(1.0, fertility)))
        if self.conversations.longest is not None:
            longest = min(longest, self.conversations.longest)
        return replace(self, conversations=replace(self.conversations, longest=longest))

    @property
    def sources(self) -> Mapping[str, Any]:
        """The settings of each source by its name; each has a key of its own."""
        return {source.name: vars(self)[source.section] for source in SOURCES}

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
            if source.asks_teacher:  # the others follow from these
                rows = round(self.share * rows)
            planned[source.name] = rows if limit is None else min(rows, limit)
        return planned


# The keys of `generate`: those above, with the sections of single gates and of each source.
GenerateSection = make_dataclass(
    "GenerateSection",
    [("gates", GateSection), *((source.section, source.settings) for source in SOURCES)],
    bases=(GenerateSettings,),
    namespace={"__doc__": GenerateSettings.__doc__, "__module__": __name__},  # to be pickled
    frozen=True,
    kw_only=True,
)


def parse(section: object) -> GenerateSettings:
    """Parse the section; raise UserError that starts with a path."""
    settings: GenerateSettings = build(GenerateSection, section, "generate")
    return settings
