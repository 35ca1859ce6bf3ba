"""The numbers of the gates: `generate.gates` of the recipe, parsed or refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class Term:
    """A word of a community's glossary: English `term`, what to `say`, and what `not` to say."""

    term: str
    say: str
    instead_of: tuple[str, ...]


@dataclass(frozen=True)
class GateSettings:
    """Each key of `generate.gates` in the recipe.

    `identify_from`: letters from which language identification is believed; `english_words`: share
    of English function words above which a text counts as English; `english_run`: words of English
    in a row that may not stand in a text of the language; `ratio`: smallest and largest size of a
    translation over its original's, in tokens, `slack` tokens more or less; `tokenizer`: the model
    whose tokens these are; `loop`: share of a text that may be said again; `cut_tail`: letters
    after the last full stop from which a text that just ends was cut off; `learn_refusals`: ask the
    teacher once how it declines in the language; `profile`: letters of the language's own texts
    that a profile is learnt from; `glossary`, `forbidden`: a community's words and forms.
    """

    identify_from: int
    english_words: float
    english_run: int
    ratio: tuple[float, float]
    slack: int
    tokenizer: str | None
    loop: float
    cut_tail: int
    learn_refusals: bool
    profile: int
    glossary: tuple[Term, ...] = ()
    forbidden: tuple[str, ...] = ()


def parse(**section: Any) -> GateSettings:
    """Parse `generate.gates`; raises UserError by the name of what is wrong."""
    terms = tuple(_term(value) for value in section.pop("glossary", None) or ())
    forms = _forms(section.pop("forbidden", None) or [], "gates.forbidden")
    return build(GateSettings, {**section, "glossary": terms, "forbidden": forms}, "gates")


def _term(value: object) -> Term:
    if not isinstance(value, dict) or not {"term", "say"} <= set(value) <= {"term", "say", "not"}:
        raise UserError(
            f"A line of `gates.glossary` reads {{term: computer, say: riomhaire, not: [...]}}, "
            f"not {value!r}."
        )
    term, say = _forms([value["term"], value["say"]], "gates.glossary")
    return Term(term, say, _forms(value.get("not") or [], "gates.glossary"))


def _forms(values: object, key: str) -> tuple[str, ...]:
    """Texts with a letter in them: a form without one would match everywhere."""
    if not isinstance(values, list):
        raise UserError(f"`{key}` must hold a list of words, not {values!r}.")
    for value in values:
        if not isinstance(value, str) or not value.strip("* "):
            raise UserError(f"`{key}` holds {value!r}, which is not a word.")
    return tuple(value.strip() for value in values)
