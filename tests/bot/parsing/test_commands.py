"""Commands in comments, as `/word` or in a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.request import (
    Command,
)
from bot.parsing.commands import read_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/status", Command.STATUS),
        ("/Status please", Command.STATUS),
        ("How far is it?", Command.STATUS),
        ("any news?", Command.STATUS),
        ("Could you please cancel this.", Command.CANCEL),
        ("I'd like to cancel this request", Command.CANCEL),
        ("stop", Command.CANCEL),
        ("/abort", Command.CANCEL),
        ("Please try again!", Command.RETRY),
        ("I approve this.", Command.APPROVE),
        ("approved, thank you", Command.APPROVE),
        ("how much would it cost?", Command.ESTIMATE),
        ("/help", Command.HELP),
        ("> /cancel\n\n/status", Command.STATUS),
        ("**/cancel**", Command.CANCEL),
        ("/approve it, please", Command.APPROVE),
        ("@kakugo-bot /status", Command.STATUS),
        ("@kakugo-bot, please cancel", Command.CANCEL),
        ("Hello!\n\n/retry", Command.RETRY),
        ("Please cancel this request.", Command.CANCEL),
        ("please /retry", Command.RETRY),
        ("Merci! /retry", Command.RETRY),
        ("/retry please, thanks a lot", Command.RETRY),
        ("／retry。", Command.RETRY),
        ("/retry /cancel", Command.UNKNOWN),
        ("/cancle", Command.UNKNOWN),
        ("/statusquo", Command.UNKNOWN),
        ("/стоп", Command.UNKNOWN),
        ("/स्थिति", Command.UNKNOWN),
        ("/état!", Command.UNKNOWN),
    ],
)
def test_commands_and_their_natural_variants(text: str, command: Command) -> None:
    assert read_command(text) is command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "> /cancel",
        "I would never cancel such a beautiful thing",
        "Thank you very much for the help!",
        "please do not stop",
        "/cancel/../../etc",
        "/дом/кот",
        "don't cancel",
        "what is the status of Welsh in Patagonia?",
        "```\n/cancel\n```",
        "@ada cancel",
        "Hello!\nHow nice.\n/cancel",
        "/approve?",
        "／approve？",
        "/approve؟",
        "../etc",
        "please /tmp/file",
        "never /cancel",
        "OK/cancel",
        "Yes/approve",
        "please/retry",
        "yes/no",
        "approve?",
        "could you approve this, please?",
        "could you approve this, please",
        "Could you please cancel this?",
        "retry?",
        "`/cancel`",
        "please `/cancel`",
        "    /approve",
        "\t/approve",
        "~~~\n/approve\n~~~",
        "> quoted\n/approve",
        "> > quoted\n/approve",
        "- /approve",
        "# /approve",
        "[/approve](https://example.org)",
        "<b>/approve</b>",
        "<!-- -->\n/approve",
    ],
)
def test_other_comments_are_no_commands(text: str) -> None:
    assert read_command(text) is None


@given(st.text(max_size=400))
def test_any_text_is_a_command_or_none(text: str) -> None:
    assert read_command(text) in (None, *Command)
