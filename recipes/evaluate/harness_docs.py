"""Read the questions and shots of a benchmark for lm-evaluation-harness.

`kakugo-recipe evaluate --write-tasks DIR` copies this file next to the tasks that use it, so it
imports nothing of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Dataset

QUESTIONS, SHOTS = "questions", "shots"


def load(
    *,
    path: str,
    name: str,
    revision: str,
    split: str,
    limit: int | None = None,
    left_out: Sequence[int] = (),
    shots: int = 0,
    shots_split: str = "",
    english: str = "",
    **_: Any,
) -> dict[str, Dataset]:
    """Return the rows under QUESTIONS and SHOTS, as the harness's `custom_dataset`.

    Shots of the questions' own split are its first rows and no questions. `left_out` has the
    indices of questions that are in the training data. With `english`, the config of the same rows
    in English, rows get its text with the same `id` as their column `english`.
    """
    from datasets import Dataset, load_dataset

    def rows(split: str) -> list[dict[str, Any]]:
        translated = list(load_dataset(path, name, split=split, revision=revision))
        if not english:
            return translated
        originals = load_dataset(path, english, split=split, revision=revision)
        texts = {row["id"]: row["text"] for row in originals}
        return [{**row, "english": texts[row["id"]]} for row in translated]

    questions = rows(split)
    examples = (questions if shots_split == split else rows(shots_split))[:shots] if shots else []
    first = shots if shots_split == split else 0
    kept = [
        row
        for index, row in enumerate(questions[first:][:limit])
        if index not in frozenset(left_out)
    ]
    splits = {QUESTIONS: Dataset.from_list(kept)}
    return {**splits, SHOTS: Dataset.from_list(examples)} if shots else splits
