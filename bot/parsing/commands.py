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

from bot.domain.request import Word

LONGEST = 80
MOST_LINES = 20

_SLASH = {
    "status": Word.STATUS,
    "progress": Word.STATUS,
    "estimate": Word.ESTIMATE,
    "cost": Word.ESTIMATE,
    "price": Word.ESTIMATE,
    "help": Word.HELP,
    "commands": Word.HELP,
    "cancel": Word.CANCEL,
    "stop": Word.CANCEL,
    "abort": Word.CANCEL,
    "retry": Word.RETRY,
    "restart": Word.RETRY,
    "approve": Word.APPROVE,
    "approved": Word.APPROVE,
}

_PHRASES = (
    (Word.STATUS, r"(?:what(?: i|')?s the )?status|how (?:far|is it going|does it look)(?: is it)?"
                  r"|how far are you|any (?:news|progress|update)s?|is it (?:done|ready)(?: yet)?"),
    (Word.ESTIMATE, r"(?:what|how much) (?:will|would|does|did) (?:it|this) cost"
                    r"|how (?:much|long)(?: (?:will|would|does) (?:it|this) (?:take|cost))?"),
    (Word.HELP, r"help(?: me)?|what can you do|how does (?:this|it) work"),
    (Word.CANCEL, r"(?:cancel|stop|abort)"
                  r"(?: (?:it|this|that|(?:the|this|my) request|everything))?"),
    (Word.RETRY, r"(?:retry|try|do it|start|run it)(?: (?:it|this|that))? again|retry(?: it| this)?"
                 r"|once more"),
    (Word.APPROVE, r"approved?(?: (?:it|this|that|the request))?|i approve(?: (?:it|this|that))?"
                   r"|you may start"),
)  # fmt: skip
_KNOWN = tuple((word, re.compile(phrase)) for word, phrase in _PHRASES)
_POLITE = re.compile(
    r"\b(?:please|pls|kindly|thanks|thank you|hi|hello|dear|kakugo|bot"
    r"|(?:could|can|would|will) you|i (?:would|'d) like (?:you )?to|let(?:'s| us))\b|[,.!?:]"
)


_MENTION = re.compile(r"^@[\w-]*(?:kakugo|bot)[\w-]*[,:]?\s*", re.IGNORECASE)


def read_word(text: str) -> Word | None:
    """The command that a comment gives; None when it gives none."""
    for line in text.splitlines()[:MOST_LINES]:
        if line.strip().startswith(">"):
            continue
        if len(line) > LONGEST or line.strip().startswith("```"):
            return None
        line = _MENTION.sub("", line.strip(" `*"))
        if line.startswith("/"):
            said = re.match(r"/ ?([A-Za-z]+)(?![\w/])", line)
            return _SLASH.get(said[1].casefold(), Word.HELP) if said else None
        if bare := " ".join(_POLITE.sub(" ", line.casefold().replace("’", "'")).split()):
            return next((word for word, phrase in _KNOWN if phrase.fullmatch(bare)), None)
    return None
