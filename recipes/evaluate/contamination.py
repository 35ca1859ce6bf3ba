"""Whether a benchmark's text was in the training data: asked again here, whatever the gates did.

Only letters and digits, case folded, so that neither spacing nor punctuation hides a copy, and
scripts that write no spaces are judged like the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


def found(texts: Iterable[str], training: Iterable[str], characters: int) -> set[str]:
    """The texts that some training message holds whole.

    A text of fewer letters than `characters` counts only when it is a message by itself: so short a
    piece is found anywhere.
    """
    originals: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        originals[letters(text)].append(text)
    by_start: dict[str, list[str]] = defaultdict(list)
    for text in originals:
        if len(text) >= characters:
            by_start[text[:characters]].append(text)
    hits: set[str] = set()
    for message in set(map(letters, training)):
        hits |= {message} & originals.keys()
        for start in range(len(message) - characters + 1):
            for text in by_start.get(message[start : start + characters], ()):
                if message.startswith(text, start):
                    hits.add(text)
    return {text for hit in hits for text in originals[hit]}


def letters(text: str) -> str:
    """The text without anything but letters and digits, case folded."""
    return "".join(filter(str.isalnum, text.casefold()))
