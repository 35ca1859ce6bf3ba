"""The table of gates. To add one, add an entry here and, if it has settings, to the recipes.

Everything that must know all gates reads this table: the parser of the recipe, the checks of rows
and of feedback, the published columns `gate` and `reason`, the card, its statistics and its plot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, make_dataclass

from recipes.core.language import Language
from recipes.generate.gates import (
    boilerplate,
    glossary,
    language_id,
    length_ratio,
    refusals,
    repetition,
    scripts,
    structure,
    urls,
)
from recipes.generate.gates.settings import GateSettings
from recipes.generate.schema import Draft


@dataclass(frozen=True)
class GateContext:
    """What checks may use, beside the draft: `refusals` are those of the teacher."""

    settings: GateSettings
    language: Language
    identifier: language_id.Identifier
    count_tokens: length_ratio.TokenCount
    refusals: refusals.RefusalNgrams


@dataclass(frozen=True)
class Gate:
    """A filter with a reason.

    name: the published gate; several entries may share it, because checks run in this order
    reasons: the reasons that belong to it, with their meaning for people
    check: returns the reason to drop a draft (one of any gate), or None to keep it; gates without a
        check are applied elsewhere
    settings: class of the section `generate.gates.<name>`, which checks find in `settings.own`
    """

    name: str
    reasons: Mapping[str, str]
    check: Callable[[Draft, GateContext], str | None] | None = None
    settings: type[object] | None = None


# The cheap checks first. Entries without a check come before or after them: answers that never
# became a row are counted on the card, and finished rows are compared with each other and judged.
GATES: tuple[Gate, ...] = (
    Gate(
        "teacher",
        {
            "timeout": "the teacher did not answer in time",
            "connection": "the connection broke at every attempt",
            "too_large": "the response was too large at every attempt",
            "no_completion": "the response was not a completion at any attempt",
            "status": "the teacher returned an HTTP error",
            "context_limit": "prompt and answer do not fit into the model's context",
            "stopped": "the run ended before the request was sent",
            "cap": "the budget was spent before the request was sent",
        },
    ),
    Gate(
        "shape",
        {
            "broken_json": "not valid JSON, even after repair",
            "not_a_list": "JSON, but not a list",
            "not_texts": "a list with items that are not text",
            "empty_texts": "a list of empty texts",
            "turn_count": "a different number of turns than requested",
            "fenced": "a code fence where plain text was requested",
            "no_wordings": "the teacher wrote no usable translation instruction",
        },
    ),
    Gate(
        "structure",
        {"truncated": "the answer reached the token limit"},
        lambda draft, _: structure.truncated(draft),
    ),
    Gate(
        "structure",
        {
            "bad_turns": "user and assistant do not alternate",
            "empty": 'no text, or only "nan", "None" or "null"',
            "echo": "the answer repeats the question",
            "broken_encoding": "control characters or wrongly decoded letters",
            "open_fence": "a code fence that is not closed",
            "leaked_tags": "tags of a chat template, of reasoning or of the prompts",
        },
        lambda draft, _: structure.structure(draft),
    ),
    Gate(
        "structure",
        {"placeholder": "a placeholder without its text"},
        lambda draft, _: structure.placeholder(draft),
    ),
    Gate(
        "structure",
        {"bare_json": "a JSON answer that nobody asked for"},
        lambda draft, _: structure.bare_json(draft),
    ),
    Gate(
        "language",
        {},  # `chatter`, which is listed below with the other reasons of this gate
        lambda draft, _: boilerplate.chatter(draft),
    ),
    Gate(
        "refusals",
        {"refusal": "the answer declines, or speaks of being an AI"},
        lambda draft, context: refusals.refusal(draft, context.refusals),
    ),
    Gate(
        "structure",
        {"cut_off": "the answer ends in the middle of a sentence"},
        lambda draft, context: structure.cut_off(
            draft, context.settings.cut_tail, context.language.script
        ),
    ),
    Gate(
        "loops",
        {"loop": "the text repeats itself"},
        lambda draft, context: repetition.loop(draft, context.settings.loop),
    ),
    Gate(
        "lengths",
        {"length_ratio": "the translation is too long or too short for its original"},
        lambda draft, context: length_ratio.length_ratio(
            draft, context.count_tokens, context.settings.ratio, context.settings.slack
        ),
    ),
    Gate(
        "language",
        {
            "wrong_script": "a script that is not the language's",
            "wrong_language": "another language, or none",
            "other_language": "as the run as a whole shows: a language related to the right one",
            "english": "English instead of the language",
            "english_inside": "a sentence in English",
            "not_english": "another language where English was requested",
            "chatter": "English remarks about the answer, or the teacher's thoughts",
        },
        lambda draft, context: language_id.wrong_language(
            draft, context.language, context.identifier, context.settings
        ),
    ),
    Gate(
        "language",
        {"stray_script": "letters of a foreign script"},
        lambda draft, context: scripts.stray_script(draft, context.language),
    ),
    Gate(
        "links",
        {"invented_url": "a web or mail address that was not in the prompt"},
        lambda draft, _: urls.invented_url(draft),
    ),
    Gate(
        "words",
        {"glossary": "another word than the community's glossary has"},
        lambda draft, context: glossary.glossary(
            draft, context.settings.glossary, context.language
        ),
    ),
    Gate(
        "words",
        {"forbidden_form": "a form that the community rejects"},
        lambda draft, context: glossary.forbidden_form(
            draft, context.settings.forbidden, context.language
        ),
    ),
    Gate(
        "duplicates",
        {
            "duplicate": "identical to another row",
            "near_duplicate": "nearly identical to another row",
        },
    ),
    Gate("decontamination", {"benchmark_overlap": "text in common with a benchmark"}),
    Gate(
        "judge",
        {
            "unsafe": "judged harmful by the teacher",
            "not_fluent": "judged badly written by the teacher",
        },
    ),
    Gate("speakers", {"speakers": "removed by agreement of speakers of the language"}),
)


# The keys of `generate.gates`: those above, and the sections of single gates.
GateSection = make_dataclass(
    "GateSection",
    [(gate.name, gate.settings) for gate in GATES if gate.settings is not None],
    bases=(GateSettings,),
    namespace={"__doc__": GateSettings.__doc__, "__module__": __name__},  # to be pickled
    frozen=True,
    kw_only=True,
)
