"""The local Hub and the browser that the tests of both Spaces share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from bot.localhub.testing import USERS, LocalHub

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A local Hub with results, requests, datasets and models."""
    from tests.spaces import hub_content

    folder = tmp_path_factory.mktemp("hub")
    with LocalHub(folder, [*USERS, "mallory"]) as running:
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


@pytest.fixture(scope="module")
def context(browser: Browser) -> BrowserContext:
    """What the pages of a module share: the cache, as most of a first visit is reading scripts."""
    from playwright.sync_api import expect

    from tests.spaces.running_space import TIMEOUT_SECONDS

    # Of a language that no page follows: Gradio writes English, which the pages may translate.
    size: ViewportSize = {"width": 1280, "height": 900}
    shared = browser.new_context(viewport=size, locale="de")
    shared.set_default_timeout(TIMEOUT_SECONDS * 1000)
    expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
    return shared


@pytest.fixture
def hub_page(context: BrowserContext) -> Iterator[Page]:
    """A page that may go to the Hub; at the end, what it has stored is deleted."""
    new_page = context.new_page()
    hosts: set[str] = set()
    new_page.on("request", lambda r: hosts.add(r.url.split("/")[2]) if "//" in r.url else None)
    yield new_page
    for other in context.pages:
        if other is not new_page:
            other.close()
    new_page.goto("about:blank")
    session = context.new_cdp_session(new_page)
    for host in hosts:
        stored = {"origin": f"http://{host}", "storageTypes": "cookies,local_storage"}
        session.send("Storage.clearDataForOrigin", stored)
    new_page.close()
    assert all(host.startswith(("127.0.0.1:", "localhost:")) for host in hosts), hosts


@pytest.fixture
def page(hub_page: Page) -> Iterator[Page]:
    """A page that fails the test on console errors, dialogs and requests to other hosts."""
    errors: list[str] = []
    hosts: set[str] = set()
    hub_page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    hub_page.on("pageerror", lambda error: errors.append(str(error)))
    hub_page.on("dialog", lambda dialog: errors.append(f"dialog {dialog.message}"))
    hub_page.on("request", lambda r: hosts.add(r.url.split("/")[2]) if "//" in r.url else None)
    yield hub_page
    assert errors == []
    assert len(hosts) <= 1, hosts
