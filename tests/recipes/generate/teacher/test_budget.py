"""Money is set aside before a call, so that no cap is ever passed."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from recipes.cli import main
from recipes.core.config import load
from recipes.generate.estimate import forecast, price
from recipes.generate.settings import parse
from recipes.generate.teacher.budget import Budget, Price
from recipes.generate.teacher.openai import NoAnswer

BY_TOKEN = Price(usd_per_million_in=1.0, usd_per_million_out=4.0)
BY_HOUR = Price(usd_per_hour=3.6)  # a tenth of a cent a second


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_calls_cost_the_cap_is_not_passed_and_nearly_reached(seed: int) -> None:
    chance = Random(seed)
    purse = Budget(BY_TOKEN, 0.5, Clock())
    worst = BY_TOKEN.of_tokens(2000, 1000)

    async def call() -> None:
        try:
            held = await purse.hold(2000, 1000)
        except NoAnswer as failure:
            assert str(failure) == "cap"
            return
        assert purse.spent + worst <= 0.5
        await asyncio.sleep(chance.random() / 1000)
        if chance.random() < 0.02:
            purse.lose(held, billed=chance.random() < 0.5)
        else:
            purse.settle(held, BY_TOKEN.of_tokens(500, chance.randrange(1000)), 1.0)

    async def run() -> None:
        await asyncio.gather(*(call() for _ in range(1000)))

    asyncio.run(run())
    assert purse.stopped == "cap"
    assert 0.5 - 8 * worst < purse.spent <= 0.5


def test_an_answer_is_billed_its_tokens_and_the_time_since_the_one_before() -> None:
    clock = Clock()
    price = Price(usd_per_hour=3.6, usd_per_million_in=1.0, usd_per_million_out=4.0)

    async def run() -> list[float]:
        purse, billed = Budget(price, None, clock), []
        for clock.now in (10.0, 10.0, 25.0):
            held = await purse.hold(2000, 1000)
            billed.append(purse.settle(held, price.of_tokens(1000, 500), 5.0))
        assert sum(billed) == pytest.approx(purse.spent)
        return billed

    assert asyncio.run(run()) == pytest.approx([0.013, 0.003, 0.018])


def test_a_call_that_was_perhaps_billed_counts_against_the_cap_but_not_as_spent() -> None:
    async def run() -> Budget:
        purse = Budget(BY_TOKEN, 0.0013, Clock())
        purse.lose(await purse.hold(100, 200), billed=True)
        with pytest.raises(NoAnswer, match="cap"):
            await purse.hold(100, 200)
        return purse

    purse = asyncio.run(run())
    assert purse.spent == 0.0 and purse.stopped == "cap"


def test_by_the_hour_no_call_begins_that_would_not_end_in_time() -> None:
    async def run() -> None:
        clock = Clock()
        purse = Budget(BY_HOUR, 0.1, clock)
        for _ in range(8):
            held = await purse.hold(100, 100)
            clock.now += 10.0
            purse.settle(held, 0.0, 10.0)
        assert purse.spent == pytest.approx(0.08)
        assert purse.seconds_left() == pytest.approx(20.0)
        clock.now += 11.0
        with pytest.raises(NoAnswer, match="cap"):
            await purse.hold(100, 100)

    asyncio.run(run())


def test_without_a_cap_or_a_price_nothing_stops() -> None:
    async def run() -> None:
        for purse in (Budget(BY_TOKEN, None), Budget(Price(), 0.0)):
            for _ in range(100):
                purse.settle(await purse.hold(10**6, 10**6), purse.price.of_tokens(9, 9), 0.1)
            assert not purse.stopped and purse.seconds_left() == float("inf")

    asyncio.run(run())


def test_the_forecast_is_the_recipes_figures_for_as_much_as_is_asked() -> None:
    config = load("kakugo", "o", "gla_Latn")
    settings = parse(config.generate)
    plan, planned = config.plan["steps"]["generate"], settings.planned(None)
    whole = forecast(config, settings, planned)
    assert (whole.tokens_in, whole.tokens_out) == (plan["tokens_in"], plan["tokens_out"])
    assert whole.usd == pytest.approx(plan["expected_minutes"] / 60 * price(config).usd_per_hour)
    part = forecast(config, settings, settings.planned(200))
    share = settings.planned(200) / planned
    assert part.tokens_out == pytest.approx(whole.tokens_out * share) and part.usd < whole.usd / 10
    nothing = forecast(config, settings, 0)
    assert (nothing.tokens_in, nothing.tokens_out, nothing.usd) == (0, 0, 0)


@pytest.mark.parametrize("told", ["-1", "nan", "inf", "much"])
def test_a_cap_is_an_amount(told: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["generate", "--config", "practice", "--org", "o", "--language", "epo_Latn"]
    with pytest.raises(SystemExit):
        main([*asked, "--teacher", "http://t", "--out", "x", f"--cap-usd={told}"])
    assert f"invalid amount of US dollars value: '{told}'" in capsys.readouterr().err
