"""The tasks of the practice world: their prompts and the right answers.

An exercise is the meaning of a prompt in English or Esperanto. The practice teacher reads prompts
and answers them with these functions, and the base model is pretrained on English ones. Random
exercises use only training combinations of words; the benchmarks are in `benchmarks.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from random import Random
from typing import Literal, get_args

from recipes.practice.texts import (
    Language,
    find_question,
    passage,
    questions,
    read_text,
    translate_text,
    write_answer,
    write_question,
    write_text,
)
from recipes.practice.world import TOPICS, Sentence, Word, main_topic, random_sentence, words

Task = Literal["to_english", "to_esperanto", "topic", "question", "write", "write_about"]
TASKS: tuple[Task, ...] = get_args(Task)
ESPERANTO_TOPICS = ("scienco", "vojaĝoj", "politiko", "sporto", "sano", "distro", "geografio")
TOPIC_NAMES: dict[Language, dict[str, str]] = {
    "eng": {topic: topic for topic in TOPICS},
    "epo": dict(zip(TOPICS, ESPERANTO_TOPICS, strict=True)),
}

# The first wording of a task is the standard one; `{text}` is one or more whole sentences.
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
    """The meaning of a prompt.

    `text` is in English for `to_esperanto` and in Esperanto for `to_english`. For other tasks it is
    in the language of the prompt, as `question`, `topic` and `noun` always are.
    """

    task: Task
    language: Language
    text: str = ""
    question: str = ""
    topic: str = ""
    noun: str = ""
    wording: int = 0


def prompt(exercise: Exercise) -> str:
    """Return the exercise as a user would write it."""
    wording = WORDINGS[exercise.task][exercise.language][exercise.wording]
    slots = {name: getattr(exercise, name) for name in ("text", "question", "topic", "noun")}
    return wording.format(**slots)


def read_prompt(text: str) -> Exercise | None:
    """Return the exercise that a prompt states, None for any other text."""
    for task, language, number, pattern in _patterns():
        if match := pattern.fullmatch(text.strip()):
            exercise = Exercise(task, language, wording=number, **match.groupdict())
            if _is_answerable(exercise):
                return exercise
    return None


def answer(exercise: Exercise, rng: Random) -> str:
    """Return the right answer, in the language that the task demands; random if there are many."""
    language = exercise.language
    if exercise.task == "write":
        return write_text((random_sentence(rng, _topic(exercise)),), language)
    if exercise.task == "write_about":
        return write_text((random_sentence_with(rng, _nouns(language)[exercise.noun]),), language)
    sentences = read_text(exercise.text, text_language(exercise)) or ()
    if exercise.task == "topic":
        return TOPIC_NAMES[language][main_topic(sentences)]
    if exercise.task == "question":
        question = find_question(exercise.question, sentences, language)
        return write_answer(question, language) if question else ""
    return write_text(sentences, "eng" if exercise.task == "to_english" else "epo")


def translate(exercise: Exercise, response: str) -> tuple[Exercise, str] | None:
    """Translate an English exercise and its response into Esperanto; None if that is impossible."""
    if exercise.language != "eng" or exercise.task in ("to_english", "to_esperanto"):
        return None
    translated = replace(exercise, language="epo")
    if exercise.task == "topic":
        name = TOPIC_NAMES["epo"].get(response)
        return (
            (replace(translated, text=translate_text(exercise.text) or ""), name) if name else None
        )
    if exercise.task == "question":
        return _translate_question(translated)
    translated_response = translate_text(response)
    if not translated_response:
        return None
    if exercise.task == "write":
        topic = TOPIC_NAMES["epo"][_topic(exercise)]
        return replace(translated, topic=topic), translated_response
    noun = _nouns("eng")[exercise.noun].esperanto + "o"
    return replace(translated, noun=noun), translated_response


def random_exercise(rng: Random, task: Task, language: Language, topic: str = "") -> Exercise:
    """Return a random exercise; its text, if any, has only training combinations of words."""
    topic = topic or rng.choice(TOPICS)
    exercise = Exercise(task, language, wording=rng.randrange(len(WORDINGS[task][language])))
    if task == "write":
        return replace(exercise, topic=TOPIC_NAMES[language][topic])
    if task == "write_about":
        noun = rng.choice(words("person", topic) + words("thing", topic))
        return replace(exercise, noun=noun.english if language == "eng" else noun.esperanto + "o")
    if task == "question":
        return replace(
            random_question_about(rng, passage(rng, topic), language), wording=exercise.wording
        )
    text = tuple(random_sentence(rng, topic) for _ in range(rng.choice((1, 1, 1, 2))))
    return replace(exercise, text=write_text(text, text_language(exercise)))


def random_question_about(rng: Random, text: tuple[Sentence, ...], language: Language) -> Exercise:
    """Return an exercise with a question about one sentence of a text."""
    question = rng.choice(questions(rng.choice(text)))
    return Exercise(
        "question",
        language,
        text=write_text(text, language),
        question=write_question(question, language),
    )


def random_sentence_with(rng: Random, noun: Word) -> Sentence:
    """Return a training sentence in which `noun` is the subject, the object or the place."""
    while True:
        topic = noun.topic if noun.topic in TOPICS else rng.choice(TOPICS)
        sentence = random_sentence(rng, topic)
        phrases = (sentence.subject, sentence.object, sentence.place)
        if any(phrase and phrase.noun == noun for phrase in phrases):
            return sentence


def text_language(exercise: Exercise) -> Language:
    """Return the language of the exercise's text."""
    fixed: dict[Task, Language] = {"to_english": "epo", "to_esperanto": "eng"}
    return fixed.get(exercise.task, exercise.language)


def _translate_question(exercise: Exercise) -> tuple[Exercise, str] | None:
    sentences = read_text(exercise.text, "eng") or ()
    question = find_question(exercise.question, sentences, "eng")
    if not question:
        return None
    translated = replace(
        exercise, text=write_text(sentences, "epo"), question=write_question(question, "epo")
    )
    return translated, write_answer(question, "epo")


def _is_answerable(exercise: Exercise) -> bool:
    if exercise.task == "write":
        return exercise.topic in TOPIC_NAMES[exercise.language].values()
    if exercise.task == "write_about":
        return exercise.noun in _nouns(exercise.language)
    sentences = read_text(exercise.text, text_language(exercise))
    if exercise.task != "question" or not sentences:
        return bool(sentences)
    return find_question(exercise.question, sentences, exercise.language) is not None


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
