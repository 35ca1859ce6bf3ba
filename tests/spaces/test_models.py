"""Which repositories the chat takes for adapters, and what it calls their languages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from models import LONGEST_EXAMPLE, MOST_EXAMPLES, Name, adapter, examples, names
from pieces import about, chips, nobody, start
from space_rows import request

CARD = {"base_model": "org/base"}


def test_an_adapter_is_known_by_its_name_and_its_card() -> None:
    known = names([request(1, "epo_Latn", "Esperanto"), "junk", '{"spec": 3}'])
    one = adapter("org/kakugo-Qwen3-0.6B-epo_Latn", "abc", CARD, known)
    assert one and (one.code, one.base, one.label) == ("epo_Latn", "org/base", "Esperanto")
    assert not one.rtl and not one.practice


@pytest.mark.parametrize(
    ("repo", "card"),
    [
        ("org/kakugo-practice-base", CARD),
        ("org/something-epo_Latn", CARD),
        ("org/kakugo-base-epo", CARD),
        ("org/kakugo-base-epo_Latn", {}),
        ("org/kakugo-base-epo_Latn", {"base_model": None}),
        ("org/kakugo-base-epo_Latn", {"base_model": ["a/b", "c/d"]}),
        ("org/kakugo-base-epo_Latn", {"base_model": "../etc/passwd"}),
        ("org/kakugo-base-epo_Latn", {"base_model": "/etc/passwd"}),
        ("org/kakugo-base-epo_Latn", {"base_model": "a/b/c"}),
    ],
)
def test_other_repositories_are_left_out(repo: str, card: dict[str, Any]) -> None:
    assert adapter(repo, "abc", card, {}) is None


@pytest.mark.parametrize(
    ("code", "rtl"),
    [("epo_Latn", False), ("sdh_Arab", True), ("ydd_Hebr", True), ("bod_Tibt", False)],
)
def test_the_script_gives_the_direction(code: str, rtl: bool) -> None:
    one = adapter(f"org/kakugo-base-{code}", "abc", {"base_model": ["org/base"]}, {})
    assert one and one.rtl is rtl and one.label == code


def test_all_names_are_in_the_label() -> None:
    known = {"gla_Latn": Name("Scottish Gaelic", "Gàidhlig", "gd")}
    one = adapter("org/kakugo-base-gla_Latn", "abc", {**CARD, "tags": ["practice"]}, known)
    assert one and one.label == "Scottish Gaelic · Gàidhlig" and one.practice


def test_examples_are_short_first_questions() -> None:
    def asked(text: object) -> list[dict[str, object]]:
        return [{"role": "system", "content": "be brief"}, {"role": "user", "content": text}]

    rows: list[object] = [
        asked("Kio estas tio?"),
        asked("Kio estas tio?"),
        asked("x" * (LONGEST_EXAMPLE + 1)),
        asked("two\nlines"),
        asked(None),
        None,
        [],
        [3],
        asked(" Kiu? "),
    ]
    assert examples(rows) == ["Kio estas tio?", "Kiu?"]
    assert len(examples([asked(str(number)) for number in range(99)])) == MOST_EXAMPLES


def test_nothing_from_the_hub_becomes_markup() -> None:
    evil = '"><img src=x onerror=alert(1)>${x}{{y}}'
    ledger = json.dumps({"spec": {"language": {"code": "sdh_Arab", "name": evil, "bcp47": evil}}})
    one = adapter("org/kakugo-base-sdh_Arab", "abc", CARD, names([ledger]))
    assert one
    made = [about(one, "https://hub.test"), chips([evil], one), start(one)]
    made.append(nobody("https://hub.test", evil, evil))
    for markup in made:
        assert "<img" not in markup and "${" not in markup and "{{" not in markup
    assert 'data-dir="rtl"' in made[1]
