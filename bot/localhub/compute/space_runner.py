"""Runs Spaces: the only place where the stage of one changes.

A Space sleeps until somebody visits its page or restarts it; then its files are laid out in a
scratch folder and `app.py` runs with the Hub's own interpreter (nothing is installed). It starts
anew when its main branch moves while it runs.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.localhub.compute import processes
from bot.localhub.compute.served_process import Keeper, Launch, Phase
from bot.localhub.core.events import Event
from bot.localhub.core.hub import Hub
from bot.localhub.core.wire import Json
from bot.localhub.repos import git, history, repos
from bot.localhub.repos.repos import Repo

SCHEMA = """
CREATE TABLE IF NOT EXISTS spaces (
    repo_id TEXT PRIMARY KEY REFERENCES repos(id) ON DELETE CASCADE,
    stage TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT '',
    hardware TEXT NOT NULL DEFAULT 'cpu-basic', sleep_seconds INTEGER
);
CREATE TABLE IF NOT EXISTS space_values (
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE, kind TEXT NOT NULL,
    key TEXT NOT NULL, value TEXT NOT NULL, description TEXT, updated_at TEXT NOT NULL,
    PRIMARY KEY (repo_id, kind, key)
);
CREATE TABLE IF NOT EXISTS spaces_in_dev_mode (
    repo_id TEXT PRIMARY KEY REFERENCES repos(id) ON DELETE CASCADE
);
"""
ASLEEP = ""
UP = ("BUILDING", "APP_STARTING", "RUNNING")
FREE_FLAVOR, DEFAULT_SLEEP_SECONDS, NEVER = "cpu-basic", 48 * 3600, -1
POLL_SECONDS = 0.5


class SpaceRunner:
    """All Spaces of one Hub; its methods that are not coroutines may be called from any thread."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.loop = asyncio.get_running_loop()
        self.keeper = Keeper()
        self.tasks: set[asyncio.Task[None]] = set()
        self.built: dict[str, str] = {}  # the commit that each Space runs
        self.visited: dict[str, datetime] = {}  # when somebody was last connected to it
        self.watching = asyncio.create_task(self._watch())

    def wake(self, repo: Repo) -> None:
        """Start a Space that sleeps; anything else goes on as it is."""
        self._soon(self._wake(repo.id))

    def hear(self, hub: Hub, _: sqlite3.Connection, event: Event) -> None:
        """Follow what happens to Spaces' repos."""
        if event.repo_type != "space":
            return
        if event.action in ("delete", "move"):
            hub.store.afterwards(lambda: self._soon(self.put_to_sleep(event.repo["id"])))
        elif any(ref["ref"] == history.MAIN for ref in event.updated_refs or []):
            head = str(event.repo["headSha"])
            hub.store.afterwards(lambda: self._soon(self.follow(event.repo["id"], head)))

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        def begin() -> None:
            task = self.loop.create_task(work)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        self.loop.call_soon_threadsafe(begin)

    async def _wake(self, repo_id: str) -> None:
        async with self.keeper.lock(repo_id):
            if await asyncio.to_thread(self.stored_stage, repo_id) == ASLEEP:
                await self._start(repo_id)

    async def follow(self, repo_id: str, head: str | None = None) -> None:
        """Start anew what runs or failed, unless it has the files of the commit `head` already."""
        async with self.keeper.lock(repo_id):
            stage = await asyncio.to_thread(self.stored_stage, repo_id)
            old = head is None or self.built.get(repo_id) != head
            if head is not None and await asyncio.to_thread(self._in_dev_mode, repo_id):
                return  # its author restarts it
            if old and stage in (*UP, "RUNTIME_ERROR", "BUILD_ERROR", "NO_APP_FILE"):
                await self._start(repo_id)

    async def restart(self, repo_id: str) -> None:
        """Start a Space whatever it does now."""
        async with self.keeper.lock(repo_id):
            await self._start(repo_id)

    async def put_to_sleep(self, repo_id: str, stage: str = ASLEEP) -> None:
        """End a Space's process; `stage` may be PAUSED, from which no visit wakes it."""
        async with self.keeper.lock(repo_id):
            await self.keeper.stop(repo_id)
            await asyncio.to_thread(self._set, repo_id, stage)

    async def close(self) -> None:
        """End everything."""
        for task in [self.watching, *self.tasks]:
            task.cancel()
        await self.keeper.close()

    async def _watch(self) -> None:
        """Put to sleep what nobody was connected to for long enough, again and again."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            for repo_id, kept in list(self.keeper.kept.items()):
                now = self.hub.clock.now()
                if not kept.healthy or await asyncio.to_thread(processes.connected, kept.port):
                    self.visited[repo_id] = now
                patience = await asyncio.to_thread(self._patience, repo_id)
                idle = (now - self.visited.setdefault(repo_id, now)).total_seconds()
                if patience is not None and idle > patience:
                    await self.put_to_sleep(repo_id)

    def _patience(self, repo_id: str) -> int | None:
        with self.hub.store.read() as db:
            return patience(row_of(db, repo_id))

    async def _start(self, repo_id: str) -> None:
        await self.keeper.stop(repo_id)
        await asyncio.to_thread(self._set, repo_id, "BUILDING")
        launch, why = await asyncio.to_thread(self._build, repo_id)
        if launch is None:
            await asyncio.to_thread(self._set, repo_id, *why)
            return

        async def told(phase: Phase, message: str) -> None:
            ended = ("RUNTIME_ERROR", message)
            outcome = ("RUNNING", "") if phase == "running" else ended
            await asyncio.to_thread(self._set, repo_id, *outcome)

        await asyncio.to_thread(self._set, repo_id, "APP_STARTING")
        self.keeper.start(repo_id, launch, told)

    # ── in threads ───────────────────────────────────────────────────────────────────────────

    def stored_stage(self, repo_id: str) -> str:
        """Return the stage that is written down; `ASLEEP` for none."""
        with self.hub.store.read() as db:
            return str(row_of(db, repo_id)["stage"])

    def _in_dev_mode(self, repo_id: str) -> bool:
        with self.hub.store.read() as db:
            return in_dev_mode(db, repo_id)

    def _set(self, repo_id: str, stage: str, message: str = "") -> None:
        with self.hub.store.write() as db:
            db.execute(
                "INSERT INTO spaces (repo_id, stage, message)"
                " SELECT id, ?, ? FROM repos WHERE id = ?"
                " ON CONFLICT (repo_id) DO UPDATE SET stage = ?, message = ?",
                (stage, message, repo_id, stage, message),
            )

    def folder(self, repo_id: str) -> Path:
        """Return the Space's own folder."""
        return self.hub.data / "spaces" / repo_id

    def log(self, repo_id: str, which: str) -> Path:
        """Return the log file, `run` or `build`."""
        return self.folder(repo_id) / f"{which}.jsonl"

    def _build(self, repo_id: str) -> tuple[Launch | None, tuple[str, str]]:
        """Lay out the files; how to run them, or the stage and reason why not."""
        with self.hub.store.read() as db:
            repo = repos.by_id(db, repo_id)
            if repo is None:
                return None, (ASLEEP, "")
            commit = history.resolve(db, repo.id, history.MAIN)
            files = git.all_files(db, commit.tree)
            contents = {path: git.load_file(db, oid).sha256 for path, oid in files.items()}
            given = values(db, repo_id, "variable") | values(db, repo_id, "secret")
        self.built[repo_id] = commit.oid
        app = app_file(repo)
        if repo.sdk != "gradio":
            return None, ("CONFIG_ERROR", f"The local Hub runs gradio Spaces, not {repo.sdk}")
        if app not in contents:
            return None, ("NO_APP_FILE", f"There is no {app}")
        work = self.folder(repo_id) / "work"
        shutil.rmtree(work, ignore_errors=True)
        for path, sha256 in contents.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.hub.store.blob_path(sha256), work / path)
        note(self.log(repo_id, "build"), f"{len(contents)} files of {commit.oid} are laid out")
        self.log(repo_id, "run").unlink(missing_ok=True)
        return self._launch(repo, work, app, given), (ASLEEP, "")

    def _launch(self, repo: Repo, work: Path, app: str, given: dict[str, str]) -> Launch:
        named = {
            "SPACE_ID": repo.name,
            "SPACE_AUTHOR_NAME": repo.namespace,
            "SPACE_REPO_NAME": repo.name.partition("/")[2],
            "GRADIO_SERVER_NAME": "127.0.0.1",
        }
        home = self.folder(repo.id) / "home"  # beside the app: caches outlive a restart
        (home / "tmp").mkdir(parents=True, exist_ok=True)
        return Launch(
            command=["python", app],
            environment=processes.child_environment(self.hub.url, home, given, named),
            scratch=work,
            log=self.log(repo.id, "run"),
            health="/",
            below=500,
        )

    def runtime(self, db: sqlite3.Connection, repo: Repo) -> Json:
        """Return the `runtime` object."""
        row = row_of(db, repo.id)
        url = self.keeper.url(repo.id)
        flavor = {"current": row["hardware"], "requested": row["hardware"]}
        told: Json = {
            "stage": shown_stage(db, repo, row["stage"]),
            "hardware": flavor,
            "storage": None,
            "gcTimeout": patience(row),
            "replicas": {"current": int(url is not None), "requested": 1},
            "devMode": in_dev_mode(db, repo.id),
            "domains": [{"domain": url.removeprefix("http://"), "stage": "READY"}] if url else [],
        }
        if row["message"]:
            told["errorMessage"] = row["message"]
        return told


