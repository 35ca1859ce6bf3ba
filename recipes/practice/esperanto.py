"""Esperanto of the practice world: write sentences from their meaning, and read them back.

The language is fully regular: nouns end in -o and adjectives in -a, both with plural -j and
accusative -n; verbs end in -is, -as or -os. `read(write(x)) == x` for every meaning in `world.py`.
This module has no English and no prompts.
"""

from __future__ import annotations

from functools import cache

from recipes.practice.world import (
    NounPhrase,
    Question,
    Sentence,
    Tense,
    Word,
    lexicon,
    punctuate,
    words,
)

DETERMINERS = {"the": "la", "my": "mi", "our": "ni", "their": "ili"}
TENSE_ENDINGS: dict[Tense, str] = {"past": "is", "present": "as", "future": "os"}


def write(sentence: Sentence) -> str:
    """Return the Esperanto sentence, with capital letter and full stop."""
    return punctuate(phrases(sentence), ".")


def phrases(sentence: Sentence) -> list[str]:
    """Return subject, verb, and whichever of object, place and time there are."""
    return [phrase(sentence.subject), _verb(sentence), *_after_verb(sentence)]


def phrase(noun_phrase: NounPhrase, accusative: bool = False) -> str:
    """Return a phrase such as `la juna kuracisto` or `novajn biletojn`."""
    ending = ("j" if noun_phrase.plural else "") + ("n" if accusative else "")
    parts = [noun_phrase.noun.esperanto + "o" + ending]
    if noun_phrase.adjective:
        parts.insert(0, noun_phrase.adjective.esperanto + "a" + ending)
    determiner = DETERMINERS.get(noun_phrase.determiner)
    if determiner:
        parts.insert(0, "la" if determiner == "la" else determiner + "a" + ending)
    return " ".join(parts)


def write_question(question: Question) -> str:
    """Return a question such as `Kiu vidas la lagon?` or `Kion trovis la kuracisto?`."""
    sentence = question.sentence
    if question.target == "subject":
        return punctuate(["kiu", _verb(sentence), *_after_verb(sentence)], "?")
    word = "kion" if question.target == "object" else "kie"
    others = _after_verb(sentence, question.target)
    return punctuate([word, _verb(sentence), phrase(sentence.subject), *others], "?")


def write_answer(question: Question) -> str:
    """Return the phrase that answers the question, in the right case."""
    sentence = question.sentence
    if question.target == "place" and sentence.place:
        return "en " + phrase(sentence.place)
    if question.target == "object" and sentence.object:
        return phrase(sentence.object, accusative=True)
    return phrase(sentence.subject)


def read(text: str) -> Sentence | None:
    """Return the meaning of one sentence, None if it is not of the practice world."""
    if not text.endswith("."):
        return None
    sentence = _Parser(text[:-1]).sentence()
    return sentence if sentence and write(sentence) == text else None


class _Parser:
    """Parses the words of one sentence from left to right."""

    def __init__(self, text: str) -> None:
        self.words = (text[:1].lower() + text[1:]).split(" ")

    def sentence(self) -> Sentence | None:
        subject = self.noun_phrase()
        verb = self.verb() if subject else None
        if not subject or not verb:
            return None
        object_ = self.noun_phrase() if verb[0].kind == "verb" else None
        place = self.noun_phrase() if self.pop("en") else None
        time = _times().get(" ".join(self.words))
        if self.words and not time:
            return None
        return Sentence(subject, verb[0], verb[1], object_, place, time)

    def pop(self, *expected: str) -> str | None:
        return self.words.pop(0) if self.words and self.words[0] in expected else None

    def noun_phrase(self) -> NounPhrase | None:
        word = self.pop(*_determiners())
        determiner = _determiners()[word] if word else "a"
        adjective = _adjectives().get(self.words[0].rstrip("jn")) if self.words else None
        if adjective:
            self.words.pop(0)
        noun = _nouns().get(self.words[0].rstrip("jn")) if self.words else None
        if not noun:
            return None
        plural = "j" in self.words.pop(0)[len(noun.esperanto) :]
        return NounPhrase(determiner, adjective, noun, plural)  # type: ignore[arg-type]

    def verb(self) -> tuple[Word, Tense] | None:
        verb = _verbs().get(self.words[0]) if self.words else None
        if verb:
            self.words.pop(0)
        return verb


def _after_verb(sentence: Sentence, omitted: str = "") -> list[str]:
    parts = []
    if sentence.object and omitted != "object":
        parts.append(phrase(sentence.object, accusative=True))
    if sentence.place and omitted != "place":
        parts.append("en " + phrase(sentence.place))
    if sentence.time:
        parts.append(sentence.time.esperanto)
    return parts


def _verb(sentence: Sentence) -> str:
    return sentence.verb.esperanto + TENSE_ENDINGS[sentence.tense]


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
