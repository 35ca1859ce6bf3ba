"""Turns in the wrong language or script, and English left in them.

CLD2 identifies most languages, and py3langid some that CLD2 does not know. A trigram profile, which
is learnt from texts of the language that the run reads anyway, finds texts that are in no language,
and identifies languages that no library knows. Without such texts and a library only the script and
English are checked, and the card says so. Whether a run is in a relative: see `run_language`.
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
from recipes.generate.gates.trigrams import TrigramProfile
from recipes.generate.gates.views import MAX_NAME_LETTERS, prose, unquoted
from recipes.generate.schema import ENGLISH, Draft

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # CLD2 rejects texts with these
WORDS = re.compile(r"[^\W\d_]+")
LATIN_WORDS = re.compile(r"[a-z\u00c0-\u024f\u1e00-\u1eff']+")
LATIN_RUN = re.compile(
    r"(?:\b[a-z\u00df-\u024f'’]+,? ){4}[a-z]"
)  # no name has five lower-case words
NAMES = re.compile(r"\b[A-Z][A-Za-z\u00c0-\u024f]*")  # in a text of another script
SENTENCE_ENDS = re.compile(r"[.!?:;\n\u2026]+\s*|[\u0964\u1362\u3002\u06d4\u061f]")
ENGLISH_WORDS = frozenset(
    "the of and to is was are were that this with for from my our his her their they have has had "
    "not you your which would will been be by an at or in what who where".split()
)
# Hardly any other language has these words; "is", "of" and "in" are Dutch as well.
ONLY_ENGLISH = frozenset(
    "the and that this with from they their have you your are were which would been".split()
)
ONLY_ENGLISH_WORD = re.compile(rf"\b(?:{'|'.join(sorted(ONLY_ENGLISH))})\b", re.IGNORECASE)
# Scots and the English-based creoles share these words.
LIKE_ENGLISH = frozenset("sco pcm jam bis tpi kri gul bzj icr pis srn djk rop trf".split())
CLD2_ENGLISH = "en"
TRIAL_TEXTS = 100  # texts of the language that a library is tested on
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
# py3langid's labels for languages that CLD2 does not know in this script.
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
MIN_CONFIDENCE = 0.8  # of py3langid
MIN_LETTERS = 80  # from here on, CLD2 notices a language that it knows
PROFILE_METHOD = "a trigram profile of texts in it"
MAX_ERROR_RATE = 0.1  # on the language's own texts; a library with more does not know it


@dataclass(frozen=True)
class Identifier:
    """Tells a language from others.

    `is_other_language` takes prose of at least `identify_from` letters; `method` is for the card.
    """

    method: str
    is_other_language: Callable[[str], bool]


def build_identifier(
    language: Language, own_texts: Sequence[str] = (), profile: TrigramProfile | None = None
) -> Identifier:
    """Return the best available identifier of a language.

    A library is tested on `own_texts` where there are any. With a `profile` of such texts, a text
    must also be close enough to them: CLD2 is sure that gibberish with the right letters is Welsh.
    """
    library = library_identifier(language, own_texts)
    if library and profile:
        return Identifier(
            f"{library.method} and {PROFILE_METHOD}",
            lambda text: library.is_other_language(text) or profile.is_other_language(text),
        )
    if library:
        return library
    if profile:
        return Identifier(PROFILE_METHOD, profile.is_other_language)
    return Identifier("its script, and by not being English", lambda text: False)


def library_identifier(language: Language, own_texts: Sequence[str] = ()) -> Identifier | None:
    """Return a library that knows the language, None where there is none.

    A library must not take the language's own texts for another language. Without texts, no
    library is trusted with a script that is not the language's usual one.
    """
    identifier: Identifier | None = None
    if label := PY3LANGID.get(language.code):
        identifier = Identifier("py3langid", lambda text: _is_other_for_langid(text, label))
    elif code := language.cld2:
        identifier = Identifier("CLD2", lambda text: _is_other_for_cld2(text, code))
    if identifier is None or not (own_texts or language.in_usual_script):
        return None
    sample = own_texts[:TRIAL_TEXTS]
    errors = sum(identifier.is_other_language(prose(text)) for text in sample)
    return identifier if errors <= MAX_ERROR_RATE * len(sample) else None


def wrong_language(
    draft: Draft, language: Language, identifier: Identifier, settings: GateSettings
) -> str | None:
    """Reject a turn in another language or script than it should have."""
    expected = [
        (turn["content"], code)
        for turn, code in zip(draft.row.turns, draft.languages, strict=True)
        if code is not None
    ]
    if not draft.from_corpus:
        expected += [(original, ENGLISH) for original, _ in draft.pairs]
    if any(map(_is_untranslated, draft.pairs)):
        return "english"
    for text, code in expected:
        words = prose(text)
        reason = (
            _reason_if_not_english(language, words, settings)
            if code == ENGLISH
            else _reason_if_not_in(language, words, identifier, settings)
        )
        if reason:
            return reason
    return None


def _is_untranslated(pair: tuple[str, str]) -> bool:
    """Whether an English sentence was left as it is; names and code may be."""
    english, translation = pair
    return english.strip() == translation.strip() and _has_english(prose(translation))


def _reason_if_not_english(language: Language, text: str, settings: GateSettings) -> str | None:
    letters, latin = letters_of(text, "Latn")
    if letters >= MAX_NAME_LETTERS and latin * 2 < letters:
        return "not_english"
    if letters >= 2 * MAX_NAME_LETTERS and language.cld2 and identify(text) == language.cld2:
        return "not_english"  # the text was not translated
    return "not_english" if is_english(text, letters, settings) is False else None


def _reason_if_not_in(
    language: Language, text: str, identifier: Identifier, settings: GateSettings
) -> str | None:
    text, letters, own = _own_words(text, language.script)
    mostly = own * 2 >= letters
    if not mostly:
        in_names = 0 if language.script == "Latn" else sum(map(len, NAMES.findall(text)))
        if letters - own - in_names >= MAX_NAME_LETTERS or not in_script(text, "Latn"):
            return "wrong_script"
    elif own < letters and language.script != "Latn" and LATIN_RUN.search(text):
        return "wrong_script"
    if language.code[:3] not in LIKE_ENGLISH and _has_english(text):
        if is_english(text, letters, settings):
            return "english"
        if has_english_sentence(text, settings):
            return "english_inside"
    if letters >= settings.identify_from and mostly and identifier.is_other_language(text):
        return "wrong_language"
    return None


def _own_words(text: str, script: str) -> tuple[str, int, int]:
    """Return the text without quotations, its letters, and how many of them are of the script.

    Quotations stay where little else is left that is not in the script.
    """
    without_quotes = unquoted(text)
    letters, own = letters_of(without_quotes, script)
    if letters < MAX_NAME_LETTERS and not 0 < letters <= own * 2:
        return text, *letters_of(text, script)
    return without_quotes, letters, own


def is_english(text: str, letters: int, settings: GateSettings) -> bool | None:
    """Whether a text with this number of letters is English; None where that is unclear.

    CLD2 takes some languages that it does not know for English, so function words must agree.
    """
    words = WORDS.findall(text.lower())
    common = sum(map(ENGLISH_WORDS.__contains__, words)) / max(1, len(words))
    if letters >= settings.identify_from and (code := identify(text)):
        if code != CLD2_ENGLISH:
            return False
        return True if common >= settings.english_words / 2 else None
    return True if len(words) >= 3 and common >= settings.english_words else None


def _has_english(text: str) -> bool:
    return not ONLY_ENGLISH.isdisjoint(text.lower().split())


def has_english_sentence(text: str, settings: GateSettings) -> bool:
    """Whether a sentence of the text is English."""
    for sentence in SENTENCE_ENDS.split(text):
        if _has_english(sentence):
            words = LATIN_WORDS.findall(sentence.lower())
            common = sum(map(ENGLISH_WORDS.__contains__, words))
            only = len(ONLY_ENGLISH.intersection(words))
            if len(words) >= settings.english_run and only > 1:
                if common >= settings.english_words * len(words):
                    return True
    return False


def identify(text: str) -> str | None:
    """Return CLD2's code for the language of a text, None when it is not sure."""
    is_sure, codes = _cld2(text, None)
    return codes[0] if is_sure and codes else None


