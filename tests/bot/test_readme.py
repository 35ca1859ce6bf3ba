"""The README says what the code does: its diagram, its commands, its variables."""

from __future__ import annotations

import re
from pathlib import Path

import bot
from bot import settings, steps

ROOT = Path(bot.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_diagram_is_the_table() -> None:
    (drawn,) = re.findall(r"```mermaid\n(.*?)\n```", README, re.DOTALL)
    assert drawn == steps.diagram()


def test_every_variable_is_explained() -> None:
    read = set(re.findall(r'"((?:KAKUGO|HF)_[A-Z_]+|PORT)"', Path(settings.__file__).read_text()))
    table = set(re.findall(r"`((?:KAKUGO|HF)_[A-Z_]+|PORT)`", README))
    assert read <= table and len(read) >= 9


def test_its_commands_and_files_exist() -> None:
    targets = set(re.findall(r"make (\w+)", README))
    makefile = (ROOT / "Makefile").read_text()
    assert targets and all(f"\n{target}:" in makefile for target in targets)
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) >= 6
    assert not [link for link in links if not (ROOT / link).exists()]
