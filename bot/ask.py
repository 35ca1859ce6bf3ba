"""What a discussion asks for.

Grammar, first match wins::

    title  =  name  |  opening name  |  "[" name "]"  |  name closing
    opening = "request" | "language request" | "please add" | "add" | "new language" … [":"]
    closing = "language" | "please"
    body   =  first line, read like a title, when the title names no language

Only a `Language` from a closed list ever leaves this file; the text itself never does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.language import Candidates, Language, find
from bot.request import Verdict

LONGEST_NAME = 80
LONGEST_TEXT = 20_000
LONGEST_CODE = 3

_OPENING = re.compile(
    r"^\s*(?:(?:please\s+)?(?:add|support|train|do)\b"
    r"|(?:new\s+)?(?:language\s+)?request(?:\s+for)?\b|(?:new\s+)?language\b)\s*:?\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(r"\s*(?:\blanguage\b)?[\s,]*(?:\bplease\b)?[\s.!?]*$", re.IGNORECASE)


@dataclass(frozen=True)
class Ask:
    """A discussion that names one language."""

    language: Language


@dataclass(frozen=True)
class Misread:
    """A discussion that does not; `choices` are codes to offer, `why` says what was wrong."""

    why: Verdict
    choices: tuple[Language, ...] = ()


def read_ask(title: str, body: str) -> Ask | Misread:
    """Find the one language that a discussion asks for, or say why there is none."""
    if len(title) + len(body) > LONGEST_TEXT:
        return Misread(Verdict.TOO_LONG)
    first_line = body.strip().splitlines()[0] if body.strip() else ""
    answers = [answer for text in (title, first_line) for answer in _readings(text)]
    for answer in answers:
        if isinstance(answer, Ask):
            return answer
    doubtful = [a for a in answers if a.why in (Verdict.AMBIGUOUS, Verdict.SCRIPT)]
    near = [a for a in answers if a.choices]
    return next(iter(doubtful or near or answers), Misread(Verdict.NO_NAME))


def _readings(text: str) -> list[Ask | Misread]:
    """The text as it stands, then without the words of politeness around a name.

    What is left of a sentence may be a code only behind a colon: "please add the" is not Tharu.
    """
    text = text.strip().strip("[]").strip()
    opening = _OPENING.match(text)
    bare = _CLOSING.sub("", text[opening.end() :] if opening else text).strip("[]\"'“”«» ")
    if len(bare) <= LONGEST_CODE and not (opening and ":" in opening.group()):
        bare = ""
    return [_read_name(name) for name in dict.fromkeys((text, bare)) if name]


def _read_name(name: str) -> Ask | Misread:
    if len(name) > LONGEST_NAME:
        return Misread(Verdict.UNKNOWN)
    found = find(name)
    if isinstance(found, Candidates):
        return Misread(Verdict(found.reason), found.languages)
    return Ask(found)
