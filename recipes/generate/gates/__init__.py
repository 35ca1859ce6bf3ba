"""The gates: each is a pure function from a draft to None (kept) or the reason why it is dropped.

One file for each kind of fault; which gate a reason belongs to, and what it means, is in
`reasons.py`. What depends on the other rows (duplicates), on the benchmarks or on the teacher's
judgement is not here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recipes.generate.gates import (
    chatter,
    identity,
    lengths,
    links,
    loops,
    refusals,
    scripts,
    terms,
    turns,
)
from recipes.generate.gates.identity import Identifier
from recipes.generate.gates.lengths import Counter
from recipes.generate.gates.settings import Settings
from recipes.generate.row import Draft
from recipes.generate.tokens import OF_BYTES
from recipes.language import Language

__all__ = ["Gate", "Settings", "gates", "judge"]

Gate = Callable[[Draft], str | None]


def judge(draft: Draft, gates: tuple[Gate, ...]) -> str | None:
    """The first reason to drop this draft, None when every gate lets it through."""
    for gate in gates:
        if reason := gate(draft):
            return reason
    return None


def gates(
    settings: Settings,
    language: Language,
    identifier: Identifier | None = None,
    count: Counter = OF_BYTES.count,
    declined: Sequence[str] = (),
) -> tuple[Gate, ...]:
    """All gates in the order in which they are asked, the cheap ones first.

    `identifier` knows the language (made by `identity.identifier`), `count` the tokens of a text,
    `declined` how this teacher declines in this language.
    """
    known = identifier or identity.identifier(language)
    manner = refusals.learn(declined)
    return (
        turns.finished,
        turns.structure,
        turns.placeholders,
        turns.bare_json,
        chatter.chatter,
        lambda draft: refusals.refusal(draft, manner),
        lambda draft: turns.cut_off(draft, settings.cut_tail, language.script),
        lambda draft: loops.loop(draft, settings.loop),
        lambda draft: lengths.ratio(draft, count, settings.ratio, settings.slack),
        lambda draft: identity.right_language(draft, language, known, settings),
        lambda draft: scripts.stray(draft, language),
        links.invented,
        lambda draft: terms.glossary(draft, settings.glossary, language),
        lambda draft: terms.forbidden(draft, settings.forbidden, language),
    )
