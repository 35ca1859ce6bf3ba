"""The practice world: its words, and what its sentences mean.

It exists so that a model can really learn a language on a laptop. Here live the lexicon, the
frozen meaning of a sentence and the split of word combinations into training and held-out ones.
How a meaning is spelt belongs in `english.py` and `esperanto.py`; no prompt is written here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Literal, get_args

Tense = Literal["past", "present", "future"]
Determiner = Literal["the", "a", "my", "our", "their"]

TENSES: tuple[Tense, ...] = get_args(Tense)
TOPICS = (
    "science/technology",
    "travel",
    "politics",
    "sports",
    "health",
    "entertainment",
    "geography",
)


@dataclass(frozen=True)
class Word:
    """One row of the lexicon; `form` is a plural, a past, or whom an adjective or tense fits."""

    kind: str
    topic: str
    english: str
    form: str
    esperanto: str


@dataclass(frozen=True)
class NounPhrase:
    """A noun with what stands before it; the determiner `a` in the plural is none at all."""

    determiner: Determiner
    adjective: Word | None
    noun: Word
    plural: bool


@dataclass(frozen=True)
class Sentence:
    """Who does what to what, where and when."""

    subject: NounPhrase
    verb: Word
    tense: Tense
    object: NounPhrase | None = None
    place: NounPhrase | None = None
    time: Word | None = None


@dataclass(frozen=True)
class Question:
    """A sentence with one of its three phrases asked for."""

    asked: Literal["subject", "object", "place"]
    about: Sentence


@cache
def lexicon() -> tuple[Word, ...]:
    """Every word of the world, in file order."""
    lines = files(__package__).joinpath("lexicon.tsv").read_text("utf-8").splitlines()[1:]
    return tuple(Word(*line.split("\t")) for line in lines)


@cache
def words(kind: str, topic: str | None = None) -> tuple[Word, ...]:
    """The words of one kind: of one topic and the general ones when `topic` is given."""
    fits = (topic, "-")
    return tuple(w for w in lexicon() if w.kind == kind and (topic is None or w.topic in fits))


def combinations(sentence: Sentence) -> Iterator[tuple[str, str]]:
    """The pairs of words that the train/held-out split is made of."""
    verb = sentence.verb.english
    yield sentence.subject.noun.english, verb
    if sentence.object:
        yield verb, sentence.object.noun.english
    elif sentence.place:
        yield verb, sentence.place.noun.english
    for phrase in (sentence.subject, sentence.object):
        if phrase and phrase.adjective:
            yield phrase.adjective.english, phrase.noun.english


def held_out(sentence: Sentence) -> bool:
    """Whether a combination in it is kept for the benchmarks, so that no training text has it."""
    return any(_kept_back(*pair) for pair in combinations(sentence))


@cache
def _kept_back(first: str, second: str) -> bool:
    return hashlib.sha256(f"{first} {second}".encode()).digest()[0] % 8 == 0


def random_sentence(rng: Random, topic: str, held: bool = False) -> Sentence:
    """A sentence of `topic` from the training combinations, or with a held-out one if `held`."""
    while True:
        sentence = _draw(rng, topic)
        if held_out(sentence) == held:
            return sentence


def topic_of(sentences: tuple[Sentence, ...]) -> str:
    """The topic that most of the words belong to."""
    counts = dict.fromkeys(TOPICS, 0)
    for word in (word for sentence in sentences for word in content_words(sentence)):
        if word.topic in counts:
            counts[word.topic] += 1
    return max(TOPICS, key=lambda topic: counts[topic])


def content_words(sentence: Sentence) -> Iterator[Word]:
    """The verb and the nouns."""
    yield sentence.verb
    for phrase in (sentence.subject, sentence.object, sentence.place):
        if phrase:
            yield phrase.noun


def _draw(rng: Random, topic: str) -> Sentence:
    tense = rng.choice(TENSES)
    time = rng.choice([w for w in words("time") if w.form == tense])
    subject = _phrase(rng, "person", topic, ("the", "the", "my", "our", "their"))
    at_work = rng.random() < 0.12
    if at_work:
        verb = rng.choice(words("intransitive"))
        place = rng.choice([w for w in words("place") if w.topic == topic])
        there = NounPhrase("the", None, place, False)
        return Sentence(subject, verb, tense, None, there, time if rng.random() < 0.4 else None)
    verb = rng.choice(words("verb", topic))
    thing = _phrase(rng, "thing", topic, ("the", "the", "a", "a", "my", "our", "their"))
    there_ = NounPhrase("the", None, rng.choice(words("place", topic)), False)
    where = there_ if rng.random() < 0.45 else None
    return Sentence(subject, verb, tense, thing, where, time if rng.random() < 0.35 else None)


def _phrase(rng: Random, kind: str, topic: str, determiners: tuple[Determiner, ...]) -> NounPhrase:
    fitting = [w for w in words("adjective") if w.form in (kind, "any")]
    adjective = rng.choice(fitting) if rng.random() < 0.4 else None
    noun = rng.choice(words(kind, topic))
    return NounPhrase(rng.choice(determiners), adjective, noun, rng.random() < 0.3)
