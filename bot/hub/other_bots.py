"""Find other bots that run as Jobs in this namespace."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain import names
from bot.hub.client import Connection, translate_errors
from bot.hub.jobs import alive_jobs

UNTIL_IDLE_OPTION = "--until-idle"
EARLIEST = datetime.min.replace(tzinfo=UTC)


def is_older_bot_alive(hub: Connection, job_id: str) -> bool:
    """Whether a bot that was started before this Job is alive and runs until no request is in
    progress.

    Raises TryLater and Refused.
    """
    with translate_errors("look for other bots"):
        ages = {
            job.id: (job.created_at or EARLIEST, job.id)
            for job in alive_jobs(hub, names.BOT_LABEL)
            if UNTIL_IDLE_OPTION in [*(job.command or ()), *(job.arguments or ())]
        }
    return job_id in ages and any(age < ages[job_id] for age in ages.values())
