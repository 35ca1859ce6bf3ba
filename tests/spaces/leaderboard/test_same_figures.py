"""Discussion, card, leaderboard, CSV and API show the same figures of one evaluation."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from benchmarks import BenchmarkTable
from entries import Entry, build_leaderboard
from entry_facts import entry_facts
from export import as_csv, as_json
from parse_results import parse_benchmarks

from bot.hub.manifests import parse_manifest
from bot.replies.result import result
from recipes.core.benchmarks.table import abilities, leaderboard_columns
from recipes.core.manifest import Counts, Manifest
from recipes.evaluate import markdown, schema
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.chat import ChatScore
from recipes.evaluate.intervals import Interval
from recipes.evaluate.overall import Overall, overall
from recipes.evaluate.significance import TaskResult
from tests.bot import examples
from tests.recipes.evaluate.test_markdown import (
    MODELS,
    choice,
    outputs,
    report,
    results,
    translation,
)

NUMBER = re.compile(r"[+−]?\d+(?:\.\d+)?")
CHAT = ChatScore("accuracy", 50, Interval(0.96, 0.9, 0.99), Interval(0.84, 0.7, 0.9))


def evaluation(right: int) -> tuple[list[TaskResult], Overall]:
    """Score three tests; the adapter gives `right` of 40 right answers, the base 20."""
    reading, english, flores = choice(), choice("eng_Latn"), translation()
    translated = [[Generation(item.reference[: 2 + n], True) for item in flores.items]
                  for n in (0, right // 8)]  # fmt: skip
    scored = results(
        (flores, *translated),
        (reading, outputs(reading, 20), outputs(reading, right)),
        (english, outputs(english, 30), outputs(english, 31)),
    )
    return scored, overall(scored, "epo_Latn", 2, CHAT)


def listed(scored: list[TaskResult], found: Overall) -> tuple[Entry, BenchmarkTable]:
    """Return the leaderboard's entry of the rows that the recipe writes."""
    decoding = {"flores": "greedy", "belebele": "log-likelihood"}
    run = schema.RunInfo("epo_Latn", tuple(MODELS), False, "r1", "2026-11-30T10:00:00+00:00", 1.0,
                         None, decoding, found)  # fmt: skip
    lines = "\n".join(map(json.dumps, schema.result_rows(run, scored, [])))
    benchmarks = parse_benchmarks(json.dumps(leaderboard_columns()))
    (entry,) = build_leaderboard([lines], [], None, benchmarks).entries
    return entry, benchmarks


def reply(scored: list[TaskResult], found: Overall) -> str:
    """Return the bot's comment on the manifest that the recipe writes."""
    own = [each for each in scored if each.task.language == "epo_Latn"]
    metrics: dict[str, Any] = {
        "results": schema.summary(own),
        "titles": abilities(["flores", "belebele"]),
        "overall": schema.overall_summary(found),
    }
    run = Manifest("evaluate", "r1", 1, "d", "epo_Latn", {}, "o/results", "c", True, 9.0,
                   counts=Counts(52), metrics=metrics)  # fmt: skip
    return result(examples.request(), parse_manifest(json.loads(run.to_json())), examples.policy())


def numbers(text: str) -> list[float]:
    return [float(number.replace("−", "-")) for number in NUMBER.findall(text)]


def rest_of_line(text: str, start: str) -> str:
    """Return what follows `start` in the first line that has it."""
    return text.split(start, 1)[1].splitlines()[0]


@pytest.mark.parametrize("right", [22, 39])
@pytest.mark.parametrize(
    ("key", "in_comment", "on_card", "scale"),
    [
        ("into", "Translation from English to Esperanto, chrF++ |",
         "FLORES+, English to Esperanto | chrF++ |", 1),
        ("reading", "Reading comprehension, accuracy (%) |", "Belebele | accuracy (%) |", 100),
    ],
)  # fmt: skip
def test_a_test_has_the_same_figures_everywhere(
    right: int, key: str, in_comment: str, on_card: str, scale: int
) -> None:
    scored, found = evaluation(right)
    entry, benchmarks = listed(scored, found)
    comment, card = reply(scored, found), markdown.render(report(scored))
    (row,) = csv.DictReader(io.StringIO(as_csv([entry], (), benchmarks).removeprefix("\ufeff")))
    names = ("base", "adapter", "difference", "low", "high")
    expected = [float(row[f"{key}_{name}"]) for name in names]
    *values, p, _ = numbers(rest_of_line(card, on_card))
    assert values == [round(scale * value, 1) for value in expected]
    assert numbers(rest_of_line(comment, in_comment)) == values
    assert p == pytest.approx(float(row[f"{key}_p"]), abs=0.0011)
    score = as_json(entry)["scores"][key]
    assert [*map(score.get, names[:3]), *score["difference_ci"]] == pytest.approx(expected)
    is_significant = expected[3] > 0 or expected[4] < 0
    assert score["significant"] == (row[f"{key}_significant"] == "True") == is_significant
    for text, start in ((comment, in_comment), (card, on_card)):
        assert ("not significant" not in rest_of_line(text, start)) == is_significant


def test_a_certain_loss_of_english_is_called_a_loss_even_if_its_size_is_not_certain() -> None:
    scored, found = evaluation(39)
    found = replace(found, english=Interval(-8.1, -15.7, -0.3))
    entry, _ = listed(scored, found)
    assert entry_facts(entry)["English"] == "some lost, −8.1 points (−15.7 to −0.3)"
    words = "Some English was lost; I cannot tell whether more than 2 points: −8.1 points (95%"
    assert words in reply(scored, found)


def test_what_sums_up_an_evaluation_is_the_same_everywhere() -> None:
    scored, found = evaluation(39)
    entry, _ = listed(scored, found)
    comment, card = reply(scored, found), markdown.render(report(scored))
    api = as_json(entry)
    assert found.gain and found.english
    for summary, interval, on_card, in_comment, key in (
        (found.gain, api["gain_ci"], "Mean difference from the base: ", "base model by ", "gain"),
        (found.english, api["english_difference_ci"], "whether English was kept", "whether English "
         "was kept", "english_difference"),
    ):  # fmt: skip
        expected = [summary.value, summary.low, summary.high]
        assert [api[key], *interval] == pytest.approx(expected)
        assert numbers(rest_of_line(card, on_card))[:3] == pytest.approx(expected, abs=0.051)
        value, _, low, high = numbers(rest_of_line(comment, in_comment))[
            :4
        ]  # "95% interval" is the second
        assert [value, low, high] == pytest.approx(expected, abs=0.051)
    assert api["english"] == found.english_verdict == "cannot tell"
    facts = entry_facts(entry)
    for name, summary in (("Mean gain", found.gain), ("English", found.english)):
        shown = numbers(facts[name])[:3]
        assert shown == pytest.approx([summary.value, summary.low, summary.high], abs=0.051)
    text = facts["Asked in a chat"]
    assert "96.0% right (90.0 to 99.0) in 50 new chats, 84.0% right (70.0 to 90.0) as the" in text
    assert "96.0% of the first answers are right, and 84.0% of the second." in comment
