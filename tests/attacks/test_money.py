"""Money where facts are missing or absurd. `tests/bot/planner` simulates a bill."""

from __future__ import annotations

import pytest

from bot.domain import costs
from bot.errors import UserError
from bot.hub.manifests import is_amount
from bot.settings import read
from tests.bot import examples

ABSURD = [-1.0, -1e-9, float("nan"), float("inf"), float("-inf"), 1e308, True, "1", None, [], {}]
SETTINGS = {
    "HF_TOKEN": "hf_x",
    "KAKUGO_ORG": "org",
    "KAKUGO_WEBHOOK_URL": "https://x.org/webhook",
    "KAKUGO_WEBHOOK_SECRET": "x" * 32,
}


@pytest.mark.parametrize("value", ABSURD, ids=repr)
def test_an_absurd_figure_is_no_amount(value: object) -> None:
    assert not is_amount(value)


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "-inf", "1e999", "x", "1,5", "0x10"])
@pytest.mark.parametrize(
    "name", ["KAKUGO_LIMIT_USD", "KAKUGO_DAY_USD", "KAKUGO_PERSON_USD", "KAKUGO_QUEUE"]
)
def test_an_absurd_limit_is_refused(name: str, value: str) -> None:
    with pytest.raises(UserError, match=name):
        read({**SETTINGS, name: value})


@pytest.mark.parametrize("spent", [0.0, 0.01, 0.024, 0.025, 1.0, 1e6])
@pytest.mark.parametrize("price", [0.01, 1.0, 100.0])
def test_no_job_runs_beyond_the_cap(spent: float, price: float) -> None:
    cap_usd = examples.spec().cap_usd
    seconds = costs.affordable_seconds(cap_usd - spent, price, 3600)
    assert 0 <= seconds <= 3600
    assert seconds == 0 or spent + seconds / 3600 * price <= cap_usd
