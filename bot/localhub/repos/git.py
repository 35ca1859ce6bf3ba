"""Files and folders as git names and nests them, held in the database.

A tree is stored under the sha1 of its git encoding, so that commits share what they have in
common; an LFS file is a pointer blob, as in git.  Who may see which commit is not known here.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from bot.localhub.core.wire import HubError

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    oid TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, lfs INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS trees (oid TEXT PRIMARY KEY, data BLOB NOT NULL);
"""

FOLDER, FILE = "40000", "100644"
ODD = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True)
class Entry:
    """A name in a folder: ``oid`` is the git sha1 of a blob (pointer, for LFS) or a tree."""

    name: str
    oid: str
    is_folder: bool


@dataclass(frozen=True)
class File:
    """A file's content: git sha1, sha256, size in bytes; ``lfs``: git holds only a pointer."""

    oid: str
    sha256: str
    size: int
    lfs: bool

    @property
    def etag(self) -> str:
        """What clients compare: the sha256 of an LFS file, the git sha1 of any other."""
        return self.sha256 if self.lfs else self.oid

    @property
    def pointer_size(self) -> int:
        """The size in bytes of the LFS pointer."""
        return len(pointer(self.sha256, self.size))


def object_oid(kind: str, data: bytes) -> str:
    """The name git gives to an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """The LFS pointer that stands in git for a large file."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    return text.encode()


def lfs_file(sha256: str, size: int) -> File:
    """The File of an LFS object."""
    return File(object_oid("blob", pointer(sha256, size)), sha256, size, True)


def check_path(path: str) -> str:
    """A file path in a repo, as given; HubError 422 for one that leads out or cannot be kept."""
    parts = path.split("/")
    if (
        ODD.search(path)
        or len(path.encode("utf-8", "replace")) > 1024
        or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
        or any(len(part.encode("utf-8", "replace")) > 255 for part in parts)
    ):
        raise HubError(422, f"Invalid path in repo: {path[:200]!r}")
    return path


def save_file(db: sqlite3.Connection, file: File) -> None:
    """Record a file whose content is stored."""
    db.execute(
        "INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?)",
        (file.oid, file.sha256, file.size, int(file.lfs)),
    )


def load_file(db: sqlite3.Connection, oid: str) -> File:
    """The File with this git sha1; it must exist."""
    row = db.execute("SELECT * FROM files WHERE oid = ?", (oid,)).fetchone()
    return File(row["oid"], row["sha256"], row["size"], bool(row["lfs"]))


def read_tree(db: sqlite3.Connection, oid: str) -> list[Entry]:
    """The entries of a folder, in git's order; ``""`` is the empty folder."""
    return list(_names(db, oid).values())


def _names(db: sqlite3.Connection, oid: str) -> dict[str, Entry]:
    if not oid:
        return {}
    return _parse(db.execute("SELECT data FROM trees WHERE oid = ?", (oid,)).fetchone()["data"])


@lru_cache(maxsize=32)
def _parse(data: bytes) -> dict[str, Entry]:
    """A tree in git's encoding; callers must not change the answer."""
    entries, start = {}, 0
    while start < len(data):
        end = data.index(b"\0", start)
        mode, name = data[start:end].decode().split(" ", 1)
        entries[name] = Entry(name, data[end + 1 : end + 21].hex(), mode == FOLDER)
        start = end + 21
    return entries


def _write_tree(db: sqlite3.Connection, entries: list[Entry]) -> str:
    ordered = sorted(entries, key=lambda e: (e.name + "/" if e.is_folder else e.name).encode())
    data = b"".join(
        f"{FOLDER if e.is_folder else FILE} {e.name}\0".encode() + bytes.fromhex(e.oid)
        for e in ordered
    )
    oid = object_oid("tree", data)
    db.execute("INSERT OR IGNORE INTO trees VALUES (?, ?)", (oid, data))
    return oid


