"""Only stewards decide what a model learns: files that look like a decision decide nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_settings import ChatSettings
from decisions import parse_reviewer
from huggingface_hub import HfApi
from stewards import Stewards, parse_stewards

from recipes.core import decisions, feedback
from tests.recipes import feedback_samples as samples

# These attacks never worked; the tests keep it so.
ROW = samples.chat(1, "Kio?", "It.", correction="Io.", account="")
DECISION, KNOWN = samples.decision(ROW), samples.known_reviewer("eva")
TEXT = json.dumps(DECISION)


def counted(row: dict[str, Any], decision: object) -> feedback.Feedback:
    """Return what counts of a row with a decision: a value of JSON, or the bytes of a file."""
    rows = feedback.parse([samples.json_line(row)], "epo_Latn")
    file = decision if isinstance(decision, bytes) else json.dumps(decision).encode()
    return decisions.counted(rows, decisions.parse([file]))


def without(values: dict[str, Any], key: str) -> dict[str, Any]:
    return {other: value for other, value in values.items() if other != key}


NO_DECISIONS: list[object] = [
    *({**DECISION, "verdict": value} for value in ("Accept", "accept ", "yes", [], True, 1)),
    *({**DECISION, "by": value} for value in ("", None, "../x", "a b", "-x", "é", "b\n", [])),
    *({**DECISION, "by": value} for value in ("x" * 97, "@bob", 7, {"name": "bob"}, "<b>", ".bob")),
    *({**DECISION, "id": value} for value in ("", None, 1, [ROW["id"]], f"{ROW['id']} ", "*")),
    *({**DECISION, "schema": value} for value in ("1", 0, 2, None, [1], -1)),
    *({**DECISION, "text": value} for value in (1, [], "", {"a": 1}, False)),
    *({**DECISION, "credit": value} for value in (1, "", [], "x" * 81, {"name": "Eva"})),
    *({**DECISION, "at": value} for value in (None, 5, [])),
    *(without(DECISION, key) for key in ("schema", "id", "at", "by", "verdict")),
    {**DECISION, "extra": 1}, {**DECISION, "known": True}, {**DECISION, "account": "eva"},
    [DECISION], [[DECISION]], "accept", None, 3, {}, b"", b"\xff", b"[" * 50_000,
    TEXT[:-1].encode(), f"{TEXT}}}".encode(), f"{TEXT}\n{TEXT}".encode(), TEXT.encode("utf-16"),
    f'{{"verdict": "refuse", {TEXT[1:]}'.encode(), b"\xef\xbb\xbf" + TEXT.encode(),
    json.dumps({**DECISION, "text": "x" * 64_001}).encode(),
]  # fmt: skip


def test_what_is_no_decision_accepts_nothing() -> None:
    assert counted(ROW, DECISION).chats
    assert [decision for decision in NO_DECISIONS if counted(ROW, decision).chats] == []


NOT_KNOWN = [
    *({**KNOWN, "known": value} for value in ("true", 1, None, [True], 0)),
    *({**KNOWN, "account": value} for value in ("Eva", "EVA", "еva", "eva ", "eva\n", [])),
    *({**KNOWN, "by": value} for value in ("", None, "a b", "bob\n")),
    *({**KNOWN, "schema": value} for value in (2, "1", None)),
    *(without(KNOWN, key) for key in ("schema", "account", "at", "by", "known")),
    {**KNOWN, "extra": 1}, {**KNOWN, "known": False},
]  # fmt: skip


def test_an_account_that_nobody_knows_is_no_reviewer() -> None:
    signed_in = {**ROW, "account": "eva"}
    assert counted(signed_in, KNOWN).chats
    assert [reviewer for reviewer in NOT_KNOWN if counted(signed_in, reviewer).chats] == []


@pytest.mark.parametrize("value", ["true", 1, None, [True], {}, "yes"])
def test_the_chat_hides_rows_only_of_known_accounts(value: object) -> None:
    for account in ("eva", "../eva", "", 3, None, ["eva"], "e" * 97, "eva\n"):
        reviewer = json.dumps({**KNOWN, "account": account, "known": value})
        assert not parse_reviewer(reviewer)[1], account


# Failed before: a maintainer's page could store decisions under any path, a stranger's page make
# the chat ask for any file and keep the answer for ever.
NO_LANGUAGES = [
    "", "..", "../epo_Latn", "./epo_Latn", "epo_Latn/..", "epo_Latn\n", "epo_Latn\0", "EPO_LATN",
    "epo_latn", "epo", "x" * 1_000_000, "epo_Latn?x", "epo_Latn#x", "epo_Latn.yaml", "epo%5fLatn",
    "ėpo_Latn", "epo_Latn+x", "epo_Latn_", "epo_Latn_North", " epo_Latn",
]  # fmt: skip


@pytest.mark.parametrize("account", ["org", "ada", "stranger"])
def test_nobody_decides_about_what_is_no_language(account: str) -> None:
    env = {"KAKUGO_ORG": "org", "HF_ENDPOINT": "http://127.0.0.1:1", "KAKUGO_MAINTAINERS": "ada"}
    stewards = Stewards(HfApi(endpoint="http://127.0.0.1:1"), ChatSettings.read(env))
    assert stewards.may_decide("ada", "epo_Latn") and stewards.may_decide("org", "epo_Latn_north")
    assert [code for code in NO_LANGUAGES if stewards.may_decide(account, code)] == []
    assert not stewards._cache


# What a stranger's profile could say; the bot takes each of these for a mistake.
NO_STEWARDS = [
    b"stewards: bob", b"stewards: {bob: 1}", b"stewards: [[bob]]", b"stewards: [!x bob]",
    b"stewards: [bob]\nstewards: [eve]", b"<<: {stewards: [bob]}", b"stewards: [null]",
    b"stewards: ['']", b"stewards: [3]", b"- stewards: [bob]", b"stewards: [bob", b"\xff",
    b"---\nstewards: [bob]\n---\nstewards: [eve]", b"{" * 1_000, b"stewards: !!set {bob}",
    b"stewards: !!python/tuple [bob]", b'stewards: "[bob]"', b"? {stewards: x}\n: b", b"", b"null",
    b"stewards: []", b"stewards: [" + b"[bob]," * 3_000 + b"]", b"Stewards: [bob]", b"stewards: *a",
    b"stewards: [bob]" + b" " * 60_000, b"stewards: |\n  - bob", b"steward: [bob]",
    b"a: {stewards: [bob]}",
]  # fmt: skip


@pytest.mark.parametrize("profile", NO_STEWARDS, ids=lambda profile: repr(profile[:24]))
def test_what_names_no_stewards_lets_nobody_decide(profile: bytes) -> None:
    assert not parse_stewards(profile)
