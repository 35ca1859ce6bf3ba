"""The gates: each is a pure function from a draft to None (kept) or the reason why it is dropped.

One file for each kind of fault; which gate a reason belongs to, and what it means, is in
`reasons.py`. What depends on the other rows (duplicates), on the benchmarks or on the teacher's
judgement is not here.

    views         What of a row the gates look at: without its reasoning, without code, and who
    settings      The numbers of the gates: `generate.gates` of the recipe, parsed or refused
    trigrams      A language that no library knows, learnt from its own texts: how likely its tr
    length_ratio  A translation is about as long as its original, in tokens
    reasons       Why a row is dropped or never was: every reason, the gate it belongs to, and w
    refusals      No answer declines, or speaks of being a machine: in English, and in the langu
    repetition    Nothing is said over and over: in words where they stand apart, in letters whe
    scripts       Scripts by ISO 15924: whether a text is in one, and whether a letter of anothe
    structure     Whether the row is one: turns that take turns, texts that are texts, nothing t
    urls          A teacher that reads no web and no mail makes addresses up: in an answer stand
    glossary      What a community wants said, and what not: its glossary and its forbidden form
    language_id   Each turn is in the language and script that it should be in, and no English w
    boilerplate   An answer is the answer: no English words around it, no thoughts of the teache
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recipes.core.language import Language
from recipes.generate.data.tokenizer import OF_BYTES
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
from recipes.generate.gates.language_id import Identifier
from recipes.generate.gates.length_ratio import Counter
from recipes.generate.gates.settings import GateSettings
from recipes.generate.schema import Draft

__all__ = ["Gate", "GateSettings", "gates", "judge"]

Gate = Callable[[Draft], str | None]


def judge(draft: Draft, gates: tuple[Gate, ...]) -> str | None:
    """The first reason to drop this draft, None when every gate lets it through."""
    for gate in gates:
        if reason := gate(draft):
            return reason
    return None


def gates(
    settings: GateSettings,
    language: Language,
    identifier: Identifier | None = None,
    count: Counter = OF_BYTES.count,
    declined: Sequence[str] = (),
) -> tuple[Gate, ...]:
    """All gates in the order in which they are asked, the cheap ones first.

    `identifier` knows the language (made by `identity.identifier`), `count` the tokens of a text,
    `declined` how this teacher declines in this language.
    """
    known = identifier or language_id.identifier(language)
    manner = refusals.learn(declined)
    return (
        structure.finished,
        structure.structure,
        structure.placeholders,
        structure.bare_json,
        boilerplate.chatter,
        lambda draft: refusals.refusal(draft, manner),
        lambda draft: structure.cut_off(draft, settings.cut_tail, language.script),
        lambda draft: repetition.loop(draft, settings.loop),
        lambda draft: length_ratio.ratio(draft, count, settings.ratio, settings.slack),
        lambda draft: language_id.right_language(draft, language, known, settings),
        lambda draft: scripts.stray(draft, language),
        urls.invented,
        lambda draft: glossary.glossary(draft, settings.glossary, language),
        lambda draft: glossary.forbidden(draft, settings.forbidden, language),
    )
