"""Turn feedback into preference pairs: two answers to the same prompt, one better than the other.

A correction is better than the answer that it corrects, an answer with a thumb up is better than
one with a thumb down to the same prompt, the preferred answer of a blind test is better than the
other one, and a reviewer's wording is better than the row's. The better answer must pass the gates
of generated rows and share no text with a benchmark.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from recipes.core.feedback import ChatFeedback, Review
from recipes.core.row_edits import replace_answer
from recipes.generate.schema import Draft, Message, Row

Turns = tuple[tuple[str, str], ...]
FeedbackGate = Callable[[Draft], str | None]  # why a draft is dropped, None if it is kept
SOURCE, PEOPLE = "feedback", "people"


@dataclass(frozen=True)
class PreferencePair:
    """Two answers to the same prompt; `credit` names who wrote the better one, if they said so."""

    prompt: Turns
    chosen: str
    rejected: str
    credit: str | None = None

    @property
    def key(self) -> tuple[Turns, str, str]:
        """What makes two pairs the same."""
        return self.prompt, self.chosen, self.rejected

    @property
    def reversed_key(self) -> tuple[Turns, str, str]:
        """The key of the pair that contradicts this one."""
        return self.prompt, self.rejected, self.chosen

    def to_trl(self, system: str = "") -> dict[str, list[dict[str, str]]]:
        """Return a row for TRL, under the row's own system prompt or else `system`."""
        prompt = [{"role": role, "content": text} for role, text in self.prompt]
        if system and prompt[0]["role"] != "system":
            prompt.insert(0, {"role": "system", "content": system})
        chosen, rejected = (
            [{"role": "assistant", "content": text}] for text in (self.chosen, self.rejected)
        )
        return {"prompt": prompt, "chosen": chosen, "rejected": rejected}


@dataclass(frozen=True)
class PreferencePairs:
    """The pairs to learn from, and how many others were dropped by reason."""

    kept: tuple[PreferencePair, ...]
    dropped: dict[str, int]

    @property
    def digest(self) -> str:
        """A SHA-256 of the pairs."""
        text = json.dumps([pair.to_trl() for pair in self.kept], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def credits(self) -> tuple[str, ...]:
        """The names of contributors who want to be credited."""
        return tuple(sorted({pair.credit for pair in self.kept if pair.credit}))


def make_pairs(
    chats: Sequence[ChatFeedback],
    reviews: Sequence[Review],
    rows: Mapping[str, Turns],
    language: str,
    gate: FeedbackGate,
) -> PreferencePairs:
    """Return all pairs that follow from the feedback; `rows` maps ids to the reviewed rows."""
    candidates = [
        *_corrections(chats),
        *_thumbs(chats),
        *_blind_tests(chats),
        *_fixes(reviews, rows),
    ]
    keys = {pair.key for pair in candidates}
    kept, dropped = dict[tuple[Turns, str, str], PreferencePair](), Counter[str]()
    for pair in candidates:
        reason = _drop_reason(pair, keys, kept) or gate(
            to_draft(pair.prompt, pair.chosen, language)
        )
        if reason:
            dropped[reason] += 1
        else:
            kept[pair.key] = pair
    return PreferencePairs(tuple(kept.values()), dict(dropped))


def _drop_reason(
    pair: PreferencePair,
    keys: set[tuple[Turns, str, str]],
    kept: Mapping[tuple[Turns, str, str], PreferencePair],
) -> str | None:
    if pair.chosen.strip() == pair.rejected.strip():
        return "the_same"
    if pair.reversed_key in keys:
        return "contradicted"
    return "duplicate" if pair.key in kept else None


def _corrections(chats: Sequence[ChatFeedback]) -> Iterator[PreferencePair]:
    for chat in chats:
        if chat.correction is not None:
            yield PreferencePair(chat.messages, chat.correction, chat.response, chat.credit)


def _thumbs(chats: Sequence[ChatFeedback]) -> Iterator[PreferencePair]:
    """Pair each answer with a thumb up with each one with a thumb down to the same prompt."""
    for up in chats:
        for down in chats if up.rating == "up" else ():
            if down.rating == "down" and down.messages == up.messages:
                yield PreferencePair(up.messages, up.response, down.response)


def _blind_tests(chats: Sequence[ChatFeedback]) -> Iterator[PreferencePair]:
    for chat in chats:
        if chat.rejected is not None:
            yield PreferencePair(chat.messages, chat.response, chat.rejected)


def _fixes(reviews: Sequence[Review], rows: Mapping[str, Turns]) -> Iterator[PreferencePair]:
    """Pair a reviewer's wording with the last answer of the row."""
    for review in reviews:
        turns = rows.get(review.row_id)
        if review.fixed is not None and turns and turns[-1][0] == "assistant":
            better = replace_answer(turns[-1][1], review.fixed)
            yield PreferencePair(turns[:-1], better, turns[-1][1], review.credit)


def to_draft(prompt: Turns, chosen: str, language: str) -> Draft:
    """Return an answer as a draft; only the answer must be in the language."""
    messages = tuple(_message(role, text) for role, text in (*prompt, ("assistant", chosen)))
    row = Row(SOURCE, prompt[-1][1], PEOPLE, messages)
    return Draft(row, (*(None for _ in row.turns[:-1]), language))


def _message(role: str, text: str) -> Message:
    # The role was checked when the feedback was read.
    return {"role": role, "content": text}  # type: ignore[typeddict-item]
