"""What a person may ask in the practice world, and the right answer.

One exercise is a prompt in English or Esperanto together with what it is about. The practice
teacher reads prompts and answers them with these functions; the base model's pretraining draws
English ones. Only training combinations are drawn here; the benchmarks are in `benchmarks.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Literal, get_args

from recipes.practice.texts import (
    Language,
    ask,
    passage,
    question_meant,
    questions,
    read_text,
    reply,
    translate_text,
    write_text,
)
from recipes.practice.world import TOPICS, Sentence, Word, random_sentence, topic_of, words

Task = Literal["to_english", "to_esperanto", "topic", "question", "write", "write_about"]
TASKS: tuple[Task, ...] = get_args(Task)
NAMES_EPO = ("scienco", "vojaĝoj", "politiko", "sporto", "sano", "distro", "geografio")
TOPIC_NAMES: dict[Language, dict[str, str]] = {
    "eng": {topic: topic for topic in TOPICS},
    "epo": dict(zip(TOPICS, NAMES_EPO, strict=True)),
}

# The first wording of a task is the usual one; `{text}` is always one or more whole sentences.
WORDINGS: dict[Task, dict[Language, tuple[str, ...]]] = {
    "to_english": {
        "eng": ("Translate into English:\n{text}", "What is this in English?\n{text}"),
        "epo": ("Traduku en la anglan:\n{text}", "Kio estas tio en la angla?\n{text}"),
    },
    "to_esperanto": {
        "eng": ("Translate into Esperanto:\n{text}", "What is this in Esperanto?\n{text}"),
        "epo": ("Traduku en Esperanton:\n{text}", "Kio estas tio en Esperanto?\n{text}"),
    },
    "topic": {
        "eng": ("What is this text about?\n{text}", "Name the topic of this text:\n{text}"),
        "epo": ("Pri kio temas ĉi tiu teksto?\n{text}", "Nomu la temon de ĉi tiu teksto:\n{text}"),
    },
    "question": {
        "eng": ("{text}\nQuestion: {question}", "{text}\nAnswer this: {question}"),
        "epo": ("{text}\nDemando: {question}", "{text}\nRespondu al tio: {question}"),
    },
    "write": {
        "eng": ("Write a sentence about {topic}.", "Tell me something about {topic}."),
        "epo": ("Skribu frazon pri {topic}.", "Diru al mi ion pri {topic}."),
    },
    "write_about": {
        "eng": ("Write a sentence about the {noun}.", "Tell me something about the {noun}."),
        "epo": ("Skribu frazon pri la {noun}.", "Diru al mi ion pri la {noun}."),
    },
}


@dataclass(frozen=True)
class Exercise:
    """A prompt's meaning; `text` is in English for `to_esperanto`, in Esperanto for `to_english`,
    and otherwise, like `question`, `topic` and `noun`, in the language of the prompt."""

    task: Task
    language: Language
    text: str = ""
    question: str = ""
    topic: str = ""
    noun: str = ""
    wording: int = 0


def prompt(exercise: Exercise) -> str:
    """The exercise as a person would type it."""
    wording = WORDINGS[exercise.task][exercise.language][exercise.wording]
    slots = {name: getattr(exercise, name) for name in ("text", "question", "topic", "noun")}
    return wording.format(**slots)


def read_prompt(text: str) -> Exercise | None:
    """The exercise that a prompt states, or None when it is none of these."""
    for task, language, number, pattern in _patterns():
        found = pattern.fullmatch(text.strip())
        if found:
            exercise = Exercise(task, language, wording=number, **found.groupdict())
            if _makes_sense(exercise):
                return exercise
    return None


def answer(exercise: Exercise, rng: Random) -> str:
    """The right answer, in the language that the task asks for; random where many are right."""
    language = exercise.language
    if exercise.task == "write":
        return write_text((random_sentence(rng, _topic(exercise)),), language)
    if exercise.task == "write_about":
        return write_text((sentence_with(rng, _nouns(language)[exercise.noun]),), language)
    sentences = read_text(exercise.text, text_language(exercise)) or ()
    if exercise.task == "topic":
        return TOPIC_NAMES[language][topic_of(sentences)]
    if exercise.task == "question":
        meant = question_meant(exercise.question, sentences, language)
        return reply(meant, language) if meant else ""
    return write_text(sentences, "eng" if exercise.task == "to_english" else "epo")


def translate(exercise: Exercise, response: str) -> tuple[Exercise, str] | None:
    """An English exercise and its response, both in Esperanto; None if not of this world."""
    if exercise.language != "eng" or exercise.task in ("to_english", "to_esperanto"):
        return None
    moved = replace(exercise, language="epo")
    if exercise.task == "topic":
        name = TOPIC_NAMES["epo"].get(response)
        return (replace(moved, text=translate_text(exercise.text) or ""), name) if name else None
    if exercise.task == "question":
        return _translate_question(moved)
    written = translate_text(response)
    if not written:
        return None
    if exercise.task == "write":
        return replace(moved, topic=TOPIC_NAMES["epo"][_topic(exercise)]), written
    return replace(moved, noun=_nouns("eng")[exercise.noun].esperanto + "o"), written


def random_exercise(rng: Random, task: Task, language: Language, topic: str = "") -> Exercise:
    """A new exercise whose text, if it has one, is drawn from the training combinations."""
    topic = topic or rng.choice(TOPICS)
    blank = Exercise(task, language, wording=rng.randrange(len(WORDINGS[task][language])))
    if task == "write":
        return replace(blank, topic=TOPIC_NAMES[language][topic])
    if task == "write_about":
        noun = rng.choice(words("person", topic) + words("thing", topic))
        return replace(blank, noun=noun.english if language == "eng" else noun.esperanto + "o")
    if task == "question":
        return replace(question_on(rng, passage(rng, topic), language), wording=blank.wording)
    text = tuple(random_sentence(rng, topic) for _ in range(rng.choice((1, 1, 1, 2))))
    return replace(blank, text=write_text(text, text_language(blank)))


def question_on(rng: Random, text: tuple[Sentence, ...], language: Language) -> Exercise:
    """A question on one sentence of a text."""
    question = rng.choice(questions(rng.choice(text)))
    written = write_text(text, language)
    return Exercise("question", language, text=written, question=ask(question, language))


def sentence_with(rng: Random, noun: Word) -> Sentence:
    """A training sentence in which `noun` is the subject, the object or the place."""
    while True:
        topic = noun.topic if noun.topic in TOPICS else rng.choice(TOPICS)
        sentence = random_sentence(rng, topic)
        phrases = (sentence.subject, sentence.object, sentence.place)
        if any(phrase and phrase.noun == noun for phrase in phrases):
            return sentence


def text_language(exercise: Exercise) -> Language:
    """The language that the exercise's text is in."""
    fixed: dict[Task, Language] = {"to_english": "epo", "to_esperanto": "eng"}
    return fixed.get(exercise.task, exercise.language)


