"""The leaderboard's languages: the bot's own names, and a family and a region of each."""

from __future__ import annotations

import language_groups as languages
import pytest

from bot.language.tables import tables


@pytest.mark.parametrize("kind", ["family", "region"])
def test_every_language_of_flores_has_a_family_and_a_region(kind: str) -> None:
    grouped = languages.groups(kind)
    known = {code[:3] for code in tables().rows}
    assert set(grouped) <= known
    assert {code[:3] for code in tables().flores} <= set(grouped)


def test_no_language_is_in_two_groups_of_a_kind() -> None:
    for kind in ("family", "region"):
        lines = languages.GROUPS.read_text(encoding="utf-8").splitlines()
        codes = [c for line in lines if line.startswith(kind) for c in line.split("\t")[2].split()]
        assert len(codes) == len(set(codes)), kind


def test_a_name_is_found_while_it_is_typed() -> None:
    assert languages.near("sc") == ()
    assert "gla_Latn" in [one.code for one in languages.near("Scott")]
    assert languages.near("scotish gealic")[0].code == "gla_Latn"
    assert [one.code for one in languages.meant("GAIDHLIG")] == ["gla_Latn"]
    assert languages.near("x" * 10_000) == () and languages.meant("") == []
