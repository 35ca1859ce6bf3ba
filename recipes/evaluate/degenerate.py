"""Answers that are none: counted for each model and direction, whatever the metrics say.

An answer can have several flaws. What is judged is what is scored; a thought that was closed is not
a flaw, one that was never closed is. Languages are told apart as the gates of the data tell them,
tried on the benchmark's own references.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recipes.core import language
from recipes.evaluate.backends.transformers_lm import Said
from recipes.evaluate.benchmarks import ENGLISH, Item
from recipes.evaluate.settings import Degenerate
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
Foreign = Callable[[str], bool]


def count(
    items: Sequence[Item], said: Sequence[Said], code: str, settings: Degenerate
) -> dict[str, int]:
    """How many answers have each flaw, and how many any; they should be in the language `code`."""
    foreign = _foreign(code, [item.answer for item in items], settings.identify_from)
    found = [
        flaws(item, one, code, foreign, settings.loop)
        for item, one in zip(items, said, strict=True)
    ]
    each = {flaw: sum(flaw in those for those in found) for flaw in FLAWS}
    return {**each, "any": sum(map(bool, found))}


def flaws(item: Item, said: Said, code: str, foreign: Foreign, loop: float) -> set[str]:
    """Every flaw of one answer to a translation."""
    text = said.text
    if not any(map(str.isalnum, text)):
        return {"empty"} if said.whole else {"empty", "cut_off"}
    looks = {
        "cut_off": not said.whole,
        "leaked_think": "<think>" in text,
        "loop": repeated_share(text) > loop,
        "wrong_script": not in_script(text, code.split("_")[1]),
        "wrong_language": foreign(text),
        "copied": text == item.source != item.answer,
    }
    return {flaw for flaw, there in looks.items() if there}


def _foreign(code: str, references: Sequence[str], letters: int) -> Foreign:
    """Whether a text of enough letters is surely in another language than `code`.

    Where no library knows the language, only English is a clear sign: they take it for anything.
    """
    known = build_identifier(language.get(code), references)
    suspect = code != ENGLISH and code[:3] not in LIKE_ENGLISH

    def foreign(text: str) -> bool:
        if letters_of(text, "Latn")[0] < letters:
            return False
        english = suspect and ONLY_ENGLISH_WORD.search(text) and identify(text) == CLD2_ENGLISH
        return bool(english) or known.is_other_language(text)

    return foreign
