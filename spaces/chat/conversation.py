"""A conversation: its turns, what a model is sent of them, and what a person is shown.

Pure. No model, no network, no Gradio. Every text that a person or a model wrote passes
`escape_markup` before it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from common.templates import BIDI_CONTROLS

Message = dict[str, str]
Side = Literal["adapter", "base"]  # of the comparison

MAX_MESSAGE_LENGTH = 2000
MAX_ANSWER_LENGTH = 20_000
MAX_TURNS = 30
_JOINER = "\u2060"  # WORD JOINER: no width, no line break
# A tag, an entity, an image, and a fence that Gradio draws as a diagram without escaping it.
_MARKUP = re.compile(
    r"(?<=<)(?=[A-Za-z/!?])|(?<=&)(?=#?\w+;)|(?<=!)(?=\[)|(?<=[`~]{3})(?=\s*mermaid)", re.IGNORECASE
)


@dataclass(frozen=True)
class Turn:
    """A question and the answers to it; None for an answer that was not requested."""

    question: str
    adapter: str | None = None
    base: str | None = None

    def answer(self, side: Side) -> str | None:
        return self.adapter if side == "adapter" else self.base


@dataclass(frozen=True)
class Conversation:
    """The turns, oldest first."""

    turns: tuple[Turn, ...] = ()

    @classmethod
    def parse(cls, stored: object) -> Conversation:
        """Read what `to_json` made, from a browser; anything else is an empty conversation."""
        turns = stored if isinstance(stored, list) else []
        parsed = [_parse_turn(turn) for turn in turns[-MAX_TURNS:]]
        return cls(tuple(turn for turn in parsed if turn))

    def to_json(self) -> list[dict[str, str | None]]:
        """Return the turns with the names of their fields."""
        return [asdict(turn) for turn in self.turns]

    def ask(self, question: str) -> Conversation:
        """Add a turn; beyond the limit the oldest ones are dropped."""
        return Conversation((*self.turns, Turn(question))[-MAX_TURNS:])

    def answer(self, side: Side, text: str) -> Conversation:
        """Set an answer of the last turn."""
        last = self.turns[-1]
        answered = replace(last, adapter=text) if side == "adapter" else replace(last, base=text)
        return Conversation((*self.turns[:-1], answered))

    def before(self, turn: int) -> Conversation:
        """Return the conversation as it was before this turn."""
        return Conversation(self.turns[:turn])

    def without_last(self) -> Conversation:
        """Return the conversation without its last turn."""
        return Conversation(self.turns[:-1])


def _parse_turn(stored: object) -> Turn | None:
    if not isinstance(stored, dict):
        return None
    question, *answers = (stored.get(name) for name in ("question", "adapter", "base"))
    if not isinstance(question, str) or check_message(question):
        return None
    adapter, base = (
        answer if isinstance(answer, str) and len(answer) <= MAX_ANSWER_LENGTH else None
        for answer in answers
    )
    return Turn(question, adapter, base)


def model_messages(conversation: Conversation, side: Side) -> list[Message]:
    """Return what one model is sent: its own turns and the open question, without reasoning."""
    messages: list[Message] = []
    for turn in conversation.turns[:-1]:
        text = turn.answer(side)
        if text is not None:
            answer = split_reasoning(text)[1]
            messages += [_message("user", turn.question), _message("assistant", answer)]
    if conversation.turns:
        messages.append(_message("user", conversation.turns[-1].question))
    return messages


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def truncate(
    messages: Sequence[Message], count_tokens: Callable[[list[Message]], int], max_tokens: int
) -> list[Message]:
    """Drop the oldest turns until at most `max_tokens` are left; the last question always stays."""
    kept = list(messages)
    while len(kept) > 1 and count_tokens(kept) > max_tokens:
        kept = kept[2:]
    return kept


def split_reasoning(text: str) -> tuple[str, str, bool]:
    """Split an answer into its reasoning and the rest; the flag says that it is still reasoning."""
    start, tag, rest = text.partition("<think>")
    if not tag:
        reasoning, end, answer = text.partition("</think>")
        return (reasoning.strip(), answer.strip(), False) if end else ("", text.strip(), False)
    if start.strip():
        return "", text.strip(), False
    reasoning, end, answer = rest.partition("</think>")
    return reasoning.strip(), answer.strip(), not end


def escape_markup(text: str) -> str:
    """Keep a text from being HTML, an image or a diagram; other Markdown stays.

    An invisible character goes between what would begin one, inside and outside of code alike, so
    that nothing depends on what a Markdown parser takes for code. Controls that would reorder the
    text around a message are dropped.
    """
    return _MARKUP.sub(_JOINER, text.translate(BIDI_CONTROLS))


def unescape_markup(text: str) -> str:
    """Undo `escape_markup`, for a message that was edited on the page."""
    return text.replace(_JOINER, "")


def chatbot_messages(
    conversation: Conversation, side: Side, reasoning_title: str = "Thinking"
) -> list[dict[str, Any]]:
    """Return the conversation as Gradio's chatbot takes it, with collapsible reasoning."""
    return [message for _, message in _numbered_messages(conversation, side, reasoning_title)]


def turn_of_message(conversation: Conversation, index: object) -> int | None:
    """Return the number of the turn that a message of the adapter's chatbot belongs to."""
    turns = [turn for turn, _ in _numbered_messages(conversation, "adapter", "")]
    return turns[index] if isinstance(index, int) and 0 <= index < len(turns) else None


def _numbered_messages(
    conversation: Conversation, side: Side, reasoning_title: str
) -> list[tuple[int, dict[str, Any]]]:
    """Return the chatbot's messages, each with the number of its turn."""
    messages: list[tuple[int, dict[str, Any]]] = []
    for number, turn in enumerate(conversation.turns):
        answer = turn.answer(side)
        if answer is None and turn is not conversation.turns[-1]:
            continue
        messages.append((number, {"role": "user", "content": escape_markup(turn.question)}))
        if answer is not None:
            messages += [(number, part) for part in _answer_parts(answer, reasoning_title)]
    return messages


def _answer_parts(text: str, reasoning_title: str) -> list[dict[str, Any]]:
    reasoning, answer, unfinished = split_reasoning(text)
    parts: list[dict[str, Any]] = []
    if reasoning:
        metadata = {"title": reasoning_title, "status": "pending" if unfinished else "done"}
        content = escape_markup(reasoning)
        parts.append({"role": "assistant", "content": content, "metadata": metadata})
    if answer or not reasoning:
        parts.append({"role": "assistant", "content": escape_markup(answer) or "…"})
    return parts


def check_message(text: str) -> str:
    """Return the key of the text that says why a message is not accepted; empty if it is."""
    if not text.strip():
        return "message_empty"
    return "message_too_long" if len(text) > MAX_MESSAGE_LENGTH else ""
