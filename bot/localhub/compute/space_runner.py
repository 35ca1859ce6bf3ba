"""Runs Spaces; the only module that changes the stage of a Space.

A Space sleeps until someone visits its page or restarts it. Then its files are copied to a scratch
folder, and `app.py` runs with the Hub's own interpreter; nothing is installed. It restarts when its
main branch moves while it runs, and sleeps again after two days without a visitor.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.localhub.compute import logs, oauth_apps, processes
from bot.localhub.compute.served_process import Launch, Phase, ServedProcesses
from bot.localhub.core.hub import Hub
from bot.localhub.core.records import Event, Json, Repo
from bot.localhub.repos import git, history, repos

SCHEMA = """
CREATE TABLE IF NOT EXISTS spaces (
    repo_id TEXT PRIMARY KEY REFERENCES repos(id) ON DELETE CASCADE,
    stage TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS space_hardware (
    repo_id TEXT PRIMARY KEY REFERENCES repos(id) ON DELETE CASCADE, flavor TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS space_values (
    repo_id TEXT NOT NULL REFERENCES repos(id) ON DELETE CASCADE, kind TEXT NOT NULL,
    key TEXT NOT NULL, value TEXT NOT NULL, description TEXT, updated_at TEXT NOT NULL,
    PRIMARY KEY (repo_id, kind, key)
);
"""
ASLEEP = ""
RESTARTED_BY_COMMITS = ("BUILDING", "APP_STARTING", "RUNNING", "RUNTIME_ERROR", "BUILD_ERROR",
                        "NO_APP_FILE")  # fmt: skip
FLAVOR = "cpu-basic"
SLEEP_SECONDS = 48 * 3600
POLL_SECONDS = 0.5
# Cookies ignore ports: under the Hub's own host name, the app would receive its session.
SPACE_HOST = "localhost"
# The Hub installs the package `spaces` in Gradio Spaces, and Gradio calls this function of it.
# Without it, Python would take a checkout's folder `spaces` for the package.
SPACES_PACKAGE = "def gradio_auto_wrap(function):\n    return function\n"


class SpaceRunner:
    """All Spaces of one Hub; methods that are not coroutines may be called from any thread."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.loop = asyncio.get_running_loop()
        self.processes = ServedProcesses()
        self.tasks: set[asyncio.Task[None]] = set()
        self.running_commits: dict[str, str] = {}
        self.visited_at: dict[str, datetime] = {}
        self.watch_task = asyncio.create_task(self._watch())

    def wake(self, repo: Repo) -> None:
        """Start a Space if it sleeps."""
        self._schedule(self._wake(repo.id))

    def on_event(self, _: sqlite3.Connection, event: Event) -> None:
        """Restart a Space after a commit to main, and stop it when its repo is deleted."""
        if event.repo_type != "space":
            return
        repo_id = event.repo["id"]
        if event.action == "delete":
            self.hub.store.after_commit(lambda: self._schedule(self.put_to_sleep(repo_id)))
        elif any(ref["ref"] == history.MAIN for ref in event.updated_refs or []):
            head = str(event.repo["headSha"])
            self.hub.store.after_commit(lambda: self._schedule(self.refresh(repo_id, head)))

    def _schedule(self, work: Coroutine[Any, Any, None]) -> None:
        def begin() -> None:
            task = self.loop.create_task(work)
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        self.loop.call_soon_threadsafe(begin)

    async def _wake(self, repo_id: str) -> None:
        async with self.processes.lock(repo_id):
            if await asyncio.to_thread(self.stored_stage, repo_id) == ASLEEP:
                await self._start(repo_id)

    async def refresh(self, repo_id: str, head: str | None = None) -> None:
        """Restart a Space that runs or failed, unless it already runs the commit `head`."""
        async with self.processes.lock(repo_id):
            stage = await asyncio.to_thread(self.stored_stage, repo_id)
            is_outdated = head is None or self.running_commits.get(repo_id) != head
            if is_outdated and stage in RESTARTED_BY_COMMITS:
                await self._start(repo_id)

    async def restart(self, repo_id: str) -> None:
        """Start a Space, whatever its stage."""
        async with self.processes.lock(repo_id):
            await self._start(repo_id)

    async def put_to_sleep(self, repo_id: str, stage: str = ASLEEP) -> None:
        """End a Space's process; from the stage PAUSED, a visit does not wake it."""
        async with self.processes.lock(repo_id):
            await self.processes.stop(repo_id)
            await asyncio.to_thread(self._set_stage, repo_id, stage)

    async def close(self) -> None:
        """End everything."""
        for task in [self.watch_task, *self.tasks]:
            task.cancel()
        await self.processes.close()

    async def _watch(self) -> None:
        """Put Spaces to sleep that had no visitor for too long."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            for repo_id, process in list(self.processes.active.items()):
                now = self.hub.clock.now()
                is_visited = await asyncio.to_thread(processes.has_connections, process.port)
                if is_visited or not process.is_healthy:
                    self.visited_at[repo_id] = now
                idle = now - self.visited_at.setdefault(repo_id, now)
                if idle.total_seconds() > SLEEP_SECONDS:
                    await self.put_to_sleep(repo_id)

    async def _start(self, repo_id: str) -> None:
        await self.processes.stop(repo_id)
        await asyncio.to_thread(self._set_stage, repo_id, "BUILDING")
        result = await asyncio.to_thread(self._build, repo_id)
        if not isinstance(result, Launch):
            await asyncio.to_thread(self._set_stage, repo_id, *result)
            return

        async def on_phase(phase: Phase, message: str) -> None:
            stage = ("RUNNING", "") if phase == "running" else ("RUNTIME_ERROR", message)
            await asyncio.to_thread(self._set_stage, repo_id, *stage)

        await asyncio.to_thread(self._set_stage, repo_id, "APP_STARTING")
        self.processes.start(repo_id, result, on_phase)

    # ── in threads ───────────────────────────────────────────────────────────────────────────

    def stored_stage(self, repo_id: str) -> str:
        """Return the stage in the database, `ASLEEP` if there is none."""
        with self.hub.store.read() as db:
            return str(stage_row(db, repo_id)["stage"])

    def _set_stage(self, repo_id: str, stage: str, message: str = "") -> None:
        with self.hub.store.write() as db:
            db.execute(
                "INSERT INTO spaces (repo_id, stage, message)"
                " SELECT id, ?, ? FROM repos WHERE id = ?"
                " ON CONFLICT (repo_id) DO UPDATE SET stage = ?, message = ?",
                (stage, message, repo_id, stage, message),
            )

    def folder(self, repo_id: str) -> Path:
        """Return the Space's folder."""
        return self.hub.data / "spaces" / repo_id

    def log(self, repo_id: str, which: str) -> Path:
        """Return the log file, `run` or `build`."""
        return self.folder(repo_id) / f"{which}.jsonl"

    def _build(self, repo_id: str) -> Launch | tuple[str, str]:
        """Copy the files; return how to run them, or the stage and the reason why not."""
        with self.hub.store.read() as db:
            repo = repos.by_id(db, repo_id)
            if repo is None:
                return ASLEEP, ""
            commit = history.resolve(db, repo.id, history.MAIN)
            files = git.all_files(db, commit.tree)
            contents = {path: git.load_file(db, oid).sha256 for path, oid in files.items()}
            values = values_of(db, repo_id, "variable") | values_of(db, repo_id, "secret")
        self.running_commits[repo_id] = commit.oid
        app = app_file(repo)
        if repo.sdk != "gradio":
            return "CONFIG_ERROR", f"The local Hub runs gradio Spaces, not {repo.sdk}"
        if app not in contents:
            return "NO_APP_FILE", f"There is no {app}"
        work = self.folder(repo_id) / "work"
        shutil.rmtree(work, ignore_errors=True)
        for path, sha256 in contents.items():
            (work / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.hub.store.blob_path(sha256), work / path)
        log = self.log(repo_id, "build")
        log.write_text(logs.line(f"Copied {len(contents)} files of {commit.oid}"))
        self.log(repo_id, "run").unlink(missing_ok=True)
        return self._launch(repo, work, app, values)

    def _launch(self, repo: Repo, work: Path, app: str, values: dict[str, str]) -> Launch:
        port = processes.free_port()
        home = self.folder(repo.id) / "home"  # beside the app, so that caches survive a restart
        for folder in ("tmp", "preinstalled"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        (home / "preinstalled" / "spaces.py").write_text(SPACES_PACKAGE)
        reserved = {
            "SYSTEM": "spaces",
            "SPACE_ID": repo.name,
            "SPACE_AUTHOR_NAME": repo.namespace,
            "SPACE_REPO_NAME": repo.name.partition("/")[2],
            "SPACE_HOST": f"{SPACE_HOST}:{port}",
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "PYTHONPATH": str(home / "preinstalled"),
            **oauth_apps.environment(self.hub, repo),
        }
        return Launch(
            command=["python", app],
            environment=processes.child_environment(self.hub.url, home, values, reserved),
            scratch=work,
            log=self.log(repo.id, "run"),
            health_route="/",
            healthy_below=500,
            port=port,
        )

    def runtime(self, db: sqlite3.Connection, repo: Repo) -> Json:
        """Return the `runtime` object of a Space."""
        row = stage_row(db, repo.id)
        url, flavor = self.processes.url(repo.id), requested_hardware(db, repo.id)
        result: Json = {
            "stage": public_stage(db, repo, row["stage"]),
            "hardware": {"current": flavor if url else None, "requested": flavor},
            "gcTimeout": SLEEP_SECONDS,
            "replicas": {"current": int(url is not None), "requested": 1},
            "devMode": False,
            "domains": [{"domain": url.removeprefix("http://"), "stage": "READY"}] if url else [],
        }
        if repo.id in self.running_commits:
            result["sha"] = self.running_commits[repo.id]
        if row["message"]:
            result["errorMessage"] = row["message"]
        return result


def stage_row(db: sqlite3.Connection, repo_id: str) -> sqlite3.Row:
    """Return the stage and message of a Space, both empty if it never ran."""
    row: sqlite3.Row = db.execute(
        "SELECT coalesce(s.stage, '') AS stage, coalesce(s.message, '') AS message"
        " FROM (SELECT ? AS id) r LEFT JOIN spaces s ON s.repo_id = r.id",
        (repo_id,),
    ).fetchone()
    return row


def requested_hardware(db: sqlite3.Connection, repo_id: str) -> str:
    """Return the flavor that a Space is to run on."""
    query = "SELECT flavor FROM space_hardware WHERE repo_id = ?"
    row = db.execute(query, (repo_id,)).fetchone()
    return str(row["flavor"]) if row else FLAVOR


def values_of(db: sqlite3.Connection, repo_id: str, kind: str) -> dict[str, str]:
    """Return the secrets or the variables of a Space."""
    query = "SELECT key, value FROM space_values WHERE repo_id = ? AND kind = ?"
    return {row["key"]: row["value"] for row in db.execute(query, (repo_id, kind))}


def app_file(repo: Repo) -> str:
    """Return the app's file: the one that the card names, or `app.py`."""
    name = repo.card.get("app_file")
    return name if isinstance(name, str) and name.endswith(".py") else "app.py"


def public_stage(db: sqlite3.Connection, repo: Repo, stage: str) -> str:
    """Return the stage that the API shows; a Space that nobody has visited is SLEEPING.

    A new Space without an app is BUILDING, as on the Hub.
    """
    if stage != ASLEEP:
        return stage
    commit = history.resolve(db, repo.id, history.MAIN)
    if git.entry_at(db, commit.tree, app_file(repo)):
        return "SLEEPING"
    return "NO_APP_FILE" if commit.parent else "BUILDING"
