"""Connect to the Hub with the settings of the environment."""

from __future__ import annotations

import logging
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.controller.tick import Controller
    from bot.domain.recipe import Recipe
    from bot.hub.client import Connection
    from bot.settings import Settings


def connect() -> tuple[Connection, Recipe, Settings]:
    """Return a connection with a working token, the recipe, and the settings."""
    from bot import settings as environment
    from bot.domain import recipe
    from bot.hub.client import Connection

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    settings = environment.read()
    hub = Connection(
        settings.endpoint,
        settings.org,
        settings.token,
        settings.job_token,
        settings.endpoints_url,
        teacher_token=settings.teacher_token,
    )
    _ = hub.me  # a wrong token fails here, not in the middle of the command
    return hub, recipe.load(settings.recipe, settings.org), settings


def controller() -> tuple[Settings, Controller]:
    """Return the settings, and the controller that runs ticks."""
    from bot.controller.ledger import Ledger
    from bot.controller.tick import Controller
    from bot.domain import names
    from bot.domain.policy import Policy
    from bot.hub.ledger_repo import LedgerRepo

    hub, recipe, settings = connect()
    policy = Policy(
        endpoint=settings.endpoint,
        recipe=recipe,
        limit_usd=settings.limit_usd,
        wheel=names.wheel(metadata.version("kakugo-bot")),
        limits=settings.limits,
        maintainers=settings.maintainers,
    )
    return settings, Controller(hub, Ledger(LedgerRepo(hub, names.ledger(hub.org))), policy)
