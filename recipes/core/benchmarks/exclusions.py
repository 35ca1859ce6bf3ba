"""Derive the texts that no training row may overlap with from the benchmarks of a recipe."""

from __future__ import annotations

from typing import Any

from recipes.core.benchmarks.settings import parse
from recipes.core.benchmarks.table import benchmark_of
from recipes.core.benchmarks.tasks import ENGLISH


def exclusions(section: dict[str, Any] | None, code: str) -> list[dict[str, Any]]:
    """Return every split with questions or shots, in the language and in English.

    `section` is `evaluate.benchmarks`; the result has the form of `generate.benchmarks`. Raises
    UserError for an unknown benchmark or key.
    """
    texts: list[dict[str, Any]] = []
    for name, settings in parse(section).items():
        benchmark = benchmark_of(name)
        english = settings if benchmark.is_translation else settings.in_english()
        for asked, language in ((settings, code), (english, ENGLISH)):
            if asked is None:
                continue
            splits = [*([asked.shots.split] if asked.shots.count else []), asked.split]
            columns = asked.text_columns or benchmark.text_columns
            texts += [
                {
                    "repo": asked.dataset,
                    "revision": asked.revision,
                    "config": benchmark.config(asked, language),
                    "split": split,
                    "columns": list(columns),
                }
                for split in dict.fromkeys(splits)
            ]
    return [text for index, text in enumerate(texts) if text not in texts[:index]]
