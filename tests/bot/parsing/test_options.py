"""Options in the body of a discussion: only values that are on offer are read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.options import AvailableOptions, read_options


@given(st.text(max_size=500))
def test_any_text_gives_only_available_options(text: str) -> None:
    available = AvailableOptions(("org/base", "org/other"), ("cc0-1.0",), {"lewis": "Lewis Gaelic"})
    options = read_options(text, available)
    assert options.base in ("", "org/base", "org/other")
    assert options.licence in ("", "cc0-1.0") and options.variant in ("", "lewis")
    assert set(options.refused) <= {"base", "size", "teacher", "reasoning", "licence", "variant"}