def _is_other_for_cld2(text: str, code: str) -> bool:
    """Whether CLD2 takes the text for another language than `code` and its relatives.

    Either it is sure, although it was told to expect `code`; or it is not, but sees nothing of the
    language or a relative in a text that is long enough.
    """
    if identify(text) == code:
        return False
    is_sure, codes = _cld2(text, code)
    if any(seen == code or _are_related(seen, code) for seen in codes[: 1 if is_sure else 3]):
        return False
    return is_sure or len(text) >= MIN_LETTERS


@lru_cache(maxsize=64)
def _cld2(text: str, hint: str | None) -> tuple[bool, tuple[str, ...]]:
    """Whether CLD2 is sure, and the codes that it sees, the most frequent first."""
    try:
        is_sure, _, details = pycld2.detect(
            CONTROL.sub("", text), bestEffort=True, hintLanguage=hint
        )
    except (pycld2.error, UnicodeEncodeError):
        return False, ()
    codes = tuple(code for _, code, share, _ in details if code != "un" and share)
    return bool(is_sure and codes and details[0][1] != "un"), codes


def _is_other_for_langid(text: str, label: str) -> bool:
    seen, confidence = _langid().classify(text)
    return seen != label and confidence >= MIN_CONFIDENCE and not _are_related(seen, label)


def _are_related(code: str, other: str) -> bool:
    return any({code, other} <= family for family in RELATIVES)


@cache
def _langid() -> Any:
    """Load py3langid, only for a language that needs it: two seconds and 100 MB."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
