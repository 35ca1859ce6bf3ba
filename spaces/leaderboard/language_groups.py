"""The family and the region of each language, from `groups.tsv`. Pure."""

from __future__ import annotations

from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("groups.tsv")


@cache
def groups(kind: str) -> dict[str, str]:
    """Return the `family` or the `region` of each language by its ISO 639-3 code."""
    by_code: dict[str, str] = {}
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{kind}\t"):
            _, name, codes = line.split("\t")
            by_code |= dict.fromkeys(codes.split(), name)
    return by_code


def family(code: str) -> str:
    """Return the family of a language by its FLORES+ code; empty if it has none."""
    return groups("family").get(code[:3], "")


def region(code: str) -> str:
    """Return the region of a language by its FLORES+ code; empty if it has none."""
    return groups("region").get(code[:3], "")
