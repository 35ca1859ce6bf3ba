"""The gates: each is a pure function from a draft to None (kept) or the reason to drop it.

A gate is a filter with a reason. One file per kind of fault; most functions have the name of the
reason that they return. `reasons.py` says which gate a reason belongs to and what it means. Checks
that need other rows (duplicates), the benchmarks or the teacher's judgement are not here.

    reasons       Every reason why a row is dropped, the gate it belongs to, and what it means
    settings      The settings of the gates, parsed from `generate.gates` of the recipe
    views         The parts of a row that the gates look at: by speaker, without reasoning or code
    structure     The structure of a row: alternating turns, real text, no leaked template
    boilerplate   English phrases around an answer, and the teacher's thoughts in it
    refusals      Answers that decline or speak of being a machine, in English and in the language
    repetition    Text that repeats itself, by words, or by letters in scripts without spaces
    length_ratio  Translations that are much longer or shorter than their original
    language_id   Turns in the wrong language or script, and English left in them
    trigrams      A profile of letter trigrams for languages that no library identifies
    scripts       ISO 15924 scripts: the script of a text, and letters of a foreign script
    urls          Web and mail addresses that the teacher made up
    glossary      A community's glossary and its forbidden forms
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recipes.core.language import Language
from recipes.generate.data.tokenizer import BYTE_TOKENIZER
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
from recipes.generate.gates.length_ratio import TokenCount
from recipes.generate.gates.settings import GateSettings
from recipes.generate.schema import Draft

__all__ = ["Gate", "GateSettings", "build_gates", "first_reason"]

Gate = Callable[[Draft], str | None]


def first_reason(draft: Draft, gates: tuple[Gate, ...]) -> str | None:
    """Return the first reason to drop a draft, None when every gate lets it pass."""
    for gate in gates:
        if reason := gate(draft):
            return reason
    return None


def build_gates(
    settings: GateSettings,
    language: Language,
    identifier: Identifier | None = None,
    count_tokens: TokenCount = BYTE_TOKENIZER.count,
    refusal_examples: Sequence[str] = (),
) -> tuple[Gate, ...]:
    """Return all gates in the order in which they run, the cheap ones first.

    `identifier` recognises the language (`language_id.build_identifier` by default), and
    `refusal_examples` are sentences in which this teacher declines in the language.
    """
    known = identifier or language_id.build_identifier(language)
    ngrams = refusals.refusal_ngrams(refusal_examples)
    return (
        structure.truncated,
        structure.structure,
        structure.placeholder,
        structure.bare_json,
        boilerplate.chatter,
        lambda draft: refusals.refusal(draft, ngrams),
        lambda draft: structure.cut_off(draft, settings.cut_tail, language.script),
        lambda draft: repetition.loop(draft, settings.loop),
        lambda draft: length_ratio.length_ratio(
            draft, count_tokens, settings.ratio, settings.slack
        ),
        lambda draft: language_id.wrong_language(draft, language, known, settings),
        lambda draft: scripts.stray_script(draft, language),
        urls.invented_url,
        lambda draft: glossary.glossary(draft, settings.glossary, language),
        lambda draft: glossary.forbidden_form(draft, settings.forbidden, language),
    )
