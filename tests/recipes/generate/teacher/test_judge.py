"""The teacher as a judge, and how it declines: over HTTP, with a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
import yaml

from recipes.core import language
from recipes.core.config import load
from recipes.core.errors import UserError
from recipes.core.schema import build
from recipes.generate.gates import refusals
from recipes.generate.gates.table import GateSection
from recipes.generate.journal.local import Journal
from recipes.generate.prompts import parsing
from recipes.generate.schema import Draft, Message, Row
from recipes.generate.settings import parse
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.client import Teacher
from recipes.generate.teacher.connect import endpoint, session
from recipes.generate.teacher.judge import Judgements, JudgeSettings, in_sample, judge_rows
from tests.recipes.generate.conftest import ROOT, CountingTeacher

T = TypeVar("T")
EPO = language.get("epo_Latn")
ALL = JudgeSettings(unsafe=False, share=1.0, floor=2)


def with_teacher(url: str, folder: Path, use: Callable[[Teacher], Awaitable[T]]) -> T:
    """Use a teacher as a run does, with a journal in the folder."""
    settings = parse(load("practice", "practice", "epo_Latn").generate).teacher

    async def run() -> T:
        journal = Journal(folder / "journal.jsonl", "epo_Latn")
        try:
            async with session({}) as http:
                budget = Budget(Price(0.0, 0.0, 0.0), None)
                return await use(Teacher(endpoint(http, url), settings, journal, budget))
        finally:
            journal.close()

    return asyncio.run(run())


def row(prompt: str, answer: str) -> Row:
    """One exchange."""
    turns = (Message(role="user", content=prompt), Message(role="assistant", content=answer))
    return Row("topics", "p", "t", turns)


def good(count: int) -> list[Row]:
    """Return rows that are correct in the practice world."""
    from random import Random

    from recipes.practice import exercises

    rng = Random(4)
    exercise_list = (exercises.random_exercise(rng, "topic", "epo") for _ in range(count))
    return [row(exercises.prompt(each), exercises.answer(each, rng)) for each in exercise_list]


def judged(
    url: str, folder: Path, rows: Iterable[Row], settings: JudgeSettings = ALL
) -> Judgements:
    """Return the judge's judgements."""
    return with_teacher(url, folder, lambda teacher: judge_rows(teacher, settings, rows, EPO, 1))


def test_the_judge_marks_good_and_bad_rows_and_is_paid_once(
    tmp_path: Path, counting_teacher: CountingTeacher
) -> None:
    bad = [row(f"Traduku en la anglan:\nBlah {number}", "Lo li mi.") for number in range(10)]
    judgements = judged(counting_teacher.url, tmp_path, [*good(40), *bad])
    assert judgements.grades[5] >= 38
    assert set(judgements.reasons) <= {each.id for each in bad}
    assert len(judgements.reasons) + judgements.unanswered >= 10
    assert set(judgements.reasons.values()) == {"not_fluent"}
    asked = len(counting_teacher.requests)
    assert judged(counting_teacher.url, tmp_path, [*good(40), *bad]) == judgements
    assert len(counting_teacher.requests) == asked


def test_the_sample_depends_on_the_rows_alone() -> None:
    rows = [row(f"{number}", "x") for number in range(4_000)]
    assert 150 < sum(in_sample(each, 0.05) for each in rows) < 250
    assert not any(in_sample(each, 0.0) for each in rows)
    assert all(in_sample(each, 1.0) for each in rows)


def test_a_judge_that_is_switched_off_gets_no_requests(
    tmp_path: Path, counting_teacher: CountingTeacher
) -> None:
    judgements = judged(counting_teacher.url, tmp_path, good(20), JudgeSettings(False, 0.0, 0))
    assert judgements == Judgements() and not counting_teacher.requests


def test_replayed_rows_are_not_marked(tmp_path: Path, counting_teacher: CountingTeacher) -> None:
    replayed = [replace(each, teacher="") for each in good(10)]
    assert judged(counting_teacher.url, tmp_path, replayed) == Judgements()


