"""Rows keep the licence of the text in them, and the whole dataset has the conditions of all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from recipes.core.config import load
from recipes.generate.publish.licences import licence_of, strictest
from recipes.generate.settings import parse
from recipes.generate.sources.table import SOURCES

SETTINGS = parse(load("kakugo", "o", "gla_Latn").generate)
CARDS = {corpus.repo: "mit" for corpus in (*SETTINGS.texts, SETTINGS.conversations)}


@pytest.mark.parametrize(
    ("licences", "strict"),
    [
        (["apache-2.0"], "apache-2.0"),
        (["apache-2.0", "odc-by"], "apache-2.0"),
        (["cc0-1.0", "odc-by"], "odc-by"),
        (["apache-2.0", "odc-by", "cc-by-sa-4.0"], "cc-by-sa-4.0"),
        (["cc-by-nc-4.0", "cc-by-sa-4.0"], "cc-by-nc-sa-4.0"),
        (["cc-by-nc-nd-4.0", "cc-by-4.0"], "cc-by-nc-nd-4.0"),
        (["cc-by-nc-nd-4.0", "cc-by-sa-4.0"], "cc-by-nc-nd-4.0 and cc-by-sa-4.0"),
        (["noodl-1.0", "cc-by-sa-4.0"], "noodl-1.0 and cc-by-sa-4.0"),
        (["noodl-1.0"], "noodl-1.0"),
    ],
)
def test_a_mix_has_the_conditions_of_all(licences: list[str], strict: str) -> None:
    assert strictest(licences) == strict


def test_each_source_has_the_licence_of_its_text() -> None:
    found = {source.name: licence_of(source, SETTINGS, CARDS) for source in SOURCES}
    assert found == {
        "topics": "apache-2.0",
        "scenarios": "apache-2.0",
        "contexts": "apache-2.0",  # FineWeb-2 is ODC-By: name it, which Apache-2.0 wants, too
        "pairs": "apache-2.0",
        "translation": "cc-by-sa-4.0",
        "replay": "cc-by-sa-4.0",
    }
    assert strictest(list(found.values())) == "cc-by-sa-4.0"


def test_a_chosen_licence_does_not_replace_that_of_others() -> None:
    chosen = replace(SETTINGS, licence="cc-by-nc-4.0")
    found = {source.name: licence_of(source, chosen, CARDS) for source in SOURCES}
    assert found["topics"] == found["contexts"] == "cc-by-nc-4.0"
    assert found["translation"] == found["replay"] == "cc-by-sa-4.0"


def test_a_dataset_without_a_licence_has_allowed_nothing() -> None:
    mine = replace(SETTINGS.texts[0], repo="me/texts", licence="")
    texts = next(source for source in SOURCES if source.name == "contexts")
    settings = replace(SETTINGS, texts=(mine,))
    assert licence_of(texts, settings, {"me/texts": ""}) == "apache-2.0 and unknown"
    assert licence_of(texts, settings, {}) == "apache-2.0", "it was not read"
