"""Templates: what their values cannot become."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from common.templates import environment, escaped
from jinja2 import UndefinedError

SPACES = Path(__file__).parents[3] / "spaces"
TEMPLATES = sorted(SPACES.glob("*/html/*.html"))


def test_characters_of_html_and_of_gradios_templates_are_escaped() -> None:
    assert not set("{}$`\\<>\"'") & set(escaped("${x}{{y}}`\\<>\"'"))


def test_text_around_a_value_is_not_reordered() -> None:
    assert escaped("a\u202egnp\u2067.\u2069\u202cexe") == "agnp.exe"
    assert escaped("خ\u200fa\u200cb\u200d") == "خ\u200fa\u200cb\u200d", "no control of a script"


def test_value_that_is_not_given_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "page.html").write_text("<p>{{ text }}{{ more }}</p>")
    page = environment(tmp_path).get_template("page.html")
    assert page.render(text="<b>", more="") == "<p>&lt;b&gt;</p>"
    with pytest.raises(UndefinedError, match="'more' is undefined"):
        page.render(text="<b>")


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_template_turns_escaping_off_or_leaves_a_value_unquoted(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\|\s*safe\b|autoescape|<script|\bon\w+=", text)
    assert not re.search(r"\s[\w-]+=\{", text), "an attribute without quotes"
