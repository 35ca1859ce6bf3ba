"""What is said: turns, what a model is shown of them, what a person is shown, and the limits.

Pure. No model, no network and no Gradio; every text a person or a model wrote passes `inert` before
it is shown.
"""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

Message = dict[str, str]

LONGEST_MESSAGE = 2000
MOST_TURNS = 30
MOST_MESSAGES = 12
PER_SECONDS = 60.0
MOST_VISITORS = 5000
_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]+`)", re.DOTALL)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")


@dataclass(frozen=True)
class Turn:
    """One question with the answers to it; None is an answer that was not asked for."""

    question: str
    adapter: str | None = None
    base: str | None = None


@dataclass(frozen=True)
class Talk:
    """A conversation, oldest turn first."""

    turns: tuple[Turn, ...] = ()

    def ask(self, question: str) -> Talk:
        """Begin a turn; the oldest ones are forgotten beyond the limit."""
        return Talk((*self.turns, Turn(question))[-MOST_TURNS:])

    def answer(self, who: str, text: str) -> Talk:
        """Put an answer (``who`` is ``adapter`` or ``base``) into the last turn."""
        last = self.turns[-1]
        changed = replace(last, adapter=text) if who == "adapter" else replace(last, base=text)
        return Talk((*self.turns[:-1], changed))

    def back(self) -> Talk:
        """Take the last turn back."""
        return Talk(self.turns[:-1])


def heard(talk: Talk, who: str) -> list[Message]:
    """What one of the models has heard: its own turns and the open question, without thoughts."""
    messages: list[Message] = []
    for turn in talk.turns[:-1]:
        said = _said(turn, who)
        if said is not None:
            answer = split_thought(said)[1]
            messages += [_message("user", turn.question), _message("assistant", answer)]
    return [*messages, _message("user", talk.turns[-1].question)] if talk.turns else []


def _said(turn: Turn, who: str) -> str | None:
    return turn.adapter if who == "adapter" else turn.base


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}


def fit(
    messages: Sequence[Message], length: Callable[[list[Message]], int], room: int
) -> list[Message]:
    """Forget the oldest turns until the rest has at most `room` tokens; the question stays."""
    kept = list(messages)
    while len(kept) > 1 and length(kept) > room:
        kept = kept[2:]
    return kept


def split_thought(text: str) -> tuple[str, str, bool]:
    """Part an answer into its thought, what follows, and whether it is still thinking."""
    start, tag, rest = text.partition("<think>")
    if not tag:
        thought, end, answer = text.partition("</think>")
        return (thought.strip(), answer.strip(), False) if end else ("", text.strip(), False)
    if start.strip():
        return "", text.strip(), False
    thought, end, answer = rest.partition("</think>")
    return thought.strip(), answer.strip(), not end


def inert(text: str) -> str:
    """Keep Markdown but no HTML and no image: those would be somebody else's page in ours."""
    parts = _CODE.split(text)
    for at in range(0, len(parts), 2):
        parts[at] = _TAG.sub("&lt;", parts[at]).replace("![", "!&#91;")
    return "".join(parts)


def shown(talk: Talk, who: str) -> list[dict[str, Any]]:
    """The conversation as Gradio's chatbot takes it, thoughts as folds."""
    messages: list[dict[str, Any]] = []
    for turn in talk.turns:
        said = _said(turn, who)
        if said is None and turn is not talk.turns[-1]:
            continue
        messages.append({"role": "user", "content": inert(turn.question)})
        messages += _answer(said) if said is not None else []
    return messages


def _answer(text: str) -> list[dict[str, Any]]:
    thought, answer, thinking = split_thought(text)
    parts: list[dict[str, Any]] = []
    if thought:
        status = "pending" if thinking else "done"
        fold = {"title": "Thinking", "status": status}
        parts.append({"role": "assistant", "content": inert(thought), "metadata": fold})
    if answer or not thought:
        parts.append({"role": "assistant", "content": inert(answer) or "…"})
    return parts


def refuse(question: str) -> str:
    """Say why a question is not taken; nothing when it is."""
    if not question.strip():
        return "Write something first."
    if len(question) > LONGEST_MESSAGE:
        return (
            f"A message may have {LONGEST_MESSAGE} characters; this one has {len(question)}. "
            "Please shorten it."
        )
    return ""


class Rate:
    """Counts each visitor's messages in a sliding window; `now` is in seconds."""

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, visitor: str, now: float) -> float:
        """Count a message; return 0, or the seconds until the next one is taken."""
        times = self._times.setdefault(visitor, deque())
        self._times.move_to_end(visitor)
        if len(self._times) > MOST_VISITORS:
            self._times.popitem(last=False)
        while times and times[0] <= now - PER_SECONDS:
            times.popleft()
        if len(times) >= MOST_MESSAGES:
            return times[0] + PER_SECONDS - now
        times.append(now)
        return 0.0
