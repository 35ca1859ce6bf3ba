"""The practice world: its lexicon, the meaning of sentences, and the held-out combinations.

It is small enough that a model can learn a language on a laptop. Combinations of words are split
into training and held-out ones. How a language expresses a meaning is in `english.py` and
`esperanto.py`, and prompts are in `exercises.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
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
    """One row of the lexicon.

    `form` is the plural of a noun, the past of a verb, the kind of noun that an adjective fits, or
    the tense that a time fits.
    """

    kind: str
    topic: str
    english: str
    form: str
    esperanto: str


@dataclass(frozen=True)
class NounPhrase:
    """A noun with determiner and adjective; the determiner `a` is omitted in the plural."""

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
    """A question about one phrase of a sentence."""

    target: Literal["subject", "object", "place"]
    sentence: Sentence


@cache
def lexicon() -> tuple[Word, ...]:
    """Return all words, in the order of the file."""
    lines = files(__package__).joinpath("lexicon.tsv").read_text("utf-8").splitlines()[1:]
    return tuple(Word(*line.split("\t")) for line in lines)


@cache
def words(kind: str, topic: str | None = None) -> tuple[Word, ...]:
    """Return the words of one kind; with a topic, only its words and the general ones."""
    topics = (topic, "-")
    return tuple(w for w in lexicon() if w.kind == kind and (topic is None or w.topic in topics))


def combinations(sentence: Sentence) -> Iterator[tuple[str, str]]:
    """Yield the pairs of words that the split into training and held-out sentences depends on."""
    verb = sentence.verb.english
    yield sentence.subject.noun.english, verb
    if sentence.object:
        yield verb, sentence.object.noun.english
    elif sentence.place:
        yield verb, sentence.place.noun.english
    for phrase in (sentence.subject, sentence.object):
        if phrase and phrase.adjective:
            yield phrase.adjective.english, phrase.noun.english


def is_held_out(sentence: Sentence) -> bool:
    """Return whether one of its combinations is reserved for the benchmarks."""
    return any(_is_reserved(*pair) for pair in combinations(sentence))


@cache
def _is_reserved(first: str, second: str) -> bool:
    return hashlib.sha256(f"{first} {second}".encode()).digest()[0] % 8 == 0


def random_sentence(rng: Random, topic: str, held_out: bool = False) -> Sentence:
    """Return a random sentence of `topic`: a held-out one, or one for training."""
    while True:
        sentence = _draw(rng, topic)
        if is_held_out(sentence) == held_out:
            return sentence


def main_topic(sentences: tuple[Sentence, ...]) -> str:
    """Return the topic that most of the words belong to."""
    counts = dict.fromkeys(TOPICS, 0)
    for word in (word for sentence in sentences for word in content_words(sentence)):
        if word.topic in counts:
            counts[word.topic] += 1
    return max(TOPICS, key=lambda topic: counts[topic])


def content_words(sentence: Sentence) -> Iterator[Word]:
    """Yield the verb and the nouns."""
    yield sentence.verb
    for phrase in (sentence.subject, sentence.object, sentence.place):
        if phrase:
            yield phrase.noun


def punctuate(parts: Iterable[str], mark: str) -> str:
    """Join the parts of a sentence in any language, with a capital letter and a mark at the end."""
    text = " ".join(parts) + mark
    return text[0].upper() + text[1:]


def _draw(rng: Random, topic: str) -> Sentence:
    tense = rng.choice(TENSES)
    time = rng.choice([w for w in words("time") if w.form == tense])
    subject = _phrase(rng, "person", topic, ("the", "the", "my", "our", "their"))
    if rng.random() < 0.12:
        verb = rng.choice(words("intransitive"))
        noun = rng.choice([w for w in words("place") if w.topic == topic])
        place = NounPhrase("the", None, noun, False)
        return Sentence(subject, verb, tense, None, place, time if rng.random() < 0.4 else None)
    verb = rng.choice(words("verb", topic))
    object_ = _phrase(rng, "thing", topic, ("the", "the", "a", "a", "my", "our", "their"))
    place = NounPhrase("the", None, rng.choice(words("place", topic)), False)
    maybe_place = place if rng.random() < 0.45 else None
    maybe_time = time if rng.random() < 0.35 else None
    return Sentence(subject, verb, tense, object_, maybe_place, maybe_time)


def _phrase(rng: Random, kind: str, topic: str, determiners: tuple[Determiner, ...]) -> NounPhrase:
    fitting = [w for w in words("adjective") if w.form in (kind, "any")]
    adjective = rng.choice(fitting) if rng.random() < 0.4 else None
    noun = rng.choice(words(kind, topic))
    return NounPhrase(rng.choice(determiners), adjective, noun, rng.random() < 0.3)
