"""The settings of the gates, parsed from `generate.gates` of the recipe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class GlossaryTerm:
    """A line of a community's glossary: the keys `term`, `say` and `not` of its YAML."""

    english: str
    translation: str
    avoided: tuple[str, ...]


@dataclass(frozen=True)
class GateSettings:
    """The keys of `generate.gates` in the recipe.

    identify_from: letters that a text needs for language identification
    english_words: share of English function words from which a text counts as English
    english_run: words that a sentence needs before it can count as English
    ratio: lowest and highest tokens of a translation per token of its original
    slack: tokens that a translation may be outside of the ratio
    tokenizer: the model that counts the tokens; None counts bytes
    loop: share of a text that may repeat earlier text
    cut_tail: letters after the last full stop from which an answer without one was cut off
    learn_refusals: whether the teacher is asked once how it declines in the language
    profile: letters of text that a trigram profile needs; 0 learns none
    glossary, forbidden: a community's terms and forms
    own: the settings of gates with a section of their own, by the gate's name
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
    glossary: tuple[GlossaryTerm, ...] = ()
    forbidden: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)


def parse(**section: Any) -> GateSettings:
    """Parse the keys that are not of one gate alone; raises UserError that names what is wrong."""
    terms = tuple(_term(value) for value in section.pop("glossary", None) or ())
    forms = _forms(section.pop("forbidden", None) or [], "gates.forbidden")
    return build(GateSettings, {**section, "glossary": terms, "forbidden": forms}, "gates")


def _term(value: object) -> GlossaryTerm:
    if not isinstance(value, dict) or not {"term", "say"} <= set(value) <= {"term", "say", "not"}:
        raise UserError(
            "A line of `gates.glossary` looks like {term: computer, say: riomhaire, not: [...]}, "
            f"not {value!r}."
        )
    english, translation = _forms([value["term"], value["say"]], "gates.glossary")
    return GlossaryTerm(english, translation, _forms(value.get("not") or [], "gates.glossary"))


def _forms(values: object, key: str) -> tuple[str, ...]:
    """Check that each form has a letter: a form without one would match everywhere."""
    if not isinstance(values, list):
        raise UserError(f"`{key}` must be a list of words, not {values!r}.")
    for value in values:
        if not isinstance(value, str) or not value.strip("* "):
            raise UserError(f"`{key}` has {value!r}, which is not a word.")
    return tuple(value.strip() for value in values)