def _translate_question(moved: Exercise) -> tuple[Exercise, str] | None:
    sentences = read_text(moved.text, "eng") or ()
    meant = question_meant(moved.question, sentences, "eng")
    if not meant:
        return None
    text, question = write_text(sentences, "epo"), ask(meant, "epo")
    return replace(moved, text=text, question=question), reply(meant, "epo")


def _makes_sense(exercise: Exercise) -> bool:
    if exercise.task == "write":
        return exercise.topic in TOPIC_NAMES[exercise.language].values()
    if exercise.task == "write_about":
        return exercise.noun in _nouns(exercise.language)
    sentences = read_text(exercise.text, text_language(exercise))
    if exercise.task != "question" or not sentences:
        return bool(sentences)
    return question_meant(exercise.question, sentences, exercise.language) is not None


def _topic(exercise: Exercise) -> str:
    names = TOPIC_NAMES[exercise.language]
    return next(topic for topic, name in names.items() if name == exercise.topic)


@cache
def _nouns(language: Language) -> dict[str, Word]:
    nouns = words("person") + words("thing") + words("place")
    return {w.english if language == "eng" else w.esperanto + "o": w for w in nouns}


@cache
def _patterns() -> tuple[tuple[Task, Language, int, re.Pattern[str]], ...]:
    return tuple(
        (task, language, number, re.compile(_as_pattern(wording)))
        for task, languages in WORDINGS.items()
        for language, wordings in languages.items()
        for number, wording in enumerate(wordings)
    )


def _as_pattern(wording: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(wording))
