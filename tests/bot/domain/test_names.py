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
    assert names.profile_language(names.profile_path("epo_Latn")) == "epo_Latn"
    for path in ("README.md", "epo.yaml", "x/epo_Latn.yaml", "epo_Latn.json", "epo_Latn.yaml "):
        assert not names.profile_language(path)
    for path in ("epo_Latn.yml", "epo_latn.yaml", "EPO_LATN.YAML", "Epo_Latn.Yml"):
        assert names.profile_language(path) == "epo_Latn"


@pytest.mark.parametrize("url", ["https://a.b/webhook", "https://a.b/webhook?x=1", ""])
@pytest.mark.parametrize("version", ["", "0123abcd"])
def test_the_version_of_a_secret_is_part_of_the_url(url: str, version: str) -> None:
    assert names.without_secret_version(names.with_secret_version(url, version)) == (url, version)
