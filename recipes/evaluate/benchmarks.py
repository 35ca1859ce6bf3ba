"""Read FLORES+, SIB-200, Belebele and Global-MMLU from the Hub and turn them into prompts.

Every item also has the texts that are its own, without the recipe's prompt, so that they can be
looked for in the training data. A benchmark that lacks the language is reported, not scored. Tests
that the recipe repeats in English, to see whether English was kept, are tasks of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from recipes.core import language
from recipes.core.errors import UserError
from recipes.core.hub_refs import commit_of, configs
from recipes.evaluate.settings import BenchmarkSettings, EvaluateSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

ENGLISH = "eng_Latn"
LETTERS = "ABCD"
Message = dict[str, str]
Row = Mapping[str, Any]
MainMetric = Literal["chrF++", "accuracy"]


@dataclass(frozen=True)
class Item:
    """One question; `answers` are its options, or the one reference of a translation.

    `correct` is the index of the right answer, `texts` are what the item is made of, and `source`
    is the text to translate, empty for other tasks. `shots` are pairs of prompt and answer.
    """

    id: str
    prompt: str
    answers: tuple[str, ...]
    correct: int
    texts: tuple[str, ...]
    shots: tuple[tuple[str, str], ...] = ()
    system: str = ""
    source: str = ""

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
class MissingBenchmark:
    """A benchmark that lacks the language at the given commit."""

    benchmark: str
    dataset: str
    revision: str


@dataclass(frozen=True)
class Suite:
    """The tasks in the language and in English, and the benchmarks that lack the language."""

    tasks: tuple[Task, ...]
    not_covered: tuple[MissingBenchmark, ...]

    @property
    def revisions(self) -> dict[str, str]:
        """The commit of each dataset."""
        return {task.dataset: task.revision for task in self.tasks} | {
            missing.dataset: missing.revision for missing in self.not_covered
        }


def load(api: HfApi, settings: EvaluateSettings, code: str) -> Suite:
    """Load the recipe's benchmarks in a language; raise UserError for an unknown benchmark."""
    tasks: list[Task] = []
    missing: list[MissingBenchmark] = []
    for name, benchmark in settings.benchmarks.items():
        if name not in READERS:
            raise UserError(f"evaluate.benchmarks has {name!r}: use only {', '.join(READERS)}.")
        commit = commit_of(api, benchmark.dataset, "dataset", benchmark.revision)
        available = configs(benchmark.dataset, commit)
        source = _source(benchmark, commit, code)
        if source.config in available:
            tasks += READERS[name](source)
        else:
            missing.append(MissingBenchmark(name, benchmark.dataset, commit))
        english = None if code == ENGLISH else benchmark.in_english()
        if english:
            source = _source(english, commit, ENGLISH)
            if source.config not in available:
                raise UserError(f"The recipe tests {name} in English, which {source.repo} lacks.")
            tasks += READERS[name](source)
    return Suite(tuple(_with_system(task, settings.system) for task in tasks), tuple(missing))


def _source(benchmark: BenchmarkSettings, commit: str, code: str) -> Source:
    config = benchmark.configs.get(code, code)
    return Source(benchmark.dataset, commit, config, code, benchmark)


@dataclass(frozen=True)
class Source:
    """One benchmark's repository at a commit, in one language."""

    repo: str
    revision: str
    config: str
    code: str
    settings: BenchmarkSettings

    def rows(self) -> tuple[list[Row], list[Row]]:
        """Return (questions, shots); shots from the same split are its first rows."""
        shots, limit = self.settings.shots, self.settings.limit
        rows = self.split(self.settings.split)
        if not shots.count:
            return rows[:limit], []
        if shots.split == self.settings.split:
            return rows[shots.count :][:limit], rows[: shots.count]
        return rows[:limit], self.split(shots.split)[: shots.count]

    def split(self, name: str, config: str = "") -> list[Row]:
        """Return all rows of a split, of the language's config unless another is given."""
        from datasets import load_dataset

        config = config or self.config
        return list(load_dataset(self.repo, config, split=name, revision=self.revision))

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
            raise UserError(f"{self.repo} has no rows {where}.")
        if len({item.id for item in items}) < len(items):
            raise UserError(f"{self.repo} has rows with the same id {where}.")
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


