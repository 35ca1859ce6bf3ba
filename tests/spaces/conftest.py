"""The local Hub and the browser that the tests of both Spaces share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bot.localhub.testing import LocalHub

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A local Hub with results, requests, datasets and models."""
    from tests.spaces import hub_content

    folder = tmp_path_factory.mktemp("hub")
    with LocalHub(folder) as running:
        hub_content.fill(running, folder)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium, for one module only.

    While Playwright runs, its event loop runs in this thread, and no other test of this process
    could start one.
    """
    from playwright.sync_api import sync_playwright

    from tests.browser import CHROMIUM
    from tests.spaces.running_space import CHROMIUM_ARGUMENTS

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test on console errors, dialogs and requests to other hosts."""
    from playwright.sync_api import expect

    from tests.spaces.running_space import TIMEOUT_SECONDS

    context = browser.new_context(viewport={"width": 1280, "height": 900})
    new_page = context.new_page()
    errors: list[str] = []
    hosts: set[str] = set()
    new_page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    new_page.on("pageerror", lambda error: errors.append(str(error)))
    new_page.on("dialog", lambda dialog: errors.append(f"dialog {dialog.message}"))
    new_page.on("request", lambda r: hosts.add(r.url.split("/")[2]) if "//" in r.url else None)
    new_page.set_default_timeout(TIMEOUT_SECONDS * 1000)
    expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
    yield new_page
    context.close()
    assert errors == []
    assert all(host.startswith("127.0.0.1:") for host in hosts) and len(hosts) <= 1, hosts
