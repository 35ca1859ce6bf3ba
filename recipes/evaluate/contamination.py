"""Find benchmark texts in the training data, whatever the gates of the dataset did.

Only letters and digits are compared, case-folded, so that neither spacing nor punctuation hides a
copy and scripts without spaces are treated like the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


def contaminated(texts: Iterable[str], training: Iterable[str], min_letters: int) -> set[str]:
    """Return the texts that a training message contains.

    A text of fewer than `min_letters` letters counts only if it is a whole message, because short
    texts occur by chance.
    """
    originals: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        originals[_letters(text)].append(text)
    by_start: dict[str, list[str]] = defaultdict(list)
    for text in originals:
        if len(text) >= min_letters:
            by_start[text[:min_letters]].append(text)
    hits: set[str] = set()
    for message in set(map(_letters, training)):
        hits |= {message} & originals.keys()
        for start in range(len(message) - min_letters + 1):
            for text in by_start.get(message[start : start + min_letters], ()):
                if message.startswith(text, start):
                    hits.add(text)
    return {text for hit in hits for text in originals[hit]}


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
