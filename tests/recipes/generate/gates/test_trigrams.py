"""A community's profile is laid over the recipe, or refused with the key that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.core.errors import UserError
from recipes.generate import community
from recipes.generate.gates.settings import Term

TEXT = """
consent: welcome
licence: cc-by-4.0
region: the Isle of Lewis
seeds: [peat cutting]
glossary: [{term: computer, say: coimpiutair, not: [komputer]}]
forbidden: [gille-toine]
texts: {repo: org/own, split: train, columns: [text]}
credit: [An Comunn]
variants:
  harris: {name: Harris Gaelic, region: Harris, forbidden: [eile], seeds: [tweed]}
"""
SECTION: dict[str, Any] = {
    "licence": "apache-2.0",
    "texts": [{"repo": "org/web", "longest": 1000}],
    "topics": {"topics": 4},
    "gates": {"loop": 0.3, "forbidden": ["foo"]},
}


def test_it_is_laid_over_the_recipe() -> None:
    read = community.parse(TEXT, "", "gla_Latn.yaml")
    made = community.overlay(SECTION, read, "")
    assert made["licence"] == "cc-by-4.0"
    assert [(texts["repo"], texts["longest"]) for texts in made["texts"]] == [
        ("org/own", 1000),
        ("org/web", 1000),
    ], "a community's own texts have the recipe's limit"
    assert made["gates"]["forbidden"] == ["foo", "gille-toine"]
    assert made["gates"]["glossary"][0]["say"] == "coimpiutair" and made["gates"]["loop"] == 0.3
    assert made["voice"] == {
        "region": "the Isle of Lewis",
        "credit": ("An Comunn",),
    }
    assert made["topics"] == {"topics": 4, "own": ("peat cutting",)}
    assert SECTION["gates"]["forbidden"] == ["foo"], "the recipe itself is not touched"


def test_a_variant_goes_over_the_language_and_adds_to_its_lists() -> None:
    made = community.overlay(SECTION, community.parse(TEXT, "harris", "p"), "cc0-1.0")
    assert made["licence"] == "cc0-1.0", "what was asked for goes first"
    assert made["voice"]["region"] == "Harris"
    assert made["topics"]["own"] == ("peat cutting", "tweed")
    assert made["gates"]["forbidden"] == ["foo", "gille-toine", "eile"]


def test_no_profile_changes_nothing_but_the_form() -> None:
    made = community.overlay(SECTION, {}, "")
    assert made == {**SECTION, "voice": {"credit": ()}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("consent: no", "no data are to be made"),
        ("- 1", "keys and values"),
        ("a: [", "not YAML"),
        ("colour: red", "unknown key 'colour'"),
        ("region: <b>", "plain words"),
        ("region: 7", "plain words"),
        ("dialect: " + "x" * 200, "plain words"),
        ("licence: 'GPL v3!'", "licence's id"),
        ("seeds: peat", "a list"),
        ("glossary: [{term: a}]", "term: …, say: …"),
        ("glossary: [{term: a, say: 'b{text}'}]", "plain words"),
        ("glossary: [{term: a, say: b, not: c}]", "a list"),
        ("variants: {x: {}}", "no variant 'harris'"),
        ("variants: {harris: {region: '<'}}", "plain words"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        community.parse(text, "harris" if "variant" in said or "variants" in text else "", "p.yaml")


def test_the_prompts_language_and_rules() -> None:
    voice = community.Style(region="Lewis", orthography="GOC")
    assert voice.named("Gaelic") == "Gaelic (as it is spoken in Lewis, spelt by GOC)"
    assert community.Style().named("Gaelic") == "Gaelic"
    term = Term("computer", "coimpiutair", ("komputer",))
    assert community.rules("Gaelic", [term], ["x*"], "Lewis").splitlines() == [
        "Take names, places and examples from Lewis.",
        "When you write in Gaelic, say it so:",
        "- computer: coimpiutair",
        "Never write in Gaelic: komputer, x* (* stands for any letters).",
    ]
    assert community.rules("Gaelic", [], []) == ""
