"""English of the practice world: write sentences from their meaning, and read them back.

`read(write(x)) == x` for every meaning in `world.py`. This module has no Esperanto and no prompts.
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

DETERMINERS = ("the", "a", "my", "our", "their")


def write(sentence: Sentence) -> str:
    """Return the English sentence, with capital letter and full stop."""
    return punctuate(phrases(sentence), ".")


def phrases(sentence: Sentence) -> list[str]:
    """Return subject, verb, and whichever of object, place and time there are."""
    verb = _verb(sentence.verb, sentence.tense, sentence.subject)
    return [phrase(sentence.subject), verb, *_after_verb(sentence)]


def phrase(noun_phrase: NounPhrase) -> str:
    """Return a phrase such as `the young doctor`, `an old story` or `new tickets`."""
    noun = noun_phrase.noun.form if noun_phrase.plural else noun_phrase.noun.english
    parts = [noun_phrase.adjective.english, noun] if noun_phrase.adjective else [noun]
    if noun_phrase.determiner != "a":
        parts.insert(0, noun_phrase.determiner)
    elif not noun_phrase.plural:
        parts.insert(0, "an" if parts[0][0] in "aeio" else "a")
    return " ".join(parts)


def write_question(question: Question) -> str:
    """Return a question such as `Who sees the lake?` or `What did the doctor find?`."""
    sentence = question.sentence
    if question.target == "subject":
        return punctuate(
            ["who", _verb(sentence.verb, sentence.tense, None), *_after_verb(sentence)], "?"
        )
    auxiliary = {"past": "did", "future": "will"}.get(sentence.tense)
    auxiliary = auxiliary or ("do" if sentence.subject.plural else "does")
    middle = [auxiliary, phrase(sentence.subject), sentence.verb.english]
    if question.target == "object":
        return punctuate(["what", *middle, *_after_verb(sentence, "object")], "?")
    return punctuate(["where", *middle, *_after_verb(sentence, "place")], "?")


def write_answer(question: Question) -> str:
    """Return the phrase that answers the question."""
    sentence = question.sentence
    if question.target == "place" and sentence.place:
        return "in " + phrase(sentence.place)
    target = (
        sentence.object if question.target == "object" and sentence.object else sentence.subject
    )
    return phrase(target)


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
        place = self.noun_phrase() if self.pop("in") else None
        time = _times().get(" ".join(self.words))
        if self.words and not time:
            return None
        return Sentence(subject, verb[0], verb[1], object_, place, time)

    def pop(self, *expected: str) -> str | None:
        return self.words.pop(0) if self.words and self.words[0] in expected else None

    def noun_phrase(self) -> NounPhrase | None:
        determiner = self.pop("the", "my", "our", "their")
        if not determiner:
            self.pop("a", "an")
        adjective = _adjectives().get(self.words[0]) if self.words else None
        if adjective:
            self.words.pop(0)
        noun = _nouns().get(self.words[0]) if self.words else None
        if not noun:
            return None
        self.words.pop(0)
        return NounPhrase(determiner or "a", adjective, *noun)  # type: ignore[arg-type]

    def verb(self) -> tuple[Word, Tense] | None:
        future = self.pop("will")
        verb = _verbs().get(self.words[0]) if self.words else None
        if not verb:
            return None
        self.words.pop(0)
        return (verb[0], "future") if future else verb


def _after_verb(sentence: Sentence, omitted: str = "") -> list[str]:
    parts = []
    if sentence.object and omitted != "object":
        parts.append(phrase(sentence.object))
    if sentence.place and omitted != "place":
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
    """Return a form such as `sees`, `watches` or `studies`."""
    if verb.endswith(("s", "ch", "sh", "x")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


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
