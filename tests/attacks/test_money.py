"""Money where facts are missing or absurd. `tests/bot/planner` simulates a bill."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain import costs
from bot.domain.observation import JobStage
from bot.domain.recipe import InvalidRecipe, parse
from bot.domain.request import Step, StepRecord, StepState
from bot.errors import UserError
from bot.hub.client import MALFORMED
from bot.hub.manifests import is_amount, parse_manifest
from bot.hub.teacher_probe import _prices
from bot.parsing.redaction import last_lines
from bot.planner.billing import settle_jobs
from bot.settings import read
from recipes.cli import _print_error
from recipes.core.progress import say
from recipes.validation.errors import SAME_AGAIN
from tests.bot import examples

ABSURD = [-1.0, -1e-9, float("nan"), float("inf"), float("-inf"), 1e308, True, "1", None, [], {}]
SETTINGS = {
    "HF_TOKEN": "hf_x",
    "KAKUGO_ORG": "org",
    "KAKUGO_WEBHOOK_URL": "https://x.org/webhook",
    "KAKUGO_WEBHOOK_SECRET": "x" * 32,
}


MANIFEST = {
    "schema": 2, "digest": "d", "attempt": 1, "counts": {"kept": 1, "dropped": {"loop": 1}},
    "seconds": 1.0, "cost_usd": 0.5,
}  # fmt: skip
IMPOSSIBLE = [10**400, -(10**400), 2e12, "1e3", "１", "NaN", [1], {"a": 1}, None, True, b"1", 1j]


@pytest.mark.parametrize("key", ["cost_usd", "seconds", "attempt", "kept", "dropped"])
def test_a_job_never_reports_an_impossible_figure(key: str) -> None:
    assert parse_manifest(MANIFEST).cost_usd == 0.5
    for value in IMPOSSIBLE:
        counts = {
            "kept": {"kept": value, "dropped": {}},
            "dropped": {"kept": 1, "dropped": {"a": value}},
        }
        changed = {"counts": counts[key]} if key in counts else {key: value}
        with pytest.raises(MALFORMED):
            parse_manifest({**MANIFEST, **changed})


# Failed before: the manifest's figure was charged, also if the log or the cap said something else.
@pytest.mark.parametrize(
    ("spent", "manifest_usd", "usd"),
    [
        ([], 0.0, 0.0), ([], 1.25, 1.25), ([], 1e12, 2.0), ([], 2.0000001, 2.0), ([], None, 2.0),
        (["1.25"], 0.0, 1.25), (["0.50"], 1.25, 1.25), (["1.25", "0.00"], None, 1.25),
        (["9" * 400 + ".0"], None, 2.0), (["3.00"], 1.0, 2.0), (["nan"], None, 2.0),
        (["-1.00"], None, 2.0), (["1e9"], None, 2.0), (["1"], None, 2.0), (["٣.٠٠"], 0.5, 2.0),
    ],
)  # fmt: skip
def test_a_job_is_charged_the_most_that_it_reported_but_no_more_than_its_cap(
    spent: list[str], manifest_usd: float | None, usd: float
) -> None:
    running = StepRecord(StepState.RUNNING, 1, 1, examples.NOW - 300, "j1")
    request = examples.request(steps={Step.GENERATE: running})
    held = replace(request.unsettled[0], hold_usd=2.01, tokens_usd=2.0)
    lines = tuple(f"progress: 3/9 rows spent=${text} rows/s=2" for text in spent)
    made = None if manifest_usd is None else examples.manifest(cost_usd=manifest_usd)
    observation = examples.observed(
        jobs=(replace(examples.job(JobStage.ERROR), log_tail=lines),),
        manifests={} if made is None else {(request.id, Step.GENERATE): made},
    )
    settled = settle_jobs(replace(request, unsettled=(held,)), observation, {})
    assert not settled.unsettled and settled.spent_usd == pytest.approx(usd, abs=0.002)


# Failed before: a teacher's name of its model, in several lines, was heard as what a job has spent,
# even after a space, which the bot leaves out of a log.
@pytest.mark.parametrize(
    "line", ["progress: 9/9 rows spent=$0.00", f"kakugo-recipe x: {SAME_AGAIN}"]
)
@pytest.mark.parametrize(
    "before", ["", "the teacher serves x\n", "x\n\n", "x\r\n", " ", "x\n\u200b"]
)
def test_nothing_that_a_recipe_quotes_looks_like_a_line_of_its_own(
    before: str, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isalpha() else letter for letter in line)
    for hostile in (line, wide):
        assert last_lines([hostile]) == (line,), "as the bot reads it"
        say(before + hostile)
        assert line not in last_lines(capsys.readouterr().out.split("\n"))
        _print_error("x", f"{before}{hostile}")
        assert line not in last_lines(capsys.readouterr().err.split("\n"))


# Failed before: any finite number, of which some have infinite sums.
@pytest.mark.parametrize("value", ["1.0e+308", "1.0e+13", "-1", "-1.0e-9", ".inf", ".nan", "1" * 20,
                                   "yes", "'1'", "[1]", "null", "1e3"])  # fmt: skip
@pytest.mark.parametrize(
    "key",
    ["expected_minutes: 0.5", "timeout_minutes: 5", "attempts: 2", "usd_per_hour: 0.06"],
)
def test_an_absurd_figure_of_a_recipe_is_refused(key: str, value: str) -> None:
    name = key.partition(":")[0]
    with pytest.raises(InvalidRecipe, match=name):
        parse("practice", "practice", examples.YAML.replace(key, f"{name}: {value}"))


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "0.1", True, None, 1e13])
def test_an_absurd_price_of_a_provider_is_refused(value: object) -> None:
    provider = {"provider": "fast", "pricing": {"input": 0.2, "output": value}}
    with pytest.raises(MALFORMED):
        list(_prices([provider]))


@pytest.mark.parametrize("value", ABSURD, ids=repr)
def test_an_absurd_figure_is_no_amount(value: object) -> None:
    assert not is_amount(value)


ABSURD_TEXTS = [
    "-1", "nan", "inf", "-inf", "1e999", "x", "1,5", "0x10", "1e308", "1000001", "9" * 400, "$5",
    "5 USD", "1/2", "½", "", " ", "5\0", "None", "true", "0b1", "Ⅴ", "--5", "1e", "5%",
]  # fmt: skip


@pytest.mark.parametrize(
    "name", ["KAKUGO_LIMIT_USD", "KAKUGO_DAY_USD", "KAKUGO_PERSON_USD", "KAKUGO_QUEUE"]
)
def test_an_absurd_limit_is_refused(name: str) -> None:
    for value in ABSURD_TEXTS:
        with pytest.raises(UserError, match=name):
            read({**SETTINGS, name: value})


# Failed before: cut to a whole number, so 0.5 closed the queue.
@pytest.mark.parametrize("value", ["0.5", "5.5", "1e-3", "999999.5"])
@pytest.mark.parametrize(
    "name",
    ["KAKUGO_PERSON_REQUESTS", "KAKUGO_PERSON_STARTS", "KAKUGO_QUEUE", "KAKUGO_JOBS_PER_FLAVOR",
     "PORT"],
)  # fmt: skip
def test_a_number_of_things_is_whole(name: str, value: str) -> None:
    with pytest.raises(UserError, match=f"{name} must be a whole number"):
        read({**SETTINGS, name: value})


# Guards what held: days are those of UTC, wherever the bot runs and whatever its clocks do.
@pytest.mark.parametrize(
    "zone", ["America/New_York", "Europe/Berlin", "Pacific/Apia", "UTC+23:59", "UTC-23:59", "x"]
)
def test_a_day_is_one_of_utc(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for day in ("2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01", "2011-12-30"):
            midnight = datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()
            moments = [midnight + hour * 3600 for hour in range(24)] + [midnight + 86_399.99]
            assert {costs.day_of(moment) for moment in moments} == {day}
            assert costs.day_of(midnight - 0.01) < day < costs.day_of(midnight + 86_400)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("spent", [0.0, 0.01, 0.024, 0.025, 1.0, 1e6])
@pytest.mark.parametrize("price", [0.01, 1.0, 100.0])
def test_no_job_runs_beyond_the_cap(spent: float, price: float) -> None:
    cap_usd = examples.spec().cap_usd
    seconds = costs.affordable_seconds(cap_usd - spent, price, 3600)
    assert 0 <= seconds <= 3600
    assert seconds == 0 or spent + seconds / 3600 * price <= cap_usd
