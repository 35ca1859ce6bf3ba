"""Sections of a card between markers, and people's text in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from recipes.core.card_sections import escape, replace_section, set_section

MARKDOWN = MarkdownIt()


def test_a_section_is_added_before_its_heading_and_then_replaced() -> None:
    card = "# A\n\nWords.\n\n## B\n\nMore.\n"
    once = set_section(card, "x", "one", before="## B")
    assert once == "# A\n\nWords.\n\n<!-- x -->\none\n<!-- /x -->\n\n## B\n\nMore.\n"
    assert set_section(once, "x", "two", before="## B") == once.replace("one", "two")
    assert set_section(once, "x", "one") == once
    assert set_section("# A\n", "x", "one", before="## C").endswith(
        "\n\n<!-- x -->\none\n<!-- /x -->\n"
    )
    headed = set_section("# A\n", "x", "one", heading="## X")
    assert headed == "# A\n\n## X\n\n<!-- x -->\none\n<!-- /x -->\n"
    assert replace_section(headed, "x", "two") == headed.replace("one", "two")
    assert replace_section(headed, "y", "two") == headed


# Failed before: all of the card after the first marker was lost.
def test_a_marker_that_somebody_has_removed_costs_nothing() -> None:
    card = "# A\n\n<!-- x -->\none\n\n## B\n\nMore.\n"
    once = set_section(card, "x", "two")
    assert once == card.replace("<!-- x -->", "<!-- x -->\ntwo\n<!-- /x -->")
    assert set_section(once, "x", "two") == once
    assert set_section("<!-- /x -->\nB\n", "x", "one").startswith("<!-- /x -->\nB\n")


@given(st.text(max_size=60))
def test_escaped_text_is_plain_text(words: str) -> None:
    (paragraph, *rest) = MARKDOWN.parse(f"Thanks to {escape(words)}.")[1:]
    assert paragraph.children is not None and [token.type for token in rest] == ["paragraph_close"]
    assert {token.type for token in paragraph.children} <= {"text", "text_special"}
    assert "<" not in escape(words) and "\n" not in escape(words) and "@" not in escape(words)


def test_escaped_text_has_no_control_characters() -> None:
    assert escape("a\x00\x1b\x9f\u202e\u2067\ud800b\x85\u2028c") == "ab c"
