"""What both Spaces share by copy, since each must run from its own folder, and what AA asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SPACES = Path(__file__).parents[3] / "spaces"
STYLES = [SPACES / name / "style.css" for name in ("leaderboard", "chat")]
GROUNDS = ("paper", "card")
PAIRS = [(text, ground) for text in ("ink", "soft", "accent") for ground in GROUNDS]
PAIRS += [("gain", "card"), ("loss", "card"), ("same", "card"), ("badge", "badge-soft")]
PAIRS += [("card", "accent"), ("ink", "accent-soft"), ("ink", "same-soft")]


def palettes(style: str) -> dict[str, dict[str, str]]:
    """The colours of the light and of the dark palette."""
    blocks = {"light": r":root \{(.*?)\}", "dark": r"\n\.dark \{(.*?)\}"}
    found = {}
    for name, block in blocks.items():
        match = re.search(block, style, re.DOTALL)
        assert match
        found[name] = dict(re.findall(r"--k-([a-z-]+): (#[0-9a-f]{6});", match[1]))
    return found


def luminance(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_has_the_contrast_of_wcag_aa(palette: str, text: str, ground: str) -> None:
    colours = palettes(STYLES[0].read_text(encoding="utf-8"))[palette]
    low, high = sorted((luminance(colours[text]), luminance(colours[ground])))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_both_spaces_have_the_same_palette() -> None:
    one, other = (palettes(style.read_text(encoding="utf-8")) for style in STYLES)
    assert one == other and len(one["light"]) >= 15


def test_no_style_asks_another_host() -> None:
    for style in STYLES:
        assert not re.search(r"url\(|@import|https?:", style.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["leaderboard", "chat"])
def test_a_space_is_whole_by_itself(name: str) -> None:
    folder = SPACES / name
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "sdk: gradio" in card and "app_file: app.py" in card and "title: " in card
    short = re.search(r"short_description: (.*)", card)
    assert short and len(short[1]) <= 60, "the Hub takes 60 characters"
    for module in folder.glob("*.py"):
        used = re.findall(r"^\s*(?:from|import) (\w+)", module.read_text(encoding="utf-8"), re.M)
        assert not {"bot", "recipes"} & set(used), module
