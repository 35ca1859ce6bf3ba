"""English phrases around an answer, and the teacher's thoughts in it.

Large models frame what they write with a handful of set phrases in the language of the request,
which is English here. `language_id.py` finds other English sentences.
"""

from __future__ import annotations

import re

from recipes.generate.gates.language_id import LIKE_ENGLISH, ONLY_ENGLISH_WORD
from recipes.generate.gates.views import contains_any, prose
from recipes.generate.schema import ENGLISH, Draft

PHRASES = re.compile(
    r"\A\W*(?:sure|certainly|of course|absolutely)[!,.:] "
    r"|\bhere(?:['’]s| is| are) (?:the|an?|your|my|some)\b"
    r"|\b(?:let me know if|feel free to|i hope (?:this|that) helps|would you like (?:me|to|more))\b"
    r"|[(\[*](?:translator['’]s )?note: |^(?:translation|answer|response): "
    # A note is one in other languages, too.
    rf"|^note: (?=.*{ONLY_ENGLISH_WORD.pattern})"
    r"|\[(?:your|insert|recipient|company) ?[^\]\n]{0,30}\]"
    r"|\bas a native speaker would\b|\banswer in [A-Z]"
    r"|\bwe (?:need to|should|must) (?:answer|write|respond|produce|translate|give|provide)\b"
    r"|\b(?:the )?user (?:wants|asks|asked|is asking|says)\b",
    re.IGNORECASE | re.MULTILINE,
)
# Languages whose own words look like these phrases.
ENGLISH_CODES = {ENGLISH[:3], *LIKE_ENGLISH}
# Every match of PHRASES contains one of these, and they are much faster to look for.
HINTS = (
    "here", "would you", "know if", "free to", "helps", "note: ", "translation: ", "answer: ",
    "response: ", "sure", "certainly", "of course", "absolutely", "[your", "[insert", "[recipient",
    "[company", "native speaker", "answer in", "we need", "we should", "we must", "user ",
)  # fmt: skip


def chatter(draft: Draft) -> str | None:
    """Reject an answer in the language that has set English phrases around it."""
    for turn, code in zip(draft.row.turns, draft.languages, strict=True):
        if turn["role"] == "assistant" and (code or ENGLISH)[:3] not in ENGLISH_CODES:
            text = prose(turn["content"])
            if contains_any(text.lower(), HINTS) and PHRASES.search(text):
                return "chatter"
    return None
