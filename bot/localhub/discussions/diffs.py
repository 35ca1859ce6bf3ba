"""Unified diffs between two trees of a repo."""

from __future__ import annotations

import difflib
import sqlite3

from bot.localhub.core.store import Store
from bot.localhub.repos import git

MAX_TEXT = 256 * 1024
MAX_DIFF = 2 * 1024 * 1024


def unified(store: Store, db: sqlite3.Connection, old: str, new: str) -> str:
    """Return a diff as `git diff` prints it; files are left out once it is too long to read."""
    parts: list[str] = []
    length = 0
    for path, oids in git.diff_trees(db, old, new).items():
        part = _file_diff(store, db, path, *oids)
        length += len(part)
        if length > MAX_DIFF:
            return "".join(parts)
        parts.append(part)
    return "".join(parts)


def _file_diff(store: Store, db: sqlite3.Connection, path: str, old: str, new: str) -> str:
    """Return the diff of one file; old and new are its git sha1, `""` if there is no file."""
    head = f"diff --git a/{path} b/{path}\n"
    head += "" if old else "new file mode 100644\n"
    head += "" if new else "deleted file mode 100644\n"
    head += f"index {old[:8] or '0' * 8}..{new[:8] or '0' * 8}\n"
    before, after = _lines(store, db, old), _lines(store, db, new)
    names = (f"a/{path}" if old else "/dev/null", f"b/{path}" if new else "/dev/null")
    if before is None or after is None:
        return f"{head}Binary files {names[0]} and {names[1]} differ\n"
    lines = difflib.unified_diff(before, after, *names, lineterm="")
    return head + "".join(f"{line}\n" for line in lines)


def _lines(store: Store, db: sqlite3.Connection, oid: str) -> list[str] | None:
    """Return the lines of a file (for LFS, of its pointer), None if it is not text."""
    if not oid:
        return []
    file = git.load_file(db, oid)
    if file.lfs:
        return git.pointer(file.sha256, file.size).decode().splitlines()
    if file.size > MAX_TEXT:
        return None
    data = store.blob_path(file.sha256).read_bytes()
    try:
        return None if b"\0" in data else data.decode().splitlines()
    except UnicodeDecodeError:
        return None
