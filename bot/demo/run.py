"""Set up a data folder, start everything, open a discussion, and follow it.

The demo does none of the work itself: the bot and its jobs do, and the demo reads the results from
the Hub as any user would.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import secrets
import shlex
import shutil
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.demo.follow import Follower
from bot.demo.processes import ProcessError, Processes
from bot.demo.screen import Screen
from bot.errors import UserError
from bot.hub.client import Connection
from bot.installation import permissions

ORG = "practice"
BOT = "kakugo-bot"
PERSON = "ludoviko"
CHAT = "chat"  # a narrow token of the bot's account
TITLE = "Esperanto"
SEED = "seed.yaml"  # the first file in a data folder
ENVIRONMENT = "environment.sh"  # what `kakugo` needs to look at the demo from another terminal
TIMEOUT_SECONDS = 900.0
NEEDED = ("datasets", "aiohttp", "torch", "transformers", "trl", "peft", "sacrebleu", "gradio")


class DemoError(UserError):
    """The demo cannot start, or its request did not end well."""


@dataclass(frozen=True)
class DemoConfig:
    """What a data folder keeps for the next demo: ports, and tokens by account."""

    hub_port: int
    bot_port: int
    webhook_secret: str = field(repr=False)
    tokens: dict[str, str] = field(repr=False)


def run(data: Path, port: int, stay: bool, fresh: bool, json_file: Path | None) -> None:
    """Play a request to its end. Raises UserError."""
    started_at = time.monotonic()
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise DemoError(
            f"the demo needs {', '.join(missing)}: use `make demo`, or run "
            "`pip install -e '.[dev]'`"
        )
    data = data.absolute()
    if json_file and not json_file.absolute().parent.is_dir():
        raise DemoError(f"cannot write {json_file}: there is no such folder")
    if fresh:
        _delete(data)
    is_new = not data.exists()
    config = _config(data, port)
    screen = Screen()
    with Processes(data) as processes:
        url = _start_hub(processes, config, data, is_new)
        screen.line(f"the local Hub is running at {url}")
        result = _play(processes, url, config, screen, started_at)
        screen.result(result)
        if json_file:
            json_file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
        if stay:
            screen.line(f"everything keeps running: open {result['urls']['discussion']}")
            write_exports(data / ENVIRONMENT, _environment(url, config))
            screen.line(f"to use kakugo with it in another terminal: . {data / ENVIRONMENT}")
            screen.line("press Ctrl-C to stop")
            processes.wait()


def _delete(data: Path) -> None:
    """Delete what an earlier demo has kept.

    Raises DemoError if it is still running, or if the folder is not that of a demo.
    """
    if not data.exists():
        return
    try:
        if any(data.iterdir()) and not (data / SEED).exists():
            raise DemoError(
                f"{data} is not the folder of a demo, so nothing was deleted: choose another one "
                "with --data"
            )
        if _is_running(data):
            raise DemoError(f"a demo is running in {data}: stop it first, with Ctrl-C")
        shutil.rmtree(data)
    except OSError as error:
        raise DemoError(
            f"cannot delete {data} ({error}): delete it yourself, or choose another folder with "
            "--data"
        ) from error


def _start_hub(processes: Processes, config: DemoConfig, data: Path, is_new: bool) -> str:
    """Return the URL of the Hub. Raises UserError; a new folder does not outlast that."""
    try:
        return processes.start_hub(config.hub_port, data / "hub", data / SEED)
    except ProcessError as error:
        if is_new:
            shutil.rmtree(data)
        elif _is_running(data):
            raise DemoError(
                f"a demo is running in {data}: stop it first, with Ctrl-C, or choose another "
                "folder with --data"
            ) from error
        raise


def _is_running(data: Path) -> bool:
    """Whether the local Hub of a demo has locked its folder, as it does as long as it runs."""
    lock = data / "hub" / "lock"
    if not lock.exists():
        return False
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _play(
    processes: Processes, url: str, config: DemoConfig, screen: Screen, started_at: float
) -> dict[str, Any]:
    """Deploy, open a discussion and follow it; return what has come of it. Raises UserError."""
    env = _environment(url, config)
    for line in processes.deploy(env):
        screen.line(line)
    processes.start_bot(env)
    screen.line(f"the bot {BOT} is running and watches {ORG}")
    setup_seconds = _seconds_since(started_at)

    person, operator = (Connection(url, ORG, config.tokens[name], "", "") for name in (PERSON, BOT))
    follower = Follower(person, operator, screen)
    num = follower.open_request(TITLE)
    discussion = follower.discussion_url(num)
    screen.line(f"the discussion “{TITLE}” of {PERSON}: {discussion}")
    result = follower.until_closed(num, processes.check, TIMEOUT_SECONDS)
    if result["status"] != "done":
        raise DemoError(f"the request ended with the status {result['status']}: see {discussion}")
    follower.until_listed(result)
    seconds = {"setup": setup_seconds, **result["seconds"], "total": _seconds_since(started_at)}
    return {**result, "seconds": seconds}


def _seconds_since(started_at: float) -> float:
    return round(time.monotonic() - started_at, 1)


def _environment(url: str, config: DemoConfig) -> dict[str, str]:
    """Return what an operator would export; the README explains the variables."""
    return {
        "HF_ENDPOINT": url,
        "HF_TOKEN": config.tokens[BOT],
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "KAKUGO_ORG": ORG,
        "KAKUGO_RECIPE": "practice",
        "KAKUGO_ENDPOINTS_URL": f"{url}/endpoints-api/v2",
        "KAKUGO_WEBHOOK_URL": f"http://127.0.0.1:{config.bot_port}/webhook",
        "KAKUGO_WEBHOOK_SECRET": config.webhook_secret,
        "KAKUGO_POLL_SECONDS": "2",
        "KAKUGO_CHAT_TOKEN": config.tokens[CHAT],
        "PORT": str(config.bot_port),
    }


def write_exports(path: Path, env: Mapping[str, str]) -> None:
    """Write a shell script that exports the variables, for its owner only."""
    exports = (f"export {name}={shlex.quote(value)}\n" for name, value in env.items())
    _write_private(path, "".join(exports))


def _config(data: Path, port: int) -> DemoConfig:
    """Read the configuration of a data folder, or create it with new tokens and free ports."""
    path = data / "config.json"
    try:
        data.mkdir(parents=True, exist_ok=True)
        if path.exists():
            config = DemoConfig(**json.loads(path.read_text()))
            if config.tokens.keys() != {BOT, PERSON, CHAT}:
                raise ValueError("the tokens are not those of this version")
            if port in (0, config.hub_port):
                return config
            raise DemoError(
                f"the links of the demo in {data} have port {config.hub_port}: leave out --port, "
                "or start a new demo in another folder with --data"
            )
        config = _new_config(port)
        _write_private(data / SEED, yaml.safe_dump(_seed(config)))
        _write_private(path, json.dumps(asdict(config)))
    except OSError as error:
        raise DemoError(
            f"cannot write to {data} ({error.strerror}): choose another folder with --data"
        ) from error
    except (ValueError, TypeError, AttributeError) as error:
        raise DemoError(f"{path} is damaged: start over with --fresh") from error
    return config


def _new_config(port: int) -> DemoConfig:
    return DemoConfig(
        hub_port=port or _free_port(),
        bot_port=_free_port(),
        webhook_secret=secrets.token_urlsafe(24),
        tokens={name: f"hf_{secrets.token_hex(17)}" for name in (BOT, PERSON, CHAT)},
    )


def _seed(config: DemoConfig) -> dict[str, Any]:
    """Return the users and the organization that the local Hub creates."""
    full_names = {BOT: "Kakugo (Bot)", PERSON: "Ludoviko"}
    users: list[dict[str, Any]] = [
        {"name": name, "fullname": full_names[name], "token": config.tokens[name], "plan": "pro"}
        for name in (BOT, PERSON)
    ]
    scoped = [
        {"entity": scope.entity, "permissions": [scope.permission]}
        for scope in permissions.chat(ORG)
    ]
    chat = {"name": BOT, "token": config.tokens[CHAT], "role": "fineGrained", "scoped": scoped}
    org = {"name": ORG, "fullname": "Practice world", "plan": "team", "can_pay": True}
    return {"users": [*users, chat], "orgs": [{**org, "members": [BOT]}]}


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read."""
    path.touch(mode=0o600)
    path.write_text(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
