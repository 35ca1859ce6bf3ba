"""Find benchmark texts in the training data, whatever the gates of the dataset did.

Only the folded letters and digits are compared, so that neither spacing nor punctuation hides a
copy and scripts without spaces are treated like the others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from recipes.core.ngrams import NgramIndex
from recipes.core.text_fold import letters

BATCH_MESSAGES = 1024


def contaminated(texts: Iterable[str], training: Iterable[str], min_letters: int) -> set[str]:
    """Return the texts that a training message contains.

    A text of fewer than `min_letters` letters counts only if it is a whole message, because short
    texts occur by chance.
    """
    originals: dict[str, list[str]] = defaultdict(list)
    for text in texts:
        originals[letters(text)].append(text)
    by_start: dict[str, list[str]] = defaultdict(list)
    index = NgramIndex()
    for text in originals:
        if len(text) >= min_letters:
            by_start[text[:min_letters]].append(text)
            index.add(text[:min_letters], min_letters)
    index.sort()
    messages = list(set(map(letters, training)))
    hits = originals.keys() & set(messages)
    for start in range(0, len(messages), BATCH_MESSAGES):
        batch = messages[start : start + BATCH_MESSAGES]
        for number in index.overlapping(batch):
            hits |= _contained(batch[number], by_start, min_letters)
    return {text for hit in hits for text in originals[hit]}


def _contained(message: str, by_start: dict[str, list[str]], min_letters: int) -> set[str]:
    """Return the texts that the message contains."""
    return {
        text
        for start in range(len(message) - min_letters + 1)
        for text in by_start.get(message[start : start + min_letters], ())
        if message.startswith(text, start)
    }
