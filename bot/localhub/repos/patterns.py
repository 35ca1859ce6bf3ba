"""Git's path patterns, as ``.gitignore`` and ``.gitattributes`` write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

LFS_PATTERNS = (
    "*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.lz4 *.mds *.mlmodel *.model"
    " *.msgpack *.npy *.npz *.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar"
    " *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz *.wasm *.xz *.zip *.zst"
    " *tfevents*"
).split()
DATASET_LFS_PATTERNS = (
    "*.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg *.jpeg *.webp"
    " *.mp4 *.webm"
).split()


@lru_cache(maxsize=4096)
def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression over whole paths; wildcards stay within a folder."""
    anchored = "/" in pattern.rstrip("/")
    out = [] if anchored else ["(?:.*/)?"]
    rest = pattern.strip("/")
    while rest:
        if rest.startswith("**/"):
            out.append("(?:.*/)?")
            rest = rest[3:]
        elif rest.startswith("/**"):
            out.append("/.*")
            rest = rest[3:]
        elif rest.startswith("*"):
            out.append("[^/]*")
            rest = rest.lstrip("*")
        elif rest.startswith("?"):
            out.append("[^/]")
            rest = rest[1:]
        elif found := re.match(r"\[(!?)((?:\\.|[^\]\\])+)\]", rest):
            inside = re.sub(r"([\[&|~^])", r"\\\1", found[2])
            out.append(f"[{'^' if found[1] else ''}{inside}]")
            rest = rest[found.end() :]
        else:
            out.append(re.escape(rest[0]))
            rest = rest[1:]
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        return re.compile(re.escape(pattern))


def default_attributes(kind: str) -> str:
    """The ``.gitattributes`` that a new repo begins with."""
    names = [*LFS_PATTERNS, *(DATASET_LFS_PATTERNS if kind == "dataset" else [])]
    return "".join(f"{name} filter=lfs diff=lfs merge=lfs -text\n" for name in names)


def lfs_patterns(gitattributes: str) -> list[tuple[str, bool]]:
    """(pattern, whether its files are LFS) of the lines that say so, in order."""
    found = []
    for line in gitattributes.splitlines():
        words = line.split()
        if len(words) > 1 and not line.startswith("#"):
            if "filter=lfs" in words[1:]:
                found.append((words[0], True))
            elif {"-filter", "!filter"} & set(words[1:]):
                found.append((words[0], False))
    return found


def is_lfs(path: str, rules: Iterable[tuple[str, bool]]) -> bool:
    """Whether git would give the file to LFS: the last rule that matches decides."""
    verdict = False
    for pattern, lfs in rules:
        if _regex(pattern).fullmatch(path):
            verdict = lfs
    return verdict


def ignore_rules(gitignore: str) -> list[str]:
    """The patterns of a ``.gitignore``."""
    lines = (line.rstrip() for line in gitignore.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def is_ignored(path: str, rules: Iterable[str]) -> bool:
    """Whether git would leave the file out: the last rule that matches it or a folder above."""
    parts = path.split("/")
    above = ["/".join(parts[:n]) for n in range(1, len(parts))]
    verdict = False
    for rule in rules:
        pattern = rule.removeprefix("!").removeprefix("\\")
        candidates = above if pattern.endswith("/") else [*above, path]
        if any(_regex(pattern).fullmatch(candidate) for candidate in candidates):
            verdict = not rule.startswith("!")
    return verdict
