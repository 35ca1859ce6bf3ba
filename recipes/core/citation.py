"""Who is thanked, and how a card and a citation file say so.

Only names that people gave for this, and repositories that were read. Names are hostile text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from recipes.core.card_sections import harmless

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


def citation(title: str, kind: str, url: str, people: Sequence[str], sources: Sequence[str]) -> str:
    """The text of CITATION.cff (1.2.0) for a "dataset" or a model ("software") at `url`.

    `people` are named as authors after Kakugo, `sources` are URLs of what was read.
    """
    said = {
        "cff-version": "1.2.0",
        "message": "If you use this, please cite it as below.",
        "type": kind,
        "title": title,
        "url": url,
        "authors": [{"name": "Kakugo"}, *({"name": name} for name in _once(people))],
        "references": [
            PAPER,
            *({"type": "generic", "title": one.rpartition("/")[2], "url": one,
               "authors": [{"name": one.split("/")[-2]}]} for one in _once(sources)),
        ],
    }  # fmt: skip
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False)


def thanks(people: Sequence[str]) -> str:
    """A sentence of Markdown that names them; empty for nobody."""
    names = ", ".join(harmless(name) for name in _once(people))
    return f"With thanks to {names}." if names else ""


def _once(names: Iterable[str]) -> list[str]:
    return sorted(set(names))
