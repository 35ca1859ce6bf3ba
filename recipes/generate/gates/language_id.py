"""Each turn is in the language and script that it should be in, and no English was left in it.

A library decides where it knows the language: CLD2, or py3langid for some that CLD2 does not know.
For all others a profile of letters is learnt from texts of the language that the run reads anyway;
without such texts only script and English are judged, and the card says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import pycld2

from recipes.core.language import Language
from recipes.generate.gates.scripts import in_script, letters_of
from recipes.generate.gates.settings import GateSettings
from recipes.generate.gates.trigrams import Profile
from recipes.generate.gates.views import NAME_LETTERS, prose, unquoted
from recipes.generate.schema import ENGLISH, Draft

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # CLD2 takes none of these
WORDS = re.compile(r"[^\W\d_]+")
LATIN_WORDS = re.compile(r"[a-z\u00c0-\u024f\u1e00-\u1eff']+")
LATIN_RUN = re.compile(r"(?:\b[a-z\u00df-\u024f'’]+,? ){4}[a-z]")  # no name has so many small words
NAMES = re.compile(r"\b[A-Z][A-Za-z\u00c0-\u024f]*")  # in a text of another script
PIECES = re.compile(r"[.!?:;\n\u2026]+\s*|[\u0964\u1362\u3002\u06d4\u061f]")
ENGLISH_WORDS = frozenset(
    "the of and to is was are were that this with for from my our his her their they have has had "
    "not you your which would will been be by an at or in what who where".split()
)
# No other language that is written often has these words; Dutch, too, has "is", "of" and "in".
ONLY_ENGLISH = frozenset(
    "the and that this with from they their have you your are were which would been".split()
)
SIGN = re.compile(rf"\b(?:{'|'.join(sorted(ONLY_ENGLISH))})\b", re.IGNORECASE)
# Scots and the English creoles share those words.
LIKE_ENGLISH = frozenset("sco pcm jam bis tpi kri gul bzj icr pis srn djk rop trf".split())
CLD2_ENGLISH = "en"
TRIED = 100  # of its own texts
RELATIVES = (
    {"rn", "rw"},
    {"zu", "xh", "ss", "nr"},
    {"hr", "sr", "bs", "sh"},
    {"id", "ms"},
    {"no", "nn", "da"},
    {"st", "tn", "nso"},
    {"tr", "az", "tk", "crh"},
    {"zh", "zh-Hant"},
    {"gl", "pt", "es", "oc", "ca"},
    {"bh", "hi", "mr", "ne"},
    {"tw", "ak"},
)
# Labels of py3langid for languages that CLD2 does not know in this script.
PY3LANGID = {
    "ace_Latn": "ace",
    "arg_Latn": "an",
    "ary_Arab": "ary",
    "bcl_Latn": "bcl",
    "fuv_Latn": "fuv",
    "gcf_Latn": "gcf",
    "gcr_Latn": "gcr",
    "gom_Deva": "gom",
    "guw_Latn": "guw",
    "kab_Latn": "kab",
    "kmr_Latn": "ku",
    "lij_Latn": "lij",
    "ltg_Latn": "ltg",
    "pcm_Latn": "pcm",
    "sdh_Arab": "sdh",
    "sme_Latn": "se",
    "uzs_Latn": "uzs",
    "vec_Latn": "vec",
    "wln_Latn": "wa",
    "yue_Hant": "yue",
}
CONFIDENT = 0.8
LONG_ENOUGH = 80  # letters in which CLD2 sees a language that it knows
MISTAKEN = 0.1  # share of a language's own texts beyond which a library does not know it


@dataclass(frozen=True)
class Identifier:
    """Tells the language from others: `is_another` is given prose of enough letters; `by` says how
    in the words of the card."""

    by: str
    is_another: Callable[[str], bool]


def identifier(
    language: Language, own: Sequence[str] = (), english: Sequence[str] = (), letters: int = 0
) -> Identifier:
    """The best way there is to know this language, tried on its `own` texts where there are any;
    `letters` of them make a profile of a language that no library knows."""
    if known := library(language, own):
        return known
    profile = Profile.learn(own, english, letters) if letters and own and english else None
    if profile:
        return Identifier("a profile of its own texts", profile.is_stranger)
    return Identifier("its script, and that it is not English", lambda text: False)


def library(language: Language, own: Sequence[str] = ()) -> Identifier | None:
    """A library that was made with the language in mind, and does not mistake its `own` texts for
    another; without texts none is believed in a script that is not the language's usual one."""
    found: Identifier | None = None
    if label := PY3LANGID.get(language.code):
        found = Identifier("py3langid", lambda text: _other_for_langid(text, label))
    elif code := language.cld2:
        found = Identifier("CLD2", lambda text: _other_for_cld2(text, code))
    if found is None or not (own or language.in_usual_script):
        return None
    mistaken = sum(found.is_another(prose(text)) for text in own[:TRIED])
    return found if mistaken <= MISTAKEN * len(own[:TRIED]) else None


