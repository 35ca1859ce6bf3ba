"""Which repositories the chat takes for adapters, what can be asked of them and taken along."""

from __future__ import annotations

from typing import Any

import fragments
import pytest
from adapters import LONGEST_EXAMPLE, MOST_EXAMPLES, Adapter, Export, adapter, examples, export
from feedback import Draft
from i18n import words
from languages import Language

CARD = {"base_model": "org/base"}


def test_an_adapter_is_known_by_its_name_and_its_card() -> None:
    one = adapter("org/kakugo-Qwen3-0.6B-epo_Latn", "abc", CARD)
    assert one and (one.code, one.base, one.language.name) == ("epo_Latn", "org/base", "Esperanto")
    assert not one.practice
    variety = adapter("org/kakugo-base-cat_Latn_vale1252", "abc", {**CARD, "tags": ["practice"]})
    assert variety and variety.code == "cat_Latn_vale1252" and variety.practice


def test_a_card_says_under_which_system_prompt_to_ask() -> None:
    repo = "org/kakugo-base-epo_Latn"
    wanted = {"Be concise.": "Be concise.", "x" * 501: "", 7: "", None: ""}
    for told, taken in wanted.items():
        one = adapter(repo, "abc", {**CARD, "system_prompt": told})
        assert one and one.system == taken


@pytest.mark.parametrize(
    ("repo", "card"),
    [
        ("org/kakugo-practice-base", CARD),
        ("org/something-epo_Latn", CARD),
        ("org/kakugo-base-epo", CARD),
        ("org/kakugo-base-epo_Latn", {}),
        ("org/kakugo-base-epo_Latn", {**CARD, "base_model_relation": "finetune"}),
        ("org/kakugo-base-epo_Latn", {"base_model": None}),
        ("org/kakugo-base-epo_Latn", {"base_model": ["a/b", "c/d"]}),
        ("org/kakugo-base-epo_Latn", {"base_model": "../etc/passwd"}),
        ("org/kakugo-base-epo_Latn", {"base_model": "/etc/passwd"}),
        ("org/kakugo-base-epo_Latn", {"base_model": "a/b/c"}),
    ],
)
def test_other_repositories_are_left_out(repo: str, card: dict[str, Any]) -> None:
    assert adapter(repo, "abc", card) is None


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


def test_the_export_is_the_file_that_most_can_run() -> None:
    files = {
        "org/a": ["README.md", "z.gguf"],
        "org/a-merged": ["a-Q8_0.gguf", "a-Q4_K_M.gguf", "a-F16.gguf"],
        "org/b": ["model.safetensors"],
    }
    assert export("org/a", files) == Export("org/a-merged", "a-Q4_K_M.gguf")
    assert export("org/a", {"org/a": files["org/a"]}) == Export("org/a", "z.gguf")
    assert export("org/b", files) is None and export("org/c", files) is None


def test_nothing_from_the_hub_or_a_person_becomes_markup() -> None:
    evil = '"><img src=x onerror=alert(1)>${x}{{y}}`{tag}'
    said, language = words("en"), Language("sdh_Arab", evil, evil, evil)
    one = Adapter(evil, "abc", evil, language, True)
    draft = Draft(one, ({"role": "user", "content": evil},), evil)
    made = [
        fragments.about(one, evil, said),
        fragments.chips([evil], language),
        fragments.start(language, said),
        fragments.nobody(evil, True, said),
        fragments.not_found(evil, [language], [language], evil, said),
        fragments.not_found(evil, [], [], evil, said),
        fragments.mood(one, said),
        fragments.draft(draft, said),
        fragments.offline(language, Export(evil, evil), evil, said),
        fragments.status(evil),
    ]
    for markup in made:
        assert "<img" not in markup and "${" not in markup and "{{" not in markup
        assert not set("{}$`") & set(markup)
    assert 'data-dir="rtl"' in made[6]
