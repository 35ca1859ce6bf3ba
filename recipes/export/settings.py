"""The `export:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class Converter:
    """llama.cpp at a commit, fetched with git from `repo` (a URL or a folder), and what it makes.

    `types` are values of its `--outtype`, as q8_0 or bf16.
    """

    repo: str
    commit: str
    script: str
    types: list[str]
    minutes: float


@dataclass(frozen=True)
class ExportSettings:
    """`shares` of the way from base to tuned weights are tried on `rows` held-out chats in the
    language and `rows` English ones; of those whose English is at most `worse` (a share) worse
    than the base's, the best in the language is taken. `model` goes to `from_pretrained`."""

    model: dict[str, Any]
    dtype: str
    shares: list[float]
    rows: int
    worse: float
    gguf: Converter | None = None


def parse(section: dict[str, Any]) -> ExportSettings:
    """Parse the section; raises UserError that names the key."""
    if not section:
        raise UserError("The recipe has no `export:` section: nothing says how to export.")
    gguf = section.get("gguf")
    made = {**section, "gguf": build(Converter, gguf, "export.gguf") if gguf else None}
    settings = build(ExportSettings, made, "export")
    if not settings.shares or not all(0 < share <= 1 for share in settings.shares):
        raise UserError("`export.shares` in the recipe must hold numbers above 0 and up to 1.")
    return settings
