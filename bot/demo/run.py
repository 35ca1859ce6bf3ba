"""The whole story on one machine: starts a Hub, a bot and a discussion, and then only watches.

Nothing here does any of the work: what it shows, it reads from the Hub like anybody else.
"""

from __future__ import annotations

import importlib.util
import json
import secrets
import shutil
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.demo.processes import Household
from bot.demo.screen import Screen
from bot.demo.watch import Watch
from bot.errors import Failure
from bot.hub.client import Connection
from bot.installation import permissions

ORG = "practice"
BOT = "kakugo-bot"
PERSON = "ludoviko"
CHAT = "chat"  # whose token is the bot's, and narrow
TITLE = "Esperanto"
PATIENCE = 900.0
NEEDS = ("datasets", "aiohttp", "torch", "transformers", "trl", "peft", "sacrebleu", "gradio")


class DemoFailed(Failure):
    """Why the demo has no result."""


@dataclass(frozen=True)
class Papers:
    """What a data folder remembers between two demos: ports and tokens (mode 0600)."""

    hub_port: int
    bot_port: int
    webhook_secret: str = field(repr=False)
    tokens: dict[str, str] = field(repr=False)


def run(data: Path, port: int, stay: bool, fresh: bool, json_file: Path | None) -> None:
    """Play the story to its end. Raises DemoFailed and whatever the Hub's client is refused."""
    started = time.monotonic()
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise DemoFailed(f"{', '.join(missing)} not installed: use `make demo`, or install .[all]")
    data = data.absolute()
    if fresh:
        shutil.rmtree(data, ignore_errors=True)
    papers = _papers(data, port)
    screen = Screen()
    with Household(data) as house:
        story = _play(house, papers, data, screen)
        story["seconds"]["total"] = round(time.monotonic() - started, 1)
        screen.end(story)
        if json_file:
            json_file.write_text(json.dumps(story, indent=1, ensure_ascii=False) + "\n")
        if stay:
            screen.stay(story["urls"])
            house.wait()


def _play(house: Household, papers: Papers, data: Path, screen: Screen) -> dict[str, Any]:
    begun = time.monotonic()
    url = house.start_hub(papers.hub_port, data / "hub", data / "seed.yaml")
    screen.line(f"the local Hub is up: {url}")
    env = _environment(url, papers)
    for sentence in house.deploy(env):
        screen.line(sentence)
    house.start_bot(env)
    screen.line(f"the bot {BOT} is up and watches {ORG}")
    set_up = time.monotonic() - begun

    person, operator = (Connection(url, ORG, papers.tokens[who], "", "") for who in (PERSON, BOT))
    watch = Watch(person, operator)
    num = watch.ask(TITLE)
    screen.line(f'{PERSON} opens a discussion titled "{TITLE}": {watch.discussion_url(num)}')
    story = watch.until_closed(num, screen, house.check, PATIENCE)
    if story["status"] != "done":
        raise DemoFailed(f"the request ended as {story['status']}: {watch.discussion_url(num)}")
    watch.until_listed(story, screen)
    story["seconds"] = {"set-up": round(set_up, 1), **story["seconds"]}
    return story


def _environment(url: str, papers: Papers) -> dict[str, str]:
    """What an operator would export; see the README."""
    return {
        "HF_ENDPOINT": url,
        "HF_TOKEN": papers.tokens[BOT],
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "KAKUGO_ORG": ORG,
        "KAKUGO_RECIPE": "practice",
        "KAKUGO_ENDPOINTS_URL": f"{url}/endpoints-api/v2",
        "KAKUGO_WEBHOOK_URL": f"http://127.0.0.1:{papers.bot_port}/webhook",
        "KAKUGO_WEBHOOK_SECRET": papers.webhook_secret,
        "KAKUGO_POLL_SECONDS": "2",
        "KAKUGO_CHAT_TOKEN": papers.tokens[CHAT],
        "PORT": str(papers.bot_port),
    }


def _papers(data: Path, port: int) -> Papers:
    """Read the folder's papers, or write new ones with fresh tokens and free ports."""
    path = data / "papers.json"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if path.exists():
            papers = Papers(**json.loads(path.read_text()))
            if CHAT not in papers.tokens:
                raise ValueError("written before the chat had a token")
            if port in (0, papers.hub_port):
                return papers
            raise DemoFailed(f"{data} belongs to port {papers.hub_port}: use it, or --fresh")
        papers = _new_papers(port)
        _write_private(data / "seed.yaml", yaml.safe_dump(_seed(papers)))
        _write_private(path, json.dumps(papers.__dict__))
    except OSError as error:
        raise DemoFailed(f"cannot write to {data} ({error.strerror}): choose another --data") from (
            error
        )
    except (ValueError, TypeError) as error:
        raise DemoFailed(f"{path} is damaged: start again with --fresh") from error
    return papers


def _new_papers(port: int) -> Papers:
    return Papers(
        hub_port=port or _free_port(),
        bot_port=_free_port(),
        webhook_secret=secrets.token_urlsafe(24),
        tokens={name: f"hf_{secrets.token_hex(17)}" for name in (BOT, PERSON, CHAT)},
    )


def _seed(papers: Papers) -> dict[str, Any]:
    fullnames = {BOT: "Kakugo (Bot)", PERSON: "Ludoviko"}
    users: list[dict[str, Any]] = [
        {"name": name, "fullname": fullnames[name], "token": papers.tokens[name], "role": "write"}
        for name in (BOT, PERSON)
    ]
    held = [
        {"entity": scope.entity, "permissions": [scope.permission]}
        for scope in permissions.chat(ORG)
    ]
    users.append({"name": BOT, "token": papers.tokens[CHAT], "role": "fineGrained", "scoped": held})
    orgs = [{"name": ORG, "fullname": "Practice world", "members": [BOT]}]
    return {"users": users, "orgs": orgs}


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
