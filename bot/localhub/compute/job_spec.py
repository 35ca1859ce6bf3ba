"""The specification of a job: parses and validates requests, and hides secrets in responses.

Pure: no store, no process.
"""

from __future__ import annotations

import re
from typing import Any

from bot.localhub.compute import hardware
from bot.localhub.compute.processes import local_command
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError

DEFAULT_FLAVOR = "cpu-basic"
DEFAULT_TIMEOUT_SECONDS = 30 * 60
MAX_TIMEOUT_SECONDS = 10 * 366 * 24 * 3600
MAX_ATTEMPTS = 1000
LABEL_KEY = re.compile(r"[A-Za-z0-9_-]{1,100}")
LABEL_VALUE = re.compile(r"[A-Za-z0-9_-]{0,100}")
VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
UNSUPPORTED_FIELDS = {"ssh": "SSH access", "network": "network groups", "volumes": "volumes"}


def read_spec(body: Json) -> Json:
    """Return the spec with all defaults filled in.

    Raises HubError 400 for what is invalid, 501 for what the Hub offers and this one does not.
    """
    for key, name in UNSUPPORTED_FIELDS.items():
        if body.get(key) not in (None, [], {"enabled": False}):
            raise HubError(501, f"The local Hub runs jobs without {name}: leave out `{key}`")
    image, space = body.get("dockerImage"), body.get("spaceId")
    if not isinstance(image or space, str):
        raise HubError(400, "A job needs `dockerImage` or `spaceId`, as a string")
    command, arguments = read_arguments(body, "command"), read_arguments(body, "arguments")
    if not command:
        raise HubError(400, "A job needs a `command`, a list of strings")
    program = next(iter(local_command([*command, *arguments])), "")
    if program.startswith(("http://", "https://")):
        raise HubError(501, "The local Hub does not run scripts by their URL")
    return {
        "dockerImage": image,
        "spaceId": space,
        "command": command,
        "arguments": arguments,
        "environment": read_variables(body, "environment"),
        "secrets": read_variables(body, "secrets"),
        "flavor": read_flavor(body),
        "timeoutSeconds": read_number(
            body, "timeoutSeconds", DEFAULT_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS
        ),
        "attempts": read_number(body, "attempts", 1, MAX_ATTEMPTS),
        "labels": read_labels(body.get("labels") or {}),
        "expose": read_expose(body.get("expose")),
        "volumes": [],
    }


def read_arguments(body: Json, key: str) -> list[str]:
    """Return a list of strings that can be passed to a process as arguments."""
    value = body.get(key) or []
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise HubError(400, f"`{key}` must be a list of strings")
    if any("\0" in word for word in value):
        raise HubError(400, f"`{key}` must not contain NUL characters")
    return value


def read_variables(body: Json, key: str) -> dict[str, str]:
    """Return environment variables; numbers and booleans become text."""
    value = body.get(key) or {}
    if not isinstance(value, dict):
        raise HubError(400, f"`{key}` must be an object of names and strings")
    for name, text in value.items():
        if not VARIABLE.fullmatch(name):
            raise HubError(400, f"{name[:50]!r} in `{key}` cannot be the name of a variable")
        if not isinstance(text, str | int | float) or "\0" in str(text):
            raise HubError(400, f"`{key}.{name}` must be a string without NUL characters")
    return {name: str(text) for name, text in value.items()}


def read_flavor(body: Json) -> str:
    """Return the hardware flavor, one of the known names."""
    flavor = body.get("flavor") or DEFAULT_FLAVOR
    if flavor not in hardware.flavors():
        names = ", ".join(hardware.flavors())
        raise HubError(400, f"Unknown flavor {str(flavor)[:50]!r}: choose one of {names}")
    return str(flavor)


def read_number(body: Json, key: str, default: int, maximum: int) -> int:
    """Return an integer from 1 to `maximum`."""
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= maximum:
        raise HubError(400, f"`{key}` must be an integer from 1 to {maximum}")
    return value


def read_labels(labels: Any) -> dict[str, str]:
    """Return labels, whose keys and values take letters, digits, `-` and `_` only."""
    if not isinstance(labels, dict):
        raise HubError(400, "`labels` must be an object")
    for key, value in labels.items():
        is_text = isinstance(value, str) and LABEL_VALUE.fullmatch(value)
        if not LABEL_KEY.fullmatch(key) or not is_text:
            raise HubError(
                400,
                f"Label {key[:100]!r}: {str(value)[:100]!r} is not allowed; keys and values take"
                " at most 100 letters, digits, dashes and underscores",
            )
    return labels


def read_expose(value: Any) -> Json | None:
    """Return the exposed ports, `{ports, portsPublic}`."""
    if not value:
        return None
    if not isinstance(value, dict):
        raise HubError(400, "`expose` must be an object with `ports` and `portsPublic`")
    lists = {key: value.get(key) or [] for key in ("ports", "portsPublic")}
    if not set(map(str, lists["portsPublic"])) <= set(map(str, lists["ports"])):
        raise HubError(400, "`portsPublic` must be some of `ports`")
    for ports in lists.values():
        if not isinstance(ports, list) or not all(
            isinstance(port, int) and 0 < port < 65536 for port in ports
        ):
            raise HubError(400, "`expose` must list port numbers from 1 to 65535")
    return lists


def public_spec(spec: Json) -> Json:
    """Return what anyone may see of a spec: secrets by their names, and nothing that is unset."""
    public = {
        "dockerImage": spec["dockerImage"],
        "spaceId": spec["spaceId"],
        "flavor": spec["flavor"],
        "timeout": spec["timeoutSeconds"],
        "retry": spec["attempts"] - 1,
        **{key: spec[key] for key in ("command", "arguments", "labels", "expose")},
        "secrets": sorted(spec["secrets"]),
    }
    return {"environment": spec["environment"], **_without_empty(public)}


def webhook_spec(spec: Json) -> Json:
    """Return what a webhook shows of the job that it runs: `timeoutSeconds`, and less than a job.

    Its secrets are shown by their names, as everywhere.
    """
    keys = ("dockerImage", "spaceId", "command", "arguments", "labels")
    public = {key: spec[key] for key in keys} | {"secrets": sorted(spec["secrets"])}
    required = {key: spec[key] for key in ("environment", "flavor", "timeoutSeconds")}
    return {**required, **_without_empty(public)}


def _without_empty(values: Json) -> Json:
    """Leave out what has no value; a number is a value."""
    return {key: value for key, value in values.items() if value or isinstance(value, int)}
