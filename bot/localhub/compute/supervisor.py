"""Runs one command for the Hub and makes sure that nothing of it is left afterwards.

The supervisor is a separate process between the Hub and a job, an endpoint or a Space, because
only a process that outlives the Hub can clean up after a Hub that was killed. It reads from a pipe
that the Hub keeps open; when the pipe closes, for whatever reason, the whole process tree of the
command ends. It also writes the log, so that a flood of output never passes through the Hub.

`processes.py` starts it as a plain script (`python -I -S supervisor.py`), so it uses only the
standard library. Its instructions are one line of JSON on stdin: `command`, `cwd`, `log`, `limit`
(bytes of log to keep) and `grace` (seconds between SIGTERM and SIGKILL once the pipe closes). A
second line, a number, asks it to end the command with that many seconds of grace.
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

MAX_LINE = 16_384
NOT_STARTED = 127
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def prctl(option: int, value: int) -> None:
    """Call prctl(2) on Linux; elsewhere, only the process group can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def die_with_supervisor() -> None:
    """Ask the kernel, in the child, to kill it if the supervisor itself is killed."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Log:
    """An append-only file of `{"data", "timestamp"}` lines that stops growing at a limit."""

    def __init__(self, path: str, limit: int) -> None:
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.left = limit - os.fstat(self.file).st_size
        self.unfinished = b""

    def feed(self, chunk: bytes) -> None:
        """Append output as it arrives; a carriage return ends a line too (progress bars)."""
        text = (self.unfinished + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, self.unfinished = text.split(b"\n")
        while len(self.unfinished) > MAX_LINE:
            lines.append(self.unfinished[:MAX_LINE])
            self.unfinished = self.unfinished[MAX_LINE:]
        self.write(lines)

    def close(self) -> None:
        """Write the last line if it has no line end."""
        if self.unfinished:
            self.write([self.unfinished])
        self.unfinished = b""

    def write(self, lines: list[bytes]) -> None:
        """Append complete lines in one system call, until the limit is reached."""
        if self.left <= 0 or not lines:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        texts = [line.decode("utf-8", "replace") for line in lines]
        block = b"".join(as_record(text, now) for text in texts)
        if len(block) > self.left:
            block = as_record("===== Log limit reached: further output is not kept =====", now)
            self.left = 0
        self.left -= len(block)
        os.write(self.file, block)


def as_record(text: str, now: str) -> bytes:
    """Format one line of the log file."""
    return json.dumps({"data": text, "timestamp": now}, ensure_ascii=False).encode() + b"\n"


def watch(child: subprocess.Popen[bytes], log: Log, wakeup: int, grace: float) -> None:
    """Copy output until the command ends, or until its grace period is over."""
    assert child.stdout is not None
    output, deadline = child.stdout.fileno(), math.inf
    os.set_blocking(output, False)
    with selectors.DefaultSelector() as selector:
        for source in (0, output, wakeup):
            selector.register(source, selectors.EVENT_READ)
        while child.poll() is None and (left := deadline - time.monotonic()) > 0:
            ready = {key.fd for key, _ in selector.select(timeout=min(1.0, left))}
            if output in ready and not copy(output, log):
                selector.unregister(output)
            if 0 in ready:
                line = os.read(0, 4096)
                if not line:
                    selector.unregister(0)
                if deadline == math.inf:
                    terminate(child)
                deadline = min(deadline, time.monotonic() + (float(line) if line else grace))
            if wakeup in ready:
                os.read(wakeup, 4096)


def copy(output: int, log: Log) -> bool:
    """Move one chunk of output to the log; return False at its end."""
    try:
        chunk = os.read(output, 65_536)
    except BlockingIOError:
        return True
    log.feed(chunk)
    return bool(chunk)


def drain(output: int, log: Log) -> None:
    """Read what the command wrote before it ended, without waiting for its grandchildren."""
    try:
        while chunk := os.read(output, 65_536):
            log.feed(chunk)
    except BlockingIOError:
        pass
    log.close()


def descendants(root: int) -> list[int]:
    """Return every process below `root`, including those that left its process group."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # the process ended meanwhile
        parents[int(stat.parent.name)] = int(fields[1])
    tree = [root]
    for pid in tree:
        tree += [child for child, parent in parents.items() if parent == pid]
    return tree[1:]


def kill_all(child: subprocess.Popen[bytes]) -> None:
    """Kill everything that is left of the command, and wait until it is gone."""
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
    """Reap dead processes: first the command, for its exit code, then adopted orphans."""
    if child.poll() is None:
        return
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def terminate(child: subprocess.Popen[bytes]) -> None:
    """Send SIGTERM to the process group of the command."""
    try:
        os.killpg(child.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass


def start(command: list[str], cwd: str) -> subprocess.Popen[bytes]:
    """Start the command in its own session, without a terminal or an input."""
    return subprocess.Popen(
        command,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=die_with_supervisor,
    )


def main() -> int:
    """Follow the instructions on stdin; return the command's exit code as a shell would."""
    with open(0, "rb", buffering=0, closefd=False) as stdin:  # must not read past the first line
        line = stdin.readline()
    if not line:
        return NOT_STARTED  # the Hub ended before it sent the instructions
    instructions = json.loads(line)
    log = Log(instructions["log"], instructions["limit"])
    wakeup_read, wakeup_write = os.pipe()
    os.set_blocking(wakeup_write, False)
    signal.set_wakeup_fd(wakeup_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    command = instructions["command"]
    try:
        child = start(command, instructions["cwd"])
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        log.write([f"cannot run {command[0]!r}: {error}".encode()])
        return NOT_STARTED
    watch(child, log, wakeup_read, instructions["grace"])
    assert child.stdout is not None
    drain(child.stdout.fileno(), log)
    kill_all(child)
    code = child.wait()
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    sys.exit(main())
