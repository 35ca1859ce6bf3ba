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
PER_SECONDS = 60.0
MOST_VISITORS = 5000
_ENTITY = re.compile(r"&(?=#?\w+;)")
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

    def before(self, at: int) -> Talk:
        """The conversation as it was before this turn."""
        return Talk(self.turns[:at])

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
        part = _ENTITY.sub("&amp;", parts[at])
        parts[at] = _TAG.sub("&lt;", part).replace("![", "!&#91;")
    return "".join(parts)


def plain(text: str) -> str:
    """Undo `inert`, for a message that comes back from the page edited."""
    parts = _CODE.split(text)
    for at in range(0, len(parts), 2):
        part = parts[at].replace("!&#91;", "![").replace("&lt;", "<")
        parts[at] = part.replace("&amp;", "&")
    return "".join(parts)


def shown(talk: Talk, who: str, thinking: str = "Thinking") -> list[dict[str, Any]]:
    """The conversation as Gradio's chatbot takes it, thoughts as folds."""
    return [message for _, message in _shown(talk, who, thinking)]


def turn_at(talk: Talk, index: object) -> int | None:
    """Which turn the adapter's message at this place on the page belongs to."""
    places = [at for at, _ in _shown(talk, "adapter", "")]
    return places[index] if isinstance(index, int) and 0 <= index < len(places) else None


def _shown(talk: Talk, who: str, thinking: str) -> list[tuple[int, dict[str, Any]]]:
    messages: list[tuple[int, dict[str, Any]]] = []
    for at, turn in enumerate(talk.turns):
        said = _said(turn, who)
        if said is None and turn is not talk.turns[-1]:
            continue
        messages.append((at, {"role": "user", "content": inert(turn.question)}))
        messages += [(at, part) for part in _answer(said, thinking)] if said is not None else []
    return messages


def _answer(text: str, title: str) -> list[dict[str, Any]]:
    thought, answer, thinking = split_thought(text)
    parts: list[dict[str, Any]] = []
    if thought:
        status = "pending" if thinking else "done"
        fold = {"title": title, "status": status}
        parts.append({"role": "assistant", "content": inert(thought), "metadata": fold})
    if answer or not thought:
        parts.append({"role": "assistant", "content": inert(answer) or "…"})
    return parts


def refuse(question: str) -> str:
    """The key of the sentence that says why a question is not taken; empty when it is."""
    if not question.strip():
        return "write_something"
    return "message_long" if len(question) > LONGEST_MESSAGE else ""


class Rate:
    """Counts what each visitor does in a sliding window; `now` is in seconds.

    Kept in memory only, and no longer than the window needs.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, visitor: str, now: float) -> float:
        """Count one more; return 0, or the seconds until the next one is taken."""
        times = self._times.setdefault(visitor, deque())
        self._times.move_to_end(visitor)
        if len(self._times) > MOST_VISITORS:
            self._times.popitem(last=False)
        while times and times[0] <= now - PER_SECONDS:
            times.popleft()
        if len(times) >= self._most:
            return times[0] + PER_SECONDS - now
        times.append(now)
        return 0.0
