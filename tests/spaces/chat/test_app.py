"""The chat as the Hub runs it, against a real local Hub, in a real headless browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from playwright.sync_api import Browser, Page, expect
from space_world import EVIL, PATIENCE, run_space, wait_for

from bot.localhub.testing import LocalHub

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # of transformers and peft about themselves
]
FEEDBACK = "practice/kakugo-feedback"


@pytest.fixture(scope="module")
def chat(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("chat")
    yield from run_space("chat", hub, "practice", folder, hub.token("kakugo-bot"))


def stored(hub: LocalHub, kind: str = "chat") -> list[dict[str, object]]:
    """The rows of this kind in the feedback dataset."""
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    if not api.repo_exists(FEEDBACK, repo_type="dataset"):
        return []
    files = api.list_repo_files(FEEDBACK, repo_type="dataset")
    paths = [path for path in files if path.startswith("data/")]
    got = [api.hf_hub_download(FEEDBACK, path, repo_type="dataset") for path in paths]
    rows = [json.loads(Path(path).read_text(encoding="utf-8")) for path in got]
    return [row for row in rows if row["kind"] == kind]


def choose(page: Page, name: str) -> None:
    page.locator("#language input").fill(name)
    page.locator("#language input").press("Enter")


def test_choose_by_any_name_talk_change_and_compare(chat: str, page: Page) -> None:
    page.goto(chat)
    say, talk, base = page.locator("#say textarea"), page.locator("#talk"), page.locator("#base")
    expect(page.locator("#chips button").first).to_be_visible()
    choose(page, "Esperatno")
    expect(page.locator("#found")).to_contain_text("Did you mean")
    page.locator("#found").get_by_role("button", name="Esperanto").click()
    expect(page.locator("#found p")).to_have_count(0)
    expect(page.locator(".k-about")).to_contain_text("epo_Latn")
    expect(page.locator(".k-about")).to_contain_text("practice")
    page.get_by_role("button", name="saluton mondo").click()
    expect(talk.locator(".bot.message")).to_have_count(1)
    expect(page.locator("#send")).to_be_visible()

    say.fill("bela <b>tago</b> ![x](http://127.0.0.1:9/x.png)")
    page.get_by_label("Compare with the base model").check()
    say.press("Enter")
    expect(base.locator(".bot.message")).to_have_count(1)
    expect(talk.locator(".user.message").last).to_contain_text("<b>tago</b> ![x]")
    expect(page.locator("#send")).to_be_visible()
    assert page.locator(".message img, .message b").count() == 0
    mine, plain = talk.locator(".bot.message").last, base.locator(".bot.message")
    assert mine.inner_text() != plain.inner_text()

    page.get_by_role("button", name="Edit").first.click()
    talk.locator("textarea").fill("akvo <i>vivo</i>")
    page.get_by_role("button", name="Submit").click()
    expect(talk.locator(".user.message")).to_have_count(1)
    expect(talk.locator(".user.message")).to_have_text("akvo <i>vivo</i>")
    expect(talk.locator(".bot.message")).to_have_count(1)
    page.get_by_role("button", name="Retry").last.click()
    expect(page.locator("#send")).to_be_visible()
    page.get_by_role("button", name="New chat").click()
    expect(talk.locator(".message")).to_have_count(0)


def test_a_link_brings_the_view_back_and_sends_nothing(chat: str, page: Page) -> None:
    page.goto(f"{chat}/?language=lingvo+internacia&words=eo")
    expect(page.get_by_role("heading", name="Parolu en via lingvo")).to_be_visible()
    page.locator("#say textarea").fill("Ĉu <b>ne</b>?")
    page.locator("#share").click()
    link = page.locator("#link textarea")
    expect(link).to_be_visible()
    page.goto(link.input_value())
    expect(page.locator("#say textarea")).to_have_value("Ĉu <b>ne</b>?")
    expect(page.locator("#say textarea")).to_have_attribute("lang", "eo")
    expect(page.locator("#send")).to_have_text("Sendi")
    assert page.locator("#talk .message").count() == 0
    page.get_by_label("English").check(force=True)
    expect(page.locator("#send")).to_have_text("Send")


def test_right_to_left_and_taking_a_model_along(chat: str, page: Page) -> None:
    page.goto(f"{chat}/?language=sdh_Arab")
    expect(page.locator("#say textarea")).to_have_attribute("dir", "rtl")
    expect(page.locator("#talk")).to_have_attribute("data-script", "Arab")
    expect(page.locator("#talk")).to_contain_text("Southern Kurdish")
    choose(page, "eo")
    expect(page.locator("#say textarea")).to_have_attribute("dir", "ltr")
    page.get_by_role("link", name="Use it without a network").click()
    expect(page.locator(".k-offline li")).to_have_count(3)
    expect(page.locator(".k-offline")).to_contain_text("llama-server -m it.gguf")
    expect(page.locator(".k-offline")).to_contain_text("2 kB")


def test_limits_are_said_in_a_sentence(chat: str, page: Page) -> None:
    page.goto(chat)
    expect(page.locator("#say textarea")).to_be_enabled()
    page.locator("#send").click()
    expect(page.get_by_role("alert")).to_have_text("Write something first.")
    choose(page, "Welsh")
    expect(page.locator("#found")).to_contain_text("Welsh · Cymraeg cannot be talked with yet")


def test_who_waits_sees_the_place_and_a_stop_ends_an_answer(
    chat: str, page: Page, browser: Browser
) -> None:
    page.goto(f"{chat}/?language=gd&compare=1&prompt=vivo")
    second = browser.new_page()
    second.goto(f"{chat}/?language=gd&prompt=bela")
    for one in (page, second):
        expect(one.locator("#say textarea")).to_have_value("vivo" if one is page else "bela")
        expect(one.locator(".k-about")).to_contain_text("gla_Latn")
    page.locator("#send").click()
    expect(page.locator("#stop")).to_be_visible()
    second.locator("#send").click()
    expect(second.locator(".k-status").first).to_have_text("Number 1 in the queue")
    expect(page.locator("#talk .bot.message")).to_have_count(1)
    page.locator("#stop").click()
    expect(page.locator(".k-status").first).to_have_text("Stopped")
    expect(second.locator("#talk .bot.message")).to_have_count(1)
    second.close()


def test_a_correction_is_kept_with_consent_only_and_deleted_on_request(
    chat: str, hub: LocalHub, page: Page
) -> None:
    page.goto(f"{chat}/?language=epo_Latn&prompt=saluton")
    expect(page.locator("#chips button").first).to_be_visible()
    page.locator("#send").click()
    page.get_by_role("button", name="Dislike").click()
    form = page.locator("#opinion")
    form.locator("#better textarea").fill("Bonan <b>tagon</b>!")
    form.get_by_label("unnatural").check()
    form.get_by_label("Name for credit").fill("Anna")
    form.get_by_role("button", name="Send feedback").click()
    expect(form.get_by_role("alert")).to_contain_text("Nothing is stored without your consent")
    assert stored(hub) == []
    form.get_by_label("I agree").check()
    form.get_by_role("button", name="Send feedback").click()
    expect(form).to_be_hidden()
    key = page.locator("#thanks code").inner_text()
    wait_for(lambda: len(stored(hub)) == 1, "the row on the Hub")
    (row,) = stored(hub)
    assert row["correction"] == "Bonan <b>tagon</b>!" and row["credit"] == "Anna"
    assert row["messages"] == [{"role": "user", "content": "saluton"}]
    assert (row["rating"], row["categories"], row["consent"]) == ("down", ["unnatural"], True)

    page.reload()
    page.get_by_role("button", name="What you sent").click()
    expect(page.locator("#mine")).to_contain_text(key)
    page.locator("#mine").get_by_role("button", name="Delete").click()
    expect(page.locator("#deleted")).to_have_text("Deleted.")
    assert stored(hub) == []
    page.locator("#key textarea, #key input").fill(key)
    page.locator("#delete").click()
    expect(page.locator("#deleted")).to_have_text("Nothing is stored under this key.")


def test_a_phone_needs_no_sideways_scrolling(chat: str, browser: Browser) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    opened = phone.new_page()
    opened.goto(f"{chat}/?language=epo_Latn&prompt=bela")
    opened.locator("#chips button").first.wait_for(timeout=PATIENCE * 1000)
    opened.locator("#send").click()
    opened.get_by_role("button", name="Like", exact=True).click()
    expect(opened.locator("#better")).to_be_visible()
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    opened.goto(f"{chat}/review?language=epo_Latn")
    opened.locator("#review-row").wait_for()
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    phone.close()


def test_a_speaker_reviews_rows_of_the_dataset(chat: str, hub: LocalHub, page: Page) -> None:
    page.goto(f"{chat}/review?language=eo")
    row, status = page.locator("#review-row"), page.locator("#review-status")
    expect(row.locator("li")).to_have_text(["Kio?", f"Nenio. {EVIL}"])
    assert row.locator("img").count() == 0
    page.locator("#review-keep").click()
    expect(status).to_contain_text("Nothing is stored without your consent")
    page.locator("#review-consent input").check()
    page.locator("#review-drop").click()
    expect(row.locator("li")).to_have_text(["Kiu?", "Mi."])
    page.locator("#review-fix").click()
    expect(status).to_contain_text("Change the answer first")
    page.locator("#review-fixed textarea").fill("Mi mem.")
    page.locator("#review-fix").click()
    expect(row.locator("li")).to_have_text(["Kie?", "Tie."])
    page.reload()
    expect(row.locator("li")).to_have_text(["Kie?", "Tie."])
    page.locator("#review-skip").click()
    expect(row).to_contain_text("You have seen every text")

    wait_for(lambda: len(stored(hub, "review")) == 2, "the reviews to be on the Hub")
    told = {str(one["row_id"]): one for one in stored(hub, "review")}
    assert told["a1"]["verdict"] == "drop" and told["b2"]["fixed"] == "Mi mem."
    assert told["a1"]["reviewer"] == told["b2"]["reviewer"]
    page.goto(chat)
    page.get_by_role("button", name="What you sent").click()
    expect(page.locator("#mine li")).to_have_count(2)
