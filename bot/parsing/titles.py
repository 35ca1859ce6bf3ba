"""The language in a discussion, and in the answer to a question.

A discussion names its language in the title, or else in the first line of its text::

    line    = [greeting] ( name | opening name | "[" name "]" | name closing )
    opening = "request" | "please add" | "can you make a model for" | "I'd like" … [":"]
    closing = "language" | "model" | "please" | "thanks"

Only a `Language` from a closed list leaves this file, never the text itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.domain.request import Verdict
from bot.language import Candidates, Language, by_code, find, find_script, fold, named_elsewhere
from bot.parsing.words import CONVERSATION, GREETINGS, NO, POLITENESS, YES

MAX_NAME = 80  # characters
MAX_LINE = 200
MAX_TEXT = 20_000
MAX_CODE = 3
MAX_TYPO = 40
MAX_WORDS = 3

_THING = r"(?:an? |the |some )?(?:small )?(?:language )?(?:model|adapter|data(?:set)?|support|chat)"
_OPENING = re.compile(
    r"^\s*(?:(?:hi|hello|dear \w+)\b[\s,!.]*)?"
    r"(?:(?:(?:can|could|would|will) (?:you|we)\s+)?(?:please\s+)?"
    r"(?:add|support|train|do|make|create|build|have|generate|include)\b"
    r"|(?:new\s+)?(?:language\s+)?request(?:\s+for)?\b|(?:new\s+)?language\b"
    r"|(?:i|we)(?:['’]d|\s+would)?\s+(?:like|love|want|need|mean|meant)\b(?:\s+to have)?"
    r"|(?:it|that)(?:['’]s|\s+is)\b|(?=" + _THING + r" for))"
    r"(?:(?:\s*" + _THING + r")?\s+(?:for|in|of|on)\b)?\s*:?\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\s*(?:\b(?:language|model|dataset)\b)?[\s,]*(?:\b" + POLITENESS + r"\b)?[\s.!?]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Named:
    """The text names one language; if that is not certain, the bot asks before it starts."""

    language: Language
    is_certain: bool = True


@dataclass(frozen=True)
class Unclear:
    """The text does not name one language; `choices` are languages to ask about."""

    verdict: Verdict
    choices: tuple[Language, ...] = ()


def read_request(title: str, body: str) -> Named | Unclear:
    """Find the language that a discussion requests, or the reason why it is unclear.

    Under a title that says something else, a name in the body is certain only if it is one of those
    that the title may mean; and no name there is guessed: most bodies begin a conversation.
    """
    if len(title) + len(body) > MAX_TEXT:
        return Unclear(Verdict.TOO_LONG)
    bare_title = _without_greeting(title)
    in_title, in_body = _readings(bare_title), _readings(_first_words(body))
    if named := _named(in_title):
        return named[0]
    if _says_nothing(bare_title):
        named, unclear = _named(in_body), _unclear(in_body)
    else:
        named, unclear = _named_below(in_title, in_body), _unclear(in_title)
    asked = [reading for reading in unclear if reading.verdict in _CLEAR]
    similar = [reading for reading in unclear if reading.choices]
    greeting = [] if bare_title else _named(_readings(title))
    # "no" may be Norwegian, if nothing else is said.
    word = [each for each in _unclear(in_title) if each.verdict is not Verdict.UNKNOWN]
    results: list[Named | Unclear] = [*named, *asked, *similar, *greeting, *word, *unclear]
    return results[0] if results else Unclear(Verdict.NO_NAME)


def _named_below(in_title: list[Named | Unclear], in_body: list[Named | Unclear]) -> list[Named]:
    """Return the names in the body under a title that says something else."""
    asked = [reading for reading in _unclear(in_title) if reading.verdict in _CLEAR]
    named = _named(in_body)
    if named and asked:
        return [reading for reading in named if reading.language in asked[0].choices]
    return [replace(reading, is_certain=False) for reading in named]


def _named(readings: list[Named | Unclear]) -> list[Named]:
    return [reading for reading in readings if isinstance(reading, Named)]


def _unclear(readings: list[Named | Unclear]) -> list[Unclear]:
    return [reading for reading in readings if isinstance(reading, Unclear)]


def _first_words(body: str) -> str:
    """Return the first line of a text without a greeting; "" if it is only conversation."""
    lines = (_without_greeting(line) for line in body.splitlines())
    first_line = next(filter(None, lines), "")
    return "" if fold(first_line) in CONVERSATION else first_line


def _without_greeting(line: str) -> str:
    """Return the line without a greeting before it; "" for a greeting alone, or an empty line."""
    line = line.strip()
    if fold(line) in GREETINGS:
        return ""
    parts = _GREETED.fullmatch(line) if len(line) <= MAX_LINE else None
    return parts[2] if parts and fold(parts[1]) in GREETINGS else line


def _says_nothing(title: str) -> bool:
    """Whether nothing but an opening and a closing is in a title, like "Language request"."""
    if len(title) > MAX_LINE:
        return False
    bare = _bare(title)
    return not bare or fold(bare) in CONVERSATION


def _bare(text: str) -> str:
    """Return the text without the words around a name; "" if only conversation is left."""
    text = " ".join(text.split()).strip("[]").strip()
    opening = _OPENING.match(text)
    bare = _CLOSING.sub("", text[opening.end() :] if opening else text).strip("[]\"'“”«» ")
    is_talk = len(bare) <= MAX_CODE and bare != text and fold(bare) in CONVERSATION
    return "" if is_talk and not _is_labelled(text) else bare


def _is_labelled(text: str) -> bool:
    """Whether a colon separates a name from the words before it, as in "Request: gd"."""
    opening = _OPENING.match(text)
    return opening is not None and ":" in opening.group()


def _readings(text: str) -> list[Named | Unclear]:
    """Read the text as it is, and without the words around a name."""
    text = " ".join(text.split()).strip("[]").strip()
    if len(text) > MAX_LINE:  # the expressions above are slow on long lines
        return [Unclear(Verdict.UNKNOWN)]
    bare = _bare(text)
    readings = [_read_name(name) for name in dict.fromkeys((text, bare)) if name]
    is_end = len(bare) <= MAX_CODE and bare != text and _OPENING.match(text)
    if readings and is_end and not _is_labelled(text):  # "do sth" is probably not about Shelta
        readings[-1] = _to_confirm(readings[-1])
    return readings


def _read_name(name: str) -> Named | Unclear:
    if len(name) > MAX_NAME:
        return Unclear(Verdict.UNKNOWN)
    match = find(name)
    if isinstance(match, Candidates) and match.reason == "unknown" and _is_like_a_code(name):
        return _to_confirm(_read_name(name.lower()))
    if isinstance(match, Candidates):
        return Unclear(Verdict(match.reason), match.languages)
    is_talk = fold(name) in CONVERSATION or _is_talk_of_script(name, match)
    return Named(match, is_certain=not match.script_assumed and not is_talk)


def _is_talk_of_script(text: str, language: Language) -> bool:
    """Whether a word before the name of a script was taken for the language, as in "not Latin"."""
    first, _, rest = fold(text).partition(" ")
    if first not in CONVERSATION or not find_script(rest):
        return False
    return language.code[:3] in _isos(first) - _isos(rest)


def _isos(name: str) -> set[str]:
    """Return the ISO 639-3 codes of what a name means or may mean."""
    match = find(name)
    languages = match.languages if isinstance(match, Candidates) else (match,)
    return {each.code[:3] for each in languages}


def _is_like_a_code(name: str) -> bool:
    """Whether a name may be a code as a phone writes it: "Swa"."""
    return len(name) <= MAX_CODE and name.istitle() and name.isascii()


def _to_confirm(reading: Named | Unclear) -> Named | Unclear:
    if isinstance(reading, Named):
        return Unclear(Verdict.CONFIRM, (reading.language,))
    return reading


def read_answer(text: str, choices: tuple[str, ...]) -> Named | Unclear | None:
    """Read a comment as the answer to a question with these choices; None if it is no answer.

    An answer is a number of the list, yes or no (if there is one choice), a script of one of the
    choices, or the name of any language.
    """
    line = _first_line(text)
    if not line or len(line) > MAX_NAME:
        return None
    plain = " ".join(_POLITE.sub(" ", line.casefold()).split())
    if number := _NUMBER.fullmatch(plain):
        index = int(number[1]) if number[1] else 1 + _ORDINALS.index(number[2])
        return Named(by_code(choices[index - 1])) if 0 < index <= len(choices) else None
    if len(choices) == 1 and (fold(plain) in YES or _THUMB_UP.fullmatch(plain)):
        return Named(by_code(choices[0]))
    if fold(plain) in NO:
        return Unclear(Verdict.NO_NAME)
    # "No, Welsh", "Yes, Latin"
    if (parts := _WORD_BEFORE.fullmatch(line)) and fold(parts[1]) in YES | NO:
        return read_answer(parts[2], choices)
    for text_in_script in (plain.removesuffix(" one"), _bare(line)):  # "I mean Latin"
        if matches := _in_script(text_in_script, choices):
            return Named(matches[0]) if len(matches) == 1 else Unclear(Verdict.AMBIGUOUS, matches)
    answer = _read_named_answer(text, plain, choices)
    return answer or _with_words_of_its_name(fold(plain), choices)


def _read_named_answer(text: str, plain: str, choices: tuple[str, ...]) -> Named | Unclear | None:
    """Read a comment that may name a language; `plain` is its first line without politeness."""
    readings = _readings(_first_line(text))
    if fold(plain) in CONVERSATION:  # "all" means Allar only if that is a choice
        readings = [r for r in readings if isinstance(r, Named) and r.language.code in choices]
    answers = [reading for reading in readings if not _is_noise(reading, plain, choices)]
    if named := _named(answers):
        language = named[0].language
        is_talk = _is_talk_of_script(plain, language)
        return _to_confirm(named[0]) if is_talk else Named(language)
    if answers:
        return _only_choice(answers, choices) or answers[0]
    similar = _only_choice(readings, choices) if len(plain) <= MAX_TYPO else None
    if similar:
        return Unclear(Verdict.CONFIRM, (similar.language,))
    is_name = is_attempt(text, choices) and fold(plain) not in CONVERSATION
    foreign = named_elsewhere(plain) if is_name else ()
    verdict = Verdict.CONFIRM if len(foreign) == 1 else Verdict.AMBIGUOUS
    return Unclear(verdict, foreign) if foreign else None


def is_attempt(text: str, choices: tuple[str, ...]) -> bool:
    """Whether a comment that is no answer looks like an attempt at one: a few words to the bot.

    "OK" may answer a question with choices, but not the one for a name.
    """
    line = _first_line(text)
    if len(line) > MAX_TYPO or len(text) > MAX_LINE:
        return False
    key = fold(_POLITE.sub(" ", line))
    talk = GREETINGS if choices else GREETINGS | YES | NO
    is_talk = line.startswith(("@", ">", "http")) or any(mark in line for mark in "?？؟")
    return not is_talk and 0 < len(key.split()) <= MAX_WORDS and key not in talk


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def _in_script(answer: str, choices: tuple[str, ...]) -> tuple[Language, ...]:
    """Return the choices in the script that the answer names, if they are not all in it.

    The answer "Latin" to "Serbian in Cyrillic or Latin?" is not the Latin language.
    """
    script = find_script(answer)
    languages = tuple(by_code(code) for code in choices)
    matches = tuple(language for language in languages if language.script == script)
    return matches if len(matches) < len(languages) else ()


def _with_words_of_its_name(answer: str, choices: tuple[str, ...]) -> Named | None:
    """Return the only choice with these words in its name: "Cusco" means Cusco Quechua."""
    words = set(answer.split()) - {"the", "one", "of", "from", "in"}
    languages = [by_code(code) for code in choices]
    matches = [each for each in languages if words and words <= {*fold(each.name).split()}]
    return Named(matches[0]) if len(matches) == 1 else None


def _only_choice(readings: list[Named | Unclear], choices: tuple[str, ...]) -> Named | None:
    """Return the choice that an unclear answer means, if it means only one of them."""
    for reading in readings:
        languages = reading.choices if isinstance(reading, Unclear) else ()
        matches = [language for language in languages if language.code in choices]
        if len(matches) == 1:
            return Named(matches[0])
    return None


def _is_noise(reading: Named | Unclear, plain: str, choices: tuple[str, ...]) -> bool:
    """Whether a reading names no known language.

    Nor does a short code that is not among the choices: "dua" is Esperanto for "second", not Duala.
    """
    if isinstance(reading, Unclear):
        is_clear = reading.verdict in _CLEAR or (reading.verdict is Verdict.CONFIRM and not choices)
        is_other = {each.code for each in reading.choices}.isdisjoint(choices)
        return not is_clear or (is_other and bool(choices) and len(plain) <= MAX_CODE)
    language = reading.language
    is_code = plain in (language.code[:3], language.bcp47) and plain != fold(language.name)
    is_code = is_code or _is_talk_of_script(plain, language)
    return is_code and bool(choices) and language.code not in choices


_CLEAR = (Verdict.AMBIGUOUS, Verdict.SCRIPT)
_POLITE = re.compile(rf"\b{POLITENESS}\b|[,.!()]", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_GREETED = re.compile(r"([^,.!:;。！，、]+)[,.!:;。！，、]+\s*(.*)")
_WORD_BEFORE = re.compile(r"(\w+)(?:\s*[,.!:;]|\s+[-–—]\s)\s*(\S.*)")
_THUMB_UP = re.compile("👍[🏻-🏿]?")
_NUMBER = re.compile(
    rf"(?:number |no |option |#)?(\d{{1,2}})|(?:the )?({'|'.join(_ORDINALS)})(?: one)?"
)
