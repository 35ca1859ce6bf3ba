"""The benchmarks as the Hub has them, turned into prompts: FLORES+, SIB-200, Belebele, Global-MMLU.

The recipe says which repository, split, prompt and shots; the code knows only the columns. Each
item keeps the benchmark's own texts beside its prompt, so that they can be looked for in the
training data. A language that a benchmark lacks is named, never scored. What the recipe wants asked
in English too, to see whether English was kept, are tasks of their own. Nothing here may know a
model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from recipes.core import language
from recipes.core.errors import UserError
from recipes.core.hub_refs import commit_of, configs
from recipes.evaluate.settings import Benchmark, EvaluateSettings

if TYPE_CHECKING:
    from huggingface_hub import HfApi

ENGLISH = "eng_Latn"
LETTERS = "ABCD"
Message = dict[str, str]
Row = Mapping[str, Any]
Metric = Literal["chrF++", "accuracy"]


@dataclass(frozen=True)
class Item:
    """One question: `answers` are its options or the one reference, `texts` what it is made of.

    `source` is what is to be translated, empty where nothing is.
    """

    id: str
    prompt: str
    answers: tuple[str, ...]
    right: int
    texts: tuple[str, ...]
    shots: tuple[tuple[str, str], ...] = ()
    system: str = ""
    source: str = ""

    @property
    def answer(self) -> str:
        """The right one."""
        return self.answers[self.right]

    @property
    def messages(self) -> list[Message]:
        """The chat that asks it: the system's words, the shots as earlier turns, the prompt."""
        turns = [{"role": "system", "content": self.system}] if self.system else []
        for prompt, answer in self.shots:
            turns += [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]
        return [*turns, {"role": "user", "content": self.prompt}]


@dataclass(frozen=True)
class Task:
    """The items of one benchmark in one language, and of one direction where it has two.

    `language` is the one that the test is in, `asked` how it is asked, `metric` its main one.
    """

    benchmark: str
    language: str
    direction: str | None
    metric: Metric
    items: tuple[Item, ...]
    dataset: str
    revision: str
    config: str
    asked: Benchmark
    template: str

    @property
    def answers_in(self) -> str:
        """The language that the answers are in."""
        return self.direction.split("-")[1] if self.direction else self.language

    @property
    def chance(self) -> float | None:
        """What guessing gives, None for translation."""
        if self.metric == "chrF++":
            return None
        return sum(1 / len(item.answers) for item in self.items) / len(self.items)


@dataclass(frozen=True)
class Missing:
    """A benchmark that lacks the language, at the commit at which that was seen."""

    benchmark: str
    dataset: str
    revision: str


@dataclass(frozen=True)
class Suite:
    """What can be asked in the language and in English, and what cannot."""

    tasks: tuple[Task, ...]
    not_covered: tuple[Missing, ...]

    @property
    def revisions(self) -> dict[str, str]:
        """The commit of each dataset that was looked at."""
        asked = {task.dataset: task.revision for task in self.tasks}
        return asked | {lacking.dataset: lacking.revision for lacking in self.not_covered}


def load(api: HfApi, settings: EvaluateSettings, code: str) -> Suite:
    """Load the recipe's benchmarks in the language `code`; raises UserError for an unknown one."""
    tasks: list[Task] = []
    missing: list[Missing] = []
    for name, benchmark in settings.benchmarks.items():
        if name not in READERS:
            raise UserError(f"evaluate.benchmarks has {name!r}: known are {', '.join(READERS)}.")
        sha = commit_of(api, benchmark.dataset, "dataset", benchmark.revision)
        there = configs(benchmark.dataset, sha)
        source = _source(benchmark, sha, code)
        if source.config in there:
            tasks += READERS[name](source)
        else:
            missing.append(Missing(name, benchmark.dataset, sha))
        english = None if code == ENGLISH else benchmark.in_english()
        if english:
            source = _source(english, sha, ENGLISH)
            if source.config not in there:
                raise UserError(f"{name} is to be asked in English, but {source.repo} has none.")
            tasks += READERS[name](source)
    return Suite(tuple(_with_system(task, settings.system) for task in tasks), tuple(missing))


def _source(benchmark: Benchmark, sha: str, code: str) -> Source:
    """A benchmark in one language, under the name that it has there."""
    config = benchmark.configs.get(code, code)
    return Source(benchmark.dataset, sha, config, code, benchmark)


@dataclass(frozen=True)
class Source:
    """One benchmark's repository at a commit, in one language."""

    repo: str
    revision: str
    config: str
    code: str
    settings: Benchmark

    def rows(self) -> tuple[list[Row], list[Row]]:
        """(questions, shots): of one split the first rows are the shots, and are not asked."""
        shots, limit = self.settings.shots, self.settings.limit
        rows = self.split(self.settings.split)
        if not shots.count:
            return rows[:limit], []
        if shots.split == self.settings.split:
            return rows[shots.count :][:limit], rows[: shots.count]
        return rows[:limit], self.split(shots.split)[: shots.count]

    def split(self, name: str, config: str = "") -> list[Row]:
        """All rows of a split, of another config than the language's when one is named."""
        from datasets import load_dataset

        config = config or self.config
        return list(load_dataset(self.repo, config, split=name, revision=self.revision))

    def task(
        self,
        benchmark: str,
        items: Sequence[Item],
        metric: Metric = "accuracy",
        direction: str | None = None,
        template: str = "",
    ) -> Task:
        """A task of these items; raises UserError when there are none, or two of one id."""
        where = f"in the config {self.config}, split {self.settings.split}"
        if not items:
            raise UserError(f"{self.repo} has no row {where}.")
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
            asked=self.settings,
            template=template or self.settings.prompt,
        )


