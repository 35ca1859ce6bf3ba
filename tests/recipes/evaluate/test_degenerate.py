"""An answer that is none is counted as what it is, and a good one is not."""

from __future__ import annotations

import pytest

from recipes.evaluate.backends.transformers_lm import Said
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.degenerate import FLAWS, count
from recipes.evaluate.settings import Degenerate

SOURCE = "The small dog runs through the green garden of my uncle every morning."
GOOD = "La malgranda hundo kuras tra la verda ĝardeno de mia onklo ĉiun matenon."
GERMAN = "Der kleine Hund läuft jeden Morgen durch den grünen Garten meines Onkels und bellt laut."
RUSSIAN = "Маленькая собака бежит каждое утро через зелёный сад моего дяди."
SETTINGS = Degenerate(identify_from=40, loop=0.5)
ITEM = Item("1", "?", (GOOD,), 0, (SOURCE, GOOD), source=SOURCE)


def found(raw: str, whole: bool = True, code: str = "epo_Latn") -> set[str]:
    counted = count([ITEM], [Said(raw, whole)], code, SETTINGS)
    assert counted["any"] == any(counted[flaw] for flaw in FLAWS)
    return {flaw for flaw in FLAWS if counted[flaw]}


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
def test_each_flaw_is_seen(raw: str, flaws: set[str]) -> None:
    assert found(raw) == flaws


def test_what_was_cut_off_is_called_so() -> None:
    assert found(GOOD[:40], whole=False) == {"cut_off"}
    assert found("", whole=False) == {"empty", "cut_off"}


def test_english_is_right_where_english_is_asked_for() -> None:
    item = Item("1", "?", (SOURCE,), 0, (GOOD, SOURCE), source=GOOD)
    said = [Said(SOURCE, True), Said(GERMAN, True), Said(GOOD, True)]
    counted = count([item] * 3, said, "eng_Latn", SETTINGS)
    assert (counted["wrong_language"], counted["copied"], counted["any"]) == (2, 1, 2)


def test_a_language_that_no_library_knows_is_only_told_from_english() -> None:
    jinghpaw = "Ndai gaw Jinghpaw ga hku ka da ai laika re, kaja dik ai mungga ni rawng nga ai."
    item = Item("1", "?", (jinghpaw,), 0, (SOURCE, jinghpaw), source=SOURCE)
    english = SOURCE.replace("dog", "cat")
    counted = count([item] * 2, [Said(jinghpaw, True), Said(english, True)], "kac_Latn", SETTINGS)
    assert counted["wrong_language"] == counted["any"] == 1
