"""An answer is the answer: no English words around it, no thoughts of the teacher aloud.

Large models frame what they write in the language of the request, here English, in a handful of
set phrases; a sentence of English that is none of these is found by `identity.py`.
"""

from __future__ import annotations

import re

from recipes.generate.gates.language_id import LIKE_ENGLISH
from recipes.generate.gates.views import has_any, prose
from recipes.generate.schema import ENGLISH, Draft

PHRASES = re.compile(
    r"\A\W*(?:sure|certainly|of course|absolutely)[!,.:] "
    r"|\bhere(?:['’]s| is| are) (?:the|an?|your|my|some)\b"
    r"|\b(?:let me know if|feel free to|i hope (?:this|that) helps|would you like (?:me|to|more))\b"
    r"|[(\[*](?:translator['’]s )?note: |^(?:note|translation|answer|response): "
    r"|\[(?:your|insert|recipient|company) ?[^\]\n]{0,30}\]"
    r"|\bas a native speaker would\b|\banswer in [A-Z]"
    r"|\bwe (?:need to|should|must) (?:answer|write|respond|produce|translate|give|provide)\b"
    r"|\b(?:the )?user (?:wants|asks|asked|is asking|says)\b",
    re.IGNORECASE | re.MULTILINE,
)
NOT_APART = {ENGLISH[:3], *LIKE_ENGLISH}
# One of these is in whatever that finds, and far sooner looked for.
SIGNS = (
    "here",
    "would you",
    "know if",
    "free to",
    "helps",
    "note: ",
    "translation: ",
    "answer: ",
    "response: ",
)
SIGNS += ("sure", "certainly", "of course", "absolutely", "[your", "[insert", "[recipient")
SIGNS += ("[company", "native speaker", "answer in", "we need", "we should", "we must", "user ")


def chatter(draft: Draft) -> str | None:
    """No answer in the language has set phrases of English around it."""
    for turn, code in zip(draft.row.turns, draft.languages, strict=True):
        if turn["role"] == "assistant" and (code or ENGLISH)[:3] not in NOT_APART:
            text = prose(turn["content"])
            if has_any(text.lower(), SIGNS) and PHRASES.search(text):
                return "chatter"
    return None
