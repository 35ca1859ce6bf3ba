"""Prepare what the gates must know before the first answer.

The language identifier is built from texts that the run has read anyway. One request to the
teacher shows how it declines in the language.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import islice

from recipes.core.language import Language
from recipes.core.progress import say
from recipes.generate.gates import Check, GateSettings, build_gates, language_id, refusals
from recipes.generate.gates.length_ratio import TokenCount
from recipes.generate.gates.run_language import RunLanguage
from recipes.generate.gates.trigrams import TrigramProfile
from recipes.generate.inputs import Inputs
from recipes.generate.prompts import parsing, templates
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.failures import NoAnswer
from recipes.generate.teacher.retry import complete_parsed, turns_in

MAX_TEXTS = 2_000  # of each kind, for the identifier


@dataclass(frozen=True)
class GateSet:
    """The gates of a run, and what judges its language as a whole.

    `identified_by` is how the gates identify the language, for the card.
    """

    gates: tuple[Check, ...]
    identified_by: str
    run_language: RunLanguage


async def set_up_gates(
    settings: GateSettings,
    language: Language,
    teacher: Teacher,
    seed: int,
    inputs: Inputs,
    count_tokens: TokenCount,
) -> GateSet:
    """Build the gates of a run."""
    own_texts = list(islice(inputs.texts, MAX_TEXTS))
    english = [turns[0]["content"] for turns in islice(inputs.conversations, MAX_TEXTS)]
    profile = None
    if settings.profile:
        profile = TrigramProfile.learn(own_texts, english, settings.profile)
    identifier = language_id.build_identifier(language, own_texts, profile)
    examples = []
    if settings.learn_refusals:
        examples = await _refusal_examples(teacher, seed, language)
    gates = build_gates(settings, language, identifier, count_tokens, examples)
    run_language = RunLanguage.learn(language, own_texts, settings.identify_from, profile)
    return GateSet(gates, identifier.method, run_language)


async def _refusal_examples(teacher: Teacher, seed: int, language: Language) -> list[str]:
    """Ask the teacher how it declines in the language; return nothing when it does not answer."""
    turns = refusals.refusal_conversation()
    messages = templates.translate_conversation(turns, language.name)
    schema = parsing.list_schema(len(turns), len(turns))
    try:
        translated = await complete_parsed(
            teacher, messages, seed, partial(turns_in, turns), schema=schema
        )
    except NoAnswer:
        say(f"no refusals in {language.name} from the teacher: only English ones are recognized")
        return []
    return [turn["content"] for turn in translated if turn["role"] == "assistant"]
