"""What a teacher's URL says."""

from __future__ import annotations

import pytest

from recipes.validation.teacher_urls import base_of


@pytest.mark.parametrize(("url", "base"), [
    ("http://t", "http://t/v1"),
    ("http://t/v1/", "http://t/v1"),
    ("http://t/v1/chat/completions", "http://t/v1"),
    ("http://t/api/paas/v4", "http://t/api/paas/v4"),
    ("http://t/v1beta/openai/", "http://t/v1beta/openai"),
    ("http://t/some/path", "http://t/some/path/v1"),
])  # fmt: skip
def test_any_part_of_the_address_may_be_given(url: str, base: str) -> None:
    assert base_of(url) == base
