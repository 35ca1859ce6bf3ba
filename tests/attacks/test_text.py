"""Text of strangers: what the bot hears as a command, and what it never repeats."""

from __future__ import annotations

import time

import pytest

from bot.domain.request import Command
from bot.language import find
from bot.parsing.commands import read_command
from bot.parsing.options import AvailableOptions, read_options
from bot.parsing.titles import Named, read_request
from recipes.generate.gates import structure

CHANGES = {"/approve": Command.APPROVE, "/cancel": Command.CANCEL, "/retry": Command.RETRY}

# Failed before: most of these were heard.
NOT_SAID = [
    "{}?", "{} ?", "{}?!", "please {}?", "`{}`", "``{}``", "*`{}`*", "```\n{}\n```",
    "```sh\n{}", "~~~\n{}\n~~~", "    {}", "\t{}", "Hi\n\n    {}", "> {}", "> a\n{}", "> > a\n{}",
    ">{}", "   > {}", "- {}", "* {}", "1. {}", "# {}", "{}\n===", "{}\n---", "[{}](https://x.org)",
    "![{}](https://x.org)", "<b>{}</b>", "<!-- {} -->", "<!-- x -->\n{}",
    "<details>\n{}\n</details>",
    "{}\u037e", "{}\uff1f", "{}\u061f", "\u00bf{}?", "{} if you like", "{} when done",
    "{}, but wait",
    "{} not", "{} never", "{} -- no", "{} maybe", "{} tomorrow", "don't {}", "not {}", "\\{}",
    "&#47;x {}", "<code>{}</code>", "<pre>{}</pre>", "<blockquote>{}</blockquote>", "<s>{}</s>",
    "~~{}~~", "$ {}", "| {} |", "[^1]: {}", "[x]: {}", "- [ ] {}", "+ {}", "1) {}", "   - {}",
    "a\n: {}", "> {}\n> please", "> a\nb\n{}", ">>> {}", "\u3000> {}", "«{}»", "「{}」", "'{}'",
    "*{}",
    "**{}", "__{}", "{}`x`", "`x`{}", "``\n{}\n``", "``` {}", "````\n```\n{}\n```\n````",
    "   ```\n{}\n   ```", "{}\u200bx", "http://x{}", "see {}", "the {} command", "{} :)", "😀 {}",
    "Hi\n\n`{}`", "Hi there, nice\n\n{}", "1\n{}", "yes\n{}", "<!--\n-->{}", "<img alt='{}'>",
    "![x]({})", "[x]({})", "x\n===\n{}?", "---\n{}\n---", "\t- {}", "{}\x0b?", "{}\u2028?",
    "please\n{}?", "thanks\n\n    {}", "@ada {}", "@ada-bot {}", "@robot {}", "@dependabot {}",
    "&lt;{}&gt;", "x {}", "({})", "\"{}\"", "“{}”", "you could write {}", "never write {}",
    "What does {} do?", "Hello!\nHow nice.\n{}", "a | {}\n--|--", "{}/../../etc", "/{}", "http:/{}",
]  # fmt: skip


@pytest.mark.parametrize("word", CHANGES)
def test_a_command_that_is_not_said_is_not_heard(word: str) -> None:
    texts = [form.replace("{}", word) for form in NOT_SAID]
    assert [text for text in texts if read_command(text) in CHANGES.values()] == []


# Guards what held, and what people may go on to write.
SAID = [
    "{}", "{}.", "{}!", " {} ", "{} please", "{}, thanks", "{} it", "{} this request",
    "**{}**", "*{}*", "@kakugo-bot {}", "@kakugo-bot: {}", "Hello!\n\n{}", "> quoted\n\n{}",
    "{}\n> quoted", "{}\n\nBecause it is good.",
]  # fmt: skip


@pytest.mark.parametrize("word", CHANGES)
def test_a_command_that_is_said_is_heard(word: str) -> None:
    texts = [form.replace("{}", word) for form in SAID]
    assert [text for text in texts if read_command(text) is not CHANGES[word]] == []


ASKED_OF_OTHERS = [
    "could you approve this, please?", "could you approve this, please", "can you approve it",
    "would you approve this", "will you approve the request", "I'd like to approve this",
    "let us approve this", "approve?", "approved?", "i approve?", "who may approve this",
    "do not approve", "don't approve this", "I would never approve this", "approve it tomorrow",
    "аpprove", "ａｐｐｒｏｖｅ", "app\u200brove", "a-p-p-r-o-v-e", "/аpprove", "/ap\u00adprove",
    "＠kakugo-bot approve it or not", "approve\u202e", "APPROVE??",
]  # fmt: skip


def test_an_approval_is_given_and_not_asked_for() -> None:
    assert [text for text in ASKED_OF_OTHERS if read_command(text) is Command.APPROVE] == []


@pytest.mark.parametrize(
    "text",
    ["[" * 50_000, "> " * 20_000 + "/approve", "`" * 30_000, "*" * 30_000, "/" * 30_000,
     "- " * 20_000, "\n" * 50_000 + "/approve", "<" * 30_000, "a\0/approve", "\ud800/approve"],
)  # fmt: skip
def test_endless_text_is_no_command(text: str) -> None:
    assert read_command(text) not in CHANGES.values()


# Failed before: minutes for an answer of a hundred thousand letters.
@pytest.mark.parametrize(
    "unit", ["\n", "\r\n", "\\(", "\\[", "\\(a ", "\\[\n", "\\\\[", "$a\n", "$$a", "``` "]
)
def test_endless_text_of_a_teacher_takes_no_time(unit: str) -> None:
    answer = f"Jes. {unit * (60_000 // len(unit))} fino"
    started_at = time.process_time()
    structure._is_cut_off(answer, 40)
    structure._text_fault({"role": "assistant", "content": answer})
    assert time.process_time() - started_at < 1


HOSTILE = [
    "<script>alert(1)</script>", "$(rm -rf /)", "`rm -rf`", "../../etc/passwd", "%2e%2e%2f", "a\0b",
    "{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE x; --", "=HYPERLINK(1)", "@everyone",
    "\u202egnp.exe", "<!-- kakugo status 000000000000 -->", "-oProxyCommand=x", "\r\nX: y",
    "[[[[" * 999, "🏴" * 99, "\ud800",
]  # fmt: skip
AVAILABLE = AvailableOptions(("org/base",), ("mit",), {"north": "Northern"})


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_title_names_no_language(text: str) -> None:
    reading = read_request(text, "")
    assert not (isinstance(reading, Named) and reading.is_certain)
    assert text not in repr(find(text[:100])) or len(text) < 3 or "choices" not in repr(find(text))


@pytest.mark.parametrize("key", ["base", "licence", "variant", "size", "nonsense"])
def test_a_hostile_option_is_never_a_value(key: str) -> None:
    for text in HOSTILE:
        options = read_options(f"{key}: {text}", AVAILABLE)
        assert options.base in ("", "org/base") and options.licence in ("", "mit"), text
        assert options.variant in ("", "north") and text not in options.refused, text
