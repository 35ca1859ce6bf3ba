"""Answers that decline or speak of being a machine, in English and in the language.

Nobody can list refusals in thousands of languages, so the teacher is asked once to translate the
sentences below. An answer is a refusal when its first or second sentence consists mostly of
character n-grams of these translations.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import regex

from recipes.generate.gates.views import contains_any, given_text, model_texts
from recipes.generate.schema import Draft, Message

REFUSAL = re.compile(
    r"\bas an? (?:ai|artificial intelligence)\b|\bas a (?:large )?language model\b"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence|(?:large )?language model)\b"
    r"|\bi(?:['’]m| am) (?:very |really |so )?sorry[,.;]? (?:but )?(?:as an? |i )"
    r"(?:ai|can ?not|can['’]t|am (?:unable|not able)|won['’]t|do not|don['’]t|must)\b"
    r"|\bi(?:['’]m| am) (?:very |really |so )?(?:unable|not able) to "
    r"(?:answer|assist|comply|do|engage|fulfil|give|help|provide|translate|write)\b"
    r"|\bi (?:can ?not|can['’]t|won['’]t|must decline|do not|don['’]t) "
    r"(?:to )?(?:help|assist|provide|comply|fulfil|answer that|do that|engage|feel comfortable)"
    r"|\bi apologi[sz]e, but\b|\bmy (?:training data|knowledge cutoff)\b",
    re.IGNORECASE,
)
MAKER = re.compile(r"\b(?:chatgpt|openai)\b", re.IGNORECASE)
# Every match of REFUSAL contains one of these, and they are much faster to look for.
HINTS = (" ai", "artificial intelligence", "language model", "sorry", "unable", "not able",
         "i can", "i won", "i must", "i do", "i apolog", "my training", "my knowledge")  # fmt: skip
CHECKED_LETTERS = 300  # of an answer
ENGLISH_REFUSALS = (
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
ENGLISH_REQUEST = "Please do this."
WORD = regex.compile(r"[\p{L}\p{M}']+")
SENTENCE_END = regex.compile(r"[.!?։።।།۔؟]+(?=\s|\Z)|[。！？\n]")
IDEOGRAPH = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
MIN_SHARE = 0.6  # of a sentence's n-grams
MIN_SHARE_OF_END = 0.3  # of the n-grams of its second half, which names what was asked
MIN_NGRAMS, MAX_LETTERS = 8, 100  # of a sentence


@dataclass(frozen=True)
class RefusalNgrams:
    """The character n-grams of the sentences in which a teacher declines in a language."""

    length: int
    ngrams: frozenset[str]

    def match(self, sentence: str) -> bool:
        """Whether the sentence consists mostly of these n-grams."""
        ngrams = _ngrams(sentence, self.length)
        end = ngrams[len(ngrams) // 2 :]
        # An apology alone is none: the end must say what the teacher cannot do.
        return len(ngrams) >= MIN_NGRAMS and (
            sum(map(self.ngrams.__contains__, ngrams)) >= MIN_SHARE * len(ngrams)
            and sum(map(self.ngrams.__contains__, end)) >= MIN_SHARE_OF_END * len(end)
        )


def refusal_conversation() -> tuple[Message, ...]:
    """Return a conversation to translate in which the assistant declines every time."""
    return tuple(
        turn
        for refusal in ENGLISH_REFUSALS
        for turn in (
            Message(role="user", content=ENGLISH_REQUEST),
            Message(role="assistant", content=refusal),
        )
    )


def refusal_ngrams(examples: Sequence[str]) -> RefusalNgrams:
    """Return the n-grams of sentences in which the teacher declines."""
    length = 2 if IDEOGRAPH.search("".join(examples)) else 4
    ngrams = frozenset(ngram for text in examples for ngram in _ngrams(text, length))
    return RefusalNgrams(length, ngrams)


def refusal(draft: Draft, ngrams: RefusalNgrams) -> str | None:
    """Reject a text by a model that declines or speaks of being a machine."""
    for text in model_texts(draft):
        start = text[:CHECKED_LETTERS]
        sentences = SENTENCE_END.split(start)[:2]
        if _refuses(start) or (ngrams.ngrams and any(map(ngrams.match, sentences))):
            return "refusal"
        if (name := MAKER.search(start)) and name[0].lower() not in given_text(draft).lower():
            return "refusal"  # nobody asked, so it speaks of itself
    return None


def _refuses(text: str) -> bool:
    return contains_any(text.lower(), HINTS) and REFUSAL.search(text) is not None


def _ngrams(text: str, length: int) -> list[str]:
    words = f" {' '.join(WORD.findall(text.lower()))[:MAX_LETTERS]} "
    return [words[start : start + length] for start in range(len(words) - length + 1)]
