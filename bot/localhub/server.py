"""The local Hub as a process: one port, one data folder, a clean stop."""

from __future__ import annotations

import argparse
import fcntl
import ipaddress
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import uvicorn

from bot import connections
from bot.connections import BoundedProtocol
from bot.localhub.app import build_app, schema
from bot.localhub.compute.hub import ComputeHub
from bot.localhub.core.rules import RuleError, Rules
from bot.localhub.core.rules import parse as parse_rules
from bot.localhub.core.seed import SeedError, apply_seed, read_seed
from bot.localhub.core.store import Store

HOST = "127.0.0.1"
# How long an idle connection stays open: well above the 5 seconds after which clients drop theirs.
# Otherwise a call could use a connection that is being closed, and most calls are not retried.
KEEP_ALIVE_SECONDS = 75
LOCK_SECONDS = 10.0  # until another Hub that is stopping has let go of the data folder


class StartError(Exception):
    """Why the server cannot start, in one sentence."""


class _Server(uvicorn.Server):
    """Prints a line when it is ready, and exits with status 0 when it is asked to stop."""

    def __init__(self, config: uvicorn.Config, hub: ComputeHub) -> None:
        super().__init__(config)
        self._hub = hub

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and print the line."""
        await super().startup(sockets)
        if self.started:
            sys.stdout.write(f"local Hub ready at {self._hub.url}\n")
            sys.stdout.flush()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop, and let every open stream know."""
        self._hub.is_closing = True
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGINT or SIGTERM; a second signal forces the exit."""
        old = {s: signal.signal(s, self.handle_exit) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def serve(
    port: int,
    data: Path,
    seed: Path | None = None,
    host: str = HOST,
    rules: Rules = Rules(),  # noqa: B008 (frozen)
) -> None:
    """Serve until SIGINT or SIGTERM.

    port: 0 means a free one. host: a name or address of this machine; if other machines can reach
    it, every call needs a token. rules: how strict it is. Raises StartError if the server cannot
    start, SeedError if the seed file is not valid.
    """
    accounts = read_seed(seed) if seed else None
    is_new = not data.exists()
    with _lock(data) as lock, _listen_or_clean(host, port, Path(lock.name), is_new) as listener:
        address, number = listener.getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{number}"
        is_loopback = ipaddress.ip_address(address).is_loopback
        hub = ComputeHub(
            Store(data, schema()), data, url, token_required=not is_loopback, rules=rules
        )
        try:
            if accounts:
                with hub.store.write() as db:
                    apply_seed(hub, db, accounts)
            config = uvicorn.Config(
                build_app(hub), log_level="warning", access_log=False, date_header=False,
                timeout_graceful_shutdown=2, timeout_keep_alive=KEEP_ALIVE_SECONDS,
                http=BoundedProtocol,
            )  # fmt: skip
            _Server(config, hub).run(sockets=[listener])
        finally:
            hub.store.close()


def _lock(data: Path) -> IO[str]:
    """Reserve the data folder for this process."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "lock").open("a+")
    except OSError as error:
        raise StartError(
            f"Cannot write to the data folder {data} ({error.strerror}): choose another with --data"
        ) from error
    deadline = time.monotonic() + LOCK_SECONDS
    while not _is_locked(lock):
        if time.monotonic() > deadline:
            lock.seek(0)
            process = lock.read(20).strip() or "unknown"
            lock.close()
            raise StartError(
                f"Another local Hub (process {process}) already uses the data folder {data}: "
                "stop it or choose another"
            )
        time.sleep(0.1)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


def _is_locked(lock: IO[str]) -> bool:
    """Try to lock a file for this process."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _listen_or_clean(host: str, port: int, lock: Path, is_new: bool) -> socket.socket:
    """Listen; a new data folder does not outlast the failure to do so."""
    try:
        return _listen(host, port)
    except StartError:
        if is_new:
            lock.unlink()
            lock.parent.rmdir()
        raise


def _listen(host: str, port: int) -> socket.socket:
    problem = f"Cannot listen on {host}:{port}"
    try:
        listener = connections.listen(host, port)
    except socket.gaierror as error:
        raise StartError(f"{problem} ({error}): choose an address of this machine") from error
    except OSError as error:
        raise StartError(
            f"{problem} ({error}): stop the program that uses it, or choose another --port"
        ) from error
    if ipaddress.ip_address(listener.getsockname()[0]).is_unspecified:
        listener.close()
        raise StartError(f"{problem}: choose the address at which others reach this machine")
    return listener


def _stop_with_stdin() -> None:
    """Stop once stdin closes, because the process that started this one has ended."""
    while os.read(0, 1024):  # not sys.stdin: holding its lock here would make every exit fatal
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Run `python -m bot.localhub.server --data DIR [--port N] [--seed FILE] [--host ADDRESS]`."""
    parser = argparse.ArgumentParser(prog="python -m bot.localhub.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=Path)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--rule", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--until-stdin-closes", action="store_true")
    args = parser.parse_args()
    if args.until_stdin_closes:
        threading.Thread(target=_stop_with_stdin, daemon=True).start()
    try:
        serve(args.port, args.data, args.seed, args.host, parse_rules(args.rule))
    except (StartError, SeedError, RuleError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
