"""Degenerate translations are counted by their flaws, and good ones are not."""

from __future__ import annotations

import pytest

from recipes.core.benchmarks.tasks import Item
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.degenerate import FLAWS, count_flaws
from recipes.evaluate.settings import DegenerateSettings

SOURCE = "The small dog runs through the green garden of my uncle every morning."
GOOD = "La malgranda hundo kuras tra la verda ĝardeno de mia onklo ĉiun matenon."
GERMAN = "Der kleine Hund läuft jeden Morgen durch den grünen Garten meines Onkels und bellt laut."
RUSSIAN = "Маленькая собака бежит каждое утро через зелёный сад моего дяди."
SETTINGS = DegenerateSettings(identify_from=40, loop=0.5)
ITEM = Item("1", "?", (GOOD,), 0, (SOURCE, GOOD), source=SOURCE)


def flaws_of(raw: str, finished: bool = True) -> set[str]:
    counts = count_flaws([ITEM], [Generation(raw, finished)], "epo_Latn", SETTINGS)
    assert counts["any"] == any(counts[flaw] for flaw in FLAWS)
    return {flaw for flaw in FLAWS if counts[flaw]}


@pytest.mark.parametrize(
    ("raw", "flaws"),
    [
        (GOOD, set()),
        (f"<think>Hmm.</think>\n\n{GOOD}", set()),
        (f"<think>The dog, well. {GOOD}", {"leaked_think"}),
        ("<think>Nothing comes of it.</think>  ", {"empty"}),
        (" … ", {"empty"}),
        (GERMAN, {"wrong_language"}),
        (RUSSIAN, {"wrong_script", "wrong_language"}),
        (SOURCE, {"copied", "wrong_language"}),
        ("la hundo kuras kaj " * 30, {"loop"}),
        ("Jes.", set()),
    ],
)
def test_each_flaw_is_found(raw: str, flaws: set[str]) -> None:
    assert flaws_of(raw) == flaws


def test_an_unfinished_translation_is_cut_off() -> None:
    assert flaws_of(GOOD[:40], finished=False) == {"cut_off"}
    assert flaws_of("", finished=False) == {"empty", "cut_off"}


def test_english_is_not_a_flaw_in_a_translation_into_english() -> None:
    item = Item("1", "?", (SOURCE,), 0, (GOOD, SOURCE), source=GOOD)
    generations = [Generation(text, True) for text in (SOURCE, GERMAN, GOOD)]
    counts = count_flaws([item] * 3, generations, "eng_Latn", SETTINGS)
    assert (counts["wrong_language"], counts["copied"], counts["any"]) == (2, 1, 2)


def test_a_language_without_identifier_is_only_compared_with_english() -> None:
    jinghpaw = "Ndai gaw Jinghpaw ga hku ka da ai laika re, kaja dik ai mungga ni rawng nga ai."
    item = Item("1", "?", (jinghpaw,), 0, (SOURCE, jinghpaw), source=SOURCE)
    english = SOURCE.replace("dog", "cat")
    generations = [Generation(text, True) for text in (jinghpaw, english)]
    counts = count_flaws([item] * 2, generations, "kac_Latn", SETTINGS)
    assert counts["wrong_language"] == counts["any"] == 1
