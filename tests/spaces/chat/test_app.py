"""The chat as the Hub runs it, against a local Hub, in a headless browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from bot.localhub.testing import LocalHub
from tests.spaces.hub_content import FEEDBACK, HOSTILE_TEXT, hub_api
from tests.spaces.phone_checks import phone_problems
from tests.spaces.running_space import SPACES, check_refusals, wait_for

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # transformers and peft warn about themselves
]
SCROLLING = SPACES / "chat" / "scrolling.js"
# Everything that has been HTML in some Markdown parser, a link that runs a script, and a beacon.
HOSTILE_MARKDOWN = """bela <b>tago</b> ![x](http://127.0.0.1:9/x.png) &lt;i>
[a](javascript:alert(1)) [b](JaVaScRiPt&colon;alert(2)) <javascript:alert(3)>
`\\`<form>` <details open><summary>x</summary></div> <img src=x onerror=alert(4)>
![y][1] <svg/onload=alert(5)> <a href="/" style="position:fixed;inset:0">z</a>

[1]: http://127.0.0.1:9/y.png

```mermaid
<iframe src="//127.0.0.1:9"></iframe> graph TD; A["<form><input></form>"]
```

~~~
<style>*{display:none}</style>
~~~
"""


def stored(hub: LocalHub, kind: str = "chat") -> list[dict[str, object]]:
    """Return the rows of this kind in the feedback dataset; those of blind tests are votes."""
    api = hub_api(hub)
    if not api.repo_exists(FEEDBACK, repo_type="dataset"):
        return []
    files = api.list_repo_files(FEEDBACK, repo_type="dataset")
    paths = [path for path in files if path.startswith("data/epo_Latn/")]
    local_paths = [api.hf_hub_download(FEEDBACK, path, repo_type="dataset") for path in paths]
    rows = [json.loads(Path(path).read_text(encoding="utf-8")) for path in local_paths]
    return [row for row in rows if kind == ("vote" if row.get("rejected") else row["kind"])]


def choose_language(page: Page, name: str) -> None:
    page.locator("#language input").fill(name)
    page.locator("#language input").press("Enter")


def stop(page: Page) -> None:
    """Stop an answer, at once although the page is drawn again all the time."""
    page.locator("#stop").dispatch_event("click")
    expect(page.locator(".k-status").first).to_have_text("Stopped")


def test_choose_a_language_chat_compare_edit_and_retry(chat: str, page: Page) -> None:
    page.goto(chat)
    message_box = page.locator("#message-box textarea")
    adapter_chat, base_chat = page.locator("#adapter-chat"), page.locator("#base-chat")
    expect(page.locator("#examples button").first).to_be_visible()
    expect(message_box).to_be_enabled()
    page.locator("#send").click()
    expect(page.get_by_role("alert")).to_have_text("Write something first.")
    choose_language(page, "Welsh")
    lookup = page.locator("#name-lookup")
    expect(lookup).to_contain_text("There is no model for Welsh · Cymraeg yet")
    choose_language(page, "Esperatno")
    expect(lookup).to_contain_text("Did you mean")
    lookup.get_by_role("button", name="Esperanto").click()
    expect(lookup.locator("p")).to_have_count(0)
    expect(page.locator(".k-model-info")).to_contain_text("epo_Latn")
    expect(page.locator(".k-model-info")).to_contain_text("practice")
    page.get_by_role("button", name="saluton mondo").click()
    expect(adapter_chat.locator(".bot.message")).to_have_count(1)
    expect(page.locator("#send")).to_be_visible()

    message_box.fill("bela tago")
    page.get_by_label("Compare with the base model").check()
    message_box.press("Enter")
    expect(base_chat.locator(".bot.message")).to_have_count(1)
    expect(page.locator("#send")).to_be_visible()
    answers = adapter_chat.locator(".bot.message").last, base_chat.locator(".bot.message")
    assert answers[0].inner_text() != answers[1].inner_text()

    # Gradio scrolls up to 300 ms after the answer.
    page.get_by_role("button", name="Edit").first.click(delay=400)
    adapter_chat.locator("textarea").fill("akvo <i>vivo</i>")
    page.get_by_role("button", name="Submit").click()
    expect(adapter_chat.locator(".user.message")).to_have_count(1)
    expect(adapter_chat.locator(".user.message")).to_have_text("akvo <\u2060i>vivo<\u2060/i>")
    expect(adapter_chat.locator(".bot.message")).to_have_count(1)
    expect(page.locator("#send")).to_be_visible()
    answer = adapter_chat.locator(".bot.message")
    before = answer.inner_text()
    page.get_by_role("button", name="Retry").last.click()
    expect(answer).not_to_have_text(before, use_inner_text=True)
    expect(page.locator("#send")).to_be_visible()
    expect(answer).to_have_count(1)

    message_box.fill(HOSTILE_MARKDOWN)
    page.locator("#send").click()
    expect(adapter_chat.locator(".user.message")).to_have_count(2)
    shown = adapter_chat.locator(".user.message").last
    for text in ("<|b>tago<|/b>", "!|x", "<|form>", "&|lt;i>", "<|/div>", "<|iframe", "<|style>"):
        expect(shown).to_contain_text(text.replace("|", "\u2060"))
    foreign = "img, b, form, iframe, details, input, style, script, a[style], .mermaid"
    assert shown.locator(f"{foreign}, [href^=java]").count() == 0
    expect(adapter_chat.locator(".bot.message")).to_have_count(2)
    page.get_by_role("button", name="New chat").click()
    expect(adapter_chat.locator(".message")).to_have_count(0)
    expect(page.locator("#export")).to_be_hidden()


def test_the_conversation_scrolls_to_its_end_unless_a_person_holds_or_moves_it(page: Page) -> None:
    style = "<style>div { height: 9em; overflow: auto } p { height: 99em }</style>"
    page.set_content(f"{style}<div class=bubble-wrap><p></div>")
    page.add_script_tag(content=f"{{{SCROLLING.read_text(encoding='utf-8')}}}")
    conversation = page.locator(".bubble-wrap")

    def scrolls() -> bool:
        return bool(
            conversation.evaluate("e => { e.scrollTop = 0; e.scrollTo(0, 9); return e.scrollTop }")
        )

    assert scrolls()
    conversation.hover()
    page.mouse.down()
    assert not scrolls()
    page.mouse.up()
    assert not scrolls(), "at once"
    page.wait_for_timeout(450)
    assert scrolls()
    page.mouse.down(button="right")  # whose menu may keep its end for itself
    assert scrolls()
    page.mouse.wheel(0, 1)
    wait_for(lambda: not scrolls(), "the wheel")


def test_shared_link_restores_the_view_in_its_language_and_sends_nothing(
    chat: str, hub: LocalHub, page: Page
) -> None:
    page.goto(f"{chat}/?language=lingvo+internacia&ui=eo")
    expect(page.get_by_role("heading", name="Babilu en via lingvo")).to_be_visible()
    message_box = page.locator("#message-box textarea")
    message_box.fill("Ĉu <b>ne</b>?")
    page.locator("#share").click()
    link = page.locator("#share-link textarea")
    expect(link).to_be_visible()
    address, _, query = link.input_value().partition("?")
    assert address == f"{hub.url}/spaces/practice/kakugo-chat"
    page.goto(f"{chat}/?{query}")
    expect(message_box).to_have_value("Ĉu <b>ne</b>?")
    expect(message_box).to_have_attribute("lang", "eo")
    expect(page.locator("#send")).to_have_text("Sendi")
    assert page.locator("#adapter-chat .message").count() == 0
    expect(page).to_have_title("Babilu en via lingvo · Kakugo")
    expect(page.locator("html")).to_have_attribute("lang", "eo")
    page.locator("#send").click()
    answer = page.locator("#adapter-chat .bot.message")
    expect(answer).to_have_count(1)
    for label in ("Kopii la mesaĝon", "Reprovi", "Bona respondo"):
        button = page.get_by_role("button", name=label, exact=True).last
        expect(button).to_have_attribute("title", label)
    page.get_by_label("English").check(force=True)
    expect(page.locator("#send")).to_have_text("Send")
    expect(page.get_by_role("button", name="Retry", exact=True)).to_have_count(1)
    expect(page).to_have_title("Chat in your language · Kakugo")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_missing_language_right_to_left_script_and_offline_page(chat: str, page: Page) -> None:
    page.goto(f"{chat}/?language=cy")
    message_box, adapter_chat = page.locator("#message-box textarea"), page.locator("#adapter-chat")
    lookup = page.locator("#name-lookup")
    expect(lookup).to_contain_text("There is no model for Welsh · Cymraeg yet")
    expect(lookup.get_by_role("link", name="Request one")).to_be_visible()
    page.wait_for_timeout(500)
    expect(message_box).to_be_disabled()
    expect(page.locator("#send")).to_be_hidden()
    choose_language(page, "sdh_Arab")
    expect(message_box).to_be_enabled()
    expect(message_box).to_have_attribute("dir", "rtl")
    expect(adapter_chat).to_have_attribute("data-script", "Arab")
    expect(adapter_chat).to_contain_text("Southern Kurdish")
    choose_language(page, "eo")
    expect(message_box).to_have_attribute("dir", "ltr")
    page.get_by_role("link", name="Use it offline").click()
    offline = page.locator(".k-offline")
    expect(page).to_have_title("Esperanto offline · Kakugo")
    page.set_viewport_size({"width": 360, "height": 740})
    assert phone_problems(page) == []
    expect(offline.locator("li")).to_have_count(3)
    expect(offline).to_contain_text("llama-server -m it.gguf")
    expect(offline).to_contain_text("2 kB")


def test_queue_position_is_shown_and_stop_ends_an_answer(
    chat: str, page: Page, context: BrowserContext
) -> None:
    second = context.new_page()
    prompts = {page: "vivo", second: "bela"}
    page.goto(f"{chat}/?language=gd&compare=1&prompt=vivo")
    second.goto(f"{chat}/?language=gd&prompt=bela")
    for visitor, prompt in prompts.items():
        expect(visitor.locator("#message-box textarea")).to_have_value(prompt)
        expect(visitor.locator(".k-model-info")).to_contain_text("gla_Latn")
    page.locator("#send").click()
    expect(page.locator("#stop")).to_be_visible()
    second.locator("#send").click()
    expect(second.locator(".k-status").first).to_have_text("Number 1 in the queue")
    expect(page.locator("#adapter-chat .bot.message")).to_have_count(1)
    stop(page)
    expect(second.locator("#adapter-chat .bot.message")).to_have_count(1)
    stop(second)

    page.locator("#message-box textarea").fill("tago")
    page.locator("#send").click()
    expect(page.locator("#adapter-chat .bot.message")).to_have_count(2)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator("#send")).to_be_visible()
    page.wait_for_timeout(500)  # what the old answer still sends changes nothing
    expect(page.locator("#adapter-chat .message")).to_have_count(0)
    page.locator("#message-box textarea").fill("nova")
    page.locator("#send").click()
    expect(page.locator("#adapter-chat .bot.message")).to_have_count(1)
    expect(page.locator("#adapter-chat .user.message")).to_have_text("nova")
    stop(page)


def test_feedback_needs_consent_and_is_deleted_on_request(
    chat: str, hub: LocalHub, page: Page
) -> None:
    page.goto(f"{chat}/?language=epo_Latn&prompt=saluton")
    expect(page.locator("#examples button").first).to_be_visible()
    page.locator("#send").click()
    expect(page.locator("#adapter-chat .bot.message")).to_have_count(1)
    expect(page.locator("#send")).to_be_visible()  # the answer is complete
    page.get_by_role("button", name="Dislike").click()
    form = page.locator("#feedback-form")
    form.locator("#correction textarea").fill("Bonan <b>tagon</b>!")
    form.get_by_label("unnatural").check()
    form.get_by_label("Name for credit").fill("Anna")
    form.get_by_role("button", name="Send feedback").click()
    expect(form.get_by_role("alert")).to_contain_text("Nothing is stored without your consent")
    assert stored(hub) == []
    form.get_by_label("I agree").check()
    form.get_by_role("button", name="Send feedback").click()
    expect(form).to_be_hidden()
    key = page.locator("#thanks code").inner_text()
    expect(page.locator("#thanks .k-no-storage")).to_be_hidden()
    wait_for(lambda: len(stored(hub)) == 1, "the row to be on the Hub")
    (row,) = stored(hub)
    assert row["correction"] == "Bonan <b>tagon</b>!" and row["credit"] == "Anna"
    assert row["messages"] == [{"role": "user", "content": "saluton"}]
    assert (row["rating"], row["categories"], row["consent"]) == ("down", ["unnatural"], True)

    page.reload()
    expect(page.locator("#adapter-chat .user.message")).to_have_text("saluton")
    with page.expect_download() as download:
        page.locator("#export").click()
    exported = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert exported["turns"][0]["question"] == "saluton"
    page.get_by_role("button", name="What you sent").click()
    sent_list, delete_status = page.locator("#sent-list"), page.locator("#delete-status")
    expect(sent_list).to_contain_text(key)
    sent_list.get_by_role("button", name="Delete").click()
    expect(delete_status).to_have_text("Deleted.")
    assert stored(hub) == []
    page.locator("#delete-key textarea, #delete-key input").fill(key)
    page.locator("#delete").click()
    expect(delete_status).to_have_text("Nothing is stored under this key.")


def test_speaker_reviews_rows_of_the_dataset(chat: str, hub: LocalHub, page: Page) -> None:
    page.goto(f"{chat}/review?language=eo")
    row, status = page.locator("#review-row"), page.locator("#review-status")
    answer = page.locator("#review-answer textarea")
    expect(row.locator("li")).to_have_text(["Kio?"])
    expect(answer).to_have_value(f"Nenio. {HOSTILE_TEXT}")
    page.set_viewport_size({"width": 360, "height": 400})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "on a phone"
    page.locator("#review-keep").click()
    expect(status).to_contain_text("Nothing is stored without your consent")
    consent = page.locator("#review-consent label > span")
    height = consent.evaluate("span => span.offsetHeight")
    page.locator("#review-consent input").check()
    assert consent.evaluate("span => span.offsetHeight") < height / 3, "it is folded"
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(row).not_to_be_in_viewport()
    page.keyboard.press("d")
    expect(row.locator("li")).to_have_text(["Kiu?"])
    expect(row).to_be_in_viewport(ratio=1)
    expect(row).to_contain_text("1 of 3")
    page.keyboard.press("k")
    expect(row.locator("li")).to_have_text(["Kie?"])
    page.keyboard.press("u")
    expect(row.locator("li")).to_have_text(["Kiu?"])
    page.keyboard.press("f")
    page.keyboard.press("Control+A")
    page.keyboard.type("Mi mem, fakte.")
    page.locator("#review-fix").click()
    expect(row.locator("li")).to_have_text(["Kie?"])
    page.reload()
    expect(row.locator("li")).to_have_text(["Kie?"])
    page.locator("#review-skip").click()
    expect(row).to_contain_text("You have seen all texts")

    wait_for(lambda: len(stored(hub, "review")) == 2, "the reviews to be on the Hub")
    reviews = {str(review["row_id"]): review for review in stored(hub, "review")}
    assert reviews["a1"]["verdict"] == "drop" and reviews["b2"]["fixed"] == "Mi mem, fakte."
    assert reviews["a1"]["reviewer"] == reviews["b2"]["reviewer"]
    page.goto(chat)
    page.get_by_role("button", name="What you sent").click()
    expect(page.locator("#sent-list li")).to_have_count(2)


def test_blind_test_stores_which_version_is_better(chat: str, hub: LocalHub, page: Page) -> None:
    page.goto(f"{chat}/?language=epo_Latn")
    page.get_by_role("link", name="Blind test of two versions").click()
    page.wait_for_url("**/blind?*")  # the chat has such buttons, too
    page.locator("#examples").get_by_role("button", name="saluton mondo").click()
    answers = page.locator("#blind-answers section")
    expect(answers).to_have_count(2)
    first, second = (text.partition("\n")[2].strip() for text in answers.all_inner_texts())
    page.set_viewport_size({"width": 360, "height": 740})
    assert phone_problems(page) == []
    page.locator("#blind-consent input").check()
    page.keyboard.press("b")
    expect(page.locator("#blind-status")).to_contain_text("A was written by v")
    wait_for(lambda: len(stored(hub, "vote")) == 1, "the vote to be on the Hub")
    (row,) = stored(hub, "vote")
    assert (row["response"], row["rejected"]) == (second, first)


def test_uploads_are_refused_and_addresses_of_pages_work(chat: str) -> None:
    check_refusals(chat)
