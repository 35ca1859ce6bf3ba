"""What a community wants said, and what not: its glossary and its forbidden forms.

A form is a whole word or phrase; `*` before or behind stands for any letters, so that a language
with endings needs one line. Case does not count, nor how accents are encoded.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import regex

from recipes.core.language import Language
from recipes.generate.dedup.decontamination import NO_SPACES
from recipes.generate.gates.settings import Term
from recipes.generate.gates.views import CODE, without_thought
from recipes.generate.schema import ENGLISH, Draft


def forbidden(draft: Draft, forms: Sequence[str], language: Language) -> str | None:
    """No answer has a form that the community does not want."""
    if not forms:
        return None
    pattern = _pattern(tuple(forms), language.script in NO_SPACES)
    return "forbidden_form" if any(pattern.search(text) for text in _answers(draft)) else None


def glossary(draft: Draft, terms: Sequence[Term], language: Language) -> str | None:
    """No answer says a term otherwise than the community does.

    Where a word was translated, the English term may not be left as it was either.
    """
    loose = language.script in NO_SPACES
    for term in terms:
        if term.instead_of:
            wrong = _pattern(term.instead_of, loose)
            if any(wrong.search(text) for text in _answers(draft)):
                return "glossary"
        if draft.pairs and term.term.casefold() not in term.say.casefold():
            english = _pattern((term.term,), False)
            for original, translation in draft.pairs:
                if english.search(_plain(original)) and english.search(_plain(translation)):
                    return "glossary"
    return None


def _answers(draft: Draft) -> list[str]:
    """What is learnt to be said: the assistant's turns that are in the language, without code."""
    pairs = zip(draft.row.turns, draft.languages, strict=True)
    return [
        _plain(without_thought(turn["content"]))
        for turn, code in pairs
        if turn["role"] == "assistant" and code not in (None, ENGLISH)
    ]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", CODE.sub(" ", text)).casefold()


@lru_cache(maxsize=256)
def _pattern(forms: tuple[str, ...], loose: bool) -> regex.Pattern[str]:
    return regex.compile("|".join(_form(form, loose) for form in forms))


def _form(form: str, loose: bool) -> str:
    """The form as a pattern; in a script without spaces a word may stand anywhere."""
    before = "" if loose or form.startswith("*") else r"(?<![\p{L}\p{M}\p{N}])"
    behind = "" if loose or form.endswith("*") else r"(?![\p{L}\p{M}\p{N}])"
    words = unicodedata.normalize("NFC", form.strip("*").strip()).casefold().split()
    return before + r"\s+".join(map(regex.escape, words)) + behind
