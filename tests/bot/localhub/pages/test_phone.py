"""A phone shows a discussion without cutting off its table or a tab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub

if TYPE_CHECKING:
    from playwright.sync_api import Browser

REPLY = """
| test | base | adapter | difference (95% interval) |
|---|---:|---:|---:|
| Translation from English to Esperanto, chrF++ | 8.1 | 55.2 | +47.1 (+44.0 to +49.9) |
| Reading comprehension, accuracy (%) | 25.0 | 26.2 | +1.2 (−5.0 to +7.0, not significant) |
"""
CUT_OFF = """() => [...document.querySelectorAll('.tabs, .prose table')]
  .filter(element => element.scrollWidth > element.clientWidth).map(element => element.outerHTML)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    from tests.browser import CHROMIUM
    from tests.spaces.running_space import CHROMIUM_ARGUMENTS

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)


@pytest.mark.parametrize("user", ["", "alice"])
def test_a_discussion_fits_a_phone(
    hub: LocalHub, alice: HfApi, name: str, browser: Browser, user: str
) -> None:
    from tests.spaces.phone_checks import TOO_SMALL, TOO_WIDE

    alice.create_repo(name, repo_type="space", space_sdk="static")
    num = alice.create_discussion(name, "Esperanto", repo_type="space", description=REPLY).num
    path = f"/spaces/{name}/discussions/{num}"
    page = browser.new_page(viewport={"width": 360, "height": 740})
    if user:
        page.goto(f"{hub.url}/login?next={path}")
        page.get_by_role("button", name=user).click()
    else:
        page.goto(hub.url + path)
    page.get_by_text("Reading comprehension").wait_for()
    assert page.evaluate(CUT_OFF) == [] and page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(TOO_SMALL) == []
    assert page.locator(".top").bounding_box()["height"] < 100  # type: ignore[index]
