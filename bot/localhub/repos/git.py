"""Git's blobs and trees, stored in the database.

A tree is stored under the sha1 of its git encoding, so that commits share unchanged folders; an LFS
file is a pointer blob, as in git. Nothing here knows who may see which commit.
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
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True)
class Entry:
    """An entry of a folder; oid: the git sha1 of a tree, or of a blob (for LFS, of the pointer)."""

    name: str
    oid: str
    is_folder: bool


@dataclass(frozen=True)
class File:
    """A file's content; oid: its git sha1, size: in bytes, lfs: git stores only a pointer to it."""

    oid: str
    sha256: str
    size: int
    lfs: bool

    @property
    def etag(self) -> str:
        """The hash that clients compare: the sha256 of an LFS file, the git sha1 of any other."""
        return self.sha256 if self.lfs else self.oid

    @property
    def pointer_size(self) -> int:
        """The size of the LFS pointer in bytes."""
        return len(pointer(self.sha256, self.size))


def object_oid(kind: str, data: bytes) -> str:
    """Return the hash by which git names an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(data)) + data).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """Return the LFS pointer that git stores in place of a large file."""
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    return text.encode()


def lfs_file(sha256: str, size: int) -> File:
    """Return the file of an LFS object."""
    return File(object_oid("blob", pointer(sha256, size)), sha256, size, True)


def check_path(path: str) -> str:
    """Return the path; raises HubError 422 if it leaves the repo or git could not store it."""
    parts = path.split("/")
    if (
        FORBIDDEN.search(path)
        or len(path.encode("utf-8", "replace")) > 1024
        or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
        or any(len(part.encode("utf-8", "replace")) > 255 for part in parts)
    ):
        raise HubError(422, f"Invalid path in repo: {path[:200]!r}")
    return path


def save_file(db: sqlite3.Connection, file: File) -> None:
    """Insert the row of a file whose content is already stored."""
    db.execute(
        "INSERT OR IGNORE INTO files VALUES (?, ?, ?, ?)",
        (file.oid, file.sha256, file.size, int(file.lfs)),
    )


def load_file(db: sqlite3.Connection, oid: str) -> File:
    """Return the file with this git sha1, which must exist."""
    row = db.execute("SELECT * FROM files WHERE oid = ?", (oid,)).fetchone()
    return File(row["oid"], row["sha256"], row["size"], bool(row["lfs"]))


def read_tree(db: sqlite3.Connection, oid: str) -> list[Entry]:
    """Return the entries of a folder in git's order; `""` is the empty folder."""
    return list(_entries(db, oid).values())


def _entries(db: sqlite3.Connection, oid: str) -> dict[str, Entry]:
    if not oid:
        return {}
    return _parse(db.execute("SELECT data FROM trees WHERE oid = ?", (oid,)).fetchone()["data"])


@lru_cache(maxsize=32)
def _parse(data: bytes) -> dict[str, Entry]:
    """Decode a tree; callers must not modify the cached result."""
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
    """Return the entry at a path, None if there is none; the root (`""`) is a folder."""
    entry = Entry("", tree, True)
    for part in path.split("/") if path else []:
        if not entry.is_folder:
            return None
        child = _entries(db, entry.oid).get(part)
        if child is None:
            return None
        entry = child
    return entry


def file_at(db: sqlite3.Connection, tree: str, path: str) -> File | None:
    """Return the file at a path, None if there is none or it is a folder."""
    entry = entry_at(db, tree, path)
    return None if entry is None or entry.is_folder else load_file(db, entry.oid)


def walk(
    db: sqlite3.Connection, tree: str, under: str = "", recursive: bool = True
) -> Iterator[tuple[str, Entry]]:
    """Yield (path, entry) for everything in a folder; a folder precedes its contents."""
    for entry in read_tree(db, tree):
        path = f"{under}/{entry.name}" if under else entry.name
        yield path, entry
        if entry.is_folder and recursive:
            yield from walk(db, entry.oid, path)


def all_files(db: sqlite3.Connection, tree: str) -> dict[str, str]:
    """Return the git sha1 of every file by path."""
    return {path: entry.oid for path, entry in walk(db, tree) if not entry.is_folder}


def diff_trees(db: sqlite3.Connection, old: str, new: str) -> dict[str, tuple[str, str]]:
    """Return the paths that differ, with the old and the new sha1 (`""` where there is no file)."""
    return dict(_differences(db, old, new, ""))


def _differences(
    db: sqlite3.Connection, old: str, new: str, under: str
) -> Iterator[tuple[str, tuple[str, str]]]:
    if old == new:
        return
    sides = [{(e.name, e.is_folder): e.oid for e in read_tree(db, oid)} for oid in (old, new)]
    for name, is_folder in sorted(sides[0].keys() | sides[1].keys()):
        before, after = (side.get((name, is_folder), "") for side in sides)
        path = f"{under}/{name}" if under else name
        if is_folder:
            yield from _differences(db, before, after, path)
        elif before != after:
            yield path, (before, after)


@dataclass
class TreeDraft:
    """A folder being changed; untouched subfolders are never read."""

    db: sqlite3.Connection
    oid: str
    _children: dict[str, Entry | TreeDraft] | None = field(default=None, init=False)

    def _entries(self) -> dict[str, Entry | TreeDraft]:
        if self._children is None:
            self._children = dict(_entries(self.db, self.oid))
        return self._children

    def _subfolder(self, name: str, create: bool) -> TreeDraft | None:
        child = self._entries().get(name)
        if isinstance(child, Entry):
            child = TreeDraft(self.db, child.oid) if child.is_folder else None
        elif child is None and create:
            child = TreeDraft(self.db, "")
        if child is not None:
            self._entries()[name] = child
        return child

    def put(self, path: str, oid: str) -> None:
        """Set the file at a path; raises HubError 422 if a file and a folder would collide."""
        name, _, rest = path.partition("/")
        if rest:
            child = self._subfolder(name, create=name not in self._entries())
            if child is None:
                raise HubError(422, f"{name!r} is a file, so nothing can be put into it")
            child.put(rest, oid)
            return
        existing = self._entries().get(name)
        if isinstance(existing, TreeDraft) or (existing is not None and existing.is_folder):
            raise HubError(422, f"{name!r} is a folder, so a file cannot replace it")
        self._entries()[name] = Entry(name, oid, False)

    def remove(self, path: str) -> bool:
        """Remove a file or folder; return whether it existed."""
        name, _, rest = path.partition("/")
        if not rest:
            return self._entries().pop(name, None) is not None
        child = self._subfolder(name, create=False)
        return child is not None and child.remove(rest)

    def write(self) -> str:
        """Store the changed folders and return the sha1 of this one; empty folders vanish."""
        if self._children is None:
            return self.oid
        entries = []
        for name, child in self._children.items():
            if isinstance(child, TreeDraft):
                oid = child.write()
                child = Entry(name, oid, True)
                if not read_tree(self.db, oid):
                    continue
            entries.append(child)
        return _write_tree(self.db, entries)
