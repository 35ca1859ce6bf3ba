"""Texts of the practice world: several sentences in either language, and questions on them.

Nothing here knows of prompts; those are in `exercises.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from random import Random
from typing import Literal

from recipes.practice import english, esperanto
from recipes.practice.world import Question, Sentence, Word, held_out, random_sentence

Language = Literal["eng", "epo"]


def write_text(sentences: tuple[Sentence, ...], language: Language) -> str:
    """The sentences as one line of running text."""
    write = english.write if language == "eng" else esperanto.write
    return " ".join(write(sentence) for sentence in sentences)


def read_text(text: str, language: Language) -> tuple[Sentence, ...] | None:
    """The meanings of one or more sentences, or None when one is not of this world."""
    read = english.read if language == "eng" else esperanto.read
    found = [read(part) for part in re.findall(r"[^.\s][^.]*\.?", text.strip())]
    known = tuple(sentence for sentence in found if sentence)
    return known if known and len(known) == len(found) else None


def translate_text(text: str, source: Language = "eng") -> str | None:
    """A text in the other language, or None when it is not of this world."""
    sentences = read_text(text, source)
    return write_text(sentences, "epo" if source == "eng" else "eng") if sentences else None


def ask(question: Question, language: Language) -> str:
    """The question, with its question mark."""
    return english.ask(question) if language == "eng" else esperanto.ask(question)


def reply(question: Question, language: Language) -> str:
    """The phrase that answers the question."""
    return english.reply(question) if language == "eng" else esperanto.reply(question)


def questions(sentence: Sentence) -> list[Question]:
    """Every question that the sentence answers."""
    asked = [Question("subject", sentence)]
    if sentence.object:
        asked.append(Question("object", sentence))
    if sentence.place:
        asked.append(Question("place", sentence))
    return asked


def question_meant(
    text: str, sentences: tuple[Sentence, ...], language: Language
) -> Question | None:
    """Which question on the sentences a written question is, or None when they do not answer it."""
    possible = (question for sentence in sentences for question in questions(sentence))
    return next((question for question in possible if ask(question, language) == text), None)


def passage(rng: Random, topic: str, held: bool = False, length: int = 2) -> tuple[Sentence, ...]:
    """Plain sentences of one topic, each telling who did what and where, with no two phrases
    alike, so that a question on them has one answer; each is held out, or none."""
    chosen: list[Sentence] = []
    while len(chosen) < length:
        new = _plain(random_sentence(rng, topic, held))
        fits = new.object and new.place and held_out(new) == held
        if fits and not any(_nouns(new) & _nouns(old) for old in chosen):
            chosen.append(new)
    return tuple(chosen)


def _plain(sentence: Sentence) -> Sentence:
    subject = replace(sentence.subject, determiner="the", adjective=None)
    bare = sentence.object and replace(sentence.object, determiner="the", adjective=None)
    return replace(sentence, subject=subject, object=bare, time=None)


def _nouns(sentence: Sentence) -> set[Word]:
    phrases = (sentence.subject, sentence.object, sentence.place)
    return {phrase.noun for phrase in phrases if phrase}
