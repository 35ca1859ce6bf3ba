"""Patterns of `.gitattributes` and `.gitignore`, as the Hub applies them to uploads."""

from __future__ import annotations

import pytest

from bot.localhub.repos.patterns import LfsRules, default_attributes, ignore_rules


@pytest.mark.parametrize(
    ("path", "is_lfs"),
    [
        ("a.bin", True), ("deep/er/a.bin", True), ("x.bin/a.txt", False), ("a.txt", False),
        ("saved_model/a", True), ("saved_model/a/b", True), ("other/saved_model/a", False),
        ("kept.bin", False), ("deep/kept.bin", False), ("events.tfevents.1", True),
    ],
)  # fmt: skip
def test_last_matching_attribute_decides(path: str, is_lfs: bool) -> None:
    extra = "kept.bin -filter\n# a.txt filter=lfs\n!a.txt filter=lfs\n[z-a] filter=lfs\n"
    assert LfsRules(default_attributes("model") + extra).match(path) is is_lfs


@pytest.mark.parametrize(
    ("path", "is_ignored"),
    [
        ("x.log", True), ("keep.log", False), ("build/x", True), ("build/deep/y", True),
        ("deep/build/x", False), ("cache-12", True), ("cache-x2", False), ("a.txt", False),
    ],
)  # fmt: skip
def test_ignore_rules_skip_invalid_patterns(path: str, is_ignored: bool) -> None:
    rules = ignore_rules("*.log\n/build/\n!keep.log\n!\n[z-a]\ncache-[0-9]?\n# a.txt\n")
    assert rules.match_file(path) is is_ignored
