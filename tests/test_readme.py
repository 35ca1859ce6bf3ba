"""The README says what the code does: its diagram, its commands, its variables."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

import bot
from bot import settings
from bot.domain import steps
from bot.domain.community import Consent, parse
from bot.parsing.options import KEYS

ROOT = Path(bot.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_diagram_is_the_table() -> None:
    (drawn,) = re.findall(r"```mermaid\n(.*?)\n```", README, re.DOTALL)
    assert drawn == steps.diagram()


def test_every_variable_is_explained() -> None:
    read = set(re.findall(r'"((?:KAKUGO|HF)_[A-Z_]+|PORT)"', Path(settings.__file__).read_text()))
    table = set(re.findall(r"`((?:KAKUGO|HF)_[A-Z_]+|PORT)`", README))
    assert read <= table and len(read) >= 9


def test_contributors_are_sent_where_something_is() -> None:
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    places = re.findall(r"\| `([^`]+)` \|$", text, re.MULTILINE)
    assert len(places) >= 10
    assert not [place for place in places if not list(ROOT.glob(place))]
    targets = re.findall(r"^make (\w+)", text, re.MULTILINE)
    makefile = (ROOT / "Makefile").read_text()
    assert len(targets) == 3 and all(f"\n{target}:" in makefile for target in targets)


def test_communities_are_told_of_every_key() -> None:
    """The guide's example is a profile that both readers take, with every key there is."""
    text = (ROOT / "docs" / "COMMUNITIES.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    known = {key for key in yaml.safe_load(example)}
    read = parse(example)
    assert read.stewards and read.variants and read.licence and read.consent is Consent.WELCOME
    recipe = (ROOT / "recipes" / "generate" / "community.py").read_text(encoding="utf-8")
    listed = re.findall(r"^(?:STYLE|LIST|OTHER)_KEYS = \((.*)\)$", recipe, re.MULTILINE)
    keys = set(re.findall(r'"(\w+)"', " ".join(listed)))
    assert keys - {"name"} == known
    for option in ("licence", "variant", "dialect", "region", "orthography", "base"):
        assert option in KEYS and f"`{option}:" in text


def test_its_commands_and_files_exist() -> None:
    targets = set(re.findall(r"make (\w+)", README))
    makefile = (ROOT / "Makefile").read_text()
    assert targets and all(f"\n{target}:" in makefile for target in targets)
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) >= 6
    assert not [link for link in links if not (ROOT / link).exists()]
