"""Both Spaces as the Hub runs them, against a real local Hub, in a real headless browser."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
import space_models
from huggingface_hub import CommitOperationAdd, HfApi
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from pyarrow import parquet
from space_rows import lines, pair, request

from bot.localhub.testing import LocalHub

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.filterwarnings("ignore"),  # of transformers and peft about themselves
]
CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
SPACES = Path(__file__).parents[2] / "spaces"
EVIL = "<img src=x onerror=alert(1)> ${7*7} {{this}}"
BASE = "practice/kakugo-practice-base"
PATIENCE = 60


def push(api: HfApi, repo: str, files: dict[str, bytes]) -> None:
    api.create_repo(repo, repo_type="dataset", exist_ok=True)
    added = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo, added, commit_message="Add", repo_type="dataset")


def result(code: str, gain: float) -> dict[str, bytes]:
    """The results of one language."""
    back = pair(code, "flores", 20.0, 20.0 + gain, direction=f"{code}-eng_Latn")
    there = pair(code, "flores", 10.0, 10.0 + gain)
    text = lines(*there, *back, *pair(code, "sib200", 0.2, 0.2 + gain / 100))
    return {f"{code}/kakugo-practice-base-{code}/results.jsonl": text.encode()}


def questions(*asked: str) -> dict[str, bytes]:
    """Held-out rows whose questions the chat offers as examples."""
    made = io.BytesIO()
    rows = [[{"role": "user", "content": text}] for text in asked]
    parquet.write_table(pyarrow.table({"messages": rows}), made)
    return {"data/test-00000-of-00001.parquet": made.getvalue()}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    folder = tmp_path_factory.mktemp("world")
    with LocalHub(folder) as running:
        api = HfApi(endpoint=running.url, token=running.token("kakugo-bot"))
        push(api, "practice/kakugo-results", result("epo_Latn", 40.0) | result("xyz_Latn", 5.0))
        ledger = (
            request(1, "epo_Latn", "Esperanto"),
            request(2, "xyz_Latn", EVIL),
            request(3, "sdh_Arab", "Southern Kurdish", status="open"),
            "broken",
        )
        push(api, "practice/kakugo-requests", {"sheets/00000.jsonl": "\n".join(ledger).encode()})
        push(api, "practice/kakugo-epo_Latn", questions("saluton mondo", EVIL))
        push(api, "practice/kakugo-sdh_Arab", questions("سڵاو"))
        adapters = [f"{BASE}-{code}" for code in ("epo_Latn", "sdh_Arab")]
        space_models.push(api, folder / "models", BASE, adapters)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as tool:
        chromium = tool.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


def run_space(name: str, hub: LocalHub, org: str, folder: Path) -> Iterator[str]:
    """Run `app.py` in a clean folder with the environment that the Hub gives; yield its address."""
    shutil.copytree(SPACES / name, folder / name, ignore=shutil.ignore_patterns("*cache*"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(folder / "cache"),
        "SPACE_ID": f"{org}/kakugo",
        "GRADIO_SERVER_NAME": "127.0.0.1",
        "GRADIO_SERVER_PORT": str(port),
    }
    process = subprocess.Popen([sys.executable, "app.py"], cwd=folder / name, env=os.environ | own)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(url), f"{name} to answer")
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def wait_for(done: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end, f"waited too long for {what}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def leaderboard(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from run_space("leaderboard", hub, "practice", tmp_path_factory.mktemp("leaderboard"))


@pytest.fixture(scope="module")
def chat(hub: LocalHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    yield from run_space("chat", hub, "practice", tmp_path_factory.mktemp("chat"))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails the test on console errors, on dialogs and on requests to anybody else."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    wrong: list[str] = []
    hosts: set[str] = set()
    opened.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
    opened.on("request", lambda r: hosts.add(r.url.split("/")[2]) if "//" in r.url else None)
    opened.set_default_timeout(PATIENCE * 1000)
    expect.set_options(timeout=PATIENCE * 1000)
    yield opened
    context.close()
    assert wrong == []
    assert all(host.startswith("127.0.0.1:") for host in hosts) and len(hosts) <= 1, hosts


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
    expect(names).to_have_text([EVIL, "Esperanto"])
    expect(page.get_by_role("button", name="Language")).to_be_focused()
    page.get_by_text("Intervals, cost, date").last.click()
    expect(page.locator(".k-numbers").last).to_contain_text("< 0.001")


def test_the_queue_and_the_guide(leaderboard: str, hub: LocalHub, page: Page) -> None:
    page.goto(leaderboard)
    page.get_by_role("tab", name="Queue").click()
    queue = page.locator("#queue .k-request")
    expect(queue).to_have_count(3)
    expect(queue.first).to_contain_text("Southern Kurdish")
    page.get_by_role("tab", name="Guide").click()
    expect(page.get_by_role("heading", name="How to read this")).to_be_visible()
    page.get_by_role("tab", name="Request").click()
    community = page.get_by_role("link", name="Open the Community tab")
    expect(community).to_have_attribute("href", f"{hub.url}/spaces/practice/kakugo/discussions")


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


def test_a_phone_needs_no_sideways_scrolling(leaderboard: str, chat: str, browser: Browser) -> None:
    phone = browser.new_context(viewport={"width": 360, "height": 740}, color_scheme="dark")
    for url, shown in ((leaderboard, ".k-name"), (chat, "#say textarea")):
        opened = phone.new_page()
        opened.goto(url)
        opened.locator(shown).first.wait_for(timeout=PATIENCE * 1000)
        assert opened.evaluate("document.documentElement.scrollWidth") <= 360
    phone.close()


def _stopped(page: Page) -> bool:
    """Try to stop an answer while it comes; so small a model may be done before anybody can."""
    page.get_by_role("button", name="Retry").last.click()
    try:
        page.locator("#stop").click(timeout=3_000)
        expect(page.locator(".k-status")).to_have_text("Stopped", timeout=5_000)
    except (PlaywrightTimeout, AssertionError):
        expect(page.locator("#send")).to_be_visible()
        return False
    return True


def test_talk_compare_retry_and_begin_anew(chat: str, page: Page) -> None:
    page.goto(chat)
    say, talk, base = page.locator("#say textarea"), page.locator("#talk"), page.locator("#base")
    expect(say).to_be_enabled()
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
    assert (
        talk.locator(".bot.message").last.inner_text() != base.locator(".bot.message").inner_text()
    )
    assert page.locator(".message img, .message b").count() == 0

    assert any(_stopped(page) for _ in range(8))
    expect(talk.locator(".user.message")).to_have_count(2)

    page.get_by_role("button", name="New chat").click()
    expect(talk.locator(".message")).to_have_count(0)
    expect(page.get_by_role("button", name="saluton mondo")).to_be_visible()


def test_the_address_names_the_language_and_its_script_the_direction(chat: str, page: Page) -> None:
    page.goto(f"{chat}/?language=sdh_Arab")
    expect(page.locator("#say textarea")).to_have_attribute("dir", "rtl")
    expect(page.locator("#talk")).to_contain_text("Southern Kurdish")
    expect(page.locator(".k-about a").first).to_contain_text("sdh_Arab")


def test_limits_are_said_in_a_sentence(chat: str, page: Page) -> None:
    page.goto(chat)
    expect(page.locator("#say textarea")).to_be_enabled()
    page.locator("#send").click()
    expect(page.get_by_role("alert")).to_have_text("Write something first.")
