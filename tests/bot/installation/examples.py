"""An installation before and after a deployment, as values."""

from __future__ import annotations

from dataclasses import replace

from bot import settings
from bot.domain import recipe
from bot.installation.state import (
    SPACE_FOLDERS,
    Checkout,
    Installation,
    desired_state,
    wheel_of,
)
from bot.settings import Settings

ORG = "lab"
RECIPE = recipe.load("kakugo", ORG)
CHECKOUT = Checkout(
    wheel_of("kakugo_bot-0.1.0-py3-none-any.whl", b"wheel"),
    b"wheel",
    b"idna==3.20 --hash=sha256:00\n",
    {
        folder: {"app.py": b"", "requirements.txt": b"kakugo-bot\n"}
        for folder in SPACE_FOLDERS.values()
    },
)


def make_settings(**env: str) -> Settings:
    default = {
        "HF_TOKEN": "hf_deployer",
        "KAKUGO_ORG": ORG,
        "KAKUGO_WEBHOOK_SECRET": "ring the bell at night",
    }
    return settings.read({**default, **env})


def desired(
    chosen: Settings, actual: Installation | None = None, teacher_needed: bool = False
) -> Installation:
    return desired_state(RECIPE, chosen, CHECKOUT, actual or Installation(), teacher_needed)


def deployed(chosen: Settings) -> Installation:
    """The actual state after a deployment, with the wheel at a commit."""
    wheel = replace(CHECKOUT.wheel, commit="c0ffee")
    return replace(desired(chosen, replace(desired(chosen), wheel=wheel)), wheel=wheel)
