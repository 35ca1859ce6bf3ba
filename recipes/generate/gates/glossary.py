"""A community's glossary and its forbidden forms.

A form is a whole word or phrase. A `*` at its start or end stands for any letters, so that an
inflected word needs one line. Case and the encoding of accents are ignored.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import regex

from recipes.core.language import Language
from recipes.core.text_fold import UNSPACED
from recipes.generate.gates.settings import GlossaryTerm
from recipes.generate.gates.views import CODE, without_reasoning
from recipes.generate.schema import ENGLISH, Draft


def forbidden_form(draft: Draft, forms: Sequence[str], language: Language) -> str | None:
    """Reject an answer with a form that the community does not want."""
    if not forms:
        return None
    pattern = _pattern(tuple(forms), language.script in UNSPACED)
    return "forbidden_form" if any(pattern.search(text) for text in _answers(draft)) else None


def glossary(draft: Draft, terms: Sequence[GlossaryTerm], language: Language) -> str | None:
    """Reject an answer that has another word for a term of the glossary.

    A translation is also rejected where it keeps the English term.
    """
    anywhere = language.script in UNSPACED
    for term in terms:
        if term.avoided:
            wrong = _pattern(term.avoided, anywhere)
            if any(wrong.search(text) for text in _answers(draft)):
                return "glossary"
        if draft.pairs and term.english.casefold() not in term.translation.casefold():
            english = _pattern((term.english,), False)
            for original, translation in draft.pairs:
                if english.search(_plain(original)) and english.search(_plain(translation)):
                    return "glossary"
    return None


def _answers(draft: Draft) -> list[str]:
    """Return the assistant's turns in the language, without reasoning and code."""
    pairs = zip(draft.row.turns, draft.languages, strict=True)
    return [
        _plain(without_reasoning(turn["content"]))
        for turn, code in pairs
        if turn["role"] == "assistant" and code not in (None, ENGLISH)
    ]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", CODE.sub(" ", text)).casefold()


@lru_cache(maxsize=256)
def _pattern(forms: tuple[str, ...], anywhere: bool) -> regex.Pattern[str]:
    return regex.compile("|".join(_form(form, anywhere) for form in forms))


def _form(form: str, anywhere: bool) -> str:
    """Return the form as a pattern; `anywhere` ignores word boundaries."""
    start = "" if anywhere or form.startswith("*") else r"(?<![\p{L}\p{M}\p{N}])"
    end = "" if anywhere or form.endswith("*") else r"(?![\p{L}\p{M}\p{N}])"
    words = unicodedata.normalize("NFC", form.strip("*").strip()).casefold().split()
    return start + r"\s+".join(map(regex.escape, words)) + end
