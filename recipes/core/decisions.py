"""Which feedback counts: what a steward or a maintainer accepted, or whose author they know.

The chat writes one file for each decision on a row, `data/<code>/decisions/<id>.jsonl`, and one for
each account about which somebody decided, `data/<code>/reviewers/<account>.jsonl`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from recipes.core import feedback
from recipes.core.feedback import (
    MAX_BYTES,
    MAX_NAME_LENGTH,
    ChatFeedback,
    Feedback,
    InvalidRow,
    Review,
)
from recipes.validation.documents import read_json
from recipes.validation.models import parse as validate

if TYPE_CHECKING:
    from huggingface_hub import HfApi

FOLDERS = ("decisions", "reviewers")
WAITING, REFUSED = "waiting", "refused"  # why a row does not count

Row = TypeVar("Row", ChatFeedback, Review)
Account = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]


@dataclass(frozen=True)
class Decision:
    """A decision on the row `id` by the account `by`.

    If it is accepted, `text` replaces the row's own wording unless it is null, and `credit` is the
    name to credit, or null for nobody.
    """

    schema: Literal[1]
    id: Annotated[str, Field(min_length=1)]
    at: str
    by: Account
    verdict: Literal["accept", "refuse"]
    text: Annotated[str, Field(min_length=1)] | None = None
    credit: Annotated[str, Field(min_length=1, max_length=MAX_NAME_LENGTH)] | None = None


@dataclass(frozen=True)
class Reviewer:
    """Whether the account `by` knows the person behind `account` as a speaker."""

    schema: Literal[1]
    account: Account
    at: str
    by: Account
    known: bool


@dataclass(frozen=True)
class Decisions:
    """All decisions about a language by row, the accounts that are known, and unreadable files."""

    by_row: Mapping[str, Decision] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    unreadable: int = 0

    def accountable(self, row: Row) -> Row:
        """Return the row as it counts, with who answers for it as its reviewer.

        That is its author, if they signed in and are known, or else who accepted it. Raises
        InvalidRow with the reason why it does not count.
        """
        decision = self.by_row.get(row.id)
        is_known = row.account in self.known
        if decision is None:
            if not is_known:
                raise InvalidRow(WAITING)
            return row
        if decision.verdict == "refuse":
            raise InvalidRow(REFUSED)
        account = row.account if is_known else decision.by
        row = replace(row, account=account, credit=decision.credit)
        return row if decision.text is None else row.with_text(decision.text)


def fetch(api: HfApi, repo: str, revision: str, code: str) -> Feedback:
    """Download the feedback on a language at a commit, and return what counts."""
    root = api.snapshot_download(
        repo, repo_type="dataset", revision=revision, allow_patterns=f"data/{code}/*"
    )
    files = sorted((Path(root) / "data" / code).glob("*/*.jsonl"))
    rows = [file.read_bytes() for file in files if file.parent.name not in FOLDERS]
    decisions = [file.read_bytes() for file in files if file.parent.name in FOLDERS]
    return counted(feedback.parse(rows, code), parse(decisions))


def counted(rows: Feedback, decisions: Decisions) -> Feedback:
    """Return the rows that count; the others are skipped with the reason."""
    skipped = Counter(rows.skipped)
    if decisions.unreadable:
        skipped["unreadable_decision"] = decisions.unreadable
    chats = tuple(_counted(rows.chats, decisions, skipped))
    return Feedback(chats, tuple(_counted(rows.reviews, decisions, skipped)), dict(skipped))


def _counted(rows: Iterable[Row], decisions: Decisions, skipped: Counter[str]) -> Iterator[Row]:
    for row in rows:
        try:
            yield decisions.accountable(row)
        except InvalidRow as error:
            skipped[str(error)] += 1


def parse(files: Iterable[bytes]) -> Decisions:
    """Parse the files of both folders; an unreadable one decides nothing."""
    by_row, known, unreadable = dict[str, Decision](), set[str](), 0
    for content in files:
        try:
            parsed = _parse_file(content)
        except ValueError:
            unreadable += 1
        else:
            if isinstance(parsed, Decision):
                by_row[parsed.id] = parsed
            elif parsed.known:
                known.add(parsed.account)
    return Decisions(by_row, frozenset(known), unreadable)


def _parse_file(content: bytes) -> Decision | Reviewer:
    if len(content) > MAX_BYTES:
        raise InvalidRow("too_long")
    data = read_json(content, "the decision")
    if isinstance(data, dict) and "account" in data:
        return validate(Reviewer, data, "the decision")
    return validate(Decision, data, "the decision")
