"""English of the practice world: from a meaning to its sentence, and back.

`read(write(x)) == x` for every meaning of `world.py`. No Esperanto and no prompt belongs here.
"""

from __future__ import annotations

from functools import cache

from recipes.practice.world import NounPhrase, Question, Sentence, Tense, Word, lexicon, words

DETERMINERS = ("the", "a", "my", "our", "their")


def write(sentence: Sentence) -> str:
    """The English sentence, with its capital and full stop."""
    parts = [phrase(sentence.subject), _verb(sentence.verb, sentence.tense, sentence.subject)]
    return _finish([*parts, *_after_verb(sentence)], ".")


def phrase(noun_phrase: NounPhrase) -> str:
    """`the young doctor`, `an old story`, `new tickets`."""
    noun = noun_phrase.noun.form if noun_phrase.plural else noun_phrase.noun.english
    rest = [noun_phrase.adjective.english, noun] if noun_phrase.adjective else [noun]
    if noun_phrase.determiner != "a":
        rest.insert(0, noun_phrase.determiner)
    elif not noun_phrase.plural:
        rest.insert(0, "an" if rest[0][0] in "aeio" else "a")
    return " ".join(rest)


def ask(question: Question) -> str:
    """The English question, as `Who sees the lake?` or `What did the doctor find?`."""
    about = question.about
    if question.asked == "subject":
        return _finish(["who", _verb(about.verb, about.tense, None), *_after_verb(about)], "?")
    helper = {"past": "did", "future": "will"}.get(about.tense)
    helper = helper or ("do" if about.subject.plural else "does")
    middle = [helper, phrase(about.subject), about.verb.english]
    if question.asked == "object":
        return _finish(["what", *middle, *_after_verb(about, "object")], "?")
    return _finish(["where", *middle, *_after_verb(about, "place")], "?")


def reply(question: Question) -> str:
    """The phrase that answers the question."""
    about = question.about
    if question.asked == "place" and about.place:
        return "in " + phrase(about.place)
    asked = about.object if question.asked == "object" and about.object else about.subject
    return phrase(asked)


def read(text: str) -> Sentence | None:
    """The meaning of one sentence, or None when it is not of this world."""
    if not text.endswith("."):
        return None
    reader = _Reader(text[:-1])
    found = reader.sentence()
    return found if found and write(found) == text else None


class _Reader:
    """Left to right over the words of one sentence."""

    def __init__(self, text: str) -> None:
        self.rest = (text[:1].lower() + text[1:]).split(" ")

    def sentence(self) -> Sentence | None:
        subject = self.noun_phrase()
        verb = self.verb() if subject else None
        if not subject or not verb:
            return None
        thing = self.noun_phrase() if verb[0].kind == "verb" else None
        place = self.noun_phrase() if self.taken("in") else None
        time = _times().get(" ".join(self.rest))
        if self.rest and not time:
            return None
        return Sentence(subject, verb[0], verb[1], thing, place, time)

    def taken(self, *expected: str) -> str | None:
        return self.rest.pop(0) if self.rest and self.rest[0] in expected else None

    def noun_phrase(self) -> NounPhrase | None:
        determiner = self.taken("the", "my", "our", "their")
        if not determiner:
            self.taken("a", "an")
        adjective = _adjectives().get(self.rest[0]) if self.rest else None
        if adjective:
            self.rest.pop(0)
        found = _nouns().get(self.rest[0]) if self.rest else None
        if not found:
            return None
        self.rest.pop(0)
        known = next(d for d in DETERMINERS if d == (determiner or "a"))
        return NounPhrase(known, adjective, *found)  # type: ignore[arg-type]

    def verb(self) -> tuple[Word, Tense] | None:
        future = self.taken("will")
        found = _verbs().get(self.rest[0]) if self.rest else None
        if not found:
            return None
        self.rest.pop(0)
        return (found[0], "future") if future else found


def _after_verb(sentence: Sentence, without: str = "") -> list[str]:
    parts = []
    if sentence.object and without != "object":
        parts.append(phrase(sentence.object))
    if sentence.place and without != "place":
        parts.append("in " + phrase(sentence.place))
    if sentence.time:
        parts.append(sentence.time.english)
    return parts


def _verb(verb: Word, tense: Tense, subject: NounPhrase | None) -> str:
    if tense == "past":
        return verb.form
    if tense == "future":
        return "will " + verb.english
    return verb.english if subject and subject.plural else third_person(verb.english)


def third_person(verb: str) -> str:
    """`sees`, `watches`, `studies`."""
    if verb.endswith(("s", "ch", "sh", "x")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def _finish(parts: list[str], mark: str) -> str:
    text = " ".join(parts) + mark
    return text[0].upper() + text[1:]


@cache
def _nouns() -> dict[str, tuple[Word, bool]]:
    nouns = [w for w in lexicon() if w.kind in ("person", "thing", "place")]
    return {w.english: (w, False) for w in nouns} | {w.form: (w, True) for w in nouns}


@cache
def _adjectives() -> dict[str, Word]:
    return {w.english: w for w in words("adjective")}


@cache
def _verbs() -> dict[str, tuple[Word, Tense]]:
    forms: dict[str, tuple[Word, Tense]] = {}
    for verb in words("verb") + words("intransitive"):
        forms[verb.form] = (verb, "past")
        forms[verb.english] = forms[third_person(verb.english)] = (verb, "present")
    return forms


@cache
def _times() -> dict[str, Word]:
    return {w.english: w for w in words("time")}
