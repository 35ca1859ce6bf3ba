"""Parse `evaluate.benchmarks` of a recipe. The fields are its keys."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from recipes.core.errors import UserError
from recipes.core.schema import build

Normalise = Literal["none", "tokens", "characters"]


@dataclass(frozen=True)
class ShotSettings:
    """How many rows of a split come before each question, as earlier turns of the chat."""

    count: int
    split: str


@dataclass(frozen=True)
class BenchmarkSettings:
    """How one benchmark is asked; its reader in table.py names the fields that a prompt may have.

    `revision` is a branch, a tag or a commit; its commit is recorded. `prompts` has the two
    directions of a translation, `options` the recipe's name for each category. `answer` is the
    template of an option as an answer. `configs` maps our language codes to the dataset's config
    names that differ. `english` overrides settings for the same test in English; None skips it.
    `normalise` and `text_columns` replace `evaluate.choice.normalise` and the columns of table.py.
    """

    dataset: str
    revision: str
    split: str
    prompt: str = ""
    prompts: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    answer: str = "{option}"
    configs: dict[str, str] = field(default_factory=dict)
    limit: int | None = None
    shots: ShotSettings = ShotSettings(0, "")
    english: dict[str, Any] | None = None
    normalise: Normalise | None = None
    text_columns: tuple[str, ...] | None = None

    def in_english(self) -> BenchmarkSettings | None:
        """Return the settings of the same test in English; None if there is none."""
        return None if self.english is None else replace(self, english=None, **self.english)


def parse(section: dict[str, Any] | None) -> dict[str, BenchmarkSettings]:
    """Parse the settings of each benchmark; raise UserError for an unknown key or a wrong value."""
    return {name: _benchmark(name, value) for name, value in (section or {}).items()}


def _benchmark(name: str, value: object) -> BenchmarkSettings:
    if isinstance(value, dict) and "shots" in value:
        value = {**value, "shots": build(ShotSettings, value["shots"], "shots")}
    if isinstance(value, dict) and "text_columns" in value:
        value = {**value, "text_columns": tuple(value["text_columns"])}
    settings: BenchmarkSettings = build(BenchmarkSettings, value, name)
    if settings.normalise not in (None, *get_args(Normalise)):
        raise UserError(
            f"`{name}.normalise` in the recipe is one of {', '.join(get_args(Normalise))}, "
            f"not {settings.normalise!r}."
        )
    if settings.english is not None:
        # Fail now, not after the tests in the language.
        build(BenchmarkSettings, {**vars(settings), **settings.english}, f"{name}.english")
    return settings
