"""English names of the scripts (ISO 15924) that FLORES+ writes its languages in."""

from __future__ import annotations

from pathlib import Path

_LINES = Path(__file__).with_name("scripts.tsv").read_text(encoding="utf-8").splitlines()[1:]
SCRIPTS = dict(line.split("\t") for line in _LINES)
