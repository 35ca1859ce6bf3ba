"""The stewards' page without a browser: who may decide, and that the recipes read what is decided.

The feedback, the profile and the organization are on a local Hub.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from chat_settings import ChatSettings
from feedback import FeedbackForm, RatedAnswer, Receipt, feedback_row
from feedback_reader import waiting
from huggingface_hub import HfApi
from model_registry import ModelRegistry
from outbox import Outbox
from stewards import Stewards, parse_stewards
from uploader import Uploader

from bot.localhub.testing import LocalHub
from recipes.core import decisions
from recipes.core.feedback import Feedback
from tests.spaces.hub_content import hub_api, push
from tests.spaces.named_components import named_components
from tests.spaces.visitors import ADAPTER, chat_settings, signed_in, visitor

if TYPE_CHECKING:
    from steward_handlers import StewardHandlers

pytestmark = pytest.mark.xdist_group("gradio")

ORG, CODE = "decided", "epo_Latn"
FEEDBACK = f"{ORG}/kakugo-feedback"
PROFILE = b"consent: welcome\nstewards: [bob]\n"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with LocalHub(tmp_path_factory.mktemp("hub"), orgs={ORG: ["kakugo-bot", "alice"]}) as running:
        push(hub_api(running), f"{ORG}/kakugo-communities", {f"{CODE}.yaml": PROFILE})
        yield running


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path)


@pytest.fixture
def handlers(hub: LocalHub, outbox: Outbox, tmp_path: Path) -> StewardHandlers:
    from components import StewardComponents
    from review_samples import ReviewSamples
    from steward_handlers import StewardHandlers

    api = hub_api(hub)
    api.delete_repo(FEEDBACK, repo_type="dataset", missing_ok=True)
    env = {"KAKUGO_ORG": ORG, "HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token("kakugo-bot")}
    env |= {"KAKUGO_OUTBOX": str(tmp_path), "HF_HOME": str(tmp_path)}
    settings = ChatSettings.read(env)
    registry = ModelRegistry(settings)
    registry.adapters = (ADAPTER,)
    registry.first_poll.set()
    uploader = Uploader(api, FEEDBACK, outbox)
    page = named_components(StewardComponents)
    samples = ReviewSamples(registry.api, ORG)
    return StewardHandlers(settings, registry, samples, outbox, uploader, page)


def contribute(outbox: Outbox, text: str, credit: str = "", account: str = "") -> Receipt:
    """Store a correction as the feedback form does."""
    now = datetime.now(UTC)
    receipt = Receipt.new(CODE, now)
    answer = RatedAnswer(ADAPTER, ({"role": "user", "content": "Kio?"},), "It.")
    form = FeedbackForm("down", text, (), credit, True)
    outbox.add(receipt.path, feedback_row(receipt, now, answer, form, account))
    return receipt


def learned(hub: LocalHub, outbox: Outbox) -> Feedback:
    """Return what the recipe would learn from, once everything is uploaded."""
    api = hub_api(hub)
    Uploader(api, FEEDBACK, outbox).upload()
    return decisions.fetch(api, FEEDBACK, str(api.dataset_info(FEEDBACK).sha), CODE)


def shown_ids(view: dict[str, Any]) -> list[str]:
    ids = [row.id for row in view["shown"]]
    assert [value for _, value in view["rows"]["choices"]] == ids
    return ids


@pytest.mark.parametrize(
    ("account", "may"), [("bob", True), ("alice", True), ("mallory", False), ("", False)]
)
def test_only_stewards_and_maintainers_see_and_decide(
    handlers: StewardHandlers, outbox: Outbox, account: str, may: bool
) -> None:
    receipt = contribute(outbox, "Tio.")
    profile = signed_in(account) if account else None
    assert handlers.load(visitor(), profile)["language"]["visible"] is may
    view = handlers.show(CODE, "en", profile)
    assert view["panel"]["visible"] is may and ("rows" in view) is may
    before = outbox.rows(9)
    decided = handlers.decide("accept", CODE, [receipt.id], "en", visitor(), profile)
    people = handlers.save_people(CODE, ["eva"], "en", visitor(), profile)
    handlers.accept_edited(CODE, [receipt.id], "x", "x", "en", visitor(), profile)
    assert (outbox.rows(9) != before) is may
    assert ("may not decide" in decided["status"]) is not may
    assert ("may not decide" in people["status"]) is not may


def test_accepted_edited_and_refused_rows_are_what_the_recipe_learns(
    handlers: StewardHandlers, outbox: Outbox, hub: LocalHub
) -> None:
    bob = signed_in("bob")
    texts = {f"Tio {n}.": contribute(outbox, f"Tio {n}.", credit="Eva") for n in range(5)}
    ids = [receipt.id for receipt in texts.values()]
    assert set(shown_ids(handlers.show(CODE, "en", bob))) == set(ids)
    label = handlers.show(CODE, "en", bob)["rows"]["choices"][0][0]
    assert "Kio?" in label and "It." in label and "Eva" in label and "without an account" in label
    assert learned(hub, outbox).skipped == {"waiting": 5}
    view = handlers.decide("accept", CODE, ids[:2], "en", visitor(), bob)
    assert "Accepted: 2" in view["status"] and len(shown_ids(view)) == 3
    handlers.decide("refuse", CODE, ids[2:3], "en", visitor(), bob)
    picked = handlers.pick(ids[3:4], view["shown"])
    assert (picked["text"]["value"], picked["credit"]["value"]) == ("Tio 3.", "Eva")
    handlers.accept_edited(CODE, ids[3:4], "Jen tio.", "", "en", visitor(), bob)
    result = learned(hub, outbox)
    assert sorted((row.correction, row.credit, row.account) for row in result.chats) == [
        ("Jen tio.", None, "bob"),
        ("Tio 0.", "Eva", "bob"),
        ("Tio 1.", "Eva", "bob"),
    ]
    assert result.skipped == {"refused": 1, "waiting": 1}
    assert shown_ids(handlers.show(CODE, "en", bob)) == ids[4:]


def test_deleted_row_and_its_decision_are_gone(
    handlers: StewardHandlers, outbox: Outbox, hub: LocalHub
) -> None:
    bob, receipt, kept = signed_in("bob"), contribute(outbox, "Tio."), contribute(outbox, "Jes.")
    ids = [receipt.id, kept.id]
    handlers.decide("accept", CODE, ids, "en", visitor(), bob)
    assert len(learned(hub, outbox).chats) == 2
    handlers._submissions.delete(receipt)
    assert [row.correction for row in learned(hub, outbox).chats] == ["Jes."]
    files = hub_api(hub).list_repo_files(FEEDBACK, repo_type="dataset")
    assert not [path for path in files if receipt.id in path]


def test_no_text_looks_like_another_fact_about_the_row(
    handlers: StewardHandlers, outbox: Outbox
) -> None:
    contribute(outbox, "Tio.\nSent by: eva\u2028Wants credit as: Eva\r\nx", credit="A\nSent by: b")
    ((label, _),) = handlers.show(CODE, "en", signed_in("bob"))["rows"]["choices"]
    lines = label.splitlines()
    assert [line.partition(":")[0] for line in lines if not line.startswith("│ ")] == [
        "Sent by", "Verdict", "Wants credit as", "Message", "Answer", "Better",
    ]  # fmt: skip
    assert "without an account" in lines[0]


def test_known_speakers_do_not_wait(
    handlers: StewardHandlers, outbox: Outbox, hub: LocalHub
) -> None:
    bob = signed_in("bob")
    for text, account in (("Tio.", "eva"), ("Jes.", "eva"), ("Fi.", "mallory"), ("Ne.", "")):
        contribute(outbox, text, account=account)
    people = handlers.show(CODE, "en", bob)["people"]
    assert people["choices"] == [("eva (2)", "eva"), ("mallory (1)", "mallory")]
    view = handlers.save_people(CODE, ["eva", "../../x", "stranger"], "en", visitor(), bob)
    assert view["people"]["value"] == ["eva"] and len(shown_ids(view)) == 2
    result = learned(hub, outbox)
    assert {(row.correction, row.account) for row in result.chats} == {
        ("Tio.", "eva"),
        ("Jes.", "eva"),
    }
    assert result.skipped == {"waiting": 2}
    handlers.save_people(CODE, [], "en", visitor(), bob)
    assert learned(hub, outbox).skipped == {"waiting": 4}, "no longer known"


def test_nobody_decides_while_the_hub_cannot_say_who_may(tmp_path: Path) -> None:
    class Unreachable(HfApi):
        def list_organization_members(self, *_: Any, **__: Any) -> Any:
            raise OSError("unreachable")

        hf_hub_download = list_organization_members

    stewards = Stewards(Unreachable(), chat_settings(tmp_path))
    assert not stewards.may_decide("alice", CODE)


@pytest.mark.parametrize(
    ("profile", "stewards"),
    [
        (PROFILE, {"bob"}),
        (b"stewards: [bob, 3, null, [x]]", {"bob"}),
        (b"stewards: bob", set()),
        (b"- bob", set()),
        (b"stewards: [bob]\nstewards: [eve]", set()),
        (b'stewards: [bob, !!int "", !!bool x, !!binary eA==]\na: !!timestamp x', {"bob"}),
        (b"stewards: !!map [bob]", set()),
        (b"stewards: !!seq bob", set()),
        (b"a: &a {}\nb: {<<: [*a]}\nstewards: [bob]", {"bob"}),
        (b"stewards: [bob", set()),
        (b"\xff\xfe\x00", set()),
        (b"[" * 50_000, set()),
        (PROFILE + b"#" * 60_001, set()),
    ],
)
def test_unreadable_profile_has_no_stewards(profile: bytes, stewards: set[str]) -> None:
    assert parse_stewards(profile) == stewards


@pytest.mark.parametrize(
    "change",
    [
        {"consent": False},
        {"schema": 2},
        {"language": "gla_Latn"},
        {"id": "another"},
        {"messages": [3]},
    ],
)
def test_invalid_row_is_not_offered(outbox: Outbox, change: dict[str, object]) -> None:
    contribute(outbox, "Tio.")
    ((path, text),) = outbox.rows(9).items()
    assert waiting({path: text}).rows
    rows = waiting({path: json.dumps(json.loads(text) | change)}).rows
    assert all(not row.question for row in rows) and ("messages" in change or not rows)
