"""No answer declines, or speaks of being a machine: in English, and in the language itself.

How it declines in the language nobody can list for thousands of languages; but the teacher can say
it. It is asked once to translate the sentences below, and an answer whose first or second sentence
is made of little but what these are made of is a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from recipes.generate.gates.views import has_any, said_by_models
from recipes.generate.schema import Draft, Message

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
    "Unfortunately, I cannot provide this information.",
    "I apologize, but I am not able to do what you wish.",
    "As an AI, I have no personal opinion, no feelings and no experience.",
    "I am only a language model and have no access to the internet.",
    "Please forgive me, I cannot help you with this request.",
    "I cannot give advice on that.",
)
QUESTIONS = "Please do this."
WORD = regex.compile(r"[\p{L}\p{M}']+")
STOP = regex.compile(r"[.!?։።।།۔؟]+(?=\s|\Z)|[。！？\n]")
IDEOGRAPH = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
ALIKE = 0.6
SHORTEST, LONGEST = 8, 100  # letters of a sentence


@dataclass(frozen=True)
class Manner:
    """How a teacher declines in a language: the runs of so many letters that it is made of."""

    length: int
    runs: frozenset[str]

    def has(self, sentence: str) -> bool:
        """Whether the sentence is made of little else."""
        found = _runs(sentence, self.length)
        known = sum(map(self.runs.__contains__, found))
        return len(found) >= SHORTEST and known >= ALIKE * len(found)


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


def learn(declined: Sequence[str]) -> Manner:
    """What the sentences in which the teacher declines are made of."""
    length = 2 if IDEOGRAPH.search("".join(declined)) else 4
    return Manner(length, frozenset(run for text in declined for run in _runs(text, length)))


def refusal(draft: Draft, manner: Manner) -> str | None:
    """Nothing that a model said declines or speaks of being a machine."""
    for text in said_by_models(draft):
        start = text[:BEGINNING]
        if _refuses(start) or (manner.runs and any(map(manner.has, STOP.split(start)[:2]))):
            return "refusal"
    return None


def _refuses(text: str) -> bool:
    return has_any(text.lower(), SIGNS) and REFUSAL.search(text) is not None


def _runs(text: str, length: int) -> list[str]:
    told = f" {' '.join(WORD.findall(text.lower()))[:LONGEST]} "
    return [told[start : start + length] for start in range(len(told) - length + 1)]
