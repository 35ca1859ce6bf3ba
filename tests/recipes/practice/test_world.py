"""The held-out combinations, the exercises, and that no benchmark sentence is trained on."""

from __future__ import annotations

import json
import re
from random import Random

import pytest

from recipes.practice import benchmarks, english, esperanto
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
from recipes.practice.pretrain_data import examples
from recipes.practice.publish import dataset_files
from recipes.practice.texts import Language, read_text, write_mixed_text
from recipes.practice.world import (
    TOPICS,
    Sentence,
    combinations,
    is_held_out,
    lexicon,
    main_topic,
    random_sentence,
)

ARTIFICIAL = {"artificial": 1.0}
REAL_LANGUAGES = dict.fromkeys(("english", "esperanto", "mixed", "tasks", "questions"), 0.2)


def _sentences(text: str, language: Language) -> tuple[Sentence, ...]:
    sentences = read_text(text, language)
    assert sentences, text
    return sentences


def test_split_leaves_every_word_something_to_learn_from() -> None:
    rng = Random(3)
    trained = [random_sentence(rng, TOPICS[n % 7]) for n in range(6000)]
    used = {word for sentence in trained for pair in combinations(sentence) for word in pair}
    kinds = ("person", "thing", "verb", "intransitive", "adjective")
    assert {word.english for word in lexicon() if word.kind in kinds} <= used


def test_training_and_held_out_combinations_are_disjoint() -> None:
    rng = Random(4)
    trained, held = (
        {pair for n in range(4000) for pair in combinations(random_sentence(rng, TOPICS[n % 7], h))}
        for h in (False, True)
    )
    new = held - trained
    assert len(new) > 50
    for _ in range(500):
        sentence = random_sentence(rng, TOPICS[0], held_out=True)
        assert is_held_out(sentence) and not set(combinations(sentence)) <= trained


@pytest.mark.parametrize("code", CODES)
def test_every_benchmark_sentence_is_held_out(code: str) -> None:
    language = CODES[code]
    rows = [row["text"] for split in ("dev", "devtest") for row in benchmarks.flores(code, split)]
    rows += [row["text"] for row in benchmarks.sib200(code, "test")]
    rows += [row["flores_passage"] for row in benchmarks.belebele(code)]
    assert len(rows) == 220 + 105 + 120
    for text in rows:
        assert all(is_held_out(sentence) for sentence in _sentences(text, language))


def test_no_benchmark_sentence_is_in_the_corpus_or_the_pretraining_data() -> None:
    """Compare the texts of the published files, independently of `is_held_out`."""
    files = dataset_files()
    texts = " ".join(
        content.decode()
        for name in ("flores", "sib200", "belebele")
        for path, content in files[name].items()
        if path.endswith(".jsonl")
    )
    benchmark = _sentence_texts(texts)
    corpus = _sentence_texts(" ".join(content.decode() for content in files["corpus"].values()))
    source = examples(Random(0), REAL_LANGUAGES)
    pretraining = _sentence_texts(
        json.dumps([vars(next(source)) for _ in range(3000)], ensure_ascii=False)
    )
    assert min(len(benchmark), len(corpus), len(pretraining)) > 1200
    assert not benchmark & corpus
    assert not benchmark & pretraining


def _sentence_texts(text: str) -> set[str]:
    return set(re.findall(r"[A-Z][\w ]+\.", text))


def test_benchmarks_have_the_schemas_and_join_across_languages() -> None:
    english, esperanto = (benchmarks.flores(code, "devtest") for code in ("eng_Latn", "epo_Latn"))
    assert [row["id"] for row in english] == [row["id"] for row in esperanto]
    for english_row, row in zip(english, esperanto, strict=True):
        assert _sentences(english_row["text"], "eng") == _sentences(row["text"], "epo")
    assert len({row["text"] for row in esperanto}) == 200


def test_topics_and_questions_have_the_right_answer() -> None:
    for row in benchmarks.sib200("epo_Latn", "test"):
        assert main_topic(_sentences(row["text"], "epo")) == row["category"]
    places = set()
    for row in benchmarks.belebele("epo_Latn"):
        options = [row[f"mc_answer{n}"] for n in range(1, 5)]
        passage = row["flores_passage"]
        assert len(set(options)) == 4 and all(option in passage.lower() for option in options)
        exercise = read_prompt(f"{passage}\nDemando: {row['question']}")
        right = options[int(row["correct_answer_num"]) - 1]
        assert exercise and answer(exercise, Random(0)) == right
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
            sentences = _sentences(exercise.text, text_language(exercise))
            assert not any(is_held_out(sentence) for sentence in sentences)


@pytest.mark.parametrize("task", ["topic", "question", "write", "write_about"])
def test_translated_exercise_keeps_its_answer(task: Task) -> None:
    rng = Random(8)
    for _ in range(200):
        exercise = random_exercise(rng, task, "eng")
        response = answer(exercise, rng)
        translation = translate(exercise, response)
        assert translation
        translated, translated_response = translation
        assert read_prompt(prompt(translated)) == translated
        if task in ("topic", "question"):
            assert answer(translated, rng) == translated_response
        else:
            assert _sentences(translated_response, "epo") == _sentences(response, "eng")


@pytest.mark.parametrize(
    "text",
    ["", "Hello", "Translate into Esperanto:\nThe doctor flies.", "Write a sentence about love.",
     "The man saw a lake.\nQuestion: Who sees the mountain?", "Translate into Klingon:\nx"],
)  # fmt: skip
def test_other_prompts_are_not_understood(text: str) -> None:
    assert read_prompt(text) is None


def test_mixed_text_has_each_phrase_in_one_of_the_two_languages() -> None:
    rng = Random(9)
    for _ in range(200):
        sentence = random_sentence(rng, rng.choice(TOPICS))
        pairs = zip(english.phrases(sentence), esperanto.phrases(sentence), strict=True)
        rest = write_mixed_text(rng, (sentence,)).removesuffix(".").lower()
        for pair in pairs:
            [phrase] = {phrase for phrase in pair if f"{rest} ".startswith(f"{phrase} ".lower())}
            rest = rest[len(phrase) :].lstrip()
        assert not rest


def test_base_is_pretrained_on_esperanto_only_as_texts() -> None:
    source = examples(Random(1), REAL_LANGUAGES | ARTIFICIAL)
    names = set(TOPIC_NAMES["epo"].values())
    for example in (next(source) for _ in range(3000)):
        for question, response in example.turns:
            words = set(re.findall(r"\w+", f"{question} {response}"))
            assert not words & {"Esperanto", "la", "La", "Traduku", "Skribu", "Demando", *names}
