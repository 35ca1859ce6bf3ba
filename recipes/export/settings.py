"""The `export:` section of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from recipes.core.errors import UserError
from recipes.core.model_loading import Dtype, ModelMapping
from recipes.core.schema import build
from recipes.generate.data.corpora import Corpus
from recipes.validation.models import OPEN
from recipes.validation.ranges import Amount, Count, PositiveAmount, PositiveCount, Text


@dataclass(frozen=True)
class GgufSettings:
    """llama.cpp, and what to convert with it."""

    repo: Text
    """Its git repository: a URL or a folder."""
    commit: Text
    script: Text
    """The converter in it."""
    types: Annotated[list[Text], Field(min_length=1)]
    """Values of the converter's `--outtype`, such as q8_0 or bf16."""
    minutes: PositiveAmount
    """The longest that each command may take."""


@dataclass(frozen=True)
class ExportSettings:
    """Which share of the adapter's change is merged into the base.

    The best share in the language is chosen among those that keep the base's English.
    """

    model: ModelMapping
    """Arguments of `from_pretrained`."""
    dtype: Dtype
    """The type of the exported weights."""
    shares: Annotated[list[Annotated[float, Field(gt=0, le=1)]], Field(min_length=1)]
    """Each is tried: the merged weights are base + share × (tuned - base)."""
    rows: PositiveCount
    """Held-out chats in the language, and as many in English, that losses are measured on."""
    worse: Amount
    """The share by which the English loss may be above the base's."""
    gguf: GgufSettings | None = None


@dataclass(frozen=True)
class TokenizerChoice:
    """What export reads of `generate.gates`."""

    __pydantic_config__ = OPEN

    tokenizer: Text | None


@dataclass(frozen=True)
class EnglishSource:
    """What export reads of `generate:`, for English chats; the other keys are not checked here."""

    __pydantic_config__ = OPEN

    seed: Count
    conversations: Corpus
    gates: TokenizerChoice


def parse(section: object) -> ExportSettings:
    """Parse the section; raise UserError that starts with a path."""
    if not section:
        raise UserError("The recipe has no `export:` section, so it cannot export.")
    return build(ExportSettings, section, "export")
