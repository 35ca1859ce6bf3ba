"""The chat as the Hub runs it: stewards sign in, and phones show it inside of the Hub's page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from common.languages import by_code
from feedback import FeedbackForm, RatedAnswer, Receipt, feedback_row
from i18n import ENGLISH, Translations, translations
from outbox import Outbox
from playwright.sync_api import Page, expect
from uploader import Uploader

from bot.localhub.testing import LocalHub
from recipes.core import decisions
from tests.spaces.hub_content import CHAT, FEEDBACK, hub_api, push
from tests.spaces.phone_checks import BLOCK_STORAGE, TOO_WIDE, phone_problems
from tests.spaces.running_space import wait_for
from tests.spaces.visitors import ADAPTER

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # transformers and peft warn about themselves
]
CODE = "sdh_Arab"  # the other tests give feedback on Esperanto


def waiting(hub: LocalHub) -> dict[str, int]:
    """Return what the recipe would not read, by reason."""
    api = hub_api(hub)
    sha = str(api.dataset_info(FEEDBACK).sha)
    return decisions.fetch(api, FEEDBACK, sha, CODE).skipped


def send_anonymously(hub: LocalHub, outbox: Outbox) -> None:
    """Store two corrections without an account, as the form does."""
    adapter = replace(ADAPTER, language=by_code(CODE))
    for text in ("Tio.", "Jen tio."):
        now = datetime.now(UTC)
        receipt = Receipt.new(CODE, now)
        answer = RatedAnswer(adapter, ({"role": "user", "content": "Kio?"},), "It.")
        form = FeedbackForm("down", text, (), "Eva", True)
        outbox.add(receipt.path, feedback_row(receipt, now, answer, form, ""))
    Uploader(hub_api(hub), FEEDBACK, outbox).upload()


def allow(page: Page, account: str, t: Translations) -> None:
    """Let the Space know who is signed in on the Hub, on its page that asks for it."""
    expect(page.get_by_text("will know that you are")).to_contain_text(account)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("button", name=f"{t('sign_out')} ({account})")).to_be_visible()


def test_phone_needs_no_storage_inside_of_the_hubs_page(
    chat: str, hub: LocalHub, hub_page: Page
) -> None:
    page = hub_page
    page.add_init_script(BLOCK_STORAGE)
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{hub.url}/spaces/{CHAT}?language=epo_Latn&prompt=bela")
    handle = page.locator("iframe").element_handle()
    frame = handle and handle.content_frame()
    assert frame
    expect(frame.locator(".k-model-info")).to_contain_text("practice")
    for width in (412, 390, 360):
        page.set_viewport_size({"width": width, "height": 740})
        assert frame.evaluate(TOO_WIDE) <= 0
    frame.locator("#send").click()
    expect(frame.locator("#adapter-chat .bot.message")).to_have_count(1)
    expect(frame.locator("#send")).to_be_visible()  # the answer is complete
    frame.get_by_role("button", name="Like", exact=True).click()
    frame.get_by_text("Use it in Python").click()
    frame.get_by_role("button", name="Settings of the answers").click()
    frame.get_by_role("button", name="What you sent").click()
    expect(frame.locator("#correction")).to_be_visible()
    assert phone_problems(frame) == []
    frame.get_by_label("I agree").check()
    frame.get_by_role("button", name="Send feedback").click()
    assert frame.locator("#thanks code").inner_text().startswith("kakugo-epo_Latn-")
    expect(frame.locator("#thanks .k-no-storage")).to_contain_text("write the key down now")
    frame.locator("#sent-list").get_by_role("button", name="Delete").click()
    expect(frame.locator("#delete-status")).to_have_text("Deleted.")
    frame.get_by_role("link", name="Review its training data").click()
    expect(frame.locator("#review-row li")).to_have_text(["Kio?"])
    assert phone_problems(frame) == []
    with page.expect_popup() as popup:  # a frame has no cookies to sign in with
        frame.get_by_role("button", name=translations(ENGLISH)("sign_in")).click()
    expect(popup.value.get_by_role("button", name="bob")).to_be_visible()


def test_steward_signs_in_and_accepts(
    chat: str, hub: LocalHub, hub_page: Page, tmp_path: Path
) -> None:
    api, page, t = hub_api(hub), hub_page, translations("eo")
    push(api, "practice/kakugo-communities", {f"{CODE}.yaml": b"stewards: [bob]\n"})
    send_anonymously(hub, Outbox(tmp_path))
    assert waiting(hub) == {"waiting": 2}
    page.goto(f"{chat}/stewards?language={CODE}&ui=eo")
    visited: list[str] = []
    page.on("framenavigated", lambda frame: visited.append(frame.url))
    page.get_by_role("button", name=t("sign_in")).click()
    page.get_by_role("button", name="mallory").click()
    # Gradio's own page would come back after two seconds without an answer from the Hub.
    assert visited[0].startswith("blob:")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(t("stewards_sign_in"))).to_be_visible()
    page.get_by_role("button", name=t("sign_in")).click()
    allow(page, "mallory", t)
    expect(page.get_by_text(t("stewards_not_one", account="mallory"))).to_be_visible()
    expect(page.locator("#waiting-rows")).to_be_hidden()
    page.get_by_role("button", name=t("sign_out")).click()
    expect(page.get_by_text(t("stewards_sign_in"))).to_be_visible()
    page.context.clear_cookies()  # those of the Hub
    page.get_by_role("button", name=t("sign_in")).click()
    page.get_by_role("button", name="bob").click()
    allow(page, "bob", t)
    rows = page.locator("#waiting-rows label")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text(t("waiting_anonymous"))
    page.set_viewport_size({"width": 360, "height": 740})
    assert phone_problems(page) == []
    rows.first.click()
    page.locator("#edited-text textarea").fill("Jen ĝi.")
    page.locator("#edited-credit input, #edited-credit textarea").fill("")
    page.locator("#accept-edited").click()
    expect(page.locator("#steward-status")).to_have_text(t("accepted", count=1))
    expect(rows).to_have_count(1)
    page.locator("#select-all").click()
    expect(rows.locator("input")).to_be_checked()
    page.keyboard.press("a")
    expect(rows).to_have_count(0)
    wait_for(lambda: waiting(hub) == {}, "the decisions to be on the Hub")
    sha = str(api.dataset_info(FEEDBACK).sha)
    learned = decisions.fetch(api, FEEDBACK, sha, CODE).chats
    assert {row.account for row in learned} == {"bob"}
    assert {row.credit for row in learned} == {None, "Eva"}
    assert "Jen ĝi." in {row.correction for row in learned}
