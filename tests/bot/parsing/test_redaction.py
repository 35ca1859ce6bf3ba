"""Lines of logs, before the bot quotes them: no secrets and no markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.parsing.redaction import MAX_LENGTH, MAX_LINES, last_lines, redact

TOKEN = "hf_" + "aB3" * 11


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (f"Bearer {TOKEN} refused", "Bearer *** refused"),
        (f"Authorization: Bearer {'x' * 20}", "Authorization: Bearer ***"),
        ("https://user:pass@host/x", "https://***@host/x"),
        ("HF_TOKEN=abcdef123", "HF_TOKEN=***"),
        ("key sk-proj-abcdefgh12345 is bad", "key *** is bad"),
        ("```\n<script>", "''' ‹script›"),
        ("\x1b[31mred\x1b[0m\x07", "red"),
        ("<!-- kakugo status 0123456789ab -->", "‹!-- kakugo status 0123456789ab --›"),
    ],
)
def test_secrets_and_markup_are_replaced(line: str, shown: str) -> None:
    assert redact(line) == shown


def test_a_known_secret_is_replaced_whatever_it_looks_like() -> None:
    assert "open sesame" not in redact("open sesame, and again open sesame", ("open sesame",))


@given(st.lists(st.text(max_size=500), max_size=30))
def test_last_lines_are_few_short_and_plain(lines: list[str]) -> None:
    shown = last_lines(lines)
    assert len(shown) <= MAX_LINES
    assert all(0 < len(line) <= MAX_LENGTH and not {"`", "<"} & set(line) for line in shown)
