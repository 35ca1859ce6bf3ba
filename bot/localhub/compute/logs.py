"""Reads the log files that minders write, as lists of lines and as server-sent events.

A log file is append-only, one JSON object `{"data", "timestamp"}` a line; nothing here writes one.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from starlette.responses import StreamingResponse

from bot.localhub.core.hub import Hub

BLOCK = 1 << 16
POLL_SECONDS = 0.2
KEEP_ALIVE_SECONDS = 15.0


def last_lines(log: Path, count: int) -> list[str]:
    """Return the text of the last `count` lines."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        return [json.loads(line)["data"] for line in deque(file, maxlen=count)]


def tail_offset(log: Path, count: int) -> int:
    """Return where the last `count` lines begin."""
    if not log.exists():
        return 0
    offsets: deque[int] = deque(maxlen=max(count, 1))
    position = 0
    with log.open("rb") as file:
        for line in file:
            offsets.append(position)
            position += len(line)
    return position if count < 1 or not offsets else offsets[0]


def read_block(log: Path, offset: int) -> list[bytes]:
    """Return the whole lines (with their ends) of about one block from `offset` on."""
    try:
        with log.open("rb") as file:
            file.seek(offset)
            block = file.read(BLOCK)
            if block and not block.endswith(b"\n"):
                block += file.readline()
    except FileNotFoundError:
        return []
    lines = block.splitlines(keepends=True)
    return lines[:-1] if lines and not lines[-1].endswith(b"\n") else lines


async def events(
    hub: Hub, log: Path, over: Callable[[], bool], tail: int | None = None
) -> AsyncIterator[bytes]:
    """Yield each line as an event, from the start or the last `tail` lines, until `over()`.

    It also ends when the Hub closes.
    """
    offset = 0 if tail is None else await asyncio.to_thread(tail_offset, log, tail)
    quiet = KEEP_ALIVE_SECONDS  # a first keep-alive at once, so that the headers leave
    while not hub.closing:
        finished = over()  # asked before reading, so that the last lines are not missed
        lines = await asyncio.to_thread(read_block, log, offset)
        if lines:
            offset += sum(map(len, lines))
            quiet = 0.0
            yield b"".join(b"data: " + line + b"\n" for line in lines)
        elif finished:
            return
        else:
            if quiet >= KEEP_ALIVE_SECONDS:
                quiet = 0.0
                yield b": keep-alive\n\n"
            await asyncio.sleep(POLL_SECONDS)
            quiet += POLL_SECONDS


def event_stream(source: AsyncIterator[bytes]) -> StreamingResponse:
    """Return a response of server-sent events."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(source, media_type="text/event-stream", headers=headers)
