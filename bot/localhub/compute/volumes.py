"""Repos that a job sees as folders: copies laid out before it starts, thrown away with it.

There is no container here, so nothing can appear at ``/data`` itself: where the command or the
environment of the job names the mount path, it is given the folder's real place instead.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from pathlib import Path

from bot.localhub.core.auth import User
from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import HubError, Json
from bot.localhub.repos import git, history, repos


def check(db: sqlite3.Connection, user: User, spec: Json) -> None:
    """HubError 404 unless the user may read every mounted repo at its revision."""
    for volume in spec.get("volumes", []):
        repo = repos.find(db, user, volume["type"], volume["source"])
        if repo is None:
            raise HubError(404, f"There is no {volume['type']} {volume['source'][:200]} to mount")
        history.resolve(db, repo.id, volume["revision"])


def mount(hub: Hub, spec: Json, root: Path) -> Json:
    """Lay the repos out below ``root``; the spec with their real places in its words."""
    for volume in spec.get("volumes", []):
        place = root / volume["mountPath"].lstrip("/")
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        lay_out(hub, volume, place)
        spec = moved(spec, volume["mountPath"], str(place))
    return spec


def lay_out(hub: Hub, volume: Json, place: Path) -> None:
    """Copy the files of a repo, or of one folder of it; nobody is asked for permission again."""
    with hub.store.read() as db:
        repo = repos.load(db, volume["type"], volume["source"])
        if repo is None:
            raise HubError(404, f"{volume['source']} is gone")
        tree = history.resolve(db, repo.id, volume["revision"]).tree
        files = {path: git.load_file(db, oid) for path, oid in git.all_files(db, tree).items()}
    prefix = volume["path"] + "/" if volume["path"] else ""
    for path, file in files.items():
        if path.startswith(prefix):
            target = place / path.removeprefix(prefix)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(hub.store.blob_path(file.sha256), target)
            target.chmod(0o444)


def moved(spec: Json, mount_path: str, place: str) -> Json:
    """Return a spec whose command, arguments and environment say ``place`` for the mount path."""
    named = re.compile(rf"(?<![\w./-]){re.escape(mount_path)}(?![\w.-])")

    def real(word: str) -> str:
        return named.sub(lambda _: place, word)

    return {
        **spec,
        "command": [real(word) for word in spec["command"]],
        "arguments": [real(word) for word in spec["arguments"]],
        "environment": {key: real(value) for key, value in spec["environment"].items()},
    }
