"""What a job is asked to be (its spec), read from the wire or refused, and told without secrets.

Pure: no store, no process.
"""

from __future__ import annotations

import re
from typing import Any

from bot.localhub.compute import hardware
from bot.localhub.core.wire import HubError, Json

DEFAULT_FLAVOR = "cpu-basic"
DEFAULT_TIMEOUT = 30 * 60  # seconds
LONGEST_TIMEOUT = 14 * 24 * 3600
MOST_ATTEMPTS = 10
LABEL = re.compile(r"[A-Za-z0-9_-]{1,100}")
MOUNT = re.compile(r"(?:/[A-Za-z0-9_.-]{1,100}){1,10}/?")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
NOT_HERE = {"ssh": "SSH access", "network": "network groups"}


def read_spec(body: Json) -> Json:
    """Return the spec with every default filled in.

    HubError 400 for what is wrong, 501 for what the real Hub has and this one has not.
    """
    for key, name in NOT_HERE.items():
        if body.get(key):
            raise HubError(501, f"The local Hub runs jobs without {name}: leave `{key}` out")
    image, space = body.get("dockerImage"), body.get("spaceId")
    if not isinstance(image or space, str):
        raise HubError(400, "A job needs `dockerImage` or `spaceId`, as a string")
    command = words(body, "command")
    if not command:
        raise HubError(400, "A job needs a `command`, a list of strings")
    return {
        "dockerImage": image,
        "spaceId": space,
        "command": command,
        "arguments": words(body, "arguments"),
        "environment": variables(body, "environment"),
        "secrets": variables(body, "secrets"),
        "flavor": read_flavor(body),
        "timeoutSeconds": number(body, "timeoutSeconds", DEFAULT_TIMEOUT, LONGEST_TIMEOUT),
        "attempts": number(body, "attempts", 1, MOST_ATTEMPTS),
        "labels": read_labels(body.get("labels") or {}),
        "expose": read_expose(body.get("expose")),
        "volumes": read_volumes(body.get("volumes") or []),
    }  # fmt: skip


def words(body: Json, key: str) -> list[str]:
    """Return a list of strings that can be an argument list."""
    value = body.get(key) or []
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise HubError(400, f"`{key}` must be a list of strings")
    if any("\0" in word for word in value):
        raise HubError(400, f"`{key}` must not contain NUL characters")
    return value


def variables(body: Json, key: str) -> dict[str, str]:
    """Return a map that can be a process's environment; numbers and booleans become text."""
    value = body.get(key) or {}
    if not isinstance(value, dict):
        raise HubError(400, f"`{key}` must be an object of names and texts")
    for name, text in value.items():
        if not VARIABLE.fullmatch(name):
            raise HubError(400, f"`{key}` has {name[:50]!r}, which cannot name a variable")
        if not isinstance(text, str | int | float) or "\0" in str(text):
            raise HubError(400, f"`{key}.{name}` must be a text without NUL characters")
    return {name: str(text) for name, text in value.items()}


def read_flavor(body: Json) -> str:
    """Return the hardware flavor, one of the known names."""
    flavor = body.get("flavor") or DEFAULT_FLAVOR
    if flavor not in hardware.table():
        names = ", ".join(hardware.table())
        raise HubError(400, f"Unknown flavor {str(flavor)[:50]!r}: choose one of {names}")
    return str(flavor)


def number(body: Json, key: str, default: int, most: int) -> int:
    """Return a whole number from 1 to `most`."""
    value = body.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise HubError(400, f"`{key}` must be a whole number from 1 to {most}")
    return value


def read_labels(labels: Any) -> dict[str, str]:
    """Return labels, which take letters, digits, `-` and `_` only."""
    if not isinstance(labels, dict):
        raise HubError(400, "`labels` must be an object")
    for key, value in labels.items():
        if not LABEL.fullmatch(key) or not isinstance(value, str) or not LABEL.fullmatch(value):
            raise HubError(
                400,
                f"Label {key[:100]!r}: {str(value)[:100]!r} is not allowed; keys and values take"
                " 1 to 100 letters, digits, dashes and underscores",
            )
    return labels


def read_expose(value: Any) -> Json | None:
    """Return the exposed ports, `{ports, portsPublic}`."""
    if not value:
        return None
    if not isinstance(value, dict):
        raise HubError(400, "`expose` must be an object with `ports` and `portsPublic`")
    lists = {key: value.get(key) or [] for key in ("ports", "portsPublic")}
    for ports in lists.values():
        if not isinstance(ports, list) or not all(
            isinstance(port, int) and 0 < port < 65536 for port in ports
        ):
            raise HubError(400, "`expose` must list port numbers from 1 to 65535")
    return lists


def read_volumes(items: Any) -> list[Json]:
    """Return the mounted repos, `{type, source, mountPath, revision, path, readOnly}`."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise HubError(400, "`volumes` must be a list of {type, source, mountPath}")
    return [read_volume(item) for item in items]


def read_volume(item: Json) -> Json:
    """Return one of them; HubError 501 for a bucket."""
    kind, revision, path = item.get("type"), item.get("revision"), item.get("path")
    if kind == "bucket":
        raise HubError(501, "The local Hub has no buckets: use a volume of a model or dataset")
    if kind not in ("model", "dataset", "space") or not isinstance(item.get("source"), str):
        raise HubError(400, "A volume takes a `type` of model, dataset or space, and a `source`")
    mount = item.get("mountPath")
    if not isinstance(mount, str) or not MOUNT.fullmatch(mount) or ".." in mount:
        raise HubError(400, "`mountPath` must be an absolute path like /data")
    if not isinstance(revision or "", str) or not isinstance(path or "", str):
        raise HubError(400, "`revision` and `path` of a volume must be texts")
    return {
        "type": kind, "source": item["source"], "mountPath": mount.rstrip("/"),
        "revision": revision or "main", "path": (path or "").strip("/"), "readOnly": True,
    }  # fmt: skip


def public_spec(spec: Json) -> Json:
    """Return a spec as anybody may see it: the names of secrets, never their values."""
    shown = {key: value for key, value in spec.items() if key != "attempts"}
    shown["secrets"] = dict.fromkeys(spec["secrets"])
    shown["retry"] = spec["attempts"] - 1
    shown["timeout"] = shown.pop("timeoutSeconds")
    return shown