def flores(source: Source) -> list[Task]:
    """Return translation from and into English; the sentences of a split are joined by `id`."""
    questions, shots = source.rows()
    question_pairs = _pairs(source, source.settings.split, questions)
    shot_pairs = _pairs(source, source.settings.shots.split, shots)
    name = language.get(source.code).name

    def items(template: str, source_side: int) -> list[Item]:
        def turn(pair: tuple[str, str]) -> tuple[str, str]:
            prompt = fill(template, text=pair[source_side], language=name)
            return prompt, pair[1 - source_side]

        shot_turns = tuple(map(turn, shot_pairs))
        turns = zip(questions, question_pairs, map(turn, question_pairs), strict=True)
        return [
            Item(str(row["id"]), prompt, (answer,), 0, pair, shot_turns, source=pair[source_side])
            for row, pair, (prompt, answer) in turns
        ]

    prompts = source.settings.prompts
    from_english, into_english = prompts["from_english"], prompts["into_english"]
    there, back = f"{ENGLISH}-{source.code}", f"{source.code}-{ENGLISH}"
    return [
        source.task("flores", items(from_english, 0), "chrF++", there, from_english),
        source.task("flores", items(into_english, 1), "chrF++", back, into_english),
    ]


def _pairs(source: Source, split: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return (English, translation) of each row."""
    if not rows:
        return []
    english = {row["id"]: row["text"] for row in source.split(split, ENGLISH)}
    return [(english[row["id"]], row["text"]) for row in rows]


def sib200(source: Source) -> list[Task]:
    """Return topic classification; `options` has the recipe's name for each category."""
    options = source.settings.options
    categories = list(options)

    def item(row: Row) -> Item:
        if row["category"] not in options:
            raise UserError(f"evaluate.benchmarks.sib200.options lacks {row['category']!r}.")
        prompt = fill(source.settings.prompt, text=row["text"], options=", ".join(options.values()))
        correct = categories.index(row["category"])
        return Item(str(row["index_id"]), prompt, tuple(options.values()), correct, (row["text"],))

    return [source.task("sib200", _items(source, item))]


def belebele(source: Source) -> list[Task]:
    """Return reading comprehension with four options."""

    def item(row: Row) -> Item:
        options = [row[f"mc_answer{number}"] for number in range(1, 5)]
        prompt, answers = _multiple_choice(
            source.settings, options, passage=row["flores_passage"], question=row["question"]
        )
        name = f"{row['link']}#{row['question_number']}"
        correct = int(row["correct_answer_num"]) - 1
        return Item(name, prompt, answers, correct, (row["flores_passage"],))

    return [source.task("belebele", _items(source, item))]


def global_mmlu(source: Source) -> list[Task]:
    """Return knowledge questions with four options."""

    def item(row: Row) -> Item:
        options = [row[f"option_{letter.lower()}"] for letter in LETTERS]
        prompt, answers = _multiple_choice(source.settings, options, question=row["question"])
        correct = LETTERS.index(row["answer"])
        return Item(str(row["sample_id"]), prompt, answers, correct, (row["question"],))

    return [source.task("global_mmlu", _items(source, item))]


READERS: dict[str, Callable[[Source], list[Task]]] = {
    "flores": flores,
    "sib200": sib200,
    "belebele": belebele,
    "global_mmlu": global_mmlu,
}


def _items(source: Source, item: Callable[[Row], Item]) -> list[Item]:
    questions, shots = source.rows()
    shot_turns = tuple((shot.prompt, shot.reference) for shot in map(item, shots))
    return [replace(item(row), shots=shot_turns) for row in questions]


def _multiple_choice(
    settings: BenchmarkSettings, options: list[str], **fields: str
) -> tuple[str, tuple[str, ...]]:
    """Return the prompt, and the options as answers: by letter, by text, or both."""
    lettered = dict(zip((f"option_{letter.lower()}" for letter in LETTERS), options, strict=True))
    answers = tuple(
        fill(settings.answer, letter=letter, option=option)
        for letter, option in zip(LETTERS, options, strict=True)
    )
    return fill(settings.prompt, **fields, **lettered), answers


def fill(template: str, **fields: str) -> str:
    """Fill a template of the recipe; raise UserError for a field that does not exist."""
    try:
        return template.format(**fields)
    except (KeyError, IndexError, ValueError) as error:
        raise UserError(
            f"The recipe's template {template!r} has {error}; it may have "
            f"{', '.join(f'{{{field}}}' for field in fields)}."
        ) from error


def _with_system(task: Task, system: str) -> Task:
    return replace(task, items=tuple(replace(item, system=system) for item in task.items))
