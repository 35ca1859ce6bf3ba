"""`make screenshots`: the README's pictures, made of a demo that really runs.

Without an argument a fresh demo is run; with one, pictures are made of the demo whose result
(`kakugo demo --stay --json FILE`) it names. The chat is asked until its answer is right: the
practice world knows the translation. `docs/screenshots.txt` has a digest of what makes these pages;
`tests/bench/test_screenshots.py` fails when that has changed.
"""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from random import Random

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from recipes.practice.exercises import answer as right_answer
from recipes.practice.exercises import prompt, random_exercise
from tests.browser import CHROMIUM, MISSING

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
STAMP = DOCS / "screenshots.txt"
# What the pages in the pictures are made of.
SOURCES = (
    "bot/localhub/static/*.css",
    "bot/localhub/templates/thread.html",
    "spaces/*/html/*.html",
    "spaces/*/style.css",
)
SIZE = {"width": 1000, "height": 625}
WIDE = {"width": 1280, "height": 800}  # the leaderboard needs the width, the chat the height
FRAME_WIDTH, FRAME_MS, COLORS = 720, 2200, 64
TIMEOUT_SECONDS = 1500
MAX_QUESTIONS = 12


def sources_digest() -> str:
    """Return a digest of the files that the pictures show."""
    paths = sorted(path for pattern in SOURCES for path in ROOT.glob(pattern))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def take(urls: Mapping[str, str]) -> None:
    """Write the pictures of a finished demo, whose pages have these URLs."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        page = _page(browser)
        expect.set_options(timeout=60_000)
        frames = [*_discussion(page, urls["discussion"]), _leaderboard(page, urls["leaderboard"])]
        frames.append(_chat(browser, urls["chat"]))
        browser.close()
    _write_animation(frames)
    STAMP.write_text(f"{sources_digest()}\n")


def _page(browser: Browser) -> Page:
    page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en")
    page.set_default_timeout(60_000)
    return page


def _discussion(page: Page, url: str) -> list[bytes]:
    """Take the whole discussion, and return views of its plan, its steps and its result."""
    page.goto(url)
    views = []
    for text in ("My plan:", "Status: done", "is done."):
        page.get_by_text(text).first.scroll_into_view_if_needed()
        page.mouse.wheel(0, 150)
        page.wait_for_timeout(300)
        views.append(page.screenshot())
    # Otherwise the header covers what is in the middle.
    page.locator(".top").evaluate("header => { header.style.position = 'static' }")
    page.screenshot(path=DOCS / "discussion.png", full_page=True)
    return views


def _leaderboard(page: Page, url: str) -> bytes:
    page.set_viewport_size(WIDE)
    page.goto(_app(page, url))
    expect(page.get_by_text("Esperanto").first).to_be_visible()
    page.wait_for_timeout(2000)
    return page.screenshot(path=DOCS / "leaderboard.png")


def _chat(browser: Browser, url: str) -> bytes:
    """Ask for translations in fresh chats until one is right. Raises SystemExit."""
    app, rng = _app(_page(browser), url), Random(7)
    for _ in range(MAX_QUESTIONS):
        exercise = random_exercise(rng, "to_esperanto", "eng")
        page = _page(browser)  # the chat keeps a conversation for the next visit
        page.set_viewport_size(WIDE)
        page.goto(f"{app}/?language=epo_Latn")
        box = page.locator("#message-box textarea")
        answer = page.locator("#adapter-chat .bot.message")
        expect(page.locator(".k-model-info")).to_contain_text("epo_Latn")
        box.fill(prompt(exercise))
        box.press("Enter")
        expect(answer).to_have_count(1)
        expect(page.locator("#send")).to_be_visible()
        if right_answer(exercise, rng) in answer.inner_text():
            page.evaluate("scrollTo(0, 0)")
            page.wait_for_timeout(1000)
            return page.screenshot(path=DOCS / "chat.png")
    raise SystemExit(f"none of {MAX_QUESTIONS} answers in the chat was right")


def _app(page: Page, url: str) -> str:
    """Return the URL of the app on a Space's page, which wakes it."""
    page.goto(url)
    frame = page.locator("iframe").first
    expect(frame).to_be_visible()
    return str(frame.get_attribute("src")).split("?")[0].rstrip("/")


def _write_animation(frames: list[bytes]) -> None:
    images = []
    for frame in frames:
        with Image.open(BytesIO(frame)) as image:
            height = image.height * FRAME_WIDTH // image.width
            small = image.convert("RGB").resize((FRAME_WIDTH, height), Image.Resampling.LANCZOS)
            images.append(small.quantize(COLORS, dither=Image.Dither.NONE))
    images[0].save(
        DOCS / "demo.gif",
        save_all=True,
        append_images=images[1:],
        duration=FRAME_MS,
        loop=0,
        optimize=True,
    )


def run_demo() -> None:
    """Run a fresh demo, take its pictures, and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        options = ("--data", f"{folder}/demo", "--stay", "--json", str(result))
        demo = subprocess.Popen([sys.executable, "-m", "bot.cli", "demo", *options])
        try:
            deadline = time.monotonic() + TIMEOUT_SECONDS
            while not result.exists() or not result.read_text():
                if demo.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit("the demo has no result: see its messages above")
                time.sleep(1)
            take(json.loads(result.read_text())["urls"])
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(60)


if __name__ == "__main__":
    if CHROMIUM is None:
        sys.exit(MISSING)
    if len(sys.argv) > 1:
        take(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["urls"])
    else:
        run_demo()
