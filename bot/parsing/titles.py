"""The language in a discussion, and in the answer to a question.

A discussion names its language in the title, or else in the first line of its text::

    line    = name | opening name | "[" name "]" | name closing
    opening = "request" | "please add" | "can you make a model for" | "I'd like" … [":"]
    closing = "language" | "model" | "please" | "thanks"

Only a `Language` from a closed list leaves this file, never the text itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.request import Verdict
from bot.language import Candidates, Language, by_code, find, find_script

MAX_NAME = 80  # characters
MAX_LINE = 200
MAX_TEXT = 20_000
MAX_CODE = 3
MAX_TYPO = 40

_POLITENESS = r"(?:please|thanks|thank you|pls)"
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
    r"\s*(?:\b(?:language|model|dataset)\b)?[\s,]*(?:\b" + _POLITENESS + r"\b)?[\s.!?]*$",
    re.IGNORECASE,
)

# English words of two or three letters that are also codes of languages.
_ENGLISH = frozenset(
    """
    ab ace act add age ago aid aim air all and any app are arm art as ask at bad bag ban bar bat be
    bed bet big bin bit box boy bug bus but buy by can cap car cat cow cry cut dad day den did die
    do dog dot dry due ear eat egg end era eve eye fan far fat few fix fly fog for fox fun gap gas
    get go gun guy had has hat he her hey hi him his hit hop hot how hub ice ill in is it its jam
    job joy key kid kit lab lab law lay leg let lie lot low mad man map may me men met mix mom mud
    my net new no nor not now nut odd of off oh ok oil old on one or our out owl own pan pay pen pet
    pin pop pot put ran rat raw red rib rid row run sad sat saw say sea see set she sin sir sit six
    sky so son sun tap tax tea ten the tie tin tip to toe top toy try two up us use van via war was
    way we web wet who why win yes yet you
    """.split()
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
    """Find the language that a discussion requests, or the reason why it is unclear."""
    if len(title) + len(body) > MAX_TEXT:
        return Unclear(Verdict.TOO_LONG)
    first_line = body.strip().splitlines()[0] if body.strip() else ""
    if first_line.casefold().strip(" .,!?") in _ENGLISH:  # "hi" under a title is no Hindi
        first_line = ""
    readings = [reading for text in (title, first_line) for reading in _readings(text)]
    for reading in readings:
        if isinstance(reading, Named):
            return reading
    unclear = [reading for reading in readings if isinstance(reading, Unclear)]
    ambiguous = [each for each in unclear if each.verdict in (Verdict.AMBIGUOUS, Verdict.SCRIPT)]
    similar = [each for each in unclear if each.choices]
    return next(iter(ambiguous or similar or unclear), Unclear(Verdict.NO_NAME))


def _readings(text: str) -> list[Named | Unclear]:
    """Read the text as it is, and without the words around a name.

    The rest of a sentence counts as a code only after a colon: "please add the" is not Tharu.
    """
    text = " ".join(text.split()).strip("[]").strip()
    if len(text) > MAX_LINE:  # the expressions below are slow on long lines
        return [Unclear(Verdict.UNKNOWN)]
    opening = _OPENING.match(text)
    bare = _CLOSING.sub("", text[opening.end() :] if opening else text).strip("[]\"'“”«» ")
    if len(bare) <= MAX_CODE and not (opening and ":" in opening.group()):
        bare = ""
    return [_read_name(name) for name in dict.fromkeys((text, bare)) if name]


def _read_name(name: str) -> Named | Unclear:
    if len(name) > MAX_NAME:
        return Unclear(Verdict.UNKNOWN)
    match = find(name)
    if isinstance(match, Candidates):
        return Unclear(Verdict(match.reason), match.languages)
    is_certain = not match.script_assumed and name.casefold() not in _ENGLISH
    return Named(match, is_certain)


def read_answer(text: str, choices: tuple[str, ...]) -> Named | Unclear | None:
    """Read a comment as the answer to a question with these choices; None if it is no answer.

    An answer is a number of the list, yes or no (if there is one choice), a script of one of the
    choices, or the name of any language.
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not line or len(line) > MAX_NAME:
        return None
    plain = " ".join(_POLITE.sub(" ", line.casefold()).split())
    if number := _NUMBER.fullmatch(plain):
        index = int(number[1]) if number[1] else 1 + _ORDINALS.index(number[2])
        return Named(by_code(choices[index - 1])) if 0 < index <= len(choices) else None
    if len(choices) == 1 and _YES.fullmatch(plain):
        return Named(by_code(choices[0]))
    if _NO.fullmatch(plain):
        return Unclear(Verdict.NO_NAME)
    if matches := _in_script(plain.removesuffix(" one"), choices):
        return Named(matches[0]) if len(matches) == 1 else Unclear(Verdict.AMBIGUOUS, matches)
    readings = _readings(line)
    if plain in _ENGLISH or _YES.fullmatch(plain):  # "all" means Allar only if that is a choice
        readings = [r for r in readings if isinstance(r, Named) and r.language.code in choices]
    answers = [reading for reading in readings if not _is_noise(reading)]
    named = [answer for answer in answers if isinstance(answer, Named)]
    if named:
        return Named(named[0].language)
    if answers:
        return _only_choice(answers, choices) or answers[0]
    similar = _only_choice(readings, choices) if len(plain) <= MAX_TYPO else None
    return Unclear(Verdict.CONFIRM, (similar.language,)) if similar else None


def _in_script(answer: str, choices: tuple[str, ...]) -> tuple[Language, ...]:
    """Return the choices in the script that the answer names, if they are not all in it.

    The answer "Latin" to "Serbian in Cyrillic or Latin?" is not the Latin language.
    """
    script = find_script(answer)
    languages = tuple(by_code(code) for code in choices)
    matches = tuple(language for language in languages if language.script == script)
    return matches if len(matches) < len(languages) else ()


def _only_choice(readings: list[Named | Unclear], choices: tuple[str, ...]) -> Named | None:
    """Return the choice that an unclear answer means, if it means only one of them."""
    for reading in readings:
        languages = reading.choices if isinstance(reading, Unclear) else ()
        matches = [language for language in languages if language.code in choices]
        if len(matches) == 1:
            return Named(matches[0])
    return None


def _is_noise(reading: Named | Unclear) -> bool:
    """Whether a reading names no known language."""
    clear = (Verdict.AMBIGUOUS, Verdict.SCRIPT)
    return isinstance(reading, Unclear) and reading.verdict not in clear


_YES = re.compile(r"yes|yep|yeah|y|sure|ok|okay|correct|right|exactly|that one|please do|go ahead")
_NO = re.compile(r"no|nope|n|wrong|neither|none of (?:them|these)|never ?mind")
_POLITE = re.compile(rf"\b{_POLITENESS}\b|[,.!()]", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_NUMBER = re.compile(
    rf"(?:number |no |option |#)?(\d{{1,2}})|(?:the )?({'|'.join(_ORDINALS)})(?: one)?"
)
