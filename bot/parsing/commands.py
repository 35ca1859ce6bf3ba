"""The command in a comment.

Only one line is read: the first that is neither a quote nor only politeness, without the bot's
name. It has to be a command or one of the phrases below, with words of politeness around it::

    "/" ( status | estimate | help | cancel | retry | approve | a synonym )
    phrase

Any other "/" word asks for help. Longer sentences are ignored: people talk to each other, too.
"""

from __future__ import annotations

import re

from bot.domain.request import Command

MAX_LINE_LENGTH = 80
MAX_LINES = 20

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
_POLITE = re.compile(
    r"\b(?:please|pls|kindly|thanks|thank you|hi|hello|dear|kakugo|bot"
    r"|(?:could|can|would|will) you|i (?:would|'d) like (?:you )?to|let(?:'s| us))\b|[,.!?:]"
)
_MENTION = re.compile(r"^@[\w-]*(?:kakugo|bot)[\w-]*[,:]?\s*", re.IGNORECASE)


def read_command(text: str) -> Command | None:
    """Return the command in a comment, or None."""
    for line in text.splitlines()[:MAX_LINES]:
        if line.strip().startswith(">"):
            continue
        if len(line) > MAX_LINE_LENGTH or line.strip().startswith("```"):
            return None
        line = _MENTION.sub("", line.strip(" `*"))
        if line.startswith("/"):
            word = re.match(r"/ ?([A-Za-z]+)(?![\w/])", line)
            return _SLASH.get(word[1].casefold(), Command.HELP) if word else None
        if bare := " ".join(_POLITE.sub(" ", line.casefold().replace("’", "'")).split()):
            return next((command for command, regex in _PHRASES if regex.fullmatch(bare)), None)
    return None
