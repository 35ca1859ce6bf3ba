"""The interface in several languages."""

from __future__ import annotations

import json
import string

import pytest
from i18n import ENGLISH, FOLDER, available_tags, preferred_tag, translations


def test_each_translation_has_the_keys_and_placeholders_of_english() -> None:
    def placeholders(text: str) -> set[str | None]:
        return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}

    english = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))
    own_keys = json.loads((FOLDER / "eo.json").read_text(encoding="utf-8")).keys()
    assert own_keys == english.keys(), "eo.json, the demo's language, must be complete"
    for tag in available_tags():
        own = json.loads((FOLDER / f"{tag}.json").read_text(encoding="utf-8"))
        assert own["name"] and own["direction"] in ("ltr", "rtl")
        assert set(own) <= set(english), f"{tag}.json has keys that English lacks"
        for key, text in own.items():
            assert placeholders(text) == placeholders(english[key]), f"{tag}.json: {key}"


def test_missing_translations_are_english() -> None:
    assert translations("eo")("send") == "Sendi"
    assert translations("xx").tag == ENGLISH
    assert translations("../../etc/passwd")("send") == "Send"
    assert translations("en")("queued", place="{x}") == "Number {x} in the queue"


@pytest.mark.parametrize(
    ("accept_language", "tag"),
    [("eo-XX,en;q=0.5", "eo"), ("de,eo;q=0.9", "eo"), ("de", "en"), ("", "en"), ("en,eo", "en")],
)
def test_browser_chooses_the_language(accept_language: str, tag: str) -> None:
    assert preferred_tag(accept_language, ("en", "eo")) == tag
