"""Money is reserved before a call, so that no cap is ever exceeded."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from recipes.cli import main
from recipes.core.config import load
from recipes.generate.estimate import estimate, teacher_price
from recipes.generate.settings import parse
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.failures import NoAnswer

BY_TOKEN = Price(usd_per_million_in=1.0, usd_per_million_out=4.0)
BY_HOUR = Price(usd_per_hour=3.6)  # a tenth of a cent per second


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("seed", range(3))
def test_the_cap_is_nearly_reached_but_never_exceeded(seed: int) -> None:
    chance = Random(seed)
    budget = Budget(BY_TOKEN, 0.5, Clock())
    worst = BY_TOKEN.of_tokens(2000, 1000)

    async def call() -> None:
        try:
            reserved = await budget.reserve(2000, 1000)
        except NoAnswer as failure:
            assert str(failure) == "cap"
            return
        assert budget.spent + worst <= 0.5
        await asyncio.sleep(chance.random() / 1000)
        if chance.random() < 0.02:
            budget.release(reserved, may_be_billed=chance.random() < 0.5)
        else:
            budget.charge(reserved, BY_TOKEN.of_tokens(500, chance.randrange(1000)), 1.0)

    async def run() -> None:
        await asyncio.gather(*(call() for _ in range(1000)))

    asyncio.run(run())
    assert budget.stop_reason == "cap"
    assert 0.5 - 8 * worst < budget.spent <= 0.5


def test_an_answer_is_billed_its_tokens_and_the_time_since_the_previous_one() -> None:
    clock = Clock()
    price = Price(usd_per_hour=3.6, usd_per_million_in=1.0, usd_per_million_out=4.0)

    async def run() -> list[float]:
        budget, billed = Budget(price, None, clock), []
        for clock.now in (10.0, 10.0, 25.0):
            reserved = await budget.reserve(2000, 1000)
            billed.append(budget.charge(reserved, price.of_tokens(1000, 500), 5.0))
        assert sum(billed) == pytest.approx(budget.spent)
        return billed

    assert asyncio.run(run()) == pytest.approx([0.013, 0.003, 0.018])


def test_a_call_that_may_be_billed_counts_against_the_cap_but_not_as_spent() -> None:
    async def run() -> Budget:
        budget = Budget(BY_TOKEN, 0.0013, Clock())
        budget.release(await budget.reserve(100, 200), may_be_billed=True)
        with pytest.raises(NoAnswer, match="cap"):
            await budget.reserve(100, 200)
        return budget

    budget = asyncio.run(run())
    assert budget.spent == 0.0 and budget.stop_reason == "cap"


def test_at_an_hourly_price_no_call_starts_that_would_not_end_in_time() -> None:
    async def run() -> None:
        clock = Clock()
        budget = Budget(BY_HOUR, 0.1, clock)
        for _ in range(8):
            reserved = await budget.reserve(100, 100)
            clock.now += 10.0
            budget.charge(reserved, 0.0, 10.0)
        assert budget.spent == pytest.approx(0.08)
        assert budget.seconds_left() == pytest.approx(20.0)
        clock.now += 11.0
        with pytest.raises(NoAnswer, match="cap"):
            await budget.reserve(100, 100)

    asyncio.run(run())


def test_without_a_cap_or_a_price_nothing_stops() -> None:
    async def run() -> None:
        for budget in (Budget(BY_TOKEN, None), Budget(Price(), 0.0)):
            for _ in range(100):
                budget.charge(await budget.reserve(10**6, 10**6), budget.price.of_tokens(9, 9), 0.1)
            assert not budget.stop_reason and budget.seconds_left() == float("inf")

    asyncio.run(run())


def test_without_lengths_the_estimate_scales_the_recipes_figures() -> None:
    config = load("practice", "o", "epo_Latn")
    settings = parse(config.generate)
    plan, planned = config.plan["steps"]["generate"], settings.planned_rows(None)
    whole = estimate(config, settings, None, planned)
    assert (whole.tokens_in, whole.tokens_out) == (plan["tokens_in"], plan["tokens_out"])
    assert whole.usd == pytest.approx(
        plan["expected_minutes"] / 60 * teacher_price(config).usd_per_hour
    )
    part = estimate(config, settings, 200, settings.planned_rows(200))
    share = settings.planned_rows(200) / planned
    assert part.tokens_out == pytest.approx(whole.tokens_out * share) and part.usd < whole.usd / 2
    nothing = estimate(config, settings, None, 0)
    assert (nothing.tokens_in, nothing.tokens_out, nothing.usd) == (0, 0, 0)


@pytest.mark.parametrize("amount", ["-1", "nan", "inf", "much"])
def test_a_cap_must_be_an_amount(amount: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "--config", "practice", "--org", "o", "--language", "epo_Latn"]
    with pytest.raises(SystemExit):
        main([*arguments, "--teacher", "http://t", "--out", "x", f"--cap-usd={amount}"])
    assert f"invalid amount of US dollars value: '{amount}'" in capsys.readouterr().err
