"""What the speakers of a language decided about it: `<code>.yaml` in `ORG/kakugo-communities`.

The bot reads the closed part (may it be done, on which licence, in which variants, who is asked);
the rest (glossary, places, own texts) is for the recipe. The file is written by people with a right
to it, or through a pull request that they merged; still nothing but closed words leaves it here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml

LONGEST = 20_000
MOST = 50

_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{1,39}")
_SLUG = re.compile(r"[a-z][a-z0-9]{1,19}")
_NAME = re.compile(r"[\w][\w .'’()-]{0,59}")
_PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,41}")


class Consent(StrEnum):
    """Whether models of the language may be made: yes, after a steward's word, or not at all."""

    WELCOME = "welcome"
    ASK = "ask"
    NO = "no"


@dataclass(frozen=True)
class Community:
    """`licence` is empty when any on offer will do; `variants`: slug → name as people know it."""

    consent: Consent = Consent.WELCOME
    licence: str = ""
    stewards: frozenset[str] = frozenset()
    variants: Mapping[str, str] = field(default_factory=dict)


def parse(text: str) -> Community:
    """Read a profile; one that cannot be read means that somebody is asked, never that all is well.

    Raises nothing: a mistake in one language's file must not stop the others.
    """
    try:
        return _parsed(yaml.safe_load(text[:LONGEST]) or {})
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError):
        return Community(consent=Consent.ASK)


def _parsed(data: Mapping[str, Any]) -> Community:
    variants = dict(list((data.get("variants") or {}).items())[:MOST])
    return Community(
        consent=_consent(data.get("consent", Consent.WELCOME)),
        licence=_word(_LICENCE, data.get("licence") or ""),
        stewards=frozenset(_word(_PERSON, who) for who in (data.get("stewards") or ())[:MOST]),
        variants={
            _word(_SLUG, slug): _word(_NAME, (about or {}).get("name") or slug)
            for slug, about in variants.items()
        },
    )


def _consent(value: object) -> Consent:
    return Consent.NO if value is False else Consent(str(value))  # YAML reads a bare `no` as false


def _word(shape: re.Pattern[str], value: object) -> str:
    if value == "":
        return ""
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise ValueError(f"{value!r} does not look right")
    return value
