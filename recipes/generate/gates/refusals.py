"""No answer declines, or speaks of being a machine: in English, and in the language itself.

How it declines in the language nobody can list for thousands of languages; but the teacher can say
it. It is asked once to translate the sentences below, and an answer that begins like one of the
translations is a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import regex

from recipes.generate.gates.parts import said_by_models
from recipes.generate.row import Draft, Message

REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence)\b|\bas a (?:large )?language model\b"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:['’]m| am) (?:very |really |so )?(?:sorry|unable|not able)\b"
    r"|\bi (?:can ?not|can['’]t|won['’]t|must decline|do not|don['’]t) "
    r"(?:to )?(?:help|assist|provide|comply|fulfil|answer that|do that|engage|feel comfortable)"
    r"|\bi apologi[sz]e, but\b|\bmy (?:training data|knowledge cutoff)\b|\b(?:chatgpt|openai)\b",
    re.IGNORECASE,
)
# One of these is in whatever that finds, and far sooner looked for.
SIGNS = (" ai", "artificial intelligence", "language model", "sorry", "unable", "not able", "i can")
SIGNS += ("i won", "i must", "i do", "i apolog", "my training", "my knowledge", "chatgpt", "openai")
BEGINNING = 300
DECLINED = (
    "I'm sorry, but I can't help with that.",
    "I cannot fulfil this request.",
    "I am unable to answer this question.",
    "As an AI language model, I cannot do that.",
    "I'm sorry, but I don't know this language well enough.",
    "I can't translate this text.",
    "Sorry, I don't understand your question.",
    "I must decline to answer that.",
)
QUESTIONS = "Please do this."
WORD = regex.compile(r"[\p{L}\p{M}']+")
ALIKE = 0.6
SHORTEST = 8  # letters


def questions() -> tuple[Message, ...]:
    """A conversation in which the assistant declines every time, to be translated."""
    return tuple(
        turn
        for refusal in DECLINED
        for turn in (
            Message(role="user", content=QUESTIONS),
            Message(role="assistant", content=refusal),
        )
    )


def learn(declined: Sequence[str]) -> tuple[frozenset[str], ...]:
    """What an answer is compared with: the pairs of letters of each refusal."""
    long_enough = (text for text in declined if len("".join(WORD.findall(text))) >= SHORTEST)
    return tuple(_signs(text, len(text)) for text in long_enough)


def refusal(draft: Draft, declined: Sequence[frozenset[str]]) -> str | None:
    """Nothing that a model said declines or speaks of being a machine."""
    for text in said_by_models(draft):
        start = text[:BEGINNING]
        if _refuses(start) or any(_like(start, phrase) for phrase in declined):
            return "refusal"
    return None


def _refuses(text: str) -> bool:
    told = text.lower()
    for sign in SIGNS:
        if sign in told:
            return REFUSAL.search(text) is not None
    return False


def _like(text: str, phrase: frozenset[str]) -> bool:
    """Whether the text begins much as the phrase does, in triples of letters."""
    signs = _signs(text, len(phrase) + 4)
    return len(signs & phrase) >= ALIKE * len(phrase)


def _signs(text: str, most: int) -> frozenset[str]:
    told = " ".join(WORD.findall(text.lower()))[:most]
    return frozenset(told[start : start + 3] for start in range(max(1, len(told) - 2)))
