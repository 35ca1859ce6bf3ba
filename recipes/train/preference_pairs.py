"""From what people said to pairs of answers: of two answers to the same, the better and the worse.

A correction is better than what it corrects; an answer with a thumb up is better than one to the
same words with a thumb down; a reviewer's wording is better than the row's. What is to be learnt
passes the gates that a teacher's rows pass, and shares nothing with a benchmark. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from recipes.core.feedback import Chat, Review
from recipes.core.row_edits import reworded
from recipes.generate.schema import Draft, Message, Row

Turns = tuple[tuple[str, str], ...]
Judge = Callable[[Draft], str | None]  # why a draft is dropped, None when it is not
SOURCE, PEOPLE = "feedback", "people"


@dataclass(frozen=True)
class Pair:
    """Two answers to the same turns; `credit` is whose work the better one is, if they said."""

    prompt: Turns
    chosen: str
    rejected: str
    credit: str | None = None

    @property
    def turned(self) -> tuple[Turns, str, str]:
        """The same two answers, the other way round."""
        return self.prompt, self.rejected, self.chosen

    def wire(self, system: str = "") -> dict[str, list[dict[str, str]]]:
        """As TRL takes it, under the system prompt that the chat asks with, or the row's own."""
        asked = [{"role": role, "content": text} for role, text in self.prompt]
        if system and asked[0]["role"] != "system":
            asked.insert(0, {"role": "system", "content": system})
        chosen, rejected = (
            [{"role": "assistant", "content": text}] for text in (self.chosen, self.rejected)
        )
        return {"prompt": asked, "chosen": chosen, "rejected": rejected}


@dataclass(frozen=True)
class Pairs:
    """What may be learnt, and how often which reason spoke against a pair."""

    kept: tuple[Pair, ...]
    dropped: dict[str, int]

    @property
    def key(self) -> str:
        """A name for exactly these pairs."""
        told = json.dumps([pair.wire() for pair in self.kept], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def credits(self) -> tuple[str, ...]:
        """Who wanted to be named for what is in here."""
        return tuple(sorted({pair.credit for pair in self.kept if pair.credit}))


def pairs(
    chats: Sequence[Chat],
    reviews: Sequence[Review],
    rows: Mapping[str, Turns],
    language: str,
    judge: Judge,
) -> Pairs:
    """All pairs that follow from what was said; `rows` has the reviewed rows by their id."""
    found = [*_corrections(chats), *_thumbs(chats), *_fixes(reviews, rows)]
    sides = {(pair.prompt, pair.chosen, pair.rejected) for pair in found}
    kept, dropped = dict[tuple[Turns, str, str], Pair](), Counter[str]()
    for pair in found:
        side = pair.prompt, pair.chosen, pair.rejected
        reason = _against(pair, sides, kept) or judge(draft(pair.prompt, pair.chosen, language))
        if reason:
            dropped[reason] += 1
        else:
            kept[side] = pair
    return Pairs(tuple(kept.values()), dict(dropped))


def _against(
    pair: Pair, sides: set[tuple[Turns, str, str]], kept: Mapping[tuple[Turns, str, str], Pair]
) -> str | None:
    if pair.chosen.strip() == pair.rejected.strip():
        return "the_same"
    if pair.turned in sides:
        return "contradicted"
    return "duplicate" if (pair.prompt, pair.chosen, pair.rejected) in kept else None


def _corrections(chats: Sequence[Chat]) -> Iterator[Pair]:
    for chat in chats:
        if chat.correction is not None:
            yield Pair(chat.messages, chat.correction, chat.response, chat.credit)


def _thumbs(chats: Sequence[Chat]) -> Iterator[Pair]:
    """Of the answers to the same turns, each liked one with each disliked one."""
    for up in chats:
        for down in chats if up.rating == "up" else ():
            if down.rating == "down" and down.messages == up.messages:
                yield Pair(up.messages, up.response, down.response)


def _fixes(reviews: Sequence[Review], rows: Mapping[str, Turns]) -> Iterator[Pair]:
    """A reviewer's wording against the last answer of the row."""
    for review in reviews:
        turns = rows.get(review.row_id)
        if review.fixed is not None and turns and turns[-1][0] == "assistant":
            better = reworded(turns[-1][1], review.fixed)
            yield Pair(turns[:-1], better, turns[-1][1], review.credit)


def draft(prompt: Turns, chosen: str, language: str) -> Draft:
    """An answer of people as a row: it must be in the language, what was asked may be in any."""
    messages = tuple(_message(role, text) for role, text in (*prompt, ("assistant", chosen)))
    row = Row(SOURCE, prompt[-1][1], PEOPLE, messages)
    return Draft(row, (*(None for _ in row.turns[:-1]), language))


def _message(role: str, text: str) -> Message:
    return {"role": role, "content": text}  # type: ignore[typeddict-item]  # read at the door
