"""What a discussion asks for.

Grammar of the first post, first match wins::

    title  =  name  |  opening name  |  "[" name "]"  |  name closing
    opening = "request" | "language request" | "please add" | "add" | "new language" … [":"]
    closing = "language" | "please"
    body   =  first line, read like a title, when the title names no language
    body   =  options, a line each; see wishes.py

Only a `Language` from a closed list ever leaves this file; the text itself never does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.language import Candidates, Language, by_code, find
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

# Words of two or three letters that people write as a whole title and that are codes as well.
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
class Ask:
    """A discussion that names one language; unless `sure`, it is better asked about first."""

    language: Language
    sure: bool = True


@dataclass(frozen=True)
class Misread:
    """A discussion that does not; `choices` are languages to offer, `why` says what was wrong."""

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
    misread = [answer for answer in answers if isinstance(answer, Misread)]
    doubtful = [a for a in misread if a.why in (Verdict.AMBIGUOUS, Verdict.SCRIPT)]
    near = [a for a in misread if a.choices]
    return next(iter(doubtful or near or misread), Misread(Verdict.NO_NAME))


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
    return Ask(found, sure=not found.script_assumed and name.casefold() not in _ENGLISH)


def read_answer(text: str, choices: tuple[str, ...]) -> Ask | Misread | None:
    """Read a comment as the answer to "which of these?"; None when it says nothing of the kind.

    An answer is a number of the list, yes or no (for a list of one), or any language's name.
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not line or len(line) > LONGEST_NAME:
        return None
    number = re.fullmatch(r"(?:number |no\.? |option |#)?(\d{1,2})[.)!]?", line, re.IGNORECASE)
    if number:
        index = int(number[1]) - 1
        return Ask(by_code(choices[index])) if 0 <= index < len(choices) else None
    if len(choices) == 1 and _says(_YES, line):
        return Ask(by_code(choices[0]))
    if _says(_NO, line):
        return Misread(Verdict.NO_NAME)
    answers = [answer for answer in _readings(line) if not _is_noise(answer)]
    asks = [answer for answer in answers if isinstance(answer, Ask)]
    chosen = _chosen(answers, choices)
    # Here the name is the answer to a question: a code that is a word as well is meant as a code.
    return Ask(asks[0].language) if asks else chosen or next(iter(answers), None)


def _chosen(answers: list[Ask | Misread], choices: tuple[str, ...]) -> Ask | None:
    """What an ambiguous answer leaves of the choices, when that is one."""
    for answer in answers:
        left = [c for c in getattr(answer, "choices", ()) if c.code in choices]
        if len(left) == 1:
            return Ask(left[0])
    return None


def _is_noise(answer: Ask | Misread) -> bool:
    return isinstance(answer, Misread) and answer.why not in (Verdict.AMBIGUOUS, Verdict.SCRIPT)


_YES = re.compile(r"yes|yep|yeah|y|sure|ok|okay|correct|right|exactly|that one|please do|go ahead")
_NO = re.compile(r"no|nope|n|wrong|neither|none of (?:them|these)|never ?mind")
_POLITE = re.compile(r"\b(?:please|thanks|thank you|pls)\b|[,.!]", re.IGNORECASE)


def _says(what: re.Pattern[str], line: str) -> bool:
    return what.fullmatch(" ".join(_POLITE.sub(" ", line.casefold()).split())) is not None
