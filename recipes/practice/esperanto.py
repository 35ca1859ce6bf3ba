"""Esperanto of the practice world: from a meaning to its sentence, and back.

The language is fully regular: nouns in -o, adjectives in -a, both with plural -j and accusative
-n, verbs in -is, -as, -os. `read(write(x)) == x` for every meaning of `world.py`. No English and
no prompt belongs here.
"""

from __future__ import annotations

from functools import cache

from recipes.practice.world import NounPhrase, Question, Sentence, Tense, Word, lexicon, words

DETERMINERS = {"the": "la", "my": "mi", "our": "ni", "their": "ili"}
TENSE_ENDINGS: dict[Tense, str] = {"past": "is", "present": "as", "future": "os"}


def write(sentence: Sentence) -> str:
    """The Esperanto sentence, with its capital and full stop."""
    return _finish([phrase(sentence.subject), _verb(sentence), *_after_verb(sentence)], ".")


def phrase(noun_phrase: NounPhrase, accusative: bool = False) -> str:
    """`la juna kuracisto`, `novajn biletojn`."""
    ending = ("j" if noun_phrase.plural else "") + ("n" if accusative else "")
    parts = [noun_phrase.noun.esperanto + "o" + ending]
    if noun_phrase.adjective:
        parts.insert(0, noun_phrase.adjective.esperanto + "a" + ending)
    determiner = DETERMINERS.get(noun_phrase.determiner)
    if determiner:
        parts.insert(0, "la" if determiner == "la" else determiner + "a" + ending)
    return " ".join(parts)


def ask(question: Question) -> str:
    """The Esperanto question, as `Kiu vidas la lagon?` or `Kion trovis la kuracisto?`."""
    about = question.about
    if question.asked == "subject":
        return _finish(["kiu", _verb(about), *_after_verb(about)], "?")
    word = "kion" if question.asked == "object" else "kie"
    rest = _after_verb(about, question.asked)
    return _finish([word, _verb(about), phrase(about.subject), *rest], "?")


def reply(question: Question) -> str:
    """The phrase that answers the question, in its case."""
    about = question.about
    if question.asked == "place" and about.place:
        return "en " + phrase(about.place)
    if question.asked == "object" and about.object:
        return phrase(about.object, accusative=True)
    return phrase(about.subject)


def read(text: str) -> Sentence | None:
    """The meaning of one sentence, or None when it is not of this world."""
    if not text.endswith("."):
        return None
    found = _Reader(text[:-1]).sentence()
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
        place = self.noun_phrase() if self.taken("en") else None
        time = _times().get(" ".join(self.rest))
        if self.rest and not time:
            return None
        return Sentence(subject, verb[0], verb[1], thing, place, time)

    def taken(self, *expected: str) -> str | None:
        return self.rest.pop(0) if self.rest and self.rest[0] in expected else None

    def noun_phrase(self) -> NounPhrase | None:
        taken = self.taken(*_determiners())
        determiner = _determiners()[taken] if taken else "a"
        adjective = _adjectives().get(self.rest[0].rstrip("jn")) if self.rest else None
        if adjective:
            self.rest.pop(0)
        noun = _nouns().get(self.rest[0].rstrip("jn")) if self.rest else None
        if not noun:
            return None
        plural = "j" in self.rest.pop(0)[len(noun.esperanto) :]
        return NounPhrase(determiner, adjective, noun, plural)  # type: ignore[arg-type]

    def verb(self) -> tuple[Word, Tense] | None:
        found = _verbs().get(self.rest[0]) if self.rest else None
        if found:
            self.rest.pop(0)
        return found


def _after_verb(sentence: Sentence, without: str = "") -> list[str]:
    parts = []
    if sentence.object and without != "object":
        parts.append(phrase(sentence.object, accusative=True))
    if sentence.place and without != "place":
        parts.append("en " + phrase(sentence.place))
    if sentence.time:
        parts.append(sentence.time.esperanto)
    return parts


def _verb(sentence: Sentence) -> str:
    return sentence.verb.esperanto + TENSE_ENDINGS[sentence.tense]


def _finish(parts: list[str], mark: str) -> str:
    text = " ".join(parts) + mark
    return text[0].upper() + text[1:]


@cache
def _determiners() -> dict[str, str]:
    possessives = {k: v for k, v in DETERMINERS.items() if v != "la"}
    endings = ("a", "an", "aj", "ajn")
    return {"la": "the"} | {v + end: k for k, v in possessives.items() for end in endings}


@cache
def _nouns() -> dict[str, Word]:
    nouns = (w for w in lexicon() if w.kind in ("person", "thing", "place"))
    return {w.esperanto + "o": w for w in nouns}


@cache
def _adjectives() -> dict[str, Word]:
    return {w.esperanto + "a": w for w in words("adjective")}


@cache
def _verbs() -> dict[str, tuple[Word, Tense]]:
    verbs = words("verb") + words("intransitive")
    return {w.esperanto + end: (w, t) for w in verbs for t, end in TENSE_ENDINGS.items()}


@cache
def _times() -> dict[str, Word]:
    return {w.esperanto: w for w in words("time")}
