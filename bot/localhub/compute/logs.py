"""Reads and streams the log files of jobs, endpoints and Spaces.

A log file is append-only, with one JSON object `{"data", "timestamp"}` per line. The supervisor
writes the output of commands; `line` formats what the Hub itself adds.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from starlette.responses import StreamingResponse

from bot.localhub.core.clock import iso
from bot.localhub.core.hub import Hub

BLOCK = 1 << 16
POLL_SECONDS = 0.2
KEEP_ALIVE_SECONDS = 15.0


def line(text: str) -> str:
    """Format a line of a log file, written now."""
    return json.dumps({"data": text, "timestamp": iso(datetime.now(UTC))}) + "\n"


def last_lines(log: Path, count: int) -> list[str]:
    """Return the text of the last `count` lines."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        return [json.loads(line)["data"] for line in deque(file, maxlen=count)]


def _tail_offset(log: Path, count: int) -> int:
    """Return the offset at which the last `count` lines begin."""
    if not log.exists():
        return 0
    offsets: deque[int] = deque(maxlen=max(count, 1))
    position = 0
    with log.open("rb") as file:
        for line in file:
            offsets.append(position)
            position += len(line)
    return position if count < 1 or not offsets else offsets[0]


def _read_block(log: Path, offset: int) -> list[bytes]:
    """Return about one block of complete lines, with their line ends, from `offset` on."""
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


async def _events(
    hub: Hub, log: Path, is_finished: Callable[[], bool], tail: int | None
) -> AsyncIterator[bytes]:
    offset = 0 if tail is None else await asyncio.to_thread(_tail_offset, log, tail)
    idle_seconds = KEEP_ALIVE_SECONDS  # sends a keep-alive at once, so that the headers leave
    while not hub.is_closing:
        finished = is_finished()  # before reading, so that the last lines are not missed
        lines = await asyncio.to_thread(_read_block, log, offset)
        if lines:
            offset += sum(map(len, lines))
            idle_seconds = 0.0
            yield b"".join(b"data: " + line + b"\n" for line in lines)
        elif finished:
            return
        else:
            if idle_seconds >= KEEP_ALIVE_SECONDS:
                idle_seconds = 0.0
                yield b": keep-alive\n\n"
            await asyncio.sleep(POLL_SECONDS)
            idle_seconds += POLL_SECONDS


def stream(
    hub: Hub, log: Path, is_finished: Callable[[], bool], tail: int | None = None
) -> StreamingResponse:
    """Stream a log as server-sent events, one per line, from the start or the last `tail` lines.

    The stream ends when `is_finished` returns true and all lines are sent, or when the Hub closes.
    """
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        _events(hub, log, is_finished, tail), media_type="text/event-stream", headers=headers
    )
