"""The split of combinations, the exercises, and that no benchmark sentence can be trained on."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from recipes.practice import benchmarks
from recipes.practice.benchmarks import CODES
from recipes.practice.exercises import (
    TASKS,
    TOPIC_NAMES,
    Task,
    answer,
    prompt,
    random_exercise,
    read_prompt,
    text_language,
    translate,
)
from recipes.practice.pretrain_data import pieces
from recipes.practice.publish import dataset_files
from recipes.practice.texts import Language, read_text
from recipes.practice.world import (
    TOPICS,
    Sentence,
    combinations,
    held_out,
    lexicon,
    random_sentence,
    topic_of,
)

MADE_UP = {"made_up": 1.0}
READ = dict.fromkeys(("english", "esperanto", "tasks", "questions"), 0.25)


def _sentences(text: str, language: Language) -> tuple[Sentence, ...]:
    found = read_text(text, language)
    assert found, text
    return found


def test_split_leaves_every_word_something_to_learn_from() -> None:
    rng = Random(3)
    trained = [random_sentence(rng, TOPICS[n % 7]) for n in range(6000)]
    seen = {word for sentence in trained for pair in combinations(sentence) for word in pair}
    kinds = ("person", "thing", "verb", "intransitive", "adjective")
    assert {word.english for word in lexicon() if word.kind in kinds} <= seen


def test_training_and_held_out_combinations_are_disjoint() -> None:
    rng = Random(4)
    trained, held = (
        {pair for n in range(4000) for pair in combinations(random_sentence(rng, TOPICS[n % 7], h))}
        for h in (False, True)
    )
    new = held - trained
    assert len(new) > 50
    for _ in range(500):
        sentence = random_sentence(rng, TOPICS[0], held=True)
        assert held_out(sentence) and not set(combinations(sentence)) <= trained


@pytest.mark.parametrize("code", CODES)
def test_every_benchmark_sentence_is_held_out(code: str) -> None:
    language = CODES[code]
    rows = [row["text"] for split in ("dev", "devtest") for row in benchmarks.flores(code, split)]
    rows += [row["text"] for row in benchmarks.sib200(code, "test")]
    rows += [row["flores_passage"] for row in benchmarks.belebele(code)]
    assert len(rows) == 220 + 105 + 120
    for text in rows:
        assert all(held_out(sentence) for sentence in _sentences(text, language))


def test_no_benchmark_sentence_is_in_the_corpus_or_in_what_the_base_reads() -> None:
    """By text, whatever the split says: the published files against all that is trained on."""
    files = dataset_files()
    texts = " ".join(
        content.decode()
        for name in ("flores", "sib200", "belebele")
        for path, content in files[name].items()
        if path.endswith(".jsonl")
    )
    benchmark = _spelt(texts)
    corpus = _spelt(" ".join(content.decode() for content in files["corpus"].values()))
    source = pieces(Random(0), READ)
    read = _spelt(json.dumps([vars(next(source)) for _ in range(3000)], ensure_ascii=False))
    assert min(len(benchmark), len(corpus), len(read)) > 1200
    assert not benchmark & corpus
    assert not benchmark & read


def _spelt(text: str) -> set[str]:
    return set(re.findall(r"[A-Z][\w ]+\.", text))


def test_benchmarks_have_the_schemas_and_join_across_languages() -> None:
    known, new = (benchmarks.flores(code, "devtest") for code in ("eng_Latn", "epo_Latn"))
    assert [row["id"] for row in known] == [row["id"] for row in new]
    for one, other in zip(known, new, strict=True):
        assert _sentences(one["text"], "eng") == _sentences(other["text"], "epo")
    assert len({row["text"] for row in new}) == 200


def test_topics_and_questions_have_the_right_answer() -> None:
    for row in benchmarks.sib200("epo_Latn", "test"):
        assert topic_of(_sentences(row["text"], "epo")) == row["category"]
    places = set()
    for row in benchmarks.belebele("epo_Latn"):
        options = [row[f"mc_answer{n}"] for n in range(1, 5)]
        passage = row["flores_passage"]
        assert len(set(options)) == 4 and all(o in passage.lower() for o in options)
        asked = read_prompt(f"{passage}\nDemando: {row['question']}")
        right = options[int(row["correct_answer_num"]) - 1]
        assert asked and answer(asked, Random(0)) == right
        places.add(row["correct_answer_num"])
    assert places == {"1", "2", "3", "4"}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("language", ["eng", "epo"])
def test_prompts_are_read_back_and_answered(task: Task, language: Language) -> None:
    rng = Random(7)
    for _ in range(300):
        exercise = random_exercise(rng, task, language)
        assert read_prompt(prompt(exercise)) == exercise
        assert answer(exercise, rng)
        if exercise.text:
            read = _sentences(exercise.text, text_language(exercise))
            assert not any(held_out(sentence) for sentence in read)


@pytest.mark.parametrize("task", ["topic", "question", "write", "write_about"])
def test_a_translated_exercise_keeps_its_answer(task: Task) -> None:
    rng = Random(8)
    for _ in range(200):
        exercise = random_exercise(rng, task, "eng")
        response = answer(exercise, rng)
        moved = translate(exercise, response)
        assert moved
        asked, answered = moved
        assert read_prompt(prompt(asked)) == asked
        if task in ("topic", "question"):
            assert answer(asked, rng) == answered
        else:
            assert _sentences(answered, "epo") == _sentences(response, "eng")


@pytest.mark.parametrize(
    "text",
    ["", "Hello", "Translate into Esperanto:\nThe doctor flies.", "Write a sentence about love.",
     "The man saw a lake.\nQuestion: Who sees the mountain?", "Translate into Klingon:\nx"],
)  # fmt: skip
def test_other_prompts_are_not_understood(text: str) -> None:
    assert read_prompt(text) is None


def test_base_reads_esperanto_only_as_texts() -> None:
    source = pieces(Random(1), READ | MADE_UP)
    names = set(TOPIC_NAMES["epo"].values())
    for piece in (next(source) for _ in range(3000)):
        for asked, answered in piece.turns:
            words = set(re.findall(r"\w+", f"{asked} {answered}"))
            assert not words & {"Esperanto", "la", "La", "Traduku", "Skribu", "Demando", *names}
