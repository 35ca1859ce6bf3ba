"""The review page without a browser: what is stored, refused and skipped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from huggingface_hub import HfApi
from outbox import Outbox
from review_samples import ReviewSamples
from reviews import Row, Sample
from uploader import Uploader

from recipes.core import feedback
from tests.spaces.named_components import named_components
from tests.spaces.visitors import model_registry, signed_in, visitor

if TYPE_CHECKING:
    from review_handlers import ReviewHandlers

pytestmark = pytest.mark.xdist_group("gradio")

ROW = Row("a1", ({"role": "user", "content": "Kio?"}, {"role": "assistant", "content": "Io."}))
NEXT = Row("b2", ({"role": "user", "content": "Kiu?"}, {"role": "assistant", "content": "Iu."}))
KEPT = f"kakugo-epo_Latn-2026-01-01-{'a' * 32}"
SAMPLE = Sample("epo_Latn", "org/kakugo-epo_Latn", "f" * 40, (ROW, NEXT))


def handlers_with(uploader: Uploader | None, outbox: Outbox, folder: Path) -> ReviewHandlers:
    from components import ReviewComponents
    from review_handlers import ReviewHandlers

    page = named_components(ReviewComponents)
    registry = model_registry(folder)
    samples = ReviewSamples(registry.api, "org")
    return ReviewHandlers(registry, samples, outbox, uploader, page)


@pytest.fixture
def handlers(tmp_path: Path) -> ReviewHandlers:
    outbox = Outbox(tmp_path)
    unreachable = Uploader(HfApi("http://127.0.0.1:9", "hf_x"), "o/f", outbox)
    return handlers_with(unreachable, outbox, tmp_path)


def submit(
    handlers: ReviewHandlers,
    verdict: str,
    fixed: str = "Io.",
    consent: object = True,
    reviewer: object = None,
    sent: object = None,
    account: str = "",
) -> dict[str, Any]:
    return handlers.submit(
        verdict, SAMPLE, ROW, fixed, "Eva", consent, reviewer, (), sent, "en", visitor(),
        signed_in(account) if account else None,
    )  # fmt: skip


def test_stored_review_is_what_the_recipe_reads(handlers: ReviewHandlers, tmp_path: Path) -> None:
    reviewer: dict[str, object] = {"name": "0" * 16, "done": []}
    shown = submit(handlers, "fix", "Nenio.", reviewer=reviewer, sent=[KEPT, 3], account="eva")
    ((path, text),) = Outbox(tmp_path).rows(9).items()
    stored = json.loads(text)
    (review,) = feedback.parse([text.encode()], "epo_Latn").reviews
    assert (review.row_id, review.verdict, review.fixed) == ("a1", "fix", "Nenio.")
    assert (review.dataset, review.account, review.credit) == (SAMPLE.dataset, "eva", "Eva")
    assert stored["reviewer"] == "0" * 16
    assert review.id == stored["id"] and stored["revision"] == SAMPLE.revision
    assert path == f"data/epo_Latn/{stored['at'][:10]}/{stored['id']}.jsonl"
    assert shown["row"] == NEXT
    assert shown["reviewer"] == {"name": "0" * 16, "done": ["a1"]}
    assert len(shown["sent"]) == 2 and shown["sent"][0] == KEPT


def test_review_without_consent_is_not_stored(handlers: ReviewHandlers, tmp_path: Path) -> None:
    shown = submit(handlers, "keep", consent=False)
    assert "without your consent" in shown["status"] and Outbox(tmp_path).rows(9) == {}
    assert set(shown) == {"status"}, "the row stays"


def test_review_without_a_token_is_not_stored(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    closed = handlers_with(None, outbox, tmp_path)
    assert "HF_TOKEN" in submit(closed, "keep")["status"] and outbox.rows(9) == {}


def test_skipped_row_is_not_shown_again(handlers: ReviewHandlers, tmp_path: Path) -> None:
    first = handlers.skip(SAMPLE, ROW, None, (), "en")
    assert first["row"] == NEXT and "1 of 2" in first["row_html"]
    last = handlers.skip(SAMPLE, NEXT, first["reviewer"], first["history"], "en")
    assert last["row"] is None and "seen all texts" in last["row_html"]
    assert Outbox(tmp_path).rows(9) == {}


def undo(handlers: ReviewHandlers, shown: dict[str, Any]) -> dict[str, Any]:
    page = (shown["reviewer"], shown["history"], shown.get("sent"))
    return handlers.undo(SAMPLE, *page, "en", visitor(), None)


def test_undo_deletes_the_last_review_and_shows_its_row_again(
    handlers: ReviewHandlers, tmp_path: Path
) -> None:
    stored = submit(handlers, "fix", "Nenio.", sent=[KEPT])
    skipped = handlers.skip(SAMPLE, NEXT, stored["reviewer"], stored["history"], "en")
    back = undo(handlers, {**skipped, "sent": stored["sent"]})
    assert back["row"] == NEXT and len(Outbox(tmp_path).rows(9)) == 1
    assert back["sent"] == stored["sent"]
    again = undo(handlers, back)
    assert again["row"] == ROW and again["answer"]["value"] == "Nenio."
    assert again["sent"] == [KEPT] and again["reviewer"]["done"] == []
    assert again["undo"]["visible"] is False and Outbox(tmp_path).rows(9) == {}
    assert "row" not in undo(handlers, again), "there is nothing left to undo"
