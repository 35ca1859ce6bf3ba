"""Runs one command for the Hub and sees to it that nothing of it is left afterwards.

A process of its own between the Hub and a job, an endpoint or a Space, because only somebody who
outlives the Hub can clean up after a Hub that was killed. It holds the pipe that the Hub keeps
open; when the pipe closes, for whatever reason, the whole tree of the command ends. It also writes
the log, so that a flood of output never passes through the Hub.

Started by `processes.py` as a plain script (`python -I -S minder.py`): standard library only, and
it must not learn what a job is. The order is one line of JSON on stdin: `command`, `cwd`, `log`,
`limit` (bytes of log kept) and `grace` (seconds between SIGTERM and SIGKILL once the pipe closes).
A second line, a number, asks for the end with a grace of its own.
"""

import ctypes
import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

LONGEST_LINE = 16_384
NOT_STARTED = 127
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def prctl(option: int, value: int) -> None:
    """Call prctl(2) where there is one; elsewhere the process group is all that can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def die_with_minder() -> None:
    """Ask the kernel, in the child, to end it should the minder itself be killed."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Log:
    """An append-only file of `{"data", "timestamp"}` lines that stops growing at a limit."""

    def __init__(self, path: str, limit: int) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.left = limit - os.fstat(self.file).st_size
        self.rest = b""

    def say(self, text: str) -> None:
        """Write one line of the minder's own."""
        self.write([text.encode()])

    def feed(self, chunk: bytes) -> None:
        """Take output as it comes; a carriage return ends a line too (progress bars)."""
        lines = (self.rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        self.rest = lines.pop()
        while len(self.rest) > LONGEST_LINE:
            lines.append(self.rest[:LONGEST_LINE])
            self.rest = self.rest[LONGEST_LINE:]
        self.write(lines)

    def close(self) -> None:
        """Write the last line when it had no end."""
        if self.rest:
            self.write([self.rest])
        self.rest = b""

    def write(self, lines: list[bytes]) -> None:
        """Append whole lines in one write each time, until the limit is reached."""
        if self.left <= 0 or not lines:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        texts = [line.decode("utf-8", "replace") for line in lines]
        block = b"".join(as_record(text, now) for text in texts)
        if len(block) > self.left:
            block = as_record("===== Output limit reached, the rest is not kept =====", now)
            self.left = 0
        self.left -= len(block)
        os.write(self.file, block)


def as_record(text: str, now: str) -> bytes:
    """Return one line of the log file."""
    return json.dumps({"data": text, "timestamp": now}, ensure_ascii=False).encode() + b"\n"


def watch(child: subprocess.Popen[bytes], log: Log, wake: int, grace: float) -> None:
    """Copy output until the command ends, or until its grace does once it was asked to."""
    assert child.stdout is not None
    output, until = child.stdout.fileno(), math.inf
    os.set_blocking(output, False)
    with selectors.DefaultSelector() as selector:
        for source in (0, output, wake):
            selector.register(source, selectors.EVENT_READ)
        while child.poll() is None and (left := until - time.monotonic()) > 0:
            ready = {key.fd for key, _ in selector.select(timeout=min(1.0, left))}
            if output in ready and not copy(output, log):
                selector.unregister(output)
            if 0 in ready:
                told = os.read(0, 4096)
                if not told:
                    selector.unregister(0)
                if until == math.inf:
                    terminate(child)
                until = min(until, time.monotonic() + (float(told) if told else grace))
            if wake in ready:
                os.read(wake, 4096)


def copy(output: int, log: Log) -> bool:
    """Move one chunk of output to the log; False at its end."""
    try:
        chunk = os.read(output, 65_536)
    except BlockingIOError:
        return True
    log.feed(chunk)
    return bool(chunk)


def drain(output: int, log: Log) -> None:
    """Take what the command had written before it ended, and not wait for its grandchildren."""
    try:
        while chunk := os.read(output, 65_536):
            log.feed(chunk)
    except BlockingIOError:
        pass
    log.close()


def descendants(root: int) -> list[int]:
    """Return every process below `root`, also those that left its process group."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        parents[int(stat.parent.name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def kill_all(child: subprocess.Popen[bytes]) -> None:
    """End everything that is left of the command, and wait until it is gone."""
    for _ in range(100):
        left = descendants(os.getpid())
        for pid in [*left, -child.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        reap(child)
        if not left:
            return
        time.sleep(0.01)


def reap(child: subprocess.Popen[bytes]) -> None:
    """Collect the dead: first the command, for its exit code, then adopted orphans."""
    if child.poll() is None:
        return
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def terminate(child: subprocess.Popen[bytes]) -> None:
    """Ask the command's group to end."""
    try:
        os.killpg(child.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass


def start(command: list[str], cwd: str) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own, without a terminal or an input."""
    return subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=die_with_minder,
    )


def main() -> int:
    """Carry out the order on stdin; the exit code is the command's, as a shell would give it."""
    line = sys.stdin.buffer.readline()
    if not line:
        return NOT_STARTED  # the Hub went away before it said what to do
    order = json.loads(line)
    log = Log(order["log"], order["limit"])
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        child = start(order["command"], order["cwd"])
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.say(f"cannot run {order['command'][0]!r}: {error}")
        return NOT_STARTED
    watch(child, log, wake_read, order["grace"])
    assert child.stdout is not None
    drain(child.stdout.fileno(), log)
    kill_all(child)
    code = child.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main())
