"""The practice benchmarks, in the schemas of FLORES+, SIB-200 and Belebele, and the corpus.

Every benchmark sentence has a combination of words that is held out, every corpus sentence has
none: `world.held_out` decides, so that the two can never share a sentence. Always the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from recipes.practice.exercises import Task, answer, prompt, random_exercise
from recipes.practice.texts import Language, ask, passage, questions, reply, write_text
from recipes.practice.world import TOPICS, Sentence, random_sentence

Row = dict[str, Any]
CODES: dict[str, Language] = {"eng_Latn": "eng", "epo_Latn": "epo"}
DATE = "2026-01-01"
ENGLISH_TASKS: tuple[Task, ...] = ("topic", "question", "write", "write_about")


def flores(code: str, split: str) -> list[Row]:
    """Rows as openlanguagedata/flores_plus has them: 200 in `devtest`, 20 in `dev`."""
    count = {"devtest": 200, "dev": 20}[split]
    rows = enumerate(_sentences(f"flores {split}", count))
    return [_flores_row(code, split, number, topic, text) for number, (topic, text) in rows]


def sib200(code: str, split: str) -> list[Row]:
    """Rows as Davlan/sib200 has them: 105 in `test`, 21 in `validation`, 70 in `train`."""
    count = {"test": 105, "validation": 21, "train": 70}[split]
    return [
        {"index_id": number, "category": topic, "text": write_text((sentence,), CODES[code])}
        for number, (topic, sentence) in enumerate(_sentences(f"sib200 {split}", count))
    ]


def belebele(code: str, split: str = "test") -> list[Row]:
    """Rows as facebook/belebele has them: 120, each with four options that its passage names."""
    rng = Random("belebele")
    return [_belebele_row(rng, code, number) for number in range(120)]


def texts() -> list[Row]:
    """Monolingual Esperanto: 4,000 texts of one or two sentences."""
    rng = Random("corpus texts")

    def text() -> Row:
        topic, kind = rng.choice(TOPICS), rng.choice((1, 1, 1, 2, "passage"))
        if kind == "passage":
            return {"text": write_text(passage(rng, topic), "epo")}
        return {"text": write_text(_distinct(rng, topic, int(kind)), "epo")}

    return _unique(text, 4000)


def conversations() -> list[Row]:
    """English instructions and their answers: 3,000 conversations of one turn each."""
    rng = Random("corpus conversations")

    def conversation() -> Row:
        exercise = random_exercise(rng, rng.choice(ENGLISH_TASKS), "eng")
        asked = {"role": "user", "content": prompt(exercise)}
        return {"messages": [asked, {"role": "assistant", "content": answer(exercise, rng)}]}

    return _unique(conversation, 3000)


def _sentences(name: str, count: int) -> list[tuple[str, Sentence]]:
    """`count` different held-out sentences, the topics in turn."""
    rng = Random(name)
    chosen: dict[Sentence, str] = {}
    while len(chosen) < count:
        topic = TOPICS[len(chosen) % len(TOPICS)]
        chosen.setdefault(random_sentence(rng, topic, held=True), topic)
    return [(topic, sentence) for sentence, topic in chosen.items()]


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
    read = passage(rng, TOPICS[number % len(TOPICS)], held=True)
    question = rng.choice(questions(rng.choice(read)))
    others = [q for sentence in read for q in questions(sentence) if q.asked != question.asked]
    options = [question, *rng.sample(others, 3)]
    rng.shuffle(options)
    answers = {f"mc_answer{n}": reply(option, language) for n, option in enumerate(options, 1)}
    return {
        "link": f"practice://belebele/{number}",
        "question_number": 1,
        "flores_passage": write_text(read, language),
        "question": ask(question, language),
        **answers,
        "correct_answer_num": str(options.index(question) + 1),
        "dialect": code,
        "ds": DATE,
    }


def _distinct(rng: Random, topic: str, length: int) -> tuple[Sentence, ...]:
    return tuple(random_sentence(rng, topic) for _ in range(length))


def _unique(make: Callable[[], Row], count: int) -> list[Row]:
    rows: dict[str, Row] = {}
    while len(rows) < count:
        row = make()
        rows.setdefault(repr(row), row)
    return list(rows.values())
