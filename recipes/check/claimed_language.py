"""Which language the teacher says its own texts are in, where nothing else can tell it.

A teacher that writes a related language often names it correctly if it is asked afterwards, without
the name of the language that was wanted. A name that may mean several languages, or the wanted one,
does not count as another language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from recipes.core import language as languages
from recipes.core.errors import UserError
from recipes.core.language import Language

MAX_TEXTS = 10
MIN_NAMES = 5
MIN_SHARE = 0.6  # of the texts that the teacher must call by one language for it to count


def named_other(names: Iterable[str], language: Language) -> str:
    """Return the name of the other language that most of the texts are said to be in, else ""."""
    found = [_find(name) for name in names]
    counts = Counter(each.name for each in found if each and each.code[:3] != language.code[:3])
    [(name, count)] = counts.most_common(1) or [("", 0)]
    return name if len(found) >= MIN_NAMES and count >= MIN_SHARE * len(found) else ""


def _find(name: str) -> Language | None:
    try:
        return languages.find(name)
    except UserError:
        return None
