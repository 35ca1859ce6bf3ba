"""Credit people and sources in cards and citation files.

People are named only if they asked for it; their names are untrusted text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from recipes.core.card_sections import escape

PATH = "CITATION.cff"
PAPER: dict[str, Any] = {
    "type": "article",
    "title": "Kakugo: Distillation of Low-Resource Languages into Small Language Models",
    "year": 2026,
    "identifiers": [{"type": "other", "value": "arXiv:2601.14051"}],
    "authors": [
        {"family-names": family, "given-names": given}
        for given, family in (
            ("Peter", "Devine"),
            ("Mardhiyah", "Sanni"),
            ("Farid", "Adilazuarda"),
            ("Julieta", "Gil Loizaga"),
            ("Barry", "Haddow"),
        )
    ],
}


def citation_file(
    title: str, kind: str, url: str, people: Sequence[str], sources: Sequence[str]
) -> str:
    """Return the CITATION.cff (1.2.0) of a "dataset" or a model ("software") at `url`.

    `people` are authors after Kakugo, `sources` are URLs of repositories.
    """
    document = {
        "cff-version": "1.2.0",
        "message": "If you use this, please cite it as below.",
        "type": kind,
        "title": title,
        "url": url,
        "authors": [{"name": "Kakugo"}, *({"name": name} for name in _unique(people))],
        "references": [
            PAPER,
            *({"type": "generic", "title": source.rpartition("/")[2], "url": source,
               "authors": [{"name": source.split("/")[-2]}]} for source in _unique(sources)),
        ],
    }  # fmt: skip
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def thanks(people: Sequence[str]) -> str:
    """Return a sentence of Markdown that thanks them; empty for nobody."""
    names = ", ".join(escape(name) for name in _unique(people))
    return f"With thanks to {names}." if names else ""


def _unique(names: Iterable[str]) -> list[str]:
    return sorted(set(names))
