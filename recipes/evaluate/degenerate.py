"""Count degenerate translations by flaw, for each model and direction.

A translation can have several flaws. The scored text is checked, so closed reasoning is not a flaw,
but reasoning that was never closed is. Languages are identified as in the gates of the dataset,
after a trial on the benchmark's own references.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recipes.core import language
from recipes.core.benchmarks.tasks import ENGLISH, Item
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.settings import DegenerateSettings
from recipes.generate.gates.language_id import (
    CLD2_ENGLISH,
    LIKE_ENGLISH,
    ONLY_ENGLISH_WORD,
    build_identifier,
    identify,
)
from recipes.generate.gates.repetition import repeated_share
from recipes.generate.gates.scripts import in_script, letters_of

FLAWS = ("empty", "cut_off", "leaked_think", "loop", "wrong_script", "wrong_language", "copied")
IsForeign = Callable[[str], bool]


def count_flaws(
    items: Sequence[Item],
    generations: Sequence[Generation],
    code: str,
    settings: DegenerateSettings,
) -> dict[str, int]:
    """Return how many translations into the language `code` have each flaw, and `any` of them."""
    is_foreign = _foreign_test(code, [item.reference for item in items], settings.identify_from)
    flaws_by_item = [
        flaws(item, generation, code, is_foreign, settings.loop)
        for item, generation in zip(items, generations, strict=True)
    ]
    counts = {flaw: sum(flaw in item_flaws for item_flaws in flaws_by_item) for flaw in FLAWS}
    return {**counts, "any": sum(map(bool, flaws_by_item))}


def flaws(
    item: Item, generation: Generation, code: str, is_foreign: IsForeign, loop: float
) -> set[str]:
    """Return every flaw of one translation."""
    text = generation.text
    if not any(map(str.isalnum, text)):
        return {"empty"} if generation.finished else {"empty", "cut_off"}
    checks = {
        "cut_off": not generation.finished,
        "leaked_think": "<think>" in text,
        "loop": repeated_share(text) > loop,
        "wrong_script": not in_script(text, code.split("_")[1]),
        "wrong_language": is_foreign(text),
        "copied": text == item.source != item.reference,
    }
    return {flaw for flaw, has_flaw in checks.items() if has_flaw}


def _foreign_test(code: str, references: Sequence[str], min_letters: int) -> IsForeign:
    """Return a function that is true for texts that are surely in another language.

    If no library knows the language, only English is certain: they take the language for anything.
    """
    language_identifier = build_identifier(language.get(code), references)
    unlike_english = code != ENGLISH and code[:3] not in LIKE_ENGLISH

    def is_foreign(text: str) -> bool:
        if letters_of(text, "Latn")[0] < min_letters:
            return False
        if unlike_english and ONLY_ENGLISH_WORD.search(text) and identify(text) == CLD2_ENGLISH:
            return True
        return language_identifier.is_other_language(text)

    return is_foreign
