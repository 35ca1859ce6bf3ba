"""Puts the folders of both Spaces on the path, as they are there when the Hub runs `app.py`; and
the world and the browser that their tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.localhub.testing import LocalHub

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SPACES = Path(__file__).parents[2] / "spaces"
for name in ("leaderboard", "chat"):
    sys.path.insert(0, str(SPACES / name))
sys.path.insert(0, str(SPACES))  # common
sys.path.insert(0, str(Path(__file__).parent))  # space_rows, space_models, space_world


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """The world that both Spaces' browser tests look at."""
    from space_world import fill

    folder = tmp_path_factory.mktemp("world")
    with LocalHub(folder) as running:
        fill(running, folder)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one module only: while playwright is up, its event loop runs in this thread, and no other
    test of this process could run one."""
    from playwright.sync_api import sync_playwright
    from space_world import CHROMIUM, QUIET

    with sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test on console errors, on dialogs and on requests to anybody else."""
    from playwright.sync_api import expect
    from space_world import PATIENCE

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    wrong: list[str] = []
    hosts: set[str] = set()
    opened.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
    opened.on("request", lambda r: hosts.add(r.url.split("/")[2]) if "//" in r.url else None)
    opened.set_default_timeout(PATIENCE * 1000)
    expect.set_options(timeout=PATIENCE * 1000)
    yield opened
    context.close()
    assert wrong == []
    assert all(host.startswith("127.0.0.1:") for host in hosts) and len(hosts) <= 1, hosts
