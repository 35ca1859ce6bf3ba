"""Parse the lines of a `results.jsonl` into checked rows, and `benchmarks.json` into columns.

Pure. Everything from the results repository is untrusted until it is checked here. What a row means
for the table is decided elsewhere.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Annotated, Any, Literal, NotRequired, Required

import orjson
from benchmarks import ABOUT, Benchmark, BenchmarkTable
from pydantic import AfterValidator, AliasChoices, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict

MAX_TEXT_LENGTH = 200
MAX_COLUMNS = 50
# The largest value of a metric; other metrics may have any of a chart's size.
MAX_VALUES = {"accuracy": 1.0, "chrF++": 100.0, "BLEU": 100.0}
MAX_VALUE = 1_000.0
MAX_NUMBER = 1e12  # of all other numbers

Text = Annotated[str, Field(strict=True)]
Name = Annotated[Text, Field(min_length=1, max_length=MAX_TEXT_LENGTH)]
Bool = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=10**9)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Share = Annotated[Number, Field(ge=0, le=1)]
Cost = Annotated[Number, Field(ge=0, le=1e9)]
Points = Annotated[Number, Field(ge=-MAX_VALUE, le=MAX_VALUE)]  # of all tests together
Interval = tuple[Number, Number]


class ChatScore(TypedDict):
    """Answers to the first and second questions of `n` chats."""

    __pydantic_config__ = ConfigDict(extra="ignore")  # type: ignore[misc]

    metric: Literal["accuracy", "chrF++"]
    n: Count
    first: Annotated[Number, Field(ge=0, le=100)]
    second: Annotated[Number, Field(ge=0, le=100)]
    first_ci: NotRequired[Interval | None]
    second_ci: NotRequired[Interval | None]


class Row(TypedDict, total=False):
    """The keys of a row that are shown; `recipes/evaluate/schema.py` describes all."""

    __pydantic_config__ = ConfigDict(extra="ignore")  # type: ignore[misc]

    language: Required[Annotated[Text, Field(pattern=r"^[a-z]{3}_[A-Z][a-z]{3}(_[a-z0-9]+)?$")]]
    role: Required[Literal["base", "adapter", "peer"]]
    model: Required[Name]
    benchmark: Required[Name]
    value: Required[Number]
    covered: Literal[True]
    # The second name is that of schemas 1 and 2.
    test_language: Annotated[Name, Field(validation_alias=AliasChoices("test_language", "tested"))]
    evaluated_at: Annotated[
        Text | None,
        Field(validation_alias=AliasChoices("evaluated_at", "date"), pattern=r"^\d{4}-\d\d-\d\d"),
    ]
    direction: Text | None
    metric: Text | None
    revision: Text | None
    version: Annotated[Text, Field(pattern=r"^v[1-9][0-9]{0,5}$")] | None
    base: Text | None
    practice: Bool | None
    request: Text | None
    cost_usd: Cost | None
    ci: Interval | None
    n: Count | None
    chance: Share | None
    signature: Text | None
    degenerate: dict[str, Count] | None
    difference: Number | None
    difference_ci: Interval | None
    # Corrected for the number of tests; in schema 3, only `p_holm` was.
    p: Annotated[Share | None, Field(validation_alias=AliasChoices("p_holm", "p"))]
    significant: Bool | None
    gain_ci: tuple[Points, Points] | None
    english: Literal["kept", "some lost", "lost", "cannot tell"] | None
    english_difference: Points | None
    english_difference_ci: tuple[Points, Points] | None
    chat: ChatScore | None


class _Uncovered(TypedDict):
    """A row that says that a benchmark does not cover the language."""

    covered: Literal[False]


def _plausible(row: Row) -> Row:
    """Return the row; raise ValueError if its values cannot be true together."""
    metric, value = row.get("metric") or "", row["value"]
    own, difference, chat = row.get("ci"), row.get("difference_ci"), row.get("chat")
    answers = (chat.get("first_ci"), chat.get("second_ci")) if chat else ()
    means = (row.get("gain_ci"), row.get("english_difference_ci"))
    for interval in (own, difference, *means, *answers):
        if interval and interval[0] > interval[1]:
            raise ValueError("an interval is inverted")
    largest = MAX_VALUES.get(metric, MAX_VALUE)
    numbers = (value, row.get("difference") or 0.0, *(own or ()), *(difference or ()))
    if max(map(abs, numbers)) > largest or (value < 0 and metric in MAX_VALUES):
        raise ValueError("a number is out of the metric's range")
    if row.get("english") and row.get("english_difference") is None:
        raise ValueError("whether English was kept is said without the difference")
    return row


_LINE = TypeAdapter[Any](
    Annotated[
        Annotated[Row, AfterValidator(_plausible)]
        | Annotated[_Uncovered, AfterValidator(lambda _: None)],
        Field(union_mode="left_to_right"),
    ]
)
_COLUMNS: TypeAdapter[list[Benchmark]] = TypeAdapter(
    Annotated[list[Benchmark], Field(min_length=1, max_length=MAX_COLUMNS)]
)


def parse_rows(text: str | bytes) -> tuple[list[Row], int]:
    """Return the rows of a `results.jsonl` that have a value, and the number of unreadable ones."""
    rows: list[Row] = []
    unreadable = 0
    for value in _decoded(text.encode() if isinstance(text, str) else text):
        try:
            row: Row | None = _LINE.validate_python(value)
        except ValueError:  # a ValidationError
            unreadable += 1
        else:
            rows += [row] if row else []
    return rows, unreadable


def _decoded(content: bytes) -> list[Any]:
    """Return the value of each line; None for one that is no JSON, or has a key twice.

    `orjson` is fast, but keeps the last of equal keys: the values then have fewer quotes when they
    are written again. An escaped code may have become a quote, so it is left to the slow way.
    """
    lines = [line for line in content.split(b"\n") if line.strip()]
    with suppress(ValueError, TypeError):  # TypeError: nested too deeply to be written again
        values = [orjson.loads(line) for line in lines]
        quotes = orjson.dumps(values).count(b'"')
        if quotes == content.count(b'"') and b"\\u0022" not in content:
            return values
    return [_strictly_decoded(line) for line in lines]


def _strictly_decoded(line: bytes) -> Any:
    try:
        return _DECODER.decode(line.decode())
    except (ValueError, RecursionError):
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; raise ValueError for a key twice: two readers may take different values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)


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
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""


def column_of(row: Row, table: BenchmarkTable) -> str | None:
    """Return the key of a row's column; None for a benchmark or metric that has none.

    A row that tests whether English was kept has none, either.
    """
    if row.get("test_language", row["language"]) != row["language"]:
        return None
    direction = row.get("direction") or None
    if direction:
        directions = {
            f"eng_Latn-{row['language']}": "from_english",
            f"{row['language']}-eng_Latn": "into_english",
        }
        direction = directions.get(direction, "another")
    return table.keys.get((row["benchmark"], row.get("metric"), direction))


def parse_benchmarks(text: str | bytes) -> BenchmarkTable:
    """Read a `benchmarks.json`; raise ValueError if it is not a list of different columns."""
    table = BenchmarkTable(tuple(_COLUMNS.validate_json(text)))
    count = len(table.benchmarks)
    if len(table.by_key) < count or len(table.keys) < count or ABOUT in table.by_key:
        raise ValueError("benchmarks.json has a column twice")
    return table
