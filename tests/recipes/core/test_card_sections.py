"""The part of a card between marks, and people's words on it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recipes.core.card_sections import harmless, put


def test_it_goes_before_its_heading_at_first_and_stays_in_its_place() -> None:
    card = "# A\n\nWords.\n\n## B\n\nMore.\n"
    once = put(card, "x", "one", before="## B")
    assert once == "# A\n\nWords.\n\n<!-- x -->\none\n<!-- /x -->\n\n## B\n\nMore.\n"
    assert put(once, "x", "two", before="## B") == once.replace("one", "two")
    assert put(once, "x", "one") == once
    assert put("# A\n", "x", "one", before="## C").endswith("\n\n<!-- x -->\none\n<!-- /x -->\n")


@given(st.text(max_size=60))
def test_words_stay_words(words: str) -> None:
    (paragraph, *rest) = MarkdownIt().parse(f"Thanks to {harmless(words)}.")[1:]
    assert paragraph.children is not None and [one.type for one in rest] == ["paragraph_close"]
    assert {one.type for one in paragraph.children} <= {"text", "text_special"}
    assert "<" not in harmless(words) and "\n" not in harmless(words) and "@" not in harmless(words)
