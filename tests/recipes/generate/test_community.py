"""A community's profile is merged into the recipe, or refused with the key that is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.core.errors import UserError
from recipes.generate import community
from recipes.generate.gates.settings import GlossaryTerm

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


def test_a_profile_is_merged_into_the_recipe() -> None:
    profile = community.parse(TEXT, "", "gla_Latn.yaml")
    section = community.overlay(SECTION, profile, "")
    assert section["licence"] == "cc-by-4.0"
    assert [(texts["repo"], texts["longest"]) for texts in section["texts"]] == [
        ("org/own", 1000),
        ("org/web", 1000),
    ], "a community's own texts have the recipe's limit"
    assert section["gates"]["forbidden"] == ["foo", "gille-toine"]
    assert (
        section["gates"]["glossary"][0]["say"] == "coimpiutair" and section["gates"]["loop"] == 0.3
    )
    assert section["style"] == {
        "region": "the Isle of Lewis",
        "credit": ("An Comunn",),
    }
    assert section["topics"] == {"topics": 4, "own": ("peat cutting",)}
    assert SECTION["gates"]["forbidden"] == ["foo"], "the recipe itself is not touched"


def test_a_variant_replaces_values_and_extends_lists() -> None:
    section = community.overlay(SECTION, community.parse(TEXT, "harris", "p"), "cc0-1.0")
    assert section["licence"] == "cc0-1.0", "the licence of the request goes first"
    assert section["style"]["region"] == "Harris"
    assert section["topics"]["own"] == ("peat cutting", "tweed")
    assert section["gates"]["forbidden"] == ["foo", "gille-toine", "eile"]


def test_an_empty_profile_only_adds_an_empty_style() -> None:
    section = community.overlay(SECTION, {}, "")
    assert section == {**SECTION, "style": {"credit": ()}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("consent: no", "does not consent"),
        ("consent: 'no'", "does not consent"),
        ("consent: maybe", "not one of"),
        ("consent: [no]", "not one of"),
        ("consent: 'NO'", "not one of"),
        ("consent: ", "not one of"),
        ("consnt: no", "nearest is consent"),
        ("consent: no\nconsent: welcome", "there twice"),
        ("false", "keys to values"),
        ("- 1", "keys to values"),
        ("a: [", "not valid YAML"),
        ("colour: red", "not a known key"),
        ("region: <b>", "plain words"),
        ("region: 7", "not text"),
        ("dialect: " + "x" * 200, "plain words"),
        ("licence: 'GPL v3!'", "licence"),
        ("seeds: peat", "a list"),
        ("glossary: [{term: a}]", r"glossary\[0\].say: is missing"),
        ("glossary: [{term: a, say: 'b{text}'}]", "plain words"),
        ("glossary: [{term: a, say: b, not: c}]", "a list"),
        ("variants: {x: {}}", 'no variant "harris"'),
        ("variants: {harris: {region: '<'}}", "plain words"),
        ("variants: {harris: {consent: no}}", "not a known key"),
    ],
)
def test_an_invalid_profile_is_refused_with_its_key(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        community.parse(text, "harris" if "variants" in text else "", "p.yaml")


def test_the_style_and_the_rules_go_into_prompts() -> None:
    style = community.Style(region="Lewis", orthography="GOC")
    assert style.describe("Gaelic") == "Gaelic (as it is spoken in Lewis, spelt by GOC)"
    assert community.Style().describe("Gaelic") == "Gaelic"
    term = GlossaryTerm("computer", "coimpiutair", ("komputer",))
    assert community.prompt_rules("Gaelic", [term], ["x*"], "Lewis").splitlines() == [
        "Take names, places and examples from Lewis.",
        "When you write in Gaelic, say it so:",
        "- computer: coimpiutair",
        "Never write in Gaelic: komputer, x* (* stands for any letters).",
    ]
    assert community.prompt_rules("Gaelic", [], []) == ""
