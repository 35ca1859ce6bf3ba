"""The chat as the Hub runs it: stewards sign in, and phones show it inside of the Hub's page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from feedback import FeedbackForm, RatedAnswer, Receipt, feedback_row
from i18n import ENGLISH, Translations, translations
from outbox import Outbox
from playwright.sync_api import Browser, Page, expect
from uploader import Uploader

from bot.localhub.testing import LocalHub
from recipes.core import decisions
from tests.spaces import tiny_models
from tests.spaces.hub_content import BASE, conversation, hub_api, parquet_file, push
from tests.spaces.phone_checks import BLOCK_STORAGE, TOO_WIDE, phone_problems
from tests.spaces.running_space import SPACES, TIMEOUT_SECONDS, wait_for
from tests.spaces.visitors import ADAPTER

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # transformers and peft warn about themselves
]
ENGLISH_TEXTS = translations(ENGLISH)
SIGN_IN = ENGLISH_TEXTS("sign_in")
CHAT, FEEDBACK, CODE = "practice/kakugo-chat", "practice/kakugo-feedback", "epo_Latn"


@dataclass(frozen=True)
class HostedChat:
    """The chat in a Space of the Hub."""

    hub: LocalHub

    def start(self) -> str:
        """Start the Space if it does not run, and return its address."""
        api = hub_api(self.hub)
        if api.get_space_runtime(CHAT).stage == "PAUSED":
            api.restart_space(CHAT)
        runtime = api.wait_for_space(CHAT, timeout=120, poll_interval=0.1)
        assert runtime.stage == "RUNNING", runtime.raw
        port = runtime.raw["domains"][0]["domain"].rpartition(":")[2]
        return f"http://localhost:{port}"

    def waiting(self) -> dict[str, int]:
        """Return what the recipe would not read, by reason."""
        api = hub_api(self.hub)
        sha = str(api.dataset_info(FEEDBACK).sha)
        return decisions.fetch(api, FEEDBACK, sha, CODE).skipped


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostedChat]:
    folder = tmp_path_factory.mktemp("signed-in")
    users = ["kakugo-bot", "bob", "mallory"]
    with LocalHub(folder, users, {"practice": ["kakugo-bot"]}) as hub:
        api = hub_api(hub)
        tiny_models.push(api, folder / "models", BASE, [f"{BASE}-{CODE}"])
        rows = parquet_file(id=["a"], prompt_id=["t/1"], messages=[conversation("Kio?", "Io.")])
        push(api, f"practice/kakugo-{CODE}", {"topics/train.parquet": rows})
        push(api, "practice/kakugo-communities", {f"{CODE}.yaml": b"stewards: [bob]\n"})
        send_anonymously(hub, Outbox(folder / "outbox"))
        secrets = [{"key": "HF_TOKEN", "value": hub.token("kakugo-bot")}]
        api.create_repo(CHAT, repo_type="space", space_sdk="gradio", space_secrets=secrets)
        for name, target in (("common", "common"), ("chat", ".")):
            api.upload_folder(
                repo_id=CHAT, repo_type="space", folder_path=SPACES / name, path_in_repo=target,
                ignore_patterns=["*cache*"],
            )  # fmt: skip
        api.restart_space(CHAT)
        yield HostedChat(hub)


def send_anonymously(hub: LocalHub, outbox: Outbox) -> None:
    """Store two corrections without an account, as the form does."""
    for text in ("Tio.", "Jen tio."):
        now = datetime.now(UTC)
        receipt = Receipt.new(CODE, now)
        answer = RatedAnswer(ADAPTER, ({"role": "user", "content": "Kio?"},), "It.")
        form = FeedbackForm("down", text, (), "Eva", True)
        outbox.add(receipt.path, feedback_row(receipt, now, answer, form, ""))
    Uploader(hub_api(hub), FEEDBACK, outbox).upload()


def allow(page: Page, account: str, t: Translations) -> None:
    """Let the Space know who is signed in on the Hub, on its page that asks for it."""
    expect(page.get_by_text("will know that you are")).to_contain_text(account)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("button", name=f"{t('sign_out')} ({account})")).to_be_visible()


def test_phone_needs_no_storage_inside_of_the_hubs_page(chat: HostedChat, browser: Browser) -> None:
    chat.start()
    expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
    page = browser.new_context(viewport={"width": 360, "height": 740}).new_page()
    page.set_default_timeout(TIMEOUT_SECONDS * 1000)
    page.add_init_script(BLOCK_STORAGE)
    page.goto(f"{chat.hub.url}/spaces/{CHAT}?language={CODE}&prompt=bela")
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
    assert frame.locator("#thanks code").inner_text().startswith(f"kakugo-{CODE}-")
    expect(frame.locator("#thanks .k-no-storage")).to_contain_text("write the key down now")
    frame.locator("#sent-list").get_by_role("button", name="Delete").click()
    expect(frame.locator("#delete-status")).to_have_text("Deleted.")
    frame.get_by_role("link", name="Review its training data").click()
    expect(frame.locator("#review-row li")).to_have_text(["Kio?"])
    assert phone_problems(frame) == []
    with page.expect_popup() as popup:  # a frame has no cookies to sign in with
        frame.get_by_role("button", name=SIGN_IN).click()
    expect(popup.value.get_by_role("button", name="bob")).to_be_visible()
    page.context.close()


def test_steward_signs_in_and_accepts(chat: HostedChat, browser: Browser) -> None:
    expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
    url = chat.start()
    assert chat.waiting() == {"waiting": 2}
    page = browser.new_context().new_page()
    t = translations("eo")
    page.goto(f"{url}/stewards?language=eo&ui=eo")
    page.get_by_role("button", name=t("sign_in")).click()
    page.get_by_role("button", name="mallory").click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text(t("stewards_sign_in"))).to_be_visible()
    page.get_by_role("button", name=t("sign_in")).click()
    allow(page, "mallory", t)
    expect(page.get_by_text(t("stewards_not_one", account="mallory"))).to_be_visible()
    expect(page.locator("#waiting-rows")).to_be_hidden()
    page.get_by_role("button", name=t("sign_out")).click()
    # The Hub knows the visitor, who has allowed the Space before: there is nothing to ask.
    page.get_by_role("button", name=t("sign_in")).click()
    expect(page.get_by_role("button", name=t("sign_out"))).to_be_visible()

    page.context.clear_cookies()
    page.goto(f"{url}/stewards?language=eo")
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("button", name="bob").click()
    allow(page, "bob", ENGLISH_TEXTS)
    rows = page.locator("#waiting-rows label")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("somebody without an account")
    page.set_viewport_size({"width": 360, "height": 740})
    assert phone_problems(page) == []
    rows.first.click()
    page.locator("#edited-text textarea").fill("Jen ĝi.")
    page.locator("#edited-credit input, #edited-credit textarea").fill("")
    page.locator("#accept-edited").click()
    expect(page.locator("#steward-status")).to_have_text("Accepted: 1.")
    expect(rows).to_have_count(1)
    page.locator("#select-all").click()
    expect(rows.locator("input")).to_be_checked()
    page.keyboard.press("a")
    expect(rows).to_have_count(0)
    api = hub_api(chat.hub)
    api.pause_space(CHAT)  # it uploads what is left
    wait_for(lambda: chat.waiting() == {}, "the decisions to be on the Hub")
    sha = str(api.dataset_info(FEEDBACK).sha)
    learned = decisions.fetch(api, FEEDBACK, sha, CODE).chats
    assert {row.account for row in learned} == {"bob"}
    assert {row.credit for row in learned} == {None, "Eva"}
    assert "Jen ĝi." in {row.correction for row in learned}
