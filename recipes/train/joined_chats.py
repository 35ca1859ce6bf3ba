"""Join unrelated chats, so that a model also answers a second question in the same chat.

Most rows are one question and its answer. A small base that has read only those takes the next
question for a part of the first; a larger one may unlearn what it knew about longer chats.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from random import Random

from recipes.train.tokenize import Message

Chat = list[Message]
FOLLOWING = (1, 1, 2)  # how many chats follow one that is joined, each as likely


def join_chats(chats: Sequence[Chat], share: float, seed: int) -> list[Chat]:
    """Return the chats, shuffled, a `share` (0 to 1) of them with one or two others after them.

    Only chats with the same system prompt are joined; it stays at the beginning.
    """
    random = Random(seed)
    shuffled = iter(random.sample(chats, len(chats)))
    joined: list[Chat] = []
    for chat in shuffled:
        count = random.choice(FOLLOWING) if random.random() < share else 0
        longer = chat
        for other in islice(shuffled, count):
            if _system(other) == _system(chat):
                longer = longer + other[len(_system(other)) :]
            else:
                joined.append(other)
        joined.append(longer)
    return joined


def _system(chat: Chat) -> Chat:
    return [turn for turn in chat[:1] if turn["role"] == "system"]
