"""The practice benchmarks, in the schemas of FLORES+, SIB-200 and Belebele, and the corpus.

Every benchmark sentence has a held-out combination of words (`world.is_held_out`) and no corpus
sentence has one, so the two never share a sentence. The rows are always the same.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from recipes.practice.exercises import Task, answer, prompt, random_exercise
from recipes.practice.texts import (
    Language,
    passage,
    questions,
    write_answer,
    write_question,
    write_text,
)
from recipes.practice.world import TOPICS, Sentence, random_sentence

Row = dict[str, Any]
CODES: dict[str, Language] = {"eng_Latn": "eng", "epo_Latn": "epo"}
DATE = "2026-01-01"
ENGLISH_TASKS: tuple[Task, ...] = ("topic", "question", "write", "write_about")


def flores(code: str, split: str) -> list[Row]:
    """Return rows like those of openlanguagedata/flores_plus: 200 in `devtest`, 20 in `dev`."""
    count = {"devtest": 200, "dev": 20}[split]
    rows = enumerate(_sentences(f"flores {split}", count))
    return [_flores_row(code, split, number, topic, text) for number, (topic, text) in rows]


def sib200(code: str, split: str) -> list[Row]:
    """Return rows like those of Davlan/sib200: 105 in `test`, 21 in `validation`, 70 in `train`."""
    count = {"test": 105, "validation": 21, "train": 70}[split]
    return [
        {"index_id": number, "category": topic, "text": write_text((sentence,), CODES[code])}
        for number, (topic, sentence) in enumerate(_sentences(f"sib200 {split}", count))
    ]


def belebele(code: str, split: str = "test") -> list[Row]:
    """Return 120 rows like those of facebook/belebele; each passage names all four options."""
    rng = Random("belebele")
    return [_belebele_row(rng, code, number) for number in range(120)]


def texts() -> list[Row]:
    """Return monolingual Esperanto: 4,000 texts of one or two sentences."""
    rng = Random("corpus texts")

    def text() -> Row:
        topic, kind = rng.choice(TOPICS), rng.choice((1, 1, 1, 2, "passage"))
        if kind == "passage":
            return {"text": write_text(passage(rng, topic), "epo")}
        return {"text": write_text(_random_sentences(rng, topic, int(kind)), "epo")}

    return _unique(text, 4000)


def conversations() -> list[Row]:
    """Return 3,000 conversations of an English instruction and its answer."""
    rng = Random("corpus conversations")

    def conversation() -> Row:
        exercise = random_exercise(rng, rng.choice(ENGLISH_TASKS), "eng")
        user_turn = {"role": "user", "content": prompt(exercise)}
        return {"messages": [user_turn, {"role": "assistant", "content": answer(exercise, rng)}]}

    return _unique(conversation, 3000)


def _sentences(name: str, count: int) -> list[tuple[str, Sentence]]:
    """Return `count` different held-out sentences and their topics, which alternate."""
    rng = Random(name)
    topics: dict[Sentence, str] = {}
    while len(topics) < count:
        topic = TOPICS[len(topics) % len(TOPICS)]
        topics.setdefault(random_sentence(rng, topic, held_out=True), topic)
    return [(topic, sentence) for sentence, topic in topics.items()]


def _flores_row(code: str, split: str, number: int, topic: str, sentence: Sentence) -> Row:
    language, script = code.split("_")
    return {
        "id": number,
        "iso_639_3": language,
        "iso_15924": script,
        "glottocode": {"eng": "stan1293", "epo": "espe1235"}[language],
        "text": write_text((sentence,), CODES[code]),
        "url": f"practice://flores/{split}/{number}",
        "domain": "practice",
        "topic": topic,
        "has_image": "no",
        "has_hyperlink": "no",
        "last_updated": DATE,
    }


def _belebele_row(rng: Random, code: str, number: int) -> Row:
    language = CODES[code]
    sentences = passage(rng, TOPICS[number % len(TOPICS)], held_out=True)
    question = rng.choice(questions(rng.choice(sentences)))
    others = [
        q for sentence in sentences for q in questions(sentence) if q.target != question.target
    ]
    options = [question, *rng.sample(others, 3)]
    rng.shuffle(options)
    answers = {
        f"mc_answer{n}": write_answer(option, language) for n, option in enumerate(options, 1)
    }
    return {
        "link": f"practice://belebele/{number}",
        "question_number": 1,
        "flores_passage": write_text(sentences, language),
        "question": write_question(question, language),
        **answers,
        "correct_answer_num": str(options.index(question) + 1),
        "dialect": code,
        "ds": DATE,
    }


def _random_sentences(rng: Random, topic: str, length: int) -> tuple[Sentence, ...]:
    return tuple(random_sentence(rng, topic) for _ in range(length))


def _unique(make: Callable[[], Row], count: int) -> list[Row]:
    rows: dict[str, Row] = {}
    while len(rows) < count:
        row = make()
        rows.setdefault(repr(row), row)
    return list(rows.values())
