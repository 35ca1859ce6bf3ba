"""The leaderboard as the Hub runs it, against a real local Hub, in a real headless browser."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import Browser, Page, expect
from space_world import EVIL, PATIENCE, push, result, run_space, wait_for

from bot.localhub.testing import LocalHub

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # of transformers and peft about themselves
]


@pytest.fixture(scope="module")
def leaderboard(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from run_space("leaderboard", hub, "practice", tmp_path_factory.mktemp("leaderboard"))


def rows(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/api/rows", timeout=5) as response:
        told: dict[str, Any] = json.load(response)
        return told


def test_a_script_reads_the_rows(leaderboard: str) -> None:
    wait_for(lambda: not rows(leaderboard)["problem"], "the first reading")
    found = {row["language"]: row for row in rows(leaderboard)["rows"]}
    assert found["epo_Latn"]["scores"]["into"]["adapter"] == 50.0
    assert found["epo_Latn"]["practice"] is True and found["epo_Latn"]["discussion"] == 1


def test_the_leaderboard_shows_searches_and_sorts(leaderboard: str, page: Page) -> None:
    page.goto(leaderboard)
    names = page.locator(".k-name strong")
    expect(names).to_have_text(["Esperanto", EVIL])
    expect(page.locator("#board")).to_contain_text("50.0")
    expect(page.locator("#board")).to_contain_text("not covered")
    expect(page.locator(".k-note")).to_contain_text("rehearsal")
    page.get_by_label("Search").fill("esper")
    expect(names).to_have_text(["Esperanto"])
    expect(page.locator(".k-status")).to_contain_text("1 of")
    page.get_by_label("Search").fill("nowhere")
    expect(page.locator("#board")).to_contain_text("No language matches")
    page.get_by_label("Search").fill("")
    expect(names).to_have_text(["Esperanto", EVIL])
    page.get_by_role("button", name="Language").focus()
    page.keyboard.press("Enter")
    expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("Language")
    page.keyboard.press("Enter")
    expect(names).to_have_text([EVIL, "Esperanto"])
    expect(page.get_by_role("button", name="Language")).to_be_focused()
    page.get_by_text("Intervals, cost, date").last.click()
    expect(page.locator(".k-numbers").last).to_contain_text("< 0.001")


def test_a_link_restores_the_view_and_the_downloads_hold_it(leaderboard: str, page: Page) -> None:
    page.goto(f"{leaderboard}/?query=esper&sort=-name&columns=into,about")
    expect(page.locator(".k-name strong")).to_have_text(["Esperanto"])
    expect(page.get_by_label("Search")).to_have_value("esper")
    expect(page.locator(".k-table > thead")).not_to_contain_text("Topics")
    page.get_by_label("Search").fill("")
    expect(page.locator(".k-name strong")).to_have_count(2)
    page.wait_for_url("**/?sort=-name&columns=into%2Cabout")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert "into_adapter" in text and "topic_adapter" not in text and text.count("\n") == 3


def test_the_queue_and_the_guide(leaderboard: str, hub: LocalHub, page: Page) -> None:
    page.goto(leaderboard)
    page.get_by_role("tab", name="Queue").click()
    queue = page.locator("#queue .k-request")
    expect(queue).to_have_count(3)
    expect(queue.first).to_contain_text("Southern Kurdish")
    page.get_by_role("tab", name="Guide").click()
    expect(page.get_by_role("heading", name="How to read this")).to_be_visible()


def test_a_name_is_checked_while_it_is_typed_and_asked_for_in_ones_own_name(
    leaderboard: str, hub: LocalHub, page: Page, browser: Browser
) -> None:
    page.goto(leaderboard)
    page.get_by_role("tab", name="Request").click()
    name, answer = page.get_by_label("Language", exact=True), page.locator("#answer")
    name.fill("Kurdish")
    answer.get_by_role("button", name="Central Kurdish").click()
    expect(answer).to_contain_text("Nobody has taught it yet")
    go = answer.get_by_role("link", name="Ask for Central Kurdish").get_attribute("href")
    name.fill("Southern Kurdish")
    expect(answer).to_contain_text("discussion #3")
    name.fill("epo")
    answer.get_by_role("link", name="see what it learned").click()
    expect(page.locator(".k-closeup h2")).to_contain_text("Esperanto")

    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo("practice/kakugo", repo_type="space", space_sdk="static", exist_ok=True)
    person = browser.new_context().new_page()
    person.goto(go or "")
    person.get_by_text("alice", exact=True).click()
    expect(person.get_by_label("Title")).to_have_value("Central Kurdish")
    person.get_by_role("button", name="Open discussion").click()
    person.wait_for_url("**/discussions/*")
    (asked,) = api.get_repo_discussions("practice/kakugo", repo_type="space")
    assert (asked.title, asked.author) == ("Central Kurdish", "alice")
    person.context.close()


def test_a_language_has_a_page_and_the_board_has_pictures(leaderboard: str, page: Page) -> None:
    page.goto(f"{leaderboard}/?query=esper")
    page.locator(".k-name a").click()
    sheet = page.locator("#sheet")
    expect(sheet.get_by_role("heading", name="All models and versions")).to_be_visible()
    expect(sheet.get_by_role("link", name="Run it offline (GGUF)")).to_be_visible()
    page.wait_for_url("**/?language=epo_Latn")
    page.reload()
    expect(sheet).to_contain_text("Constructed")
    sheet.get_by_text("All languages").click()
    expect(page.locator(".k-name strong")).to_have_text(["Esperanto", EVIL])
    page.get_by_role("tab", name="Pictures").click()
    expect(page.locator("#drawn .k-figure")).to_have_count(3)


def test_nothing_there_is_a_sentence_and_the_first_row_comes_by_itself(
    hub: LocalHub, page: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for url in run_space("leaderboard", hub, "alice", tmp_path_factory.mktemp("empty")):
        page.goto(url)
        expect(page.locator("#board")).to_contain_text("No language has been evaluated yet")
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        push(api, "alice/kakugo-results", result("gla_Latn", 1.0))
        expect(page.locator(".k-code")).to_have_text(["gla_Latn"])
        page.goto("about:blank")


def test_a_phone_needs_no_sideways_scrolling(leaderboard: str, browser: Browser) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    opened = phone.new_page()
    opened.goto(leaderboard)
    opened.locator(".k-name").first.wait_for(timeout=PATIENCE * 1000)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    phone.close()