def flores(source: Source) -> list[Task]:
    """Translation from and into English; a split's sentences are joined by their `id`."""
    questions, shots = source.rows()
    asked = _pairs(source, source.settings.split, questions)
    earlier = _pairs(source, source.settings.shots.split, shots)
    name = language.get(source.code).name

    def items(prompt: str, source_side: int) -> list[Item]:
        def turn(pair: tuple[str, str]) -> tuple[str, str]:
            said = fill(prompt, text=pair[source_side], language=name)
            return said, pair[1 - source_side]

        before = tuple(map(turn, earlier))
        turns = zip(questions, asked, map(turn, asked), strict=True)
        return [
            Item(str(row["id"]), said, (answer,), 0, texts, before, source=texts[source_side])
            for row, texts, (said, answer) in turns
        ]

    into, out_of = (source.settings.prompts[way] for way in ("from_english", "into_english"))
    there, back = f"{ENGLISH}-{source.code}", f"{source.code}-{ENGLISH}"
    return [
        source.task("flores", items(into, 0), "chrF++", there, into),
        source.task("flores", items(out_of, 1), "chrF++", back, out_of),
    ]


def _pairs(source: Source, split: str, rows: Sequence[Row]) -> list[tuple[str, str]]:
    """(English, translation) of each row."""
    if not rows:
        return []
    english = {row["id"]: row["text"] for row in source.split(split, ENGLISH)}
    return [(english[row["id"]], row["text"]) for row in rows]


def sib200(source: Source) -> list[Task]:
    """Topic classification; `options` says how the recipe names each category."""
    options = source.settings.options
    categories = list(options)

    def item(row: Row) -> Item:
        if row["category"] not in options:
            raise UserError(f"evaluate.benchmarks.sib200.options lacks {row['category']!r}.")
        prompt = fill(source.settings.prompt, text=row["text"], options=", ".join(options.values()))
        right = categories.index(row["category"])
        return Item(str(row["index_id"]), prompt, tuple(options.values()), right, (row["text"],))

    return [source.task("sib200", _asked(source, item))]


def belebele(source: Source) -> list[Task]:
    """Reading comprehension, four options."""

    def item(row: Row) -> Item:
        options = [row[f"mc_answer{number}"] for number in range(1, 5)]
        prompt, answers = _multiple_choice(
            source.settings, options, passage=row["flores_passage"], question=row["question"]
        )
        name = f"{row['link']}#{row['question_number']}"
        right = int(row["correct_answer_num"]) - 1
        return Item(name, prompt, answers, right, (row["flores_passage"],))

    return [source.task("belebele", _asked(source, item))]


def global_mmlu(source: Source) -> list[Task]:
    """Knowledge, four options."""

    def item(row: Row) -> Item:
        options = [row[f"option_{letter.lower()}"] for letter in LETTERS]
        prompt, answers = _multiple_choice(source.settings, options, question=row["question"])
        right = LETTERS.index(row["answer"])
        return Item(str(row["sample_id"]), prompt, answers, right, (row["question"],))

    return [source.task("global_mmlu", _asked(source, item))]


READERS: dict[str, Callable[[Source], list[Task]]] = {
    "flores": flores,
    "sib200": sib200,
    "belebele": belebele,
    "global_mmlu": global_mmlu,
}


def _asked(source: Source, item: Callable[[Row], Item]) -> list[Item]:
    questions, shots = source.rows()
    earlier = tuple((made.prompt, made.answer) for made in map(item, shots))
    return [replace(item(row), shots=earlier) for row in questions]


def _multiple_choice(
    settings: Benchmark, options: list[str], **fields: str
) -> tuple[str, tuple[str, ...]]:
    """The prompt, and the answers as the recipe wants them said: by letter, by text, or both."""
    lettered = dict(zip((f"option_{letter.lower()}" for letter in LETTERS), options, strict=True))
    answers = tuple(
        fill(settings.answer, letter=letter, option=option)
        for letter, option in zip(LETTERS, options, strict=True)
    )
    return fill(settings.prompt, **fields, **lettered), answers


def fill(template: str, **fields: str) -> str:
    """Put texts into a template of the recipe; raises UserError for a field that there is not."""
    try:
        return template.format(**fields)
    except (KeyError, IndexError, ValueError) as error:
        raise UserError(
            f"The recipe's {template!r} has {error}, and may only have "
            f"{', '.join(f'{{{field}}}' for field in fields)}."
        ) from error


def _with_system(task: Task, system: str) -> Task:
    return replace(task, items=tuple(replace(item, system=system) for item in task.items))
