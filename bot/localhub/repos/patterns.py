"""Path patterns of `.gitignore` and `.gitattributes`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pathspec import GitIgnoreSpec

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


def default_attributes(repo_type: str) -> str:
    """Return the `.gitattributes` of a new repo."""
    names = [*LFS_PATTERNS, *(DATASET_LFS_PATTERNS if repo_type == "dataset" else [])]
    return "".join(f"{name} filter=lfs diff=lfs merge=lfs -text\n" for name in names)


def ignore_rules(gitignore: str) -> GitIgnoreSpec:
    """Compile a `.gitignore`; lines that are not valid patterns are skipped, as git does."""
    return GitIgnoreSpec.from_lines(_valid(gitignore.splitlines()))


def _valid(patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        try:
            GitIgnoreSpec.from_lines([pattern])
        except (ValueError, re.error):
            continue
        yield pattern


class LfsRules:
    """The lines of a `.gitattributes` that say which files LFS stores; the last match decides.

    Unlike in git, a pattern that has a slash and matches a folder also covers the folder's files.
    """

    def __init__(self, gitattributes: str) -> None:
        self._rules: list[tuple[str, GitIgnoreSpec, bool]] = []
        for line in gitattributes.splitlines():
            pattern, *attributes = line.split() or [""]
            enabled = "filter=lfs" in attributes
            if enabled or {"-filter", "!filter"} & set(attributes):
                for valid in _valid([pattern]):
                    self._rules.append((valid, GitIgnoreSpec.from_lines([valid]), enabled))

    def match(self, path: str) -> bool:
        """Return whether LFS stores the file."""
        name = path.rpartition("/")[2]
        for pattern, spec, enabled in reversed(self._rules):
            if spec.match_file(path if "/" in pattern else name):
                return enabled
        return False