def right_language(
    draft: Draft, language: Language, known: Identifier, settings: GateSettings
) -> str | None:
    """Each turn is in the language and script that it should be in."""
    expected = [
        (turn["content"], code)
        for turn, code in zip(draft.row.turns, draft.languages, strict=True)
        if code is not None
    ]
    if not draft.from_corpus:
        expected += [(original, ENGLISH) for original, _ in draft.pairs]
    if any(map(_untouched, draft.pairs)):
        return "english"
    for text, code in expected:
        bare = prose(text)
        reason = (
            _not_english(language, bare, settings)
            if code == ENGLISH
            else _not_in(language, bare, known, settings)
        )
        if reason:
            return reason
    return None


def _untouched(pair: tuple[str, str]) -> bool:
    """Whether an English sentence is its own translation; names and code may be."""
    english, translation = pair
    return english.strip() == translation.strip() and _has_english(prose(translation))


def _not_english(language: Language, text: str, settings: GateSettings) -> str | None:
    letters, latin = letters_of(text, "Latn")
    if letters >= NAME_LETTERS and latin * 2 < letters:
        return "not_english"
    if letters >= 2 * NAME_LETTERS and language.cld2 and identify(text) == language.cld2:
        return "not_english"  # left as it was
    return "not_english" if looks_english(text, letters, settings) is False else None


def _not_in(language: Language, text: str, known: Identifier, settings: GateSettings) -> str | None:
    text, letters, own = _own_words(text, language.script)
    mostly = own * 2 >= letters
    if not mostly:
        named = 0 if language.script == "Latn" else sum(map(len, NAMES.findall(text)))
        if letters - own - named >= NAME_LETTERS or not in_script(text, "Latn"):
            return "wrong_script"
    elif own < letters and language.script != "Latn" and LATIN_RUN.search(text):
        return "wrong_script"
    if language.code[:3] not in LIKE_ENGLISH and _has_english(text):
        if looks_english(text, letters, settings):
            return "english"
        if english_inside(text, settings):
            return "english_inside"
    if letters >= settings.identify_from and mostly and known.is_another(text):
        return "wrong_language"
    return None


def _own_words(text: str, script: str) -> tuple[str, int, int]:
    """The text without quotations, unless little else is there and not in its script, and how many
    letters it has, in all and of the script."""
    bare = unquoted(text)
    letters, own = letters_of(bare, script)
    if letters < NAME_LETTERS and not 0 < letters <= own * 2:
        return text, *letters_of(text, script)
    return bare, letters, own


def looks_english(text: str, letters: int, settings: GateSettings) -> bool | None:
    """Whether it is English; None where there is no clear sign.

    CLD2 calls some languages English that it does not know: its word alone is not enough.
    """
    words = WORDS.findall(text.lower())
    common = sum(map(ENGLISH_WORDS.__contains__, words)) / max(1, len(words))
    if letters >= settings.identify_from and (found := identify(text)):
        if found != CLD2_ENGLISH:
            return False
        return True if common >= settings.english_words / 2 else None
    return True if len(words) >= 3 and common >= settings.english_words else None


def _has_english(text: str) -> bool:
    return not ONLY_ENGLISH.isdisjoint(text.lower().split())


def english_inside(text: str, settings: GateSettings) -> bool:
    """Whether a sentence of the text is English."""
    for piece in PIECES.split(text):
        if _has_english(piece):
            words = LATIN_WORDS.findall(piece.lower())
            common = sum(map(ENGLISH_WORDS.__contains__, words))
            only = len(ONLY_ENGLISH.intersection(words))
            if len(words) >= settings.english_run and only > 1:
                if common >= settings.english_words * len(words):
                    return True
    return False


def identify(text: str, hint: str | None = None) -> str | None:
    """CLD2's code for the text, None when it is not sure."""
    sure, codes = _cld2(text, hint)
    return codes[0] if sure and codes else None


def _other_for_cld2(text: str, code: str) -> bool:
    """CLD2 is sure of a language that is not even a relative, even when told what to expect; or it
    is not sure, and sees nothing of the language or a relative in a text that is long enough."""
    if identify(text) == code:
        return False
    sure, codes = _cld2(text, code)
    if any(found == code or _related(found, code) for found in codes[: 1 if sure else 3]):
        return False
    return sure or len(text) >= LONG_ENOUGH


@lru_cache(maxsize=64)
def _cld2(text: str, hint: str | None) -> tuple[bool, tuple[str, ...]]:
    """Whether CLD2 is sure, and the codes of what it sees, most of it first."""
    try:
        sure, _, found = pycld2.detect(CONTROL.sub("", text), bestEffort=True, hintLanguage=hint)
    except (pycld2.error, UnicodeEncodeError):
        return False, ()
    codes = tuple(code for _, code, share, _ in found if code != "un" and share)
    return bool(sure and codes and found[0][1] != "un"), codes


def _other_for_langid(text: str, label: str) -> bool:
    found, confidence = _langid().classify(text)
    return found != label and confidence >= CONFIDENT and not _related(found, label)


def _related(one: str, other: str) -> bool:
    return any({one, other} <= family for family in RELATIVES)


@cache
def _langid() -> Any:
    """Loaded only for a language that needs it: it takes two seconds and 100 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
