"""The command in a comment.

A Markdown parser decides what is ordinary text: code, quotes, lists and headings are never heard.
Only one line is read: the first that is not only politeness, without the bot's name. It has to be a
command or one of the phrases below, with words of politeness around it::

    "/" ( status | estimate | help | cancel | retry | approve | a synonym )
    phrase

Any other "/" word, in any script, is an unknown command. Longer sentences are ignored: people talk
to each other, too. For the same reason, what changes something is never heard in a question, and an
approval has to be given, not asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.domain.request import Command
from bot.parsing.words import POLITENESS

MAX_LINE_LENGTH = 80
MAX_LENGTH = 2_000  # of the text that is parsed

# Without links, whose text may say anything, and without escapes: `\/cancel` only shows a command.
_MARKDOWN = MarkdownIt("commonmark").disable("text_join")
_INLINE = ("text", "em_open", "em_close", "strong_open", "strong_close")

_SLASH = {
    "status": Command.STATUS,
    "progress": Command.STATUS,
    "estimate": Command.ESTIMATE,
    "cost": Command.ESTIMATE,
    "price": Command.ESTIMATE,
    "help": Command.HELP,
    "commands": Command.HELP,
    "cancel": Command.CANCEL,
    "stop": Command.CANCEL,
    "abort": Command.CANCEL,
    "retry": Command.RETRY,
    "restart": Command.RETRY,
    "approve": Command.APPROVE,
    "approved": Command.APPROVE,
}

_SENTENCES = (
    (
        Command.STATUS,
        r"(?:what(?: i|')?s the )?status|how (?:far|is it going|does it look)(?: is it)?"
        r"|how far are you|any (?:news|progress|update)s?|is it (?:done|ready)(?: yet)?",
    ),
    (
        Command.ESTIMATE,
        r"(?:what|how much) (?:will|would|does|did) (?:it|this) cost"
        r"|how (?:much|long)(?: (?:will|would|does) (?:it|this) (?:take|cost))?",
    ),
    (Command.HELP, r"help(?: me)?|what can you do|how does (?:this|it) work"),
    (
        Command.CANCEL,
        r"(?:cancel|stop|abort)(?: (?:it|this|that|(?:the|this|my) request|everything))?",
    ),
    (
        Command.RETRY,
        r"(?:retry|try|do it|start|run it)(?: (?:it|this|that))? again|retry(?: it| this)?"
        r"|once more",
    ),
    (
        Command.APPROVE,
        r"approved?(?: (?:it|this|that|the request))?|i approve(?: (?:it|this|that))?"
        r"|you may start",
    ),
)
_PHRASES = tuple((command, re.compile(sentence)) for command, sentence in _SENTENCES)
_POLITE_WORD = rf"\b(?:{POLITENESS}|hi|hello|dear|kakugo|bot)\b"
_POLITE = re.compile(rf"{_POLITE_WORD}|[,.!?:]", re.IGNORECASE)
# Of Chinese, Japanese and Arabic keyboards. Letters are not translated: an approval is no riddle.
_FULL_WIDTH = str.maketrans("／，。、！？：،؟", "/,..!?:,?")
# What may come before a "/" word, but apart from it: "yes/no" is a question. Before other words,
# "ok" may be an answer.
_BEFORE = re.compile(
    rf"(?:(?:{_POLITE_WORD}|\b(?:ok|okay|yes|sure)\b)[\s,.!:]+)+(?=/)", re.IGNORECASE
)
_INDIRECT = re.compile(
    r"\b(?:(?:could|can|would|will) you|i(?: would|'d) like (?:you )?to|let(?:'s| us))\b"
)
# What may follow a "/" word; after other words, it is part of a sentence.
_OBJECT = re.compile(r"(?:it|this|that|(?:the|this|my) request|everything|again|now)?")
_CHANGING = (Command.CANCEL, Command.RETRY, Command.APPROVE)
_MENTION = re.compile(r"^@(?:[\w-]*kakugo[\w-]*|bot)(?![\w-])[,:]?\s*", re.IGNORECASE)


def read_command(text: str) -> Command | None:
    """Return the command in a comment, or None."""
    for line in _ordinary_lines(text[:MAX_LENGTH]):
        if line is None or len(line) > MAX_LINE_LENGTH:
            return None
        line = _MENTION.sub("", line.translate(_FULL_WIDTH).strip())
        if before := _BEFORE.match(line):
            line = line[before.end() :]
        bare = " ".join(_POLITE.sub(" ", line.casefold().replace("’", "'")).split())
        if not bare:
            continue
        command = _slash_command(bare) if line.startswith("/") else _phrase(bare)
        if command in _CHANGING and "?" in line:
            return None
        return command
    return None


def _slash_command(bare: str) -> Command | None:
    match = re.fullmatch(r"/ ?([^\W\d_]+)(?![\w/])(.*)", bare)
    if match is None:
        return None
    known = _SLASH.get(match[1]) if _OBJECT.fullmatch(match[2].strip()) else None
    return known or Command.UNKNOWN


def _phrase(bare: str) -> Command | None:
    direct = " ".join(_INDIRECT.sub(" ", bare).split())
    found = next((command for command, regex in _PHRASES if regex.fullmatch(direct)), None)
    return None if found is Command.APPROVE and direct != bare else found


def _ordinary_lines(text: str) -> Iterator[str | None]:
    """Yield the lines of the paragraphs outside of quotes; None for anything else, such as code."""
    quotes = 0
    for token in _MARKDOWN.parse(text):
        if token.type in ("blockquote_open", "blockquote_close"):
            quotes += token.nesting
        elif quotes or token.type in ("paragraph_open", "paragraph_close"):
            continue
        elif token.type == "inline" and token.level == 1:
            yield from _inline_lines(token.children or [])
        else:
            yield None


def _inline_lines(tokens: list[Token]) -> Iterator[str | None]:
    line: str | None = ""
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            yield line
            line = ""
        elif token.type not in _INLINE:
            line = None
        elif line is not None:
            line += token.content
    yield line
