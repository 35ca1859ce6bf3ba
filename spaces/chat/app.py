"""The chat Space: what the Hub runs.

The files, lowest layer first; a file imports only from files above it and from `common`:

    chat_settings        The environment variables of the chat
    adapters             Parse what the Hub says about models
    answer_settings      How answers are generated
    conversation         A conversation: its turns, what a model is sent, what a person is shown
    control_tokens       Text without the control tokens of a chat template
    rate_limits          How much a visitor and an address may do in a minute
    waiting_queue        The queue for the model
    i18n                 The texts of the interface
    locales              The texts in each language, one JSON file a language
    feedback             The feedback form, the stored row, and its receipt
    blind_test           A blind test of two versions
    reviews              Reviews of dataset rows
    decisions            Feedback that waits, and the files that say what was decided
    javascript           The JavaScript of the page
    interface.js         The language of the interface, also in what Gradio writes
    scrolling.js         The conversation scrolls to its end, unless a person scrolls or clicks
    style.css            The style sheet, after that of `common`
    html                 The template of the HTML
    fragments            The HTML of the page
    parquet_rows         Read the first rows of a parquet file
    model_registry       Find the adapters and example questions on the Hub
    review_samples       Read the rows to review from the Hub
    stewards             Who may decide about the feedback on a language
    engine               Generate answers; the only file that imports torch
    outbox               Rows and deletions that the Hub does not have yet
    feedback_reader      Read the feedback that waits for a decision
    feedback_card.md     The card of the feedback dataset
    uploader             Upload the outbox; the only file that writes to the Hub
    submissions          Accept what visitors send
    sign_in              The account of who is signed in
    components           The components of the pages, and their texts
    chat_handlers        Gradio handlers of the conversation
    selection_handlers   Gradio handlers for choosing a language and sharing a link
    feedback_handlers    Gradio handlers of the feedback form
    review_handlers      Gradio handlers of the review page
    blind_test_handlers  Gradio handlers of the blind test
    steward_handlers     Gradio handlers of the stewards' page
    feedback_layout      The layout of the feedback form
    settings_layout      The layout of the settings of the answers
    review_layout        The layout of the review page
    blind_test_layout    The layout of the blind test
    steward_layout       The layout of the stewards' page
    layout               The layout of the chat page
    app                  Start everything
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # a checkout has `common` there
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # Gradio reads it when it is imported

with contextlib.suppress(ImportError):  # ZeroGPU requires this import before that of torch
    import spaces  # noqa: F401

from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from chat_settings import ChatSettings
from common.gradio_options import launch
from engine import Engine
from httpx2 import HTTPError
from layout import build
from model_registry import ModelRegistry
from outbox import Outbox
from sign_in import back_to_page, begin_again
from uploader import Uploader

FOLDER = Path(__file__).parent
SCRIPTS = ("interface.js", "scrolling.js")
MAX_THREADS = 80  # each visitor in the queue holds one while waiting


def create_uploader(
    settings: ChatSettings, registry: ModelRegistry, outbox: Outbox
) -> Uploader | None:
    """Return the uploader of feedback; None without a token that can write."""
    if not settings.token:
        logging.warning("HF_TOKEN is not set: feedback is not accepted")
        return None
    return Uploader(registry.api, f"{settings.org}/kakugo-feedback", outbox)


def main() -> None:
    """Find models, serve the pages until a signal comes, and upload what is left."""
    settings = ChatSettings.read(os.environ)
    registry, outbox = ModelRegistry(settings), Outbox(settings.outbox)
    uploader = create_uploader(settings, registry, outbox)
    registry.start()
    if uploader:
        uploader.start()
    demo = build(settings, registry, Engine(settings.token), outbox, uploader)
    stopped = threading.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, lambda *_: stopped.set())
    demo.queue(max_size=None)
    launch(
        demo,
        FOLDER,
        settings.port,
        exception_handlers={OAuthError: back_to_page, HTTPError: begin_again},
        script="".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS),
        max_threads=MAX_THREADS,
        prevent_thread_lock=True,
    )
    stopped.wait()
    if uploader:
        uploader.close()
    demo.close()


if __name__ == "__main__":
    main()
