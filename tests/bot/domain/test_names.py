"""Names on the Hub, and the markers in the bot's comments."""

from __future__ import annotations

import pytest

from bot.domain import names


def test_names_on_the_hub() -> None:
    assert names.adapter("org", "org/kakugo-practice-base", "epo_Latn") == (
        "org/kakugo-practice-base-epo_Latn"
    )
    assert names.adapter("org", "ibm-granite/granite-4.0-micro", "gla_Latn") == (
        "org/kakugo-granite-4.0-micro-gla_Latn"
    )


def test_a_marker_identifies_kind_and_text() -> None:
    marker, other = names.marker("status", "a"), names.marker("status", "b")
    assert marker != other
    assert names.find_marker(f"text\n\n{marker}") == marker
    assert names.marker_kind(f"text\n\n{marker}") == "status"
    assert names.find_marker("<!-- kakugo status zzz -->") == ""


def test_a_profile_has_the_path_of_its_language() -> None:
    for code in ("epo_Latn", "cat_Latn_vale1252"):
        assert names.profile_languages(names.profile_path(code)) == (code,)


# Failed before, for all but the first line: a `consent: no` in such a file was not seen.
@pytest.mark.parametrize(
    "path",
    ["epo_Latn.yml", "epo_latn.yaml", "EPO_LATN.YAML", "Epo_Latn.Yml",
     "epo.yaml", "eo.yml", "esperanto.yaml", "Esperanto.YML", "Esperanto language.yaml",
     "x/epo_Latn.yaml", "epo_Latn/profile/epo.yaml", "epo-Latn.yaml", "epo Latn.yaml",
     "epo_Latn (1).yaml", "epo_Latn.yaml.bak", "epo_Latn.yaml.txt", "epo_Latn.yaml ",
     " epo_Latn.yaml", "epo_Latn .yaml", "\u200bepo_Latn.yaml", "epo_Latn",
     "epo_Latn.txt", "epo_Latn.json", "epo_Latn.YAML\n"],
)  # fmt: skip
def test_a_profile_with_a_mistake_in_its_name_is_meant_for_a_language(path: str) -> None:
    assert names.profile_languages(path) == ("epo_Latn",)


def test_other_files_are_no_profiles() -> None:
    for path in ("README.md", "notes.txt", ".gitattributes", "index.yaml", "a/b.csv", ".yaml", ""):
        assert names.profile_languages(path) == ()
    assert {"kmr_Latn", "ckb_Arab"} <= {*names.profile_languages("Kurdish.yaml")}


@pytest.mark.parametrize("url", ["https://a.b/webhook", "https://a.b/webhook?x=1", ""])
@pytest.mark.parametrize("version", ["", "0123abcd"])
def test_the_version_of_a_secret_is_part_of_the_url(url: str, version: str) -> None:
    assert names.without_secret_version(names.with_secret_version(url, version)) == (url, version)
