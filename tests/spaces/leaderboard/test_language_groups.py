"""The family and the region of each language."""

from __future__ import annotations

import pytest
from language_groups import TABLE, family, groups, region

from bot.language.tables import tables


@pytest.mark.parametrize("kind", ["family", "region"])
def test_each_language_of_flores_has_a_family_and_a_region(kind: str) -> None:
    grouped = groups(kind)
    known = {code[:3] for code in tables().rows}
    assert set(grouped) <= known
    assert {code[:3] for code in tables().flores} <= set(grouped)


def test_no_language_is_in_two_groups_of_a_kind() -> None:
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    for kind in ("family", "region"):
        columns = [line.split("\t") for line in lines if line.startswith(f"{kind}\t")]
        codes = [code for _, _, names in columns for code in names.split()]
        assert len(codes) == len(set(codes)), kind


def test_groups_are_found_by_flores_code() -> None:
    assert (family("gla_Latn"), region("zul_Latn")) == ("Indo-European", "Southern Africa")
    assert family("qaa_Latn") == "" == region("qaa_Latn")
