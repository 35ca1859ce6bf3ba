"""An installation on a local Hub, as its operator sees it: settings, the command line, the state.

Calls over HTTP, processes and the recipe are real; the Hub is the local one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any, TypeVar

import yaml
from huggingface_hub import HfApi

from bot import settings
from bot.domain import names, recipe
from bot.domain.recipe import Recipe
from bot.hub.client import Connection
from bot.hub.uninstall import REPO_TYPES, list_repos
from bot.installation import permissions
from bot.installation.diff import Change, compare
from bot.installation.permissions import Scope
from bot.installation.state import Checkout, Installation, Part
from bot.localhub.testing import LocalHub
from bot.operations.deploy import Deployment, deploy
from bot.operations.destroy import plan_removal
from bot.operations.package import read as read_checkout
from bot.settings import Settings
from tests.bot.command_line import kakugo
from tests.scenarios.local_scenario import comments_by

BOT, PERSON, SECRET = "kakugo-bot", "ludoviko", "ring-s3cret-ring"
TIMEOUT_SECONDS = 60.0
T = TypeVar("T")


@cache
def _checkout() -> Checkout:
    """Build the package once: it takes a while, and its bytes are always the same."""
    return read_checkout()


def token(who: str, org: str) -> str:
    """Return a fine-grained token that `seed_narrow_tokens` has seeded."""
    return f"hf_narrow_{who}_{org}"


def seed_narrow_tokens(hub: LocalHub, org: str) -> None:
    """Seed tokens with exactly the permissions of the tables, before the Hub starts."""
    seed: dict[str, Any] = yaml.safe_load(hub.seed.read_text())
    tables = {"deployer": permissions.deployer, "bot": permissions.bot, "job": permissions.job}
    for who, table in tables.items():
        seed["users"].append(
            {"name": BOT, "token": token(who, org), "role": "fineGrained",
             "scoped": [_scoped(scope) for scope in table(org)]}
        )  # fmt: skip
    hub.seed.write_text(yaml.safe_dump(seed))


def _scoped(scope: Scope) -> dict[str, Any]:
    entity = BOT if scope.entity == "OWNER" else scope.entity
    return {"entity": entity, "permissions": [scope.permission]}


@dataclass
class LocalInstallation:
    """One namespace on a local Hub, and the variables that its operator exports.

    Without the recipe's setup, which takes seconds: that runs in `test_end_to_end.py`.
    """

    hub: LocalHub
    org: str
    env: dict[str, str]

    @classmethod
    def create(cls, hub: LocalHub, org: str, **variables: str) -> LocalInstallation:
        env = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": hub.token(BOT),
            "KAKUGO_ORG": org,
            "KAKUGO_RECIPE": "practice",
            "KAKUGO_ENDPOINTS_URL": f"{hub.url}/endpoints-api/v2",
            "KAKUGO_WEBHOOK_SECRET": SECRET,
            "KAKUGO_POLL_SECONDS": "40",
        }
        return cls(hub, org, {**env, **variables})

    @property
    def settings(self) -> Settings:
        return settings.read(self.env)

    @property
    def recipe(self) -> Recipe:
        return replace(recipe.load("practice", self.org), setup=())

    @cached_property
    def connection(self) -> Connection:
        read = self.settings
        return Connection(
            read.endpoint,
            self.org,
            read.token,
            read.job_token,
            read.endpoints_url,
            teacher_token=read.teacher_token,
        )

    @property
    def person(self) -> HfApi:
        return HfApi(endpoint=self.hub.url, token=self.hub.token(PERSON))

    @property
    def deployment(self) -> Deployment:
        return Deployment(self.connection, self.recipe, self.settings, _checkout())

    def planned_changes(self) -> list[str]:
        """Return the lines of a dry run."""
        return [str(change) for change in compare(*self.deployment.states())]

    def deploy(self) -> list[str]:
        return list(deploy(self.deployment))

    def run_cli(self, *args: str) -> subprocess.CompletedProcess[str]:
        return kakugo(*args, env=self.env)

    def run_cli_at(self, terminal: int, *args: str) -> subprocess.CompletedProcess[str]:
        """Run a command in a process whose stdin is a terminal."""
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", *args],
            env=self.process_env,
            stdin=terminal,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def process_env(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAKUGO_", "HF_TOKEN"))}
        return {**clean, **self.env}

    def plan_removal(self, everything: bool) -> tuple[tuple[Change, ...], Installation]:
        """Return the changes of `kakugo destroy`, and the state that they start from."""
        return plan_removal(self.connection, self.recipe, self.settings, everything)

    def open_discussion(self, title: str) -> int:
        space = names.leaderboard(self.org)
        return self.person.create_discussion(space, title, description="", repo_type="space").num

    def bot_comments(self, num: int) -> list[str]:
        return comments_by(BOT, self.person, num, names.leaderboard(self.org))

    def state(self) -> dict[str, Any]:
        """Return everything in the namespace that a deployment can change."""
        api, org = self.connection.api, self.org
        repos = list_repos(self.connection)
        spaces = [repo for part, repo in repos if part is Part.SPACE]
        code = [repo for _, repo in repos if repo == names.code_repo(org)]
        return {
            "heads": {r: api.repo_info(r, repo_type=REPO_TYPES[part]).sha for part, r in repos},
            "tags": [api.list_repo_refs(repo, repo_type="dataset").tags for repo in code],
            "values": [(api.get_space_variables(s), api.get_space_secrets(s)) for s in spaces],
            "webhooks": [
                hook
                for hook in api.list_webhooks()
                if any(item.name.startswith(org) for item in hook.watched)
            ],
            "schedules": [
                (schedule.id, schedule.schedule, schedule.suspend)
                for schedule in api.list_scheduled_jobs(namespace=org)
            ],
            "jobs": [job.id for job in api.list_jobs(namespace=org)],
            "endpoints": [(e.name, str(e.status)) for e in api.list_inference_endpoints(org)],
        }

    def control(self, path: str, body: Mapping[str, Any]) -> None:
        request = urllib.request.Request(
            f"{self.hub.url}/control/{path}",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self.hub.token(BOT)}",
                "Content-Type": "application/json",
            },
        )
        urllib.request.urlopen(request, timeout=20).read()


def wait_until(poll: Callable[[], T], description: str) -> T:
    """Return the first true value of `poll`; raise AssertionError after TIMEOUT_SECONDS."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (value := poll()):
        assert time.monotonic() < deadline, f"{description}: not within {TIMEOUT_SECONDS:.0f} s"
        time.sleep(0.3)
    return value
