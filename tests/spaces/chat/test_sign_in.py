"""A steward signs in with the Hub in a browser and accepts what strangers have sent.

The Hub runs the Space, and Gradio's own sign-in talks to the Hub.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from feedback import FeedbackForm, RatedAnswer, Receipt, feedback_row
from outbox import Outbox
from playwright.sync_api import Browser, Page, expect
from uploader import Uploader

from bot.localhub.testing import LocalHub
from recipes.core import decisions
from tests.spaces import tiny_models
from tests.spaces.hub_content import BASE, hub_api, push
from tests.spaces.running_space import SPACES, TIMEOUT_SECONDS, wait_for
from tests.spaces.visitors import ADAPTER

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # transformers and peft warn about themselves
]
CHAT, FEEDBACK, CODE = "practice/kakugo-chat", "practice/kakugo-feedback", "epo_Latn"


@dataclass(frozen=True)
class RunningChat:
    """The chat as the Hub runs it."""

    hub: LocalHub
    url: str

    def waiting(self) -> dict[str, int]:
        """Return what the recipe would not read, by reason."""
        api = hub_api(self.hub)
        sha = str(api.dataset_info(FEEDBACK).sha)
        return decisions.fetch(api, FEEDBACK, sha, CODE).skipped


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningChat]:
    folder = tmp_path_factory.mktemp("signed-in")
    users = ["kakugo-bot", "bob", "mallory"]
    with LocalHub(folder, users, {"practice": ["kakugo-bot"]}) as hub:
        api = hub_api(hub)
        tiny_models.push(api, folder / "models", BASE, [f"{BASE}-{CODE}"])
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
        runtime = api.wait_for_space(CHAT, timeout=120, poll_interval=0.1)
        assert runtime.stage == "RUNNING", runtime.raw
        port = runtime.raw["domains"][0]["domain"].rpartition(":")[2]
        yield RunningChat(hub, f"http://localhost:{port}")


def send_anonymously(hub: LocalHub, outbox: Outbox) -> None:
    """Store two corrections without an account, as the form does."""
    for text in ("Tio.", "Jen tio."):
        now = datetime.now(UTC)
        receipt = Receipt.new(CODE, now)
        answer = RatedAnswer(ADAPTER, ({"role": "user", "content": "Kio?"},), "It.")
        form = FeedbackForm("down", text, (), "Eva", True)
        outbox.add(receipt.path, feedback_row(receipt, now, answer, form, ""))
    Uploader(hub_api(hub), FEEDBACK, outbox).upload()


def sign_in(page: Page, account: str) -> None:
    """Sign in on a page of the Space, through the pages of the Hub."""
    page.get_by_role("button", name="Sign in with Hugging Face").click()
    page.get_by_role("button", name=account).click()
    expect(page.get_by_text("will know that you are")).to_contain_text(account)
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("button", name=f"Sign out ({account})")).to_be_visible()


def test_steward_signs_in_and_accepts(chat: RunningChat, browser: Browser) -> None:
    expect.set_options(timeout=TIMEOUT_SECONDS * 1000)
    assert chat.waiting() == {"waiting": 2}
    page = browser.new_context().new_page()
    page.goto(f"{chat.url}/stewards?language=eo")
    expect(page.get_by_text("Sign in to see what waits.")).to_be_visible()
    sign_in(page, "mallory")
    expect(page.get_by_text("mallory is neither a steward")).to_be_visible()
    expect(page.locator("#waiting-rows")).to_be_hidden()
    page.get_by_role("button", name="Sign out (mallory)").click()
    expect(page.get_by_text("Sign in to see what waits.")).to_be_visible()

    page = browser.new_context().new_page()
    page.goto(f"{chat.url}/stewards?language=eo")
    sign_in(page, "bob")
    rows = page.locator("#waiting-rows label")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("somebody without an account")
    rows.first.click()
    page.locator("#edited-text textarea").fill("Jen ĝi.")
    page.locator("#edited-credit input, #edited-credit textarea").fill("")
    page.locator("#accept-edited").click()
    expect(page.locator("#steward-status")).to_have_text("Accepted: 1.")
    expect(rows).to_have_count(1)
    page.locator("#select-all").click()
    page.locator("#accept").click()
    expect(rows).to_have_count(0)
    api = hub_api(chat.hub)
    api.pause_space(CHAT)  # it uploads what is left
    wait_for(lambda: chat.waiting() == {}, "the decisions to be on the Hub")
    sha = str(api.dataset_info(FEEDBACK).sha)
    learned = decisions.fetch(api, FEEDBACK, sha, CODE).chats
    assert {row.account for row in learned} == {"bob"}
    assert {row.credit for row in learned} == {None, "Eva"}
    assert "Jen ĝi." in {row.correction for row in learned}
