"""The licence of each source's rows and of the whole dataset.

Rows that adapt share-alike text keep its licence; for the mix, all conditions apply. The conditions
are those of each licence's own summary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recipes.generate.data.corpora import Corpus
from recipes.generate.settings import GenerateSettings
from recipes.generate.sources.table import Source

# By the Hub's id: BY (name the authors), SA (share alike), NC (not for commerce), ND (no changes).
# A community may have a licence that is not among them.
CONDITIONS: dict[str, frozenset[str]] = {
    licence: frozenset(conditions.split())
    for licence, conditions in {
        "cc0-1.0": "",
        "mit": "by",
        "apache-2.0": "by",
        "odc-by": "by",
        "cc-by-4.0": "by",
        "odbl": "by sa",
        "cc-by-sa-4.0": "by sa",
        "cc-by-nc-4.0": "by nc",
        "cc-by-nc-sa-4.0": "by nc sa",
        "cc-by-nc-nd-4.0": "by nc nd",
    }.items()
}
UNKNOWN = "unknown"


def licence_of(
    source: Source[object], settings: GenerateSettings, card_licences: Mapping[str, str]
) -> str:
    """Return the licence of a source's rows; `card_licences` is by repo, from the datasets' cards.

    A corpus without any licence is `unknown`: nobody has allowed anything.
    """
    origins = [
        corpus.licence or card_licences[corpus.repo] or UNKNOWN
        for corpus in corpora_of(source, settings)
        if corpus.repo in card_licences  # it was read
    ]
    if not source.asks_teacher:
        return strictest(origins or [settings.licence])
    adapted = [each for each in origins if "sa" in CONDITIONS.get(each, ())]
    return strictest(adapted or [settings.licence, *origins])


def corpora_of(source: Source[object], settings: GenerateSettings) -> tuple[Corpus, ...]:
    """Return the corpora whose text is in the rows of a source."""
    conversations = (settings.conversations,) if source.reads == "conversations" else ()
    return settings.texts if source.reads == "texts" else conversations


def strictest(licences: Sequence[str]) -> str:
    """Return the first licence with the conditions of all; their names if no known one has them."""
    names = list(dict.fromkeys(licences))
    if len(names) == 1:
        return names[0]
    if all(name in CONDITIONS for name in names):
        needed = frozenset[str]().union(*(CONDITIONS[name] for name in names))
        known = (*names, *reversed(CONDITIONS))
        for name in known:
            if CONDITIONS[name] == needed and not {"sa", "nd"} <= needed:
                return name
    return " and ".join(names)
