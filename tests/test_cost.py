"""The costs in recipes and docs/COST.md are those that the recipes' own numbers give.

After a change, run `python -m tests.test_cost`, which writes the tables of docs/COST.md, and copy
the figures of `generate` into `plan.steps.generate` of the recipes.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.domain import costs
from bot.domain import recipe as bot_recipes
from bot.domain.request import Step
from bot.domain.steps import NEW_MODEL
from bot.localhub.compute import hardware
from recipes.core.config import Config, load
from recipes.generate.estimate import Estimate, efforts, estimate, planned_calls
from recipes.generate.lengths import tokens
from recipes.generate.settings import GenerateSettings, parse
from recipes.validation.recipe_files import PACKAGED

ROOT = PACKAGED.parent
PAGE = ROOT / "docs" / "COST.md"
RECIPES = {"kakugo": 20.0, "economy": 10.0}  # and what a language may cost at most, in US dollars
FERTILITIES = (1, 1.5, 2, 3, 4, 6, 12)
SPEEDS = (3138, 5900, 8000)  # tokens a second
BLOCK = re.compile(r"(<!-- tables -->\n).*(?=<!-- /tables -->)", re.DOTALL)


def settings_of(name: str) -> tuple[Config, GenerateSettings]:
    """Return a recipe, and its section for generating."""
    config = load(name, "org", "gla_Latn")
    return config, parse(config.generate)


def expected(name: str, fertility: float | None = None) -> Estimate:
    """Return the estimate of a whole run."""
    config, settings = settings_of(name)
    return estimate(config, settings, None, settings.planned_rows(None), fertility)


def prices() -> dict[str, float]:
    """Return US dollars per hour by flavor, from the Hub's price list."""
    return {name: float(row["usdPerHour"]) for name, row in hardware.flavors().items()}


def request_usd(name: str) -> float:
    """Return what the bot says that a language costs."""
    return costs.estimate(bot_recipes.load(name, "org"), prices()).total_usd


@pytest.mark.parametrize("name", RECIPES)
def test_the_plan_has_the_calculated_figures(name: str) -> None:
    plan, whole = bot_recipes.load(name, "org").steps, expected(name)
    generate = next(settings for step, settings in plan.items() if step.value == "generate")
    assert generate.tokens_in == pytest.approx(whole.tokens_in, rel=0.01)
    assert generate.tokens_out == pytest.approx(whole.tokens_out, rel=0.01)
    assert generate.expected_minutes == pytest.approx(whole.seconds / 60, rel=0.01)


@pytest.mark.parametrize("name", RECIPES)
def test_the_plan_grows_with_the_fertility_as_calculated(name: str) -> None:
    plan = bot_recipes.load(name, "org").steps[Step.GENERATE]
    _, settings = settings_of(name)
    assert settings.lengths is not None and plan.fertility == settings.lengths.fertility
    for fertility in FERTILITIES:
        whole, planned = expected(name, fertility), plan.with_fertility(fertility)
        assert planned.expected_minutes == pytest.approx(whole.seconds / 60, rel=0.02)
        assert planned.tokens_out == pytest.approx(whole.tokens_out, rel=0.02)
        assert planned.tokens_in == pytest.approx(whole.tokens_in, rel=0.15)


@pytest.mark.parametrize(("name", "most"), RECIPES.items())
def test_a_language_costs_no_more_than_this(name: str, most: float) -> None:
    assert 0.5 * most < request_usd(name) <= most


def test_the_papers_rows_are_planned() -> None:
    _, settings = settings_of("kakugo")
    planned = settings.planned_by_source(None)
    paper = {"topics": 10_608, "scenarios": 9_300, "contexts": 10_000, "translation": 15_000}
    assert planned.items() >= paper.items()
    _, economy = settings_of("economy")
    halves = economy.planned_by_source(None)
    assert all(2 * halves[source] == count for source, count in paper.items())


def test_translations_are_paid_for_by_fewer_prompts_about_texts() -> None:
    config, settings = settings_of("kakugo")
    calls = planned_calls(settings, None)
    section = {**config.generate, "contexts": {**config.generate["contexts"], "per_text": 3}}
    as_before = parse({**section, "pairs": {"texts": 0, "wordings": 0, "to_english": 0}})
    assert sum(planned_calls(as_before, None).values()) > sum(calls.values())
    assert calls["back_translations"] == 10_000 == calls["text_answers"]


