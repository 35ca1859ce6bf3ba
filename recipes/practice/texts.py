"""Texts of the practice world: sentences in either language, and questions about them.

Prompts are in `exercises.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import Literal

from recipes.practice import english, esperanto
from recipes.practice.world import (
    Question,
    Sentence,
    Word,
    is_held_out,
    punctuate,
    random_sentence,
)

Language = Literal["eng", "epo"]


def write_text(sentences: tuple[Sentence, ...], language: Language) -> str:
    """Return the sentences as one line of text."""
    write = english.write if language == "eng" else esperanto.write
    return " ".join(write(sentence) for sentence in sentences)


def write_mixed_text(rng: Random, sentences: tuple[Sentence, ...]) -> str:
    """Return a text in which each phrase is either English or Esperanto, at random."""
    mixed = (
        map(rng.choice, zip(english.phrases(sentence), esperanto.phrases(sentence), strict=True))
        for sentence in sentences
    )
    return " ".join(punctuate(phrases, ".") for phrases in mixed)


def read_text(text: str, language: Language) -> tuple[Sentence, ...] | None:
    """Return the meanings of one or more sentences, None if one is not of the practice world."""
    read = english.read if language == "eng" else esperanto.read
    parts = re.findall(r"[^.\s][^.]*\.?", text.strip())
    sentences = tuple(sentence for sentence in map(read, parts) if sentence)
    return sentences if sentences and len(sentences) == len(parts) else None


def translate_text(text: str, source: Language = "eng") -> str | None:
    """Translate a text into the other language; None if it is not of the practice world."""
    sentences = read_text(text, source)
    return write_text(sentences, "epo" if source == "eng" else "eng") if sentences else None


def write_question(question: Question, language: Language) -> str:
    """Return the question, with its question mark."""
    write = english.write_question if language == "eng" else esperanto.write_question
    return write(question)


def write_answer(question: Question, language: Language) -> str:
    """Return the phrase that answers the question."""
    write = english.write_answer if language == "eng" else esperanto.write_answer
    return write(question)


def questions(sentence: Sentence) -> list[Question]:
    """Return every question that the sentence answers."""
    answered = [Question("subject", sentence)]
    if sentence.object:
        answered.append(Question("object", sentence))
    if sentence.place:
        answered.append(Question("place", sentence))
    return answered


def find_question(
    text: str, sentences: tuple[Sentence, ...], language: Language
) -> Question | None:
    """Return the question that a text asks, None if the sentences do not answer it."""
    answered = (question for sentence in sentences for question in questions(sentence))
    return next(
        (question for question in answered if write_question(question, language) == text), None
    )


def passage(
    rng: Random, topic: str, held_out: bool = False, length: int = 2
) -> tuple[Sentence, ...]:
    """Return simple sentences of one topic, each of which says who does what and where.

    No noun occurs twice, so that a question about them has one answer. Either all sentences are
    held out or none is.
    """
    sentences: list[Sentence] = []
    while len(sentences) < length:
        new = _simplify(random_sentence(rng, topic, held_out))
        fits = new.object and new.place and is_held_out(new) == held_out
        if fits and not any(_nouns(new) & _nouns(sentence) for sentence in sentences):
            sentences.append(new)
    return tuple(sentences)


def _simplify(sentence: Sentence) -> Sentence:
    subject = replace(sentence.subject, determiner="the", adjective=None)
    object_ = sentence.object and replace(sentence.object, determiner="the", adjective=None)
    return replace(sentence, subject=subject, object=object_, time=None)


def _nouns(sentence: Sentence) -> set[Word]:
    phrases = (sentence.subject, sentence.object, sentence.place)
    return {phrase.noun for phrase in phrases if phrase}
