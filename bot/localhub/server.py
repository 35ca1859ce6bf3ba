"""The local Hub as a process: one port, one data folder, one ready line, a clean stop."""

from __future__ import annotations

import argparse
import fcntl
import ipaddress
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import uvicorn

from bot.localhub.app import build_app, schema
from bot.localhub.core.hub import Hub
from bot.localhub.core.seed import SeedError, plant, read_seed
from bot.localhub.core.store import Store

HOST = "127.0.0.1"
# Seconds an idle connection stays open: well over the 5 after which clients drop theirs, or a call
# that is not retried (most are not) could meet a connection that is just being closed.
KEEP_ALIVE = 75


class StartError(Exception):
    """Why the server cannot start, in one sentence."""


class _Server(uvicorn.Server):
    """Says the ready line once it listens, and ends with status 0 when told to stop."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"local Hub ready at {self._hub.url}\n")
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and let every open stream know."""
        self._hub.closing = True
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """SIGINT and SIGTERM mean stop; a second one means now."""
        old = {s: signal.signal(s, self.handle_exit) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def serve(port: int, data: Path, seed: Path | None = None, host: str = HOST) -> None:
    """Serve until SIGINT or SIGTERM; port 0 means a free one.  StartError if it cannot start.

    host: a name or address of this machine; one that other machines reach makes every call need a
    token.
    """
    plan = read_seed(seed) if seed else None
    lock = _claim(data)
    listener = _listen(host, port)
    address, number = listener.getsockname()[:2]
    url = f"http://{f'[{host}]' if ':' in host else host}:{number}"
    guarded = not ipaddress.ip_address(address).is_loopback
    hub = Hub(Store(data, schema()), data, url, guarded=guarded)
    try:
        if plan:
            with hub.store.write() as db:
                plant(hub, db, plan)
        config = uvicorn.Config(
            build_app(hub), log_level="warning", access_log=False, date_header=False,
            timeout_graceful_shutdown=2, timeout_keep_alive=KEEP_ALIVE,
        )  # fmt: skip
        _Server(config, hub).run(sockets=[listener])
    finally:
        hub.store.close()
        listener.close()
        lock.close()


def _claim(data: Path) -> IO[str]:
    """The data folder for this process alone."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "lock").open("w")
    except OSError as error:
        raise StartError(
            f"Cannot write to the data folder {data} ({error.strerror}): choose another with --data"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StartError(
            f"Another local Hub already uses the data folder {data}: stop it or choose another"
        ) from error
    return lock


def _listen(host: str, port: int) -> socket.socket:
    where = f"Cannot listen on {host}:{port}"
    try:
        family, *_, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, OverflowError, UnicodeError) as error:
        raise StartError(f"{where} ({error}): name an address of this machine") from error
    if ipaddress.ip_address(place[0]).is_unspecified:
        raise StartError(f"{where}: name the one address by which others reach this machine")
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((place[0], port, *place[2:]))  # getaddrinfo wraps a port too large
    except (OSError, OverflowError) as error:
        listener.close()
        raise StartError(f"{where} ({error}): choose another port, or 0 for a free one") from error
    listener.set_inheritable(False)
    return listener


def _stop_with_stdin() -> None:
    """Stop once whoever started this process is gone and with it the other end of stdin."""
    while os.read(0, 1024):  # not sys.stdin: its lock, held here, would make every exit fatal
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """``python -m bot.localhub.server --port 0 --data DIR [--seed FILE] [--host ADDRESS]``."""
    parser = argparse.ArgumentParser(prog="python -m bot.localhub.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=Path)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--until-stdin-closes", action="store_true")
    args = parser.parse_args()
    if args.until_stdin_closes:
        threading.Thread(target=_stop_with_stdin, daemon=True).start()
    try:
        serve(args.port, args.data, args.seed, args.host)
    except (StartError, SeedError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
