"""The environment of an operator: a namespace, settings, and checks of the installation."""

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
from bot.installation.diff import compare
from bot.installation.permissions import Scope
from bot.installation.state import Checkout, Part
from bot.localhub.testing import LocalHub
from bot.operations.deploy import Deployment, deploy
from bot.operations.package import read as read_checkout
from bot.settings import Settings

BOT, PERSON, SECRET = "kakugo-bot", "ludoviko", "ring-s3cret-ring"
PATIENCE = 60.0
T = TypeVar("T")


@cache
def _checkout() -> Checkout:
    """Built once: it takes a while, and its bytes are always the same."""
    return read_checkout()


def token(who: str, org: str) -> str:
    """A fine-grained token, seeded by `seed_narrow`."""
    return f"hf_narrow_{who}_{org}"


def seed_narrow(hub: LocalHub, org: str) -> None:
    """Before the Hub starts: tokens of the bot's account that hold what the table says, no more."""
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
class House:
    """One namespace on a local Hub, with the environment that its operator exports.

    The recipe's setup takes seconds: only `with_setup` runs it.
    """

    hub: LocalHub
    org: str
    env: dict[str, str]
    with_setup: bool = False

    @classmethod
    def of(cls, hub: LocalHub, org: str, **more: str) -> House:
        env = {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": hub.token(BOT),
            "KAKUGO_ORG": org,
            "KAKUGO_RECIPE": "practice",
            "KAKUGO_ENDPOINTS_URL": f"{hub.url}/endpoints-api/v2",
            "KAKUGO_WEBHOOK_SECRET": SECRET,
            "KAKUGO_POLL_SECONDS": "40",
        }
        return cls(hub, org, {**env, **more})

    @property
    def settings(self) -> Settings:
        return settings.read(self.env)

    @property
    def programme(self) -> Recipe:
        loaded = recipe.load("practice", self.org)
        return loaded if self.with_setup else replace(loaded, setup=())

    @cached_property
    def wire(self) -> Connection:
        told = self.settings
        return Connection(told.endpoint, self.org, told.token, told.job_token, told.endpoints_url)

    @property
    def person(self) -> HfApi:
        return HfApi(endpoint=self.hub.url, token=self.hub.token(PERSON))

    @property
    def deployment(self) -> Deployment:
        return Deployment(self.wire, self.programme, self.settings, _checkout())

    def lines(self) -> list[str]:
        """What a dry run says."""
        return [str(change) for change in compare(*self.deployment.states())]

    def deploys(self) -> list[str]:
        return list(deploy(self.deployment))

    def kakugo(
        self, *args: str, stdin: Any = subprocess.DEVNULL
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bot.cli", *args],
            env=self.environment,
            stdin=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    @property
    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAKUGO_", "HF_TOKEN"))}
        return {**clean, **self.env}

    def asks(self, title: str) -> int:
        space = names.leaderboard(self.org)
        return self.person.create_discussion(space, title, description="", repo_type="space").num

    def heard(self, num: int) -> list[str]:
        details = self.person.get_discussion_details(
            names.leaderboard(self.org), num, repo_type="space"
        )
        return [e.content for e in details.events if e.type == "comment" and e.author == BOT]

    def state(self) -> dict[str, Any]:
        """All of the namespace that a change would show in."""
        api, org = self.wire.api, self.org
        repos = list_repos(self.wire)
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
                (found.id, found.schedule, found.suspend)
                for found in api.list_scheduled_jobs(namespace=org)
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


def until(look: Callable[[], T], what: str) -> T:
    """The first true answer; AssertionError after a while."""
    deadline = time.monotonic() + PATIENCE
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:.0f} s"
        time.sleep(0.1)
    return seen
