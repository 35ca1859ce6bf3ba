"""What a discussion asks for.

Grammar of the first post, first match wins::

    title  =  name  |  opening name  |  "[" name "]"  |  name closing
    opening = "request" | "please add" | "can you make a model for" | "I'd like" … [":"]
    closing = "language" | "model" | "please" | "thanks"
    body   =  first line, read like a title, when the title names no language
    body   =  options, a line each; see wishes.py

Only a `Language` from a closed list ever leaves this file; the text itself never does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.request import Verdict
from bot.language import Candidates, Language, by_code, find, find_script

LONGEST_NAME = 80
LONGEST_SENTENCE = 200
LONGEST_TEXT = 20_000
LONGEST_CODE = 3
LONGEST_SLIP = 40

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
    text = " ".join(text.split()).strip("[]").strip()
    if len(text) > LONGEST_SENTENCE:  # what may try many ways is not let loose on a long line
        return [Misread(Verdict.UNKNOWN)]
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

    An answer is a number of the list, yes or no (for a list of one), a script of those on the list,
    or any language's name.
    """
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    if not line or len(line) > LONGEST_NAME:
        return None
    plain = " ".join(_POLITE.sub(" ", line.casefold()).split())
    if number := _NUMBER.fullmatch(plain):
        index = int(number[1]) if number[1] else 1 + _ORDINALS.index(number[2])
        return Ask(by_code(choices[index - 1])) if 0 < index <= len(choices) else None
    if len(choices) == 1 and _YES.fullmatch(plain):
        return Ask(by_code(choices[0]))
    if _NO.fullmatch(plain):
        return Misread(Verdict.NO_NAME)
    if written := _written(plain.removesuffix(" one"), choices):
        return Ask(written[0]) if len(written) == 1 else Misread(Verdict.AMBIGUOUS, written)
    readings = _readings(line)
    if plain in _ENGLISH or _YES.fullmatch(plain):  # "all" is Allar only where Allar was offered
        readings = [r for r in readings if isinstance(r, Ask) and r.language.code in choices]
    answers = [answer for answer in readings if not _is_noise(answer)]
    asks = [answer for answer in answers if isinstance(answer, Ask)]
    chosen = _chosen(answers, choices)
    if asks or chosen or answers:
        return Ask(asks[0].language) if asks else chosen or answers[0]
    near = _chosen(readings, choices) if len(plain) <= LONGEST_SLIP else None
    return Misread(Verdict.CONFIRM, (near.language,)) if near else None


def _written(answer: str, choices: tuple[str, ...]) -> tuple[Language, ...]:
    """Those of the choices that are written so, where a script tells them apart: to the question
    "Serbian in Cyrillic or Latin?" the answer "Latin" is not the language of the Romans."""
    script = find_script(answer)
    languages = tuple(by_code(code) for code in choices)
    found = tuple(language for language in languages if language.script == script)
    return found if len(found) < len(languages) else ()


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
_POLITE = re.compile(rf"\b{_POLITENESS}\b|[,.!()]", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_NUMBER = re.compile(
    rf"(?:number |no |option |#)?(\d{{1,2}})|(?:the )?({'|'.join(_ORDINALS)})(?: one)?"
)
