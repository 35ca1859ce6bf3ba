"""A local Hub with the practice corpus, a small recipe, and a practice teacher that counts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4
from zlib import crc32

import pytest
import yaml
from aiohttp import web

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from recipes.practice import server
from tests.recipes.generate.teacher_server import ThreadedServer
from tests.recipes.recipe_runner import RecipeRunner, Run, recipe_runner

ROOT = Path(__file__).parents[3]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Run what needs the Hub in one process, so that one Hub and one fork server are enough."""
    if "hub" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("generate"))


class CountingTeacher(ThreadedServer):
    """The real practice teacher, which records the requests; in a thread, on a free port."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.delay = 0.0
        self.flaky = False
        self._busy = 0
        app = server.app()
        app.middlewares.append(self._count)
        super().__init__(app)

    def wait_until_idle(self) -> None:
        """Wait until all requests have arrived, also those of dead clients, and are answered."""
        asyncio.run_coroutine_threadsafe(self._idle(), self.loop).result(60)

    async def _idle(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0.01)
            while self._busy:
                await asyncio.sleep(0.01)

    @web.middleware
    async def _count(self, request: web.Request, handler: web.RequestHandler) -> web.StreamResponse:
        self._busy += 1
        try:
            if request.method == "POST":
                body = await request.read()
                self.requests.append(body)
                await asyncio.sleep(self.delay)
                if self.flaky and self.requests.count(body) <= crc32(body) % 5 - 1:
                    return self._fail(crc32(body) // 5 % 4)
            return await handler(request)
        finally:
            self._busy -= 1

    def _fail(self, kind: int) -> web.Response:
        """Return one of the kinds of failure of a server."""
        return (
            web.Response(status=429, headers={"Retry-After": "0"}),
            web.Response(status=500, text="oops"),
            web.Response(text='{"choices": [{"mess'),
            web.Response(text="<html>Bad gateway</html>", content_type="text/html"),
        )[kind]


@pytest.fixture
def counting_teacher() -> Iterator[CountingTeacher]:
    """A practice teacher that records the requests."""
    with CountingTeacher() as teacher:
        yield teacher


@pytest.fixture(scope="session")
def hub(practice_hub: LocalHub) -> LocalHub:
    """A local Hub that has the practice corpus and benchmarks."""
    return practice_hub


@pytest.fixture(scope="session")
def jobs(
    hub: LocalHub, fork_server: ForkServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RecipeRunner]:
    """Runs `kakugo-recipe` on the Hub; all runs share the clients' cache."""
    folder = tmp_path_factory.mktemp("jobs")
    with recipe_runner(fork_server, environment(hub, folder / "hf"), folder / "runs") as runner:
        yield runner


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """The practice recipe with smaller numbers."""
    return small_recipe(tmp_path)


def small_recipe(folder: Path) -> Path:
    """Write the practice recipe with smaller numbers and a journal of its own."""
    recipe = yaml.safe_load((ROOT / "recipes" / "practice.yaml").read_text("utf-8"))
    recipe["generate"] |= {"translations": 40, "test_share": 0.1}
    recipe["generate"]["topics"] |= {"general_seeds": 2, "macro_topics": 2, "topics": 2}
    recipe["generate"]["scenarios"] = {"broad": 2, "detailed": 2, "per_scenario": 2}
    recipe["generate"]["contexts"] |= {"texts": 40}
    recipe["generate"]["pairs"] |= {"texts": 60}
    recipe["generate"]["teacher"] |= {
        "start": 4,
        "concurrency": 8,
        "backoff": 0.01,
        "longest_backoff": 0.05,
    }
    del recipe["evaluate"]["chat"]
    for name in ("sib200", "belebele"):  # reading one benchmark is enough
        del recipe["evaluate"]["benchmarks"][name]
    recipe["generate"]["journal"]["repo"] = f"practice/journal-{uuid4().hex[:12]}"
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(recipe), encoding="utf-8")
    return path


def forget(hub: LocalHub, recipe: Path) -> None:
    """Delete the journal on the Hub."""
    from huggingface_hub import HfApi

    repo = yaml.safe_load(recipe.read_text("utf-8"))["generate"]["journal"]["repo"]
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.delete_repo(repo, repo_type="dataset", missing_ok=True)


def environment(hub: LocalHub, home: Path) -> dict[str, str]:
    """Return the environment of a job."""
    return {
        **os.environ,
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": hub.token("kakugo-bot"),
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONPATH": str(ROOT),
    }


def generate(
    jobs: RecipeRunner, home: Path, recipe: Path, teacher_url: str, *more: str, script: str = ""
) -> Run:
    """Start `kakugo-recipe generate` as a job would, or a script with its arguments."""
    home.mkdir(exist_ok=True)
    return jobs.start(*_arguments(recipe, teacher_url), *more, script=script, cwd=home)


# A run of which no file may exceed this size, as if the disk were full.
SMALL_DISK = """
import resource, sys
from recipes import cli
resource.setrlimit(resource.RLIMIT_FSIZE, (60 * 1024,) * 2)
sys.exit(cli.main(sys.argv[1:]))
"""


def _arguments(recipe: Path, teacher_url: str) -> list[str]:
    arguments = ["generate", "--config", str(recipe), "--org", "practice"]
    return [*arguments, "--language", "epo_Latn", "--teacher", teacher_url]
