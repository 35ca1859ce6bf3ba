"""The `export:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recipes.core.errors import UserError
from recipes.core.schema import build


@dataclass(frozen=True)
class GgufSettings:
    """llama.cpp at `commit` of the git repository `repo` (a URL or a folder), and its converter.

    `types` are values of the converter's `--outtype`, such as q8_0 or bf16; `minutes` is the
    longest that each command may take.
    """

    repo: str
    commit: str
    script: str
    types: list[str]
    minutes: float


@dataclass(frozen=True)
class ExportSettings:
    """Each of `shares` is tried: the merged weights are base + share × (tuned - base).

    Losses are measured on `rows` held-out chats in the language and `rows` in English. The best
    share in the language is chosen among those whose English loss is at most `worse` (a share)
    above the base's. `model` is passed to `from_pretrained`.
    """

    model: dict[str, Any]
    dtype: str
    shares: list[float]
    rows: int
    worse: float
    gguf: GgufSettings | None = None


def parse(section: dict[str, Any]) -> ExportSettings:
    """Parse the section; raise UserError that names the key."""
    if not section:
        raise UserError("The recipe has no `export:` section, so it cannot export.")
    gguf = section.get("gguf")
    values = {**section, "gguf": build(GgufSettings, gguf, "export.gguf") if gguf else None}
    settings = build(ExportSettings, values, "export")
    if not settings.shares or not all(0 < share <= 1 for share in settings.shares):
        raise UserError("`export.shares` in the recipe must hold numbers above 0 and up to 1.")
    return settings