def test_a_language_with_more_tokens_costs_more_and_has_shorter_conversations() -> None:
    usual, tibetan = expected("kakugo"), expected("kakugo", 11.8)
    assert tibetan.tokens_out > 4 * usual.tokens_out and tibetan.usd > 4 * usual.usd
    assert str(usual).endswith(", at 5,900 tokens/s")
    _, settings = settings_of("kakugo")
    assert settings.within(None).conversations.longest == 2048
    assert settings.within(11.8).conversations.longest == 694, "its translation fits an answer"


def test_a_call_of_the_most_tokens_ends_in_time() -> None:
    config, settings = settings_of("kakugo")
    teacher = settings.teacher
    slowest = teacher.max_tokens * teacher.concurrency / config.plan["teacher"]["tokens_per_second"]
    assert slowest < teacher.timeout < 1.5 * slowest


def test_the_page_has_the_tables() -> None:
    """If not: `python -m tests.test_cost`."""
    assert PAGE.read_text("utf-8") == page()


def page() -> str:
    """Return docs/COST.md with new tables."""
    return BLOCK.sub(lambda match: f"{match[1]}{tables()}", PAGE.read_text("utf-8"))


def tables() -> str:
    return "\n\n".join(
        [*map(steps_table, RECIPES), calls_table("kakugo"), fertility_table(), speed_table(), ""]
    )


def steps_table(name: str) -> str:
    recipe, hourly_usd = bot_recipes.load(name, "org"), prices()
    lines = [
        f"**`{name}`**, by step",
        "",
        "| step | hardware | minutes | US dollars |",
        "|---|---|---|---|",
    ]
    for info in NEW_MODEL:
        plan = recipe.steps[info.step]
        teacher = costs.teacher_usd_per_hour(recipe, info.step)
        hourly = f"{plan.flavor} ${hourly_usd[plan.flavor]:.2f}"
        hourly += f" + teacher ${teacher:.2f}" if teacher else ""
        usd = plan.expected_minutes / 60 * (hourly_usd[plan.flavor] + teacher)
        lines.append(
            f"| {info.step.value} | {hourly} an hour | {plan.expected_minutes:g} | {usd:.2f} |"
        )
    minutes = sum(recipe.steps[info.step].expected_minutes for info in NEW_MODEL)
    return "\n".join([*lines, f"| **all** | | {minutes:g} | **{request_usd(name):.2f}** |"])


def calls_table(name: str) -> str:
    _, settings = settings_of(name)
    assert settings.lengths is not None
    fertility = settings.lengths.fertility
    lines = [f"**`{name}`**, by kind of call, with {fertility:g} tokens for one of English", "",
             "| kind | calls | tokens read | tokens written |", "|---|---|---|---|"]  # fmt: skip
    for kind, count in planned_calls(settings, None).items():
        read, written = tokens({kind: count}, settings.lengths, efforts(settings), fertility)
        lines.append(f"| {kind.replace('_', ' ')} | {count:,.0f} | {read:,.0f} | {written:,.0f} |")
    whole = expected(name)
    count = sum(planned_calls(settings, None).values())
    total = f"| **all** | {count:,.0f} | {whole.tokens_in:,.0f} | {whole.tokens_out:,.0f} |"
    return "\n".join([*lines, total])


def fertility_table() -> str:
    lines = ["**A language**, by the teacher's tokens for one of English", "",
             f"| tokens | {' | '.join(RECIPES)} |", f"|---|{'---|' * len(RECIPES)}"]  # fmt: skip
    for fertility in FERTILITIES:
        usd = [request_usd(n) - expected(n).usd + expected(n, fertility).usd for n in RECIPES]
        lines.append(f"| {fertility:g} | {' | '.join(f'${each:.2f}' for each in usd)} |")
    return "\n".join(lines)


def speed_table() -> str:
    lines = ["**A language**, by the teacher's speed in tokens a second", "",
             f"| speed | {' | '.join(RECIPES)} |", f"|---|{'---|' * len(RECIPES)}"]  # fmt: skip
    for speed in SPEEDS:
        usd = [
            request_usd(n) + expected(n).usd * (expected(n).tokens_per_second / speed - 1)
            for n in RECIPES
        ]
        lines.append(f"| {speed:,} | {' | '.join(f'${each:.2f}' for each in usd)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    Path(PAGE).write_text(page(), encoding="utf-8")
