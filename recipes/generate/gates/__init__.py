"""The gates: each is a pure function from a draft to None (kept) or the reason to drop it.

A gate is a filter with a reason. One file per kind of fault; most functions have the name of the
reason that they return. `table.py` lists all gates in the order in which they run. Checks that need
other rows (duplicates), the benchmarks or the teacher's judgement are only named there.

    table         The table of gates: their names, reasons, checks and settings
    reasons       The gate and the meaning of each reason
    settings      The settings of the gates, parsed from `generate.gates` of the recipe
    views         The parts of a row that the gates look at: by speaker, without reasoning or code
    structure     The structure of a row: alternating turns, real text, no leaked template
    boilerplate   English phrases around an answer, and the teacher's thoughts in it
    refusals      Answers that decline or speak of being a machine, in English and in the language
    repetition    Text that repeats itself, by words, or by letters in scripts without spaces
    length_ratio  Translations that are much longer or shorter than their original
    language_id   Turns in the wrong language or script, and English left in them
    run_language  Whether a whole run is in the language, or in a relative of it
    trigrams      A profile of the language's letter trigrams: how far a text is from it
    scripts       ISO 15924 scripts: the script of a text, and letters of a foreign script
    urls          Web and mail addresses that the teacher made up
    glossary      A community's glossary and its forbidden forms
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from recipes.core.language import Language
from recipes.generate.data.tokenizer import BYTE_TOKENIZER
from recipes.generate.gates import language_id, refusals
from recipes.generate.gates.language_id import Identifier
from recipes.generate.gates.length_ratio import TokenCount
from recipes.generate.gates.reasons import GATE_OF
from recipes.generate.gates.settings import GateSettings
from recipes.generate.gates.table import GATES, Gate, GateContext
from recipes.generate.schema import Draft

__all__ = ["Check", "GateSettings", "build_gates", "first_reason"]

Check = Callable[[Draft], str | None]


def first_reason(draft: Draft, checks: tuple[Check, ...]) -> str | None:
    """Return the first reason to drop a draft, None when every gate lets it pass."""
    for check in checks:
        if reason := check(draft):
            return reason
    return None


def build_gates(
    settings: GateSettings,
    language: Language,
    identifier: Identifier | None = None,
    count_tokens: TokenCount = BYTE_TOKENIZER.count,
    refusal_examples: Sequence[str] = (),
) -> tuple[Check, ...]:
    """Return the checks of all gates in the order of their table.

    `identifier` recognises the language (`language_id.build_identifier` by default), and
    `refusal_examples` are sentences in which this teacher declines in the language.
    """
    context = GateContext(
        settings,
        language,
        identifier or language_id.build_identifier(language),
        count_tokens,
        refusals.refusal_ngrams(refusal_examples),
    )
    return tuple(partial(_check, gate, context) for gate in GATES if gate.check)


def _check(gate: Gate, context: GateContext, draft: Draft) -> str | None:
    """Return the reason to drop a draft; raises ValueError if it is not in the table."""
    assert gate.check
    reason = gate.check(draft, context)
    if reason is not None and reason not in GATE_OF:
        raise ValueError(f"The gate {gate.name!r} gave the unlisted reason {reason!r}.")
    return reason
