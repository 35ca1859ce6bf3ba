"""The leaderboard as the Hub runs it, against a local Hub, in a headless browser."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Frame, Page, expect

from bot.localhub.testing import LocalHub
from tests.spaces.hub_content import HOSTILE_TEXT, hub_api, push, results
from tests.spaces.phone_checks import TOO_SMALL, TOO_WIDE, open_embedded, phone_problems
from tests.spaces.running_space import TIMEOUT_SECONDS, check_refusals, run_space, wait_for

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # transformers and peft warn about themselves
]
INTERVALS = {"hub_source.ACTIVE_POLL_SECONDS": 0.5, "handlers.REFRESH_SECONDS": 2}


@pytest.fixture(scope="module")
def leaderboard(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("leaderboard")
    yield from run_space("leaderboard", hub, "practice", folder, constants=INTERVALS)


# The height of a row whose name fits on a line, and that of the head of the table.
HEIGHTS = """() => [Math.min(...[...document.querySelectorAll('.k-table > tbody > tr')]
  .map(row => row.offsetHeight).filter(height => height)),
  document.querySelector('.k-table > thead').offsetHeight]"""


def api_rows(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/api/rows", timeout=5) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def test_program_reads_the_rows(leaderboard: str) -> None:
    wait_for(lambda: not api_rows(leaderboard)["problem"], "the first reading")
    rows = {row["language"]: row for row in api_rows(leaderboard)["rows"]}
    assert rows["epo_Latn"]["scores"]["into"]["adapter"] == 50.0
    assert rows["epo_Latn"]["practice"] is True and rows["epo_Latn"]["discussion"] == 1


def test_table_is_searched_and_sorted(leaderboard: str, page: Page) -> None:
    page.goto(leaderboard)
    names, table = page.locator(".k-name strong"), page.locator("#table")
    page.locator(".k-name").first.wait_for()
    height, head = page.evaluate(HEIGHTS)
    assert head + 10 * height <= 900, "ten rows fit on a screen"
    expect(names).to_have_text(["Esperanto", HOSTILE_TEXT])
    expect(table).to_contain_text("50.0")
    expect(table).to_contain_text("not covered")
    expect(page.locator(".k-note")).to_contain_text("practice run")
    page.get_by_label("Search").fill("esper")
    expect(names).to_have_text(["Esperanto"])
    expect(page.locator(".k-status")).to_contain_text("1 of")
    page.get_by_label("Search").fill("nowhere")
    expect(table).to_contain_text("No language matches")
    page.get_by_label("Search").fill("")
    expect(names).to_have_text(["Esperanto", HOSTILE_TEXT])
    heading = page.locator('[data-sort="name"]')
    heading.focus()
    page.keyboard.press("Enter")
    expect(page.locator('th[aria-sort="ascending"]')).to_contain_text("Language")
    page.keyboard.press("Enter")
    expect(names).to_have_text([HOSTILE_TEXT, "Esperanto"])
    expect(heading).to_be_focused()
    page.get_by_label("Compare Esperanto").check()
    expect(page.locator(".k-compare")).to_contain_text("Choose another one")
    page.locator(".k-name input").first.check()
    page.get_by_role("button", name="Compare 2 models").click()
    expect(page.locator(".k-side-by-side")).to_contain_text("p < 0.001")
    page.wait_for_url("**/?compared=*")
    page.reload()
    expect(page.locator(".k-side-by-side")).to_contain_text("Gain, FLORES")
    page.get_by_text("All languages").click()
    expect(names).to_have_count(2)


def test_address_restores_the_view_and_a_language_page(leaderboard: str, page: Page) -> None:
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

    page.get_by_label("Search").fill("esper")
    expect(page.locator(".k-name strong")).to_have_text(["Esperanto"])
    page.locator(".k-name a").click()
    language_page = page.locator("#language-page")
    heading = language_page.get_by_role("heading", name="All models and versions")
    expect(heading).to_be_visible()
    expect(language_page.get_by_role("link", name="Run it offline (GGUF)")).to_be_visible()
    page.wait_for_url("**/?language=epo_Latn")
    page.goto(f"{leaderboard}/?language=lingvo+internacia")
    expect(language_page).to_contain_text("Constructed")
    page.wait_for_url("**/?language=epo_Latn")
    language_page.get_by_text("All languages").click()
    expect(page.locator(".k-name strong")).to_have_text(["Esperanto", HOSTILE_TEXT])
    page.get_by_role("tab", name="Charts").click()
    expect(page.locator("#charts .k-figure")).to_have_count(4)


def test_new_row_appears_by_itself_and_a_language_is_requested_in_ones_own_name(
    leaderboard: str, hub: LocalHub, page: Page, browser: Browser
) -> None:
    page.goto(leaderboard)
    api, codes = hub_api(hub), page.locator(".k-code")
    expect(codes).to_have_count(2)
    push(api, "practice/kakugo-results", results("gla_Latn", 1.0))
    expect(codes).to_have_count(3)
    api.delete_folder("gla_Latn", "practice/kakugo-results", repo_type="dataset")
    expect(codes).to_have_count(2)
    page.get_by_role("tab", name="Queue").click()
    requests = page.locator("#queue .k-request")
    expect(requests).to_have_count(3)
    expect(requests.first).to_contain_text("Southern Kurdish")
    page.get_by_role("tab", name="Guide").click()
    expect(page.get_by_role("heading", name="How to read this")).to_be_visible()

    page.get_by_role("button", name="Ask for your language").click()
    name, answer = page.get_by_label("Language", exact=True), page.locator("#request-answer")
    name.fill("Kurdish")
    answer.get_by_role("button", name="Central Kurdish").click()
    expect(answer).to_contain_text("No model has learned it yet")
    request_link = answer.get_by_role("link", name="Request Central Kurdish").get_attribute("href")
    name.fill("Southern Kurdish")
    expect(answer).to_contain_text("discussion #3")
    name.fill("epo")
    answer.get_by_role("link", name="see its results").click()
    expect(page.locator(".k-language-page h2")).to_contain_text("Esperanto")

    api.create_repo("practice/kakugo", repo_type="space", space_sdk="static", exist_ok=True)
    person = browser.new_context().new_page()
    person.goto(request_link or "")
    person.get_by_text("alice", exact=True).click()
    expect(person.get_by_label("Title")).to_have_value("Central Kurdish")
    person.get_by_role("button", name="Open discussion").click()
    person.wait_for_url("**/discussions/*")
    (discussion,) = api.get_repo_discussions("practice/kakugo", repo_type="space")
    assert (discussion.title, discussion.author) == ("Central Kurdish", "alice")
    person.context.close()


def open_tab(page: Page | Frame, name: str) -> None:
    """Open a tab, which may be in the menu of those for which the screen is too narrow."""
    tab = page.get_by_role("tab", name=name, exact=True)
    if not tab.is_visible():
        page.locator(".overflow-menu > button").click()
        tab = page.locator(".overflow-dropdown button", has_text=name)
    tab.click()


# Shows all tabs that were opened below each other, so that one check sees them all.
SHOW_ALL_TABS = """() => document.querySelectorAll('[role=tabpanel]')
  .forEach(panel => panel.style.setProperty('display', 'block', 'important'))"""

# Parts of charts that a phone shows only after scrolling sideways.
OFF_SCREEN = """() => [
    ...document.querySelectorAll('.k-dot, .k-dots small, .k-chart :is(circle, text)')]
  .map(part => part.getBoundingClientRect())
  .filter(box => box.width && (box.left < 0 || box.right > innerWidth))"""


def test_phones_reach_all_tabs_and_nothing_is_clipped_or_too_small(
    leaderboard: str, hub: LocalHub, hub_page: Page
) -> None:
    """Inside of the Hub's page, in a browser that blocks third-party storage."""
    hub_page.set_viewport_size({"width": 360, "height": 740})
    hub_page.emulate_media(color_scheme="dark")
    page = open_embedded(hub_page, hub.url, leaderboard)
    page.locator(".k-name").first.wait_for(timeout=TIMEOUT_SECONDS * 1000)
    assert page.evaluate("document.documentElement.lang") == "en"
    for width in (412, 390, 360):
        hub_page.set_viewport_size({"width": width, "height": 740})
        page.wait_for_timeout(300)  # the tabs are laid out again
        assert page.evaluate(TOO_WIDE) <= 0
        assert page.evaluate(TOO_SMALL) == []
    for name in ("Queue", "Request", "Guide", "Charts", "Results"):
        open_tab(page, name)
        assert page.evaluate(TOO_WIDE) <= 0
    for box in page.locator(".k-name input").all():
        box.check()
    page.get_by_role("button", name="Compare 2 models").click()
    expect(page.locator(".k-side-by-side")).to_be_visible()
    assert phone_problems(page) == []
    page.locator(".k-side-by-side a").first.click()
    expect(page.locator(".k-language-page figure").first).to_be_visible()
    assert phone_problems(page) == []
    assert page.evaluate(OFF_SCREEN) == []
    page.get_by_text("All languages").click()
    page.evaluate(SHOW_ALL_TABS)
    for content in ("#queue .k-request", "#request-form", "#charts .k-figure", "#table .k-name"):
        expect(page.locator(content).first).to_be_visible()
    expect(page.get_by_role("heading", name="How to read this")).to_be_visible()
    assert phone_problems(page) == []
    assert page.evaluate(OFF_SCREEN) == []


def test_uploads_are_refused_and_addresses_of_pages_work(leaderboard: str) -> None:
    check_refusals(leaderboard)
