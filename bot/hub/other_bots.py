"""Other bots that run as Jobs in this namespace."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain import names
from bot.hub.client import Connection, translated

STAYS = "--until-idle"
EARLIEST = datetime.min.replace(tzinfo=UTC)


def older_at_work(hub: Connection, me: str) -> bool:
    """Whether a Job that started before `me` is alive and stays until nothing is under way."""
    key, value = names.BOT_LABEL
    with translated("look for other bots"):
        alive = hub.api.list_jobs(
            namespace=hub.org, labels={key: value}, status=["SCHEDULING", "RUNNING"]
        )
        age = {
            job.id: (job.created_at or EARLIEST, job.id)
            for job in alive
            if STAYS in [*(job.command or ()), *(job.arguments or ())]
        }
    return me in age and any(other < age[me] for other in age.values())
