"""The blind test without a browser: what a vote stores, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from adapters import Version, newest_versions
from blind_test import BlindTest, Vote
from decisions import Contribution
from engine import Engine
from huggingface_hub import HfApi
from outbox import Outbox
from uploader import Uploader

from recipes.core import feedback
from recipes.train.preference_pairs import make_pairs
from tests.spaces.named_components import named_components
from tests.spaces.visitors import ADAPTER, model_registry, signed_in, visitor

if TYPE_CHECKING:
    from blind_test_handlers import BlindTestHandlers

pytestmark = pytest.mark.xdist_group("gradio")
V1, V2 = (Version(tag, replace(ADAPTER, revision=tag[1] * 40)) for tag in ("v1", "v2"))
TEST = BlindTest("Kio?", (V2, V1), ("Io.", "What."))
EARLIER = f"kakugo-epo_Latn-2026-11-01-{'a' * 32}"  # the receipt of what this browser sent before


@pytest.fixture
def handlers(tmp_path: Path) -> BlindTestHandlers:
    from blind_test_handlers import BlindTestHandlers
    from chat_handlers import ChatHandlers
    from components import BlindTestComponents, ChatComponents, PageState

    registry, outbox, engine = model_registry(tmp_path), Outbox(tmp_path), Engine()
    page, state = named_components(ChatComponents), named_components(PageState)
    chat = ChatHandlers(registry, engine, page, state)
    uploader = Uploader(HfApi("http://127.0.0.1:9", "hf_x"), "o/f", outbox)
    blind = named_components(BlindTestComponents)
    return BlindTestHandlers(registry, engine, chat, outbox, uploader, blind)


def cast(
    handlers: BlindTestHandlers, vote: Vote, test: BlindTest | None, consent: bool
) -> dict[str, Any]:
    profile = signed_in("eva")
    return handlers.vote(vote, test, consent, [EARLIER], "en", visitor(), profile)


def test_vote_becomes_a_preference_pair_of_the_next_version(
    handlers: BlindTestHandlers, tmp_path: Path
) -> None:
    shown = cast(handlers, "a", TEST, consent=True)
    assert "A was written by v2, B by v1" in shown["status"]
    assert shown["test"] is None
    assert shown["sent"][0] == EARLIER and len(shown["sent"]) == 2
    (line,) = Outbox(tmp_path).rows(9).values()
    rows = feedback.parse([line.encode()], "epo_Latn")
    (pair,) = make_pairs(rows.chats, rows.reviews, {}, "epo_Latn", lambda draft: None).kept
    assert (pair.prompt, pair.chosen, pair.rejected) == ((("user", "Kio?"),), "Io.", "What.")
    assert f'"rejected_revision": "{V1.adapter.revision}"' in line
    assert rows.chats[0].account == "eva"


def test_tie_is_stored_and_nothing_learns_from_it(
    handlers: BlindTestHandlers, tmp_path: Path
) -> None:
    assert "A was written by v2" in cast(handlers, "tie", TEST, consent=True)["status"]
    ((path, line),) = Outbox(tmp_path).rows(9).items()
    rows = feedback.parse([line.encode()], "epo_Latn")
    pairs = make_pairs(rows.chats, rows.reviews, {}, "epo_Latn", lambda draft: None)
    assert len(rows.chats) == 1 and (pairs.kept, pairs.dropped) == ((), {})
    assert f'"tied_revision": "{V1.adapter.revision}"' in line
    waiting = Contribution.parse(path, line)
    assert waiting and (waiting.answer, waiting.tied, waiting.rejected) == ("Io.", "What.", "")


@pytest.mark.parametrize(
    ("test", "consent", "problem"),
    [
        (TEST, False, "without your consent"),
        (None, True, "Write a message first"),
        (replace(TEST, answers=("Io.", "Io. ")), True, "Write a message first"),
        (replace(TEST, answers=("Io.", "")), True, "Write a message first"),
    ],
)
def test_vote_without_consent_or_difference_is_not_stored(
    handlers: BlindTestHandlers,
    tmp_path: Path,
    test: BlindTest | None,
    consent: bool,
    problem: str,
) -> None:
    assert problem in cast(handlers, "a", test, consent)["status"]
    assert Outbox(tmp_path).rows(9) == {}


def test_the_two_newest_versions_are_compared() -> None:
    tags = {"v2": "b", "v10": "d", "v9": "c", "v1": "a", "other": "e", "v0": "f"}
    versions = newest_versions(ADAPTER, tags)
    assert [(each.tag, each.adapter.revision) for each in versions] == [("v9", "c"), ("v10", "d")]
    assert newest_versions(ADAPTER, {"v1": "a", "next": "b"}) == ()
