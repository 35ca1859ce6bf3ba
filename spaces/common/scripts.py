"""Scripts by their ISO 15924 codes: English names and writing directions."""

from __future__ import annotations

from pathlib import Path

_LINES = Path(__file__).with_name("scripts.tsv").read_text(encoding="utf-8").splitlines()[1:]
# The scripts in which FLORES+ writes its languages.
SCRIPT_NAMES = dict(line.split("\t") for line in _LINES)
RIGHT_TO_LEFT = {"Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}
