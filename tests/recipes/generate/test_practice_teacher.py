"""The practice teacher answers every request in its format, and teaches no held-out combination."""

from __future__ import annotations

from random import Random

import pytest

from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import Message
from recipes.practice import exercises, rule_based
from recipes.practice.texts import passage, read_text, write_text
from recipes.practice.world import TOPICS, is_held_out, random_sentence

EPO = "Esperanto"


def correct_answer(messages: list[Message]) -> str:
    """Return the teacher's answer when it makes no mistake."""
    answers = (rule_based.respond(messages, seed).text for seed in range(20))
    return next(text for text in answers if not _has_fault(text))


def correct_list(messages: list[Message], at_most: int) -> list[str]:
    """Return the list of a correct answer."""
    return parsing.texts(correct_answer(messages), at_most)


def _has_fault(text: str) -> bool:
    signs = ("I'm sorry", "<|start|>", "```")
    known = text == "nan" or text.startswith(signs) or text == rule_based.NOT_UNDERSTOOD
    return known or len(set(text.split())) < 5 < len(text.split())


def sentences(seed: int) -> str:
    """Return a passage in Esperanto."""
    return write_text(passage(Random(seed), "health"), "epo")


@pytest.mark.parametrize("about", [*templates.general_seeds(), *templates.language_seeds(EPO)])
def test_topics_and_their_prompts(about: str) -> None:
    topics = correct_list(templates.list_topics(6, about, None, EPO), 6)
    assert len(topics) == 6
    deeper = correct_list(templates.list_topics(3, topics[0], about, EPO), 3)
    assert len(deeper) == 3
    prompts = correct_list(templates.write_prompts(3, deeper[0], "topic", EPO), 3)
    assert prompts
    assert all(exercises.read_prompt(prompt) for prompt in prompts)


def test_scenarios_and_their_prompts() -> None:
    broad = correct_list(templates.list_scenarios(4, None, None), 4)
    detailed = correct_list(templates.list_scenarios(4, broad[0], EPO), 4)
    prompts = correct_list(templates.write_prompts(3, detailed[0], "scenario", EPO), 3)
    assert all(exercises.read_prompt(prompt) for prompt in prompts)


@pytest.mark.parametrize("task", ["classify", "question", "translate"])
def test_prompts_on_a_text_are_answered(task: templates.Task) -> None:
    text = sentences(3)
    wordings = correct_list(templates.write_context_prompts(2, text, task, EPO), 2)
    assert len(wordings) == 2
    for wording in wordings:
        answer = correct_answer(templates.answer(wording.replace("{text}", text), EPO))
        exercise = exercises.read_prompt(wording.replace("{text}", text))
        assert exercise
        assert answer == exercises.answer(exercise, Random(0))


@pytest.mark.parametrize("task", ["summarise", "improve"])
def test_tasks_that_the_small_world_lacks_are_declined(task: templates.Task) -> None:
    messages = templates.write_context_prompts(2, sentences(3), task, EPO)
    assert correct_list(messages, 2) == []


def test_a_single_sentence_is_too_little_to_ask_about() -> None:
    text = write_text((random_sentence(Random(2), "health"),), "epo")
    messages = templates.write_context_prompts(2, text, "question", EPO)
    assert correct_list(messages, 2) == []


def test_a_revised_prompt_means_the_same() -> None:
    text = sentences(4)
    revised = correct_answer(templates.revise("Pri kio temas ĉi tiu teksto?\n{text}", EPO))
    assert revised == "Nomu la temon de ĉi tiu teksto:\n{text}"
    exercise = exercises.read_prompt(revised.replace("{text}", text))
    assert exercise and exercise.task == "topic"
    request = templates.revise("Pri kio temas ĉi tiu teksto?\n{text}", EPO)[0]["content"]
    assert (
        "Keep {text}" in request and "{text}" not in templates.revise("Saluton!", EPO)[0]["content"]
    )


def test_texts_and_instructions_for_translation() -> None:
    meant = passage(Random(5), "travel")
    messages = templates.translate_text(write_text(meant, "epo"), EPO, "English")
    assert correct_answer(messages) == write_text(meant, "eng")
    for target in (EPO, "English"):
        source = "English" if target == EPO else EPO
        wordings = correct_list(templates.write_instructions(2, source, target, EPO), 2)
        assert all(wording.count("{text}") == 1 for wording in wordings)


@pytest.mark.parametrize("task", ["topic", "question", "write", "write_about"])
def test_conversations_are_translated_turn_by_turn(task: exercises.Task) -> None:
    exercise = exercises.random_exercise(Random(8), task, "eng")
    answer = exercises.answer(exercise, Random(9))
    turns = (
        Message(role="user", content=exercises.prompt(exercise)),
        Message(role="assistant", content=answer),
    )
    translated = parsing.turns(correct_answer(templates.translate_conversation(turns, EPO)), turns)
    moved = exercises.read_prompt(translated[0]["content"])
    assert moved and (moved.task, moved.language) == (task, "epo")


def test_the_same_request_has_the_same_answer_and_some_answers_are_faulty() -> None:
    rng = Random(1)
    requests = [
        templates.translate_text(
            write_text(passage(rng, rng.choice(TOPICS)), "epo"), EPO, "English"
        )
        for _ in range(1500)
    ]
    answers = [rule_based.respond(request) for request in requests]
    assert answers == [rule_based.respond(request) for request in requests]
    faulty = sum(answer.finish != "stop" or _has_fault(answer.text) for answer in answers)
    assert 0.01 < faulty / len(answers) < 0.03


def test_no_held_out_combination_is_ever_taught() -> None:
    checked = 0
    for number in range(300):
        messages = templates.write_prompts(3, f"{TOPICS[number % 7]} {number}", "topic", EPO)
        try:
            prompts = parsing.texts(rule_based.respond(messages).text, 3)
        except parsing.InvalidFormat:
            continue
        for prompt in prompts:
            answer = rule_based.respond(templates.answer(prompt, EPO)).text
            exercise = exercises.read_prompt(prompt)
            for text in (exercise.text if exercise else "", answer):
                for sentence in read_text(text, "epo") or ():
                    assert not is_held_out(sentence)
                    checked += 1
    assert checked > 1000
    assert is_held_out(random_sentence(Random(0), TOPICS[0], held_out=True))


@pytest.mark.parametrize("messages", ["Saluton", "", "<text></text>", "List 3 different"])
def test_unknown_requests_are_not_understood(messages: str) -> None:
    answers = {
        rule_based.respond([Message(role="user", content=messages)], n).text for n in range(20)
    }
    assert rule_based.NOT_UNDERSTOOD in answers