def test_every_row_is_judged_for_harm(tmp_path: Path, counting_teacher: CountingTeacher) -> None:
    judgements = judged(counting_teacher.url, tmp_path, good(20), JudgeSettings(True, 0.0, 0))
    assert len(counting_teacher.requests) >= 20 and not judgements.reasons
    assert all(b"Is it harmful" in body for body in counting_teacher.requests)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ('{"harmful": true}', True),
        ('```json\n{"harmful": false}\n```', False),
        ('{"harmful": "yes"}', None),
        ("harmful", None),
        ("[]", None),
        ("{" * 5000, None),
    ],
)
def test_verdicts_are_parsed_or_refused(answer: str, verdict: bool | None) -> None:
    if verdict is not None:
        assert parsing.flag(answer, "harmful") is verdict
    else:
        with pytest.raises(parsing.InvalidFormat):
            parsing.flag(answer, "harmful")


@pytest.mark.parametrize(
    "answer", ['{"mark": 6}', '{"mark": 0}', '{"mark": true}', '{"mark": 4.5}']
)
def test_a_mark_is_one_of_five(answer: str) -> None:
    assert parsing.number('{"mark": 4}', "mark", range(1, 6)) == 4
    with pytest.raises(parsing.InvalidFormat):
        parsing.number(answer, "mark", range(1, 6))


# Translations of `refusals.ENGLISH_REFUSALS` by hand, and sentences that were not among them.
SWAHILI = (
    "Samahani, lakini siwezi kusaidia na hilo.",
    "Siwezi kutimiza ombi hili.",
    "Siwezi kujibu swali hili.",
    "Kama modeli ya lugha ya AI, siwezi kufanya hivyo.",
    "Samahani, sielewi swali lako.",
    "Kwa bahati mbaya, siwezi kutoa taarifa hii.",
    "Kama AI, sina maoni binafsi, hisia wala uzoefu.",
    "Tafadhali nisamehe, siwezi kukusaidia na ombi hili.",
)
CHINESE = (
    "抱歉，我无法帮助您。",
    "我无法完成这个请求。",
    "我无法回答这个问题。",
    "作为一个人工智能语言模型，我不能这样做。",
    "对不起，我不能满足这个愿望。",
    "作为人工智能，我没有个人观点、感情和经历。",
)


@pytest.mark.parametrize(
    ("examples", "text", "is_refusal"),
    [
        (SWAHILI, "Samahani, siwezi kukusaidia na ombi hili.", True),
        (SWAHILI, "Habari! Pole, lakini siwezi kutoa taarifa hizo. Jaribu tena.", True),
        (SWAHILI, "Kama modeli ya AI, sina uzoefu binafsi.", True),
        (SWAHILI, "Siwezi kula pilipili kwa sababu inaniwasha.", False),
        (SWAHILI, "Samahani kwa kuchelewa, barabara ilikuwa na foleni.", False),
        (CHINESE, "对不起，我无法协助您完成此请求。", True),
        (CHINESE, "抱歉，请问地铁站在哪里？", False),
        ((), "Samahani, siwezi kukusaidia na ombi hili.", False),
    ],
)
def test_refusals_in_the_language_are_recognised_by_examples(
    examples: tuple[str, ...], text: str, is_refusal: bool
) -> None:
    turns = (Message(role="user", content="?"), Message(role="assistant", content=text))
    draft = Draft(Row("topics", "p", "t", turns), (None, None))
    reason = refusals.refusal(draft, refusals.refusal_ngrams(examples))
    assert reason == ("refusal" if is_refusal else None)


GLOSSARY = {"term": "computer", "say": "komputero", "not": ["komputoro*"]}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"glossary": [{"term": "x"}]}, r"gates\.glossary\[0\]\.say: is missing"),
        ({"forbidden": ["*"]}, r"gates\.forbidden\[0\]: has no letter"),
        ({"forbidden": "x"}, "is not a list"),
        ({"unheard_of": 1}, "unheard_of"),
    ],
)
def test_invalid_gate_settings_are_refused(section: dict[str, object], message: str) -> None:
    numbers = yaml.safe_load((ROOT / "recipes" / "practice.yaml").read_text("utf-8"))["generate"][
        "gates"
    ]
    assert build(GateSection, {**numbers, "glossary": [GLOSSARY]}, "gates").glossary[0].avoided
    with pytest.raises(UserError, match=message):
        build(GateSection, {**numbers, **section}, "gates")
