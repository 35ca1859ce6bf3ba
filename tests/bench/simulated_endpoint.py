"""A simulated teacher endpoint with limited capacity: `python simulated_endpoint.py SPEC ANSWERS`.

SPEC is JSON with the fields of `Spec`; ANSWERS is a file with one completion per line. To be much
faster than its client, the server reads only the length of a request. GET /stats returns what was
served and when.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from recipes.practice.server import events

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass
class Spec:
    """At most `slots` calls are served at once, each at `rate` tokens per second (0: immediately).

    At most `queue` more calls wait; others are refused with `Retry-After: retry_after`. For the
    first `cold` seconds, every call gets a 503. `changes` lists (seconds since the first call,
    slots, queue). With `events`, each answer is streamed in so many events, evenly over its time.
    """

    slots: int
    queue: int = 10**9
    rate: float = 0.0
    retry_after: int = 0
    cold: float = 0.0
    events: int = 0
    changes: list[tuple[float, int, int]] = field(default_factory=list)


class Endpoint:
    """The calls being served, the waiting ones, and what was served."""

    def __init__(self, spec: Spec, answers: list[bytes]) -> None:
        self.spec = spec
        self.answers = itertools.cycle(
            [(response(body, spec.events), tokens(body)) for body in answers]
        )
        self.refusal = reply(429, b"{}", f"Retry-After: {spec.retry_after}\r\n".encode())
        self.busy = 0
        self.waiting: deque[Connection] = deque()
        self.started_at = 0.0
        self.served: list[tuple[float, float]] = []
        self.calls = self.refused = 0
        self.loop = asyncio.get_running_loop()

    def arrive(self, connection: Connection) -> None:
        if not self.started_at:
            self.start()
        self.calls += 1
        spec = self.spec
        if spec.cold and self.loop.time() - self.started_at < spec.cold:
            connection.write(reply(503, b"loading"))
        elif self.busy < spec.slots:
            self.serve(connection)
        elif len(self.waiting) < spec.queue:
            self.waiting.append(connection)
        else:
            self.refused += 1
            connection.write(self.refusal)

    def start(self) -> None:
        self.started_at = self.loop.time()
        for seconds, slots, queue in self.spec.changes:
            self.loop.call_later(seconds, self.change, slots, queue)

    def change(self, slots: int, queue: int) -> None:
        self.spec.slots, self.spec.queue = slots, queue

    def serve(self, connection: Connection) -> None:
        parts, count = next(self.answers)
        if not self.spec.rate:
            self.served.append((0.0, count))
            connection.write(b"".join(parts))
            return
        self.busy += 1
        seconds = count / self.spec.rate
        for number, part in enumerate(parts[:-1], 1):
            self.loop.call_later(seconds * number / len(parts), connection.write, part)
        self.loop.call_later(seconds, self.finish, connection, parts[-1], count)

    def finish(self, connection: Connection, part: bytes, count: float) -> None:
        self.busy -= 1
        self.served.append((self.loop.time() - self.started_at, count))
        connection.write(part)
        while self.waiting and self.busy < self.spec.slots:
            self.serve(self.waiting.popleft())

    def stats(self) -> bytes:
        content = {"served": self.served, "calls": self.calls, "refused": self.refused}
        return json.dumps(content).encode()


class Connection(asyncio.Protocol):
    """A minimal HTTP/1.1 connection."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.data = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport

    def write(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.data = self.data + data if self.data else data
        head = self.data.find(b"\r\n\r\n")
        if head < 0:
            return
        if self.data.startswith(b"GET"):
            stats = self.data.startswith(b"GET /stats")
            self.data = b""
            self.write(reply(200, self.endpoint.stats() if stats else b"{}"))
            return
        length = LENGTH.search(self.data, 0, head)
        if length and len(self.data) >= head + 4 + int(length[1]):
            self.data = b""
            self.endpoint.arrive(self)


def response(body: bytes, pieces: int) -> list[bytes]:
    """Return a completion as the parts that are sent, one for each event of a stream."""
    if not pieces:
        return [reply(200, body)]
    head = b"HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked"
    chunks = [chunk(event) for event in events(json.loads(body), pieces)]
    return [head + b"\r\n\r\n" + chunks[0], *chunks[1:-1], chunks[-1] + b"0\r\n\r\n"]


def chunk(event: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(event), event)


def reply(status: int, body: bytes, headers: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n".encode()
    return head + headers + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def tokens(body: bytes) -> float:
    return float(json.loads(body)["usage"]["completion_tokens"])


async def main(spec: Spec, answers: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    endpoint = Endpoint(spec, answers)
    server = await loop.create_server(lambda: Connection(endpoint), "127.0.0.1", 0, backlog=4096)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    lines = Path(sys.argv[2]).read_bytes().splitlines()
    uvloop.run(main(Spec(**json.loads(sys.argv[1])), lines))
