"""Cards and the leaderboard give the paper the same BibTeX entry."""

from __future__ import annotations

import html
import re
from pathlib import Path

from recipes.core.citation import PAPER

ROOT = Path(__file__).parents[3]
PLACES = (
    "recipes/train/card.md.j2",
    "recipes/generate/publish/card.md.j2",
    "spaces/leaderboard/html/guide.html",
)


def test_the_paper_has_one_bibtex_entry() -> None:
    entries = set()
    for place in PLACES:
        text = (ROOT / place).read_text(encoding="utf-8")
        text = text.replace('{{ "{" }}{{ paper }}{{ "}" }}', "{2601.14051}")
        (entry,) = re.findall(
            r"^@misc.*?^\}", html.unescape(text).replace("<code>@", "<code>\n@"), re.M | re.S
        )
        entries.add(entry)
    (entry,) = entries
    assert "@misc{devine2026kakugo," in entry and PAPER["title"] in entry
    assert all(author["family-names"] in entry for author in PAPER["authors"])
