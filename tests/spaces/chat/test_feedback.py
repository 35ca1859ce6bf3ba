"""The feedback form and the stored row."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime

import pytest
import yaml
from decisions import decision_line
from feedback import (
    CATEGORIES,
    MAX_CORRECTION_LENGTH,
    MAX_CREDIT_LENGTH,
    MAX_ROW_BYTES,
    FeedbackForm,
    RatedAnswer,
    Receipt,
    check_form,
    feedback_row,
    parse_form,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from reviews import Reviewer, Row, Sample, review_line
from uploader import CARD

from recipes.core import feedback as recipe
from tests.spaces.visitors import ADAPTER

NOW = datetime(2026, 11, 24, 9, 30, 15, 999, tzinfo=UTC)
QUESTION = ({"role": "user", "content": "Kio?"},)
ANSWER = RatedAnswer(ADAPTER, QUESTION, "Bona tago")
RECEIPT = Receipt("epo_Latn", "2026-11-24", "0" * 32)


def test_row_has_exactly_the_documented_fields() -> None:
    form = parse_form(ANSWER, "down", "Bonan tagon", ["unnatural", "junk"], " Anna\n M. ", True)
    assert json.loads(feedback_row(RECEIPT, NOW, ANSWER, form, "eva")) == {
        "schema": 1,
        "id": RECEIPT.id,
        "at": "2026-11-24T09:30:15+00:00",
        "kind": "chat",
        "language": "epo_Latn",
        "model": "org/kakugo-base-epo_Latn",
        "revision": "abc",
        "base": "org/base",
        "messages": [{"role": "user", "content": "Kio?"}],
        "response": "Bona tago",
        "rejected": None,
        "rejected_revision": None,
        "tied": None,
        "tied_revision": None,
        "rating": "down",
        "correction": "Bonan tagon",
        "categories": ["unnatural"],
        "consent": True,
        "licence": "CC-BY-4.0",
        "account": "eva",
        "credit": "Anna M.",
    }


# Failed before: a row with other fields than the first one could not be loaded with it.
def test_the_card_names_the_fields_of_all_rows_for_load_dataset() -> None:
    metadata = CARD.read_text("utf-8").split("---\n")[1]
    described = {
        config["config_name"]: {feature["name"] for feature in config["features"]}
        for config in yaml.safe_load(metadata)["dataset_info"]
    }
    sample, row = Sample("epo_Latn", "a/b", "c", ()), Row("1", ())
    lines = [
        feedback_row(RECEIPT, NOW, ANSWER, FeedbackForm("up", consent=True), ""),
        review_line(RECEIPT, NOW, sample, row, "keep", "", Reviewer("r"), "", ""),
    ]
    assert described["default"] == {key for line in lines for key in json.loads(line)}
    assert described["decisions"] == set(json.loads(decision_line("1", "accept", "a", NOW, "")))


TOO_LONG_CORRECTION = "x" * (MAX_CORRECTION_LENGTH + 1)
TOO_LONG_CREDIT = "x" * (MAX_CREDIT_LENGTH + 1)


@pytest.mark.parametrize(
    ("form", "key"),
    [
        (FeedbackForm("up"), "consent_missing"),
        (FeedbackForm(consent=True), "feedback_empty"),
        (FeedbackForm(credit="Anna", consent=True), "feedback_empty"),
        (FeedbackForm("up", correction=TOO_LONG_CORRECTION, consent=True), "correction_too_long"),
        (FeedbackForm("up", credit=TOO_LONG_CREDIT, consent=True), "credit_too_long"),
        (FeedbackForm("up", consent=True), ""),
        (FeedbackForm(categories=("offensive",), consent=True), ""),
        (FeedbackForm(correction="Bone", consent=True), ""),
    ],
)
def test_form_without_consent_or_content_is_refused(form: FeedbackForm, key: str) -> None:
    assert check_form(form) == key


def test_unknown_values_in_the_form_are_ignored() -> None:
    form = parse_form(ANSWER, ["up"], None, {"offensive"}, None, "yes")
    assert form == FeedbackForm(None, "", (), "", False)
    unchanged = parse_form(ANSWER, "up", " Bona tago\n", [], "", True)
    assert unchanged.correction == ""
    every_category = parse_form(ANSWER, "up", "", list(CATEGORIES), "", True)
    assert every_category.categories == CATEGORIES


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_hostile_text_is_stored_as_data_on_one_line(question: str, correction: str) -> None:
    answer = RatedAnswer(ADAPTER, ({"role": "user", "content": question},), "Saluton")
    hostile = correction + "\x00\x1b[2J\ud800"
    form = parse_form(answer, "down", hostile, [], "<img src=x>", True)
    line = feedback_row(RECEIPT, NOW, answer, form, "")
    assert line.count("\n") == 1 and len(line.splitlines()[0]) > 0
    row = json.loads(line.encode("utf-8"))
    text = row["messages"][0]["content"] + (row["correction"] or "")
    assert not set(text) & {"\x00", "\x1b", "\x07"} and row["credit"] == "<img src=x>"


def test_invisible_letters_are_kept() -> None:
    persian = "می\u200cخواهم\u200f"
    form = parse_form(ANSWER, "down", persian, [], "", True)
    assert form.correction == persian


def test_long_conversation_loses_its_oldest_turns() -> None:
    turns = [{"role": role, "content": "ŝ" * 9000} for role in ("user", "assistant")] * 5
    answer = RatedAnswer(ADAPTER, (*turns, *QUESTION), "Bone")
    line = feedback_row(RECEIPT, NOW, answer, FeedbackForm("up", consent=True), "")
    messages = json.loads(line)["messages"]
    assert len(line.encode()) <= MAX_ROW_BYTES == recipe.MAX_BYTES
    assert messages[-1] == QUESTION[0] and messages[0]["role"] == "user"


def test_receipt_is_parsed_and_its_id_does_not_reveal_the_key() -> None:
    receipt = Receipt.new("cat_Latn_vale1252", NOW)
    assert Receipt.parse(f" {receipt}\n") == receipt != Receipt.new("cat_Latn_vale1252", NOW)
    assert str(uuid.UUID(receipt.id)) == receipt.id and receipt.key not in receipt.path
    assert receipt.path == f"data/cat_Latn_vale1252/2026-11-24/{receipt.id}.jsonl"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "kakugo-epo_Latn-2026-11-24-" + "0" * 31,
        "kakugo-../../x-2026-11-24-" + "0" * 32,
        "kakugo-epo_Latn-2026-11-24-" + "0" * 32 + "/../..",
        "00000000-0000-4000-8000-000000000000",
    ],
)
def test_other_texts_are_not_receipts(text: str) -> None:
    assert Receipt.parse(text) is None