def row_of(db: sqlite3.Connection, repo_id: str) -> sqlite3.Row:
    """Return a Space's row, with the defaults for one that has none yet."""
    row: sqlite3.Row = db.execute(
        "SELECT coalesce(s.stage, '') AS stage, coalesce(s.message, '') AS message,"
        " coalesce(s.hardware, 'cpu-basic') AS hardware, s.sleep_seconds"
        " FROM (SELECT ? AS id) r LEFT JOIN spaces s ON s.repo_id = r.id",
        (repo_id,),
    ).fetchone()
    return row


def patience(row: sqlite3.Row) -> int | None:
    """Return after how many seconds without visits a Space sleeps; None for never."""
    asked: int | None = row["sleep_seconds"]
    if asked is None:
        return DEFAULT_SLEEP_SECONDS if row["hardware"] == FREE_FLAVOR else None
    return None if asked == NEVER else asked


def in_dev_mode(db: sqlite3.Connection, repo_id: str) -> bool:
    """Return whether commits leave the running Space alone."""
    query = "SELECT 1 FROM spaces_in_dev_mode WHERE repo_id = ?"
    return db.execute(query, (repo_id,)).fetchone() is not None


def values(db: sqlite3.Connection, repo_id: str, kind: str) -> dict[str, str]:
    """Return a Space's secrets or variables."""
    query = "SELECT key, value FROM space_values WHERE repo_id = ? AND kind = ?"
    return {row["key"]: row["value"] for row in db.execute(query, (repo_id, kind))}


def app_file(repo: Repo) -> str:
    """Return the file that the card names as the app, `app.py` unless it does."""
    named = repo.card.get("app_file")
    return named if isinstance(named, str) and named.endswith(".py") else "app.py"


def shown_stage(db: sqlite3.Connection, repo: Repo, stored: str) -> str:
    """Return the stage as the API tells it; a Space nobody visited yet is SLEEPING.

    A fresh one without an app is BUILDING, as on the Hub.
    """
    if stored != ASLEEP:
        return stored
    commit = history.resolve(db, repo.id, history.MAIN)
    if git.entry_at(db, commit.tree, app_file(repo)):
        return "SLEEPING"
    return "NO_APP_FILE" if commit.parent else "BUILDING"


def note(log: Path, text: str) -> None:
    """Begin a log anew with one line."""
    log.parent.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    log.write_text(json.dumps({"data": text, "timestamp": stamp}) + "\n")
