"""The style sheets: contrast, and no request to another host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("gradio")  # most import Gradio

SPACES = Path(__file__).parents[3] / "spaces"
BACKGROUNDS = ("background", "card")
PAIRS = [(text, ground) for text in ("text", "muted", "accent") for ground in BACKGROUNDS]
PAIRS += [
    ("gain", "card"),
    ("loss", "card"),
    ("neutral", "card"),
    ("badge", "badge-soft"),
    ("gain", "gain-soft"),
    ("badge", "card"),
]
PAIRS += [("card", "accent"), ("text", "accent-soft"), ("text", "neutral-soft")]
# Beginnings of class names and ids that the code puts together.
COMPOSED = tuple("k-dot- k-step- k-curve- k-is- k-gain k-loss k-user k-assistant".split())
COMPOSED += ('"review-', '"blind-')


def palettes() -> dict[str, dict[str, str]]:
    """Return the colors of the light and of the dark palette."""
    style = (SPACES / "common" / "style.css").read_text(encoding="utf-8")
    blocks = {"light": r":root \{(.*?)\}", "dark": r"\n\.dark \{(.*?)\}"}
    colors = {}
    for name, block in blocks.items():
        match = re.search(block, style, re.DOTALL)
        assert match
        colors[name] = dict(re.findall(r"--k-([a-z-]+): (#[0-9a-f]{6});", match[1]))
    return colors


def style_sheet(space: str) -> str:
    from common import theme  # imports Gradio

    return theme.style_sheet(SPACES / space)


def luminance(color: str) -> float:
    """Return the relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("palette", ["light", "dark"])
@pytest.mark.parametrize(("text", "background"), PAIRS)
def test_text_has_the_contrast_of_wcag_aa(palette: str, text: str, background: str) -> None:
    colors = palettes()[palette]
    low, high = sorted((luminance(colors[text]), luminance(colors[background])))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def test_both_palettes_have_the_same_colors() -> None:
    light, dark = palettes().values()
    assert set(light) == set(dark) and len(light) >= 15


@pytest.mark.parametrize("space", ["chat", "leaderboard"])
def test_colors_are_defined_only_in_the_shared_palettes(space: str) -> None:
    own = (SPACES / space / "style.css").read_text(encoding="utf-8")
    used = set(re.findall(r"var\(--k-([a-z-]+)[,)]", style_sheet(space)))
    defined_here = set(re.findall(r"--k-([a-z-]+):", own))
    assert not defined_here & set(palettes()["light"])
    assert used <= set(palettes()["light"]) | defined_here


@pytest.mark.parametrize("space", ["chat", "leaderboard"])
def test_style_sheet_requests_nothing_from_another_host(space: str) -> None:
    assert not re.search(r"url\(|@import|https?:", style_sheet(space))


@pytest.mark.parametrize("space", ["chat", "leaderboard"])
def test_style_sheet_has_no_unused_class_or_id(space: str) -> None:
    folders = (SPACES / space, SPACES / "common")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    code = "\n".join(
        p.read_text(encoding="utf-8") for p in files if p.suffix in (".py", ".js", ".html")
    )
    own = (SPACES / space / "style.css").read_text(encoding="utf-8")
    rules = re.sub(r"\{[^}]*\}", "{}", own)
    names = set(re.findall(r"\.(k-[a-z-]+)|#([a-z-]+)", rules))
    names = {css_class or f'"{elem_id}"' for css_class, elem_id in names}
    assert {name for name in names if name not in code and not name.startswith(COMPOSED)} == set()
