"""The results of checks, as a table and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

MARKS = {"ok": "✓", "note": "•", "bad": "✗"}


@dataclass(frozen=True)
class Finding:
    """The result of one check: what was found, and for all but "ok" what to do about it.

    "note" means that it works but could be better.
    """

    level: Literal["ok", "note", "bad"]
    check: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.remedy}" if self.remedy else self.text


def verdict(check: str, is_good: bool, ok: str, bad: str, remedy: str) -> Finding:
    """Return the result of a check that either holds or does not."""
    return Finding("ok", check, ok) if is_good else Finding("bad", check, bad, remedy)


def bad(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return what does not work."""
    return tuple(finding for finding in findings if finding.level == "bad")


def table(findings: Iterable[Finding]) -> Iterator[str]:
    """Yield the lines of a table; a remedy has a line of its own."""
    for finding in findings:
        yield f"{MARKS[finding.level]} {finding.check:12} {finding.text}"
        if finding.remedy:
            yield f"  {'':12} → {finding.remedy}"


def to_json(findings: Iterable[Finding]) -> str:
    """Return a JSON list with the fields of each finding."""
    return json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1)
