"""Commands in comments.

Grammar: the first line that is neither a quote nor only politeness, without the bot's name::

    "/" word  |  phrase
    word   = status | estimate | help | cancel | retry | approve  (and a few synonyms)
    phrase = "please" … one of the sentences below … "please"

Nothing else of a comment is read; a longer sentence is talk between people and means nothing. A
"/" word that is none of these asks for help.
"""

from __future__ import annotations

import re

from bot.domain.request import Command

LONGEST = 80
MOST_LINES = 20

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

_PHRASES = (
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
_KNOWN = tuple((command, re.compile(phrase)) for command, phrase in _PHRASES)
_POLITE = re.compile(
    r"\b(?:please|pls|kindly|thanks|thank you|hi|hello|dear|kakugo|bot"
    r"|(?:could|can|would|will) you|i (?:would|'d) like (?:you )?to|let(?:'s| us))\b|[,.!?:]"
)


_MENTION = re.compile(r"^@[\w-]*(?:kakugo|bot)[\w-]*[,:]?\s*", re.IGNORECASE)


def read_command(text: str) -> Command | None:
    """The command that a comment gives; None when it gives none."""
    for line in text.splitlines()[:MOST_LINES]:
        if line.strip().startswith(">"):
            continue
        if len(line) > LONGEST or line.strip().startswith("```"):
            return None
        line = _MENTION.sub("", line.strip(" `*"))
        if line.startswith("/"):
            said = re.match(r"/ ?([A-Za-z]+)(?![\w/])", line)
            return _SLASH.get(said[1].casefold(), Command.HELP) if said else None
        if bare := " ".join(_POLITE.sub(" ", line.casefold().replace("’", "'")).split()):
            return next((command for command, phrase in _KNOWN if phrase.fullmatch(bare)), None)
    return None