def entry_at(db: sqlite3.Connection, tree: str, path: str) -> Entry | None:
    """What is at a path; the root (``""``) is a folder."""
    entry = Entry("", tree, True)
    for part in path.split("/") if path else []:
        if not entry.is_folder:
            return None
        found = _names(db, entry.oid).get(part)
        if found is None:
            return None
        entry = found
    return entry


def file_at(db: sqlite3.Connection, tree: str, path: str) -> File | None:
    """The file at a path, None for a folder or nothing."""
    entry = entry_at(db, tree, path)
    return None if entry is None or entry.is_folder else load_file(db, entry.oid)


def walk(
    db: sqlite3.Connection, tree: str, under: str = "", recursive: bool = True
) -> Iterator[tuple[str, Entry]]:
    """(path, entry) of everything in a folder, folders before what they hold."""
    for entry in read_tree(db, tree):
        path = f"{under}/{entry.name}" if under else entry.name
        yield path, entry
        if entry.is_folder and recursive:
            yield from walk(db, entry.oid, path)


def all_files(db: sqlite3.Connection, tree: str) -> dict[str, str]:
    """The git sha1 of every file by its path."""
    return {path: entry.oid for path, entry in walk(db, tree) if not entry.is_folder}


def changed(db: sqlite3.Connection, old: str, new: str) -> dict[str, tuple[str, str]]:
    """Paths that differ between two trees, with the old and new sha1 (``""`` for none)."""
    found: dict[str, tuple[str, str]] = {}
    _compare(db, old, new, "", found)
    return found


def _compare(
    db: sqlite3.Connection, old: str, new: str, under: str, found: dict[str, tuple[str, str]]
) -> None:
    if old == new:
        return
    sides = [{(e.name, e.is_folder): e.oid for e in read_tree(db, oid)} for oid in (old, new)]
    for name, is_folder in sorted(sides[0].keys() | sides[1].keys()):
        before, after = (side.get((name, is_folder), "") for side in sides)
        path = f"{under}/{name}" if under else name
        if is_folder:
            _compare(db, before, after, path, found)
        elif before != after:
            found[path] = (before, after)


@dataclass
class Draft:
    """A folder being changed; folders that nobody touches are never read."""

    db: sqlite3.Connection
    oid: str
    _children: dict[str, Entry | Draft] | None = field(default=None, init=False)

    def _names(self) -> dict[str, Entry | Draft]:
        if self._children is None:
            self._children = dict(_names(self.db, self.oid))
        return self._children

    def _folder(self, name: str, create: bool) -> Draft | None:
        child = self._names().get(name)
        if isinstance(child, Entry):
            child = Draft(self.db, child.oid) if child.is_folder else None
        elif child is None and create:
            child = Draft(self.db, "")
        if child is not None:
            self._names()[name] = child
        return child

    def put(self, path: str, oid: str) -> None:
        """Set the file at a path; HubError 422 where a file stands in a folder's place."""
        name, _, rest = path.partition("/")
        if rest:
            child = self._folder(name, create=name not in self._names())
            if child is None:
                raise HubError(422, f"{name!r} is a file, so nothing can be put in it")
            child.put(rest, oid)
            return
        there = self._names().get(name)
        if isinstance(there, Draft) or (there is not None and there.is_folder):
            raise HubError(422, f"{name!r} is a folder, so no file can take its place")
        self._names()[name] = Entry(name, oid, False)

    def remove(self, path: str) -> bool:
        """Remove a file or folder; whether it was there."""
        name, _, rest = path.partition("/")
        if not rest:
            return self._names().pop(name, None) is not None
        child = self._folder(name, create=False)
        return child is not None and child.remove(rest)

    def write(self) -> str:
        """Store the changed folders and return the sha1 of this one; empty ones vanish."""
        if self._children is None:
            return self.oid
        entries = []
        for name, child in self._children.items():
            if isinstance(child, Draft):
                oid = child.write()
                child = Entry(name, oid, True)
                if not read_tree(self.db, oid):
                    continue
            entries.append(child)
        return _write_tree(self.db, entries)
