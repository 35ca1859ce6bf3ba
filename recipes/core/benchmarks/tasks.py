"""Tasks: the items of a benchmark in one language, read from a dataset at one commit.

Every item also has the texts that are its own, without the recipe's prompt, so that they can be
looked for in the training data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from recipes.core.benchmarks.settings import BenchmarkSettings
from recipes.core.errors import Unworkable
from recipes.core.text_fold import letters

ENGLISH = "eng_Latn"
Message = dict[str, str]
Row = Mapping[str, Any]
MainMetric = Literal["chrF++", "accuracy"]


@dataclass(frozen=True)
class Item:
    """One question; `answers` are its options, or the one reference of a translation.

    `correct` is the index of the right answer, `texts` are what the item is made of, and `source`
    is the text to translate, empty for other tasks. `shots` are pairs of prompt and answer, and of
    the same `subject` if the benchmark has several.
    """

    id: str
    prompt: str
    answers: tuple[str, ...]
    correct: int
    texts: tuple[str, ...]
    shots: tuple[tuple[str, str], ...] = ()
    system: str = ""
    source: str = ""
    subject: str = ""

    @property
    def reference(self) -> str:
        """The right answer."""
        return self.answers[self.correct]

    @property
    def messages(self) -> list[Message]:
        """The chat: the system prompt, the shots as earlier turns, the prompt."""
        turns = [{"role": "system", "content": self.system}] if self.system else []
        for prompt, answer in self.shots:
            turns += [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        return [*turns, {"role": "user", "content": self.prompt}]


@dataclass(frozen=True)
class Task:
    """The items of one benchmark in one language, and in one direction if it has two.

    `language` is the language of the test and `metric` its main metric.
    """

    benchmark: str
    language: str
    direction: str | None
    metric: MainMetric
    items: tuple[Item, ...]
    dataset: str
    revision: str
    config: str
    settings: BenchmarkSettings
    prompt_template: str

    @property
    def output_language(self) -> str:
        """The language of the answers."""
        return self.direction.split("-")[1] if self.direction else self.language

    @property
    def chance(self) -> float | None:
        """The accuracy of guessing; None for a translation."""
        if self.metric == "chrF++":
            return None
        return sum(1 / len(item.answers) for item in self.items) / len(self.items)


@dataclass(frozen=True)
class Source:
    """One benchmark's repository at a commit, in one language."""

    repo: str
    revision: str
    config: str
    code: str
    settings: BenchmarkSettings

    def rows(
        self, text: Callable[[Row], str], subject: str | None = None
    ) -> tuple[list[Row], dict[str, list[Row]]]:
        """Return the questions, and the shots of each subject, of which none has a question's text.

        `subject` is the column that names it; without one, all rows are of the subject "". Shots
        from the same split are its first rows, and no row with the text of one is a question. Of
        another split they are the first rows with a text that is no question.
        """
        shots, limit = self.settings.shots, self.settings.limit
        rows = self.split(self.settings.split)
        if not shots.count:
            return rows[:limit], {}
        if shots.split == self.settings.split:
            examples = _first_of_each(rows, subject, shots.count)
            shown = {letters(text(row)) for each in examples.values() for row in each}
            return [row for row in rows if letters(text(row)) not in shown][:limit], examples
        questions = rows[:limit]
        asked = {letters(text(row)) for row in questions}
        unasked = [row for row in self.split(shots.split) if letters(text(row)) not in asked]
        return questions, _first_of_each(unasked, subject, shots.count)

    def split(self, name: str, config: str = "") -> list[Row]:
        """Return all rows of a split, of the language's config unless another is given."""
        from datasets import load_dataset

        config = config or self.config
        return list(load_dataset(self.repo, config, split=name, revision=self.revision))

    def items(self, item: Callable[[Row], Item], subject: str | None = None) -> list[Item]:
        """Return an item for each question, with the shots of its subject as items like it."""
        questions, shots = self.rows(lambda row: item(row).texts[0], subject)
        turns = {
            name: tuple((shot.prompt, shot.reference) for shot in map(item, rows))
            for name, rows in shots.items()
        }
        return [
            replace(item(row), shots=turns.get(name, ()), subject=name)
            for row in questions
            for name in [_subject(row, subject)]
        ]

    def task(
        self,
        benchmark: str,
        items: Sequence[Item],
        metric: MainMetric = "accuracy",
        direction: str | None = None,
        prompt_template: str = "",
    ) -> Task:
        """Return a task of these items; raise UserError if there are none, or ids repeat."""
        where = f"in the config {self.config}, split {self.settings.split}"
        if not items:
            raise Unworkable(f"{self.repo} has no rows {where}.")
        if len({item.id for item in items}) < len(items):
            raise Unworkable(f"{self.repo} has rows with the same id {where}.")
        return Task(
            benchmark=benchmark,
            language=self.code,
            direction=direction,
            metric=metric,
            items=tuple(items),
            dataset=self.repo,
            revision=self.revision,
            config=self.config,
            settings=self.settings,
            prompt_template=prompt_template or self.settings.prompt,
        )


def _first_of_each(rows: Sequence[Row], subject: str | None, count: int) -> dict[str, list[Row]]:
    """Return the first `count` rows of each subject."""
    first: dict[str, list[Row]] = {}
    for row in rows:
        chosen = first.setdefault(_subject(row, subject), [])
        if len(chosen) < count:
            chosen.append(row)
    return first


def _subject(row: Row, column: str | None) -> str:
    return str(row[column]) if column else ""


def fill(template: str, **fields: str) -> str:
    """Fill a template of the recipe; raise UserError for a field that does not exist."""
    try:
        return template.format(**fields)
    except (KeyError, IndexError, ValueError) as error:
        raise Unworkable(
            f"The recipe's template {template!r} has {error}; it may have "
            f"{', '.join(f'{{{field}}}' for field in fields)}."
        ) from error
