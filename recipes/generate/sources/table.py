"""The table of sources. To add one, add an entry here and its section to the recipes.

Everything that must know all sources reads this table: the parser of the recipe, the plan and the
estimate, what is read from the Hub, the work of a run and of a dry run, the card, and the configs
of the dataset. Training reads the config `default`, which has the rows of all sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import Field

from recipes.generate.context import GenerationContext
from recipes.generate.lengths import Kind
from recipes.generate.prompts import templates
from recipes.generate.schema import Message
from recipes.generate.sources import (
    backtranslation,
    replay,
    scenarios,
    text_tasks,
    topics,
    translation,
)
from recipes.generate.sources.quotas import capacity
from recipes.generate.sources.responses import ResponseSettings
from recipes.generate.teacher.workers import Work

S = TypeVar("S")
DOTS = (Message(role="user", content="…"), Message(role="assistant", content="…"))


@dataclass(frozen=True)
class SourceJob(Generic[S]):
    """What a source makes its rows from.

    settings: its section of the recipe
    items: the texts or conversations that were read for it
    corpus: the name of the dataset of the conversations
    max_rows: rows that the source may plan
    """

    context: GenerationContext
    settings: S
    response_settings: ResponseSettings
    items: Iterable[Any]
    corpus: str
    max_rows: int


@dataclass(frozen=True)
class Source(Generic[S]):
    """A place that rows come from.

    name: of the source, its config and its folder
    section: its key in `generate` of the recipe
    settings: the type of the value of that key
    planned: its rows if every answer is good, given the rows of all sources before it
    grow: yields the roots of its work
    about: what its rows are, for the card
    with_english: whether its rows also have English
    reads: what is read for it from the Hub
    item_count: how many of them; as many as rows if None
    requests: its requests to the teacher, for the card, given the name of the language
    asks_teacher: sources that do not are grown when the rows of all others are there
    calls: how many calls of each kind all its rows take, without those of their responses
    answers: the kind of the call that each row's response takes, if its prompts are answered
    """

    name: str
    section: str
    settings: Callable[..., S]
    planned: Callable[[S, int], int]
    grow: Callable[[SourceJob[S]], Iterator[Work]]
    about: str
    with_english: bool = False
    reads: Literal["texts", "conversations"] | None = None
    item_count: Callable[[S], int] | None = None
    requests: Callable[[S, str], list[list[Message]]] = lambda settings, language: []
    asks_teacher: bool = True
    calls: Callable[[S], Mapping[Kind, float]] = lambda settings: {}
    answers: Literal["answers", "text_answers"] | None = None


Translations = Annotated[int, Field(ge=0, description="The number of English conversations.")]
Replay = Annotated[
    float, Field(ge=0, lt=1, description="The share of all rows that are English as they are.")
]
SOURCES: tuple[Source[Any], ...] = (
    Source[topics.TopicSettings](
        name=topics.SOURCE,
        section="topics",
        settings=topics.TopicSettings,
        planned=lambda settings, _: settings.rows,
        grow=lambda job: topics.root_work(
            job.context, job.settings, job.response_settings, job.max_rows
        ),
        about="prompts from a tree of topics",
        requests=lambda settings, language: [
            templates.list_topics(settings.macro_topics, "…", None, language),
            templates.write_prompts(settings.per_topic, "…", "topic", language),
        ],
        calls=lambda settings: {
            "topics": settings.seeds * (1 + settings.macro_topics),
            "prompts": settings.seeds * capacity(settings.levels, 1),
        },
        answers="answers",
    ),
    Source[scenarios.ScenarioSettings](
        name=scenarios.SOURCE,
        section="scenarios",
        settings=scenarios.ScenarioSettings,
        planned=lambda settings, _: settings.rows,
        grow=lambda job: scenarios.root_work(
            job.context, job.settings, job.response_settings, job.max_rows
        ),
        about="prompts from situations of daily life",
        requests=lambda settings, language: [
            templates.list_scenarios(settings.detailed, "…", language),
            templates.write_prompts(settings.per_scenario, "…", "scenario", language),
        ],
        calls=lambda settings: {
            "scenarios": 2 * (1 + settings.broad),
            "prompts": 2 * settings.broad * (1 + settings.detailed),
        },
        answers="answers",
    ),
    Source[text_tasks.TextTaskSettings](
        name=text_tasks.SOURCE,
        section="contexts",
        settings=text_tasks.TextTaskSettings,
        planned=lambda settings, _: settings.rows,
        grow=lambda job: text_tasks.root_work(
            job.context, job.settings, job.response_settings, job.items, job.max_rows
        ),
        about="prompts about real texts in the language",
        with_english=True,
        reads="texts",
        item_count=lambda settings: settings.texts,
        requests=lambda settings, language: [
            templates.write_context_prompts(settings.per_text, "…", "question", language)
        ],
        calls=lambda settings: {"text_prompts": settings.texts},
        answers="text_answers",
    ),
    Source[backtranslation.BacktranslationSettings](
        name=backtranslation.SOURCE,
        section="pairs",
        settings=backtranslation.BacktranslationSettings,
        planned=lambda settings, _: settings.rows,
        grow=lambda job: backtranslation.root_work(
            job.context, job.settings, job.response_settings, job.items
        ),
        about="translations of real texts, in both directions",
        with_english=True,
        reads="texts",
        item_count=lambda settings: settings.texts,
        requests=lambda settings, language: [templates.translate_text("…", language, "English")],
        calls=lambda settings: {
            "instructions": 2 * bool(settings.texts),
            "back_translations": settings.texts,
        },
    ),
    Source[int](
        name=translation.SOURCE,
        section="translations",
        settings=Translations,
        planned=lambda count, _: count,
        grow=lambda job: translation.root_work(job.context, job.response_settings, job.items),
        about="English conversations, translated turn by turn",
        reads="conversations",
        requests=lambda count, language: [templates.translate_conversation(DOTS, language)],
        calls=lambda count: {"translations": count},
    ),
    Source[float](
        name=replay.SOURCE,
        section="replay",
        settings=Replay,
        planned=lambda share, other_rows: replay.row_count(other_rows, share),
        grow=lambda job: replay.root_work(
            job.context, job.settings, job.response_settings, job.items, job.corpus
        ),
        about="English conversations as they are, so that a model keeps its English",
        with_english=True,
        reads="conversations",
        asks_teacher=False,
    ),
)
