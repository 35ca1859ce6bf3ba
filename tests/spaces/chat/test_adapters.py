"""Which repositories are adapters, their example questions and GGUF files."""

from __future__ import annotations

from typing import Any

import pytest
from adapters import (
    MAX_EXAMPLE_LENGTH,
    MAX_EXAMPLES,
    GgufFile,
    example_questions,
    find_gguf,
    parse_adapter,
)

CARD = {"base_model": "org/base"}


def test_adapter_is_recognized_by_its_name_and_card() -> None:
    adapter = parse_adapter("org/kakugo-Qwen3-0.6B-epo_Latn", "abc", CARD)
    assert adapter and (adapter.code, adapter.base) == ("epo_Latn", "org/base")
    assert adapter.language.name == "Esperanto" and not adapter.practice
    variety = parse_adapter(
        "org/kakugo-base-cat_Latn_vale1252", "abc", {**CARD, "tags": ["practice"]}
    )
    assert variety and variety.code == "cat_Latn_vale1252" and variety.practice


def test_system_prompt_is_read_from_the_card() -> None:
    cases = {"Be concise.": "Be concise.", "x" * 501: "", 7: "", None: ""}
    for value, expected in cases.items():
        card = {**CARD, "system_prompt": value}
        adapter = parse_adapter("org/kakugo-base-epo_Latn", "abc", card)
        assert adapter and adapter.system_prompt == expected


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
def test_other_repositories_are_ignored(repo: str, card: dict[str, Any]) -> None:
    assert parse_adapter(repo, "abc", card) is None


def test_examples_are_short_first_questions_without_repeats() -> None:
    def messages(text: object) -> list[dict[str, object]]:
        return [{"role": "system", "content": "be brief"}, {"role": "user", "content": text}]

    rows: list[object] = [
        messages("Kio estas tio?"),
        messages("Kio estas tio?"),
        messages("x" * (MAX_EXAMPLE_LENGTH + 1)),
        messages("two\nlines"),
        messages(None),
        None,
        [],
        [3],
        messages(" Kiu? "),
    ]
    assert example_questions(rows) == ["Kio estas tio?", "Kiu?"]
    assert len(example_questions([messages(str(n)) for n in range(99)])) == MAX_EXAMPLES


def test_q4_k_m_file_is_preferred_among_gguf_files() -> None:
    paths = {
        "org/a": ["README.md", "z.gguf"],
        "org/a-merged": ["a-Q8_0.gguf", "a-Q4_K_M.gguf", "a-F16.gguf"],
        "org/b": ["model.safetensors"],
    }
    assert find_gguf("org/a", paths) == GgufFile("org/a-merged", "a-Q4_K_M.gguf")
    assert find_gguf("org/a", {"org/a": paths["org/a"]}) == GgufFile("org/a", "z.gguf")
    assert find_gguf("org/b", paths) is None and find_gguf("org/c", paths) is None
