"""What the gates have to know before the first answer: how the language looks, and how this
teacher declines in it. Everything is learnt from what the run reads anyway, and from one question.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from recipes.core.language import Language
from recipes.core.progress import say
from recipes.generate.gates import Gate, GateSettings, gates, language_id, refusals
from recipes.generate.gates.length_ratio import Counter
from recipes.generate.inputs import Inputs
from recipes.generate.prompts import parsing, templates
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.openai import NoAnswer
from recipes.generate.teacher.retry import shaped

TEXTS = 2_000  # that a profile is learnt from, at most


@dataclass(frozen=True)
class Court:
    """The gates of a run, and how they know the language, in words for the card."""

    gates: tuple[Gate, ...]
    identified_by: str


async def convene(
    settings: GateSettings,
    language: Language,
    teacher: Teacher,
    seed: int,
    inputs: Inputs,
    count: Counter,
) -> Court:
    """Make the gates; `count` tells the tokens of a text."""
    own = [*islice(inputs.for_contexts, TEXTS), *islice(inputs.for_pairs, TEXTS)]
    english = [turns[0]["content"] for turns in islice(inputs.conversations, TEXTS)]
    known = language_id.identifier(language, own, english, settings.profile)
    declined = await _declined(teacher, seed, language) if settings.learn_refusals else []
    return Court(gates(settings, language, known, count, declined), known.by)


async def _declined(teacher: Teacher, seed: int, language: Language) -> list[str]:
    """How the teacher declines in the language; nothing when it does not say."""
    turns = refusals.questions()
    asked = templates.translate_conversation(turns, language.name)
    schema = parsing.list_of(len(turns), len(turns))
    try:
        said = await shaped(
            teacher, asked, seed, lambda answer: parsing.turns(answer.text, turns), schema=schema
        )
    except NoAnswer:
        say(f"the teacher did not say how it declines in {language.name}: English is looked for")
        return []
    return [turn["content"] for turn in said if turn["role"] == "assistant"]
