"""Parse the lines of a `results.jsonl` into checked rows, and `benchmarks.json` into columns.

Pure. Everything from the results repository is untrusted until it is checked here. What a row means
for the table is decided elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from benchmarks import ABOUT, Benchmark, BenchmarkTable
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Decoder

MAX_TEXT_LENGTH = 200
MAX_COLUMNS = 50
# The largest value of a metric; other metrics may have any of a chart's size.
MAX_VALUES = {"accuracy": 1.0, "chrF++": 100.0, "BLEU": 100.0}
MAX_VALUE = 1_000.0
MAX_NUMBER = 1e12  # of all other numbers

Name = Annotated[str, Meta(min_length=1, max_length=MAX_TEXT_LENGTH)]
Code = Annotated[str, Meta(pattern=r"\A[a-z]{3}_[A-Z][a-z]{3}(_[a-z0-9]+)?\Z")]
Version = Annotated[str, Meta(pattern=r"\Av[1-9][0-9]{0,5}\Z")]
Time = Annotated[str, Meta(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}")]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Share = Annotated[float, Meta(ge=0, le=1)]
Percentage = Annotated[float, Meta(ge=0, le=100)]
Cost = Annotated[float, Meta(ge=0, le=1e9)]
Points = Annotated[float, Meta(ge=-MAX_VALUE, le=MAX_VALUE)]  # of all tests together
Interval = tuple[float, float]


class ChatScore(TypedDict):
    """Answers to the first and second questions of `n` chats."""

    metric: Literal["accuracy", "chrF++"]
    n: Count
    first: Percentage
    second: Percentage
    first_ci: NotRequired[Interval | None]
    second_ci: NotRequired[Interval | None]


class Row(Struct):
    """The keys of a row that are shown; `recipes/evaluate/schema.py` describes all."""

    language: Code
    role: Literal["base", "adapter", "peer"]
    model: Name
    benchmark: Name
    value: float
    covered: bool = True
    test_language: Name = ""
    evaluated_at: Time | None = None
    direction: str | None = None
    metric: str | None = None
    revision: str | None = None
    version: Version | None = None
    base: str | None = None
    practice: bool | None = None
    request: str | None = None
    cost_usd: Cost | None = None
    ci: Interval | None = None
    n: Count | None = None
    chance: Share | None = None
    degenerate: dict[str, Count] | None = None
    difference: float | None = None
    difference_ci: Interval | None = None
    p: Share | None = None  # corrected for the number of tests
    significant: bool | None = None
    gain_ci: tuple[Points, Points] | None = None
    english: Literal["kept", "some lost", "lost", "cannot tell"] | None = None
    english_difference: Points | None = None
    english_difference_ci: tuple[Points, Points] | None = None
    chat: ChatScore | None = None
    # The names in schemas 1 and 2, and the corrected p in schema 3.
    tested: Name = ""
    date: Time | None = None
    p_holm: Share | None | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Use today's names; raise ValueError if the values cannot be true together."""
        self.test_language = self.test_language or self.tested or self.language
        self.evaluated_at = self.evaluated_at or self.date
        if self.p_holm is not UNSET:
            self.p = self.p_holm
        chat = self.chat
        answers = (chat.get("first_ci"), chat.get("second_ci")) if chat else ()
        means = (self.gain_ci, self.english_difference_ci)
        for interval in (self.ci, self.difference_ci, *means, *answers):
            if interval and interval[0] > interval[1]:
                raise ValueError("an interval is inverted")
        largest = MAX_VALUES.get(self.metric or "", MAX_VALUE)
        ends = (*(self.ci or ()), *(self.difference_ci or ()))
        numbers = (self.value, self.difference or 0.0, *ends)
        if max(numbers) > largest or min(numbers) < -largest:
            raise ValueError("a number is out of the metric's range")
        if chat:
            bounds = (bound for interval in answers if interval for bound in interval)
            shares = (chat["first"], chat["second"], *bounds)
            if min(shares) < 0 or max(shares) > MAX_VALUES[chat["metric"]]:
                raise ValueError("an answer in a chat is out of the metric's range")
        if self.value < 0 and self.metric in MAX_VALUES:
            raise ValueError("a score is negative")
        if self.english and self.english_difference is None:
            raise ValueError("whether English was kept is said without the difference")
        if not self.covered:
            raise ValueError("a benchmark that does not cover the language has a value")


class _Coverage(Struct):
    """The only key that is needed in a row without a value."""

    covered: bool


_ROW, _COVERAGE = Decoder(Row), Decoder(_Coverage)
_COLUMNS = Decoder(Annotated[list[Benchmark], Meta(min_length=1, max_length=MAX_COLUMNS)])


def parse_rows(text: str | bytes) -> tuple[list[Row], int]:
    """Return the rows of a `results.jsonl` that have a value, and the number of unreadable ones.

    Of equal keys in a row, the last one counts, as for Python's own parser.
    """
    rows: list[Row] = []
    unreadable = 0
    for line in (text.encode() if isinstance(text, str) else text).split(b"\n"):
        if not line.strip():
            continue
        try:
            rows.append(_ROW.decode(line))
        except (ValueError, RecursionError):
            unreadable += not _is_uncovered(line)
    return rows, unreadable


def _is_uncovered(line: bytes) -> bool:
    """Return whether a row says that its benchmark does not cover the language."""
    try:
        return not _COVERAGE.decode(line).covered
    except (ValueError, RecursionError):
        return False


def number(value: object) -> float | None:
    """Return a number from 0 to `MAX_NUMBER`; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (float, int)):
        return None
    return float(value) if 0 <= value <= MAX_NUMBER else None


def whole_number(value: object) -> int | None:
    """Return a number without its fraction; None for anything else."""
    parsed = number(value)
    return None if parsed is None else int(parsed)


def text_of(value: object) -> str:
    """Return a text, shortened if it is too long; empty for anything else."""
    text = value[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""
    # JSON can name half a surrogate pair, which cannot be sent to a browser.
    return text if text.isascii() else text.encode(errors="replace").decode()


def column_of(row: Row, table: BenchmarkTable) -> str | None:
    """Return the key of a row's column; None for a benchmark or metric that has none.

    A row that tests whether English was kept has none, either.
    """
    if row.test_language != row.language:
        return None
    direction = row.direction or None
    if direction:
        directions = {
            f"eng_Latn-{row.language}": "from_english",
            f"{row.language}-eng_Latn": "into_english",
        }
        direction = directions.get(direction, "another")
    return table.keys.get((row.benchmark, row.metric, direction))


def parse_benchmarks(text: str | bytes) -> BenchmarkTable:
    """Read a `benchmarks.json`; raise ValueError if it is not a list of different columns."""
    try:
        table = BenchmarkTable(tuple(_COLUMNS.decode(text)))
    except RecursionError as error:
        raise ValueError("benchmarks.json is nested too deeply") from error
    count = len(table.benchmarks)
    if len(table.by_key) < count or len(table.keys) < count or ABOUT in table.by_key:
        raise ValueError("benchmarks.json has a column twice")
    return table
