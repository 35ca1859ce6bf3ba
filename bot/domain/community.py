"""What the speakers of a language decided about it: `<code>.yaml` in `ORG/kakugo-communities`.

The bot reads whether models may be made, under which licence, in which variants, and who approves.
The rest of the file (glossary, places, texts) is for the recipe. Only values from closed lists and
strings of a fixed form leave this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import yaml

MAX_LENGTH = 20_000  # characters of a profile
MAX_ITEMS = 50  # variants or stewards

_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{1,39}")
_SLUG = re.compile(r"[a-z][a-z0-9]{1,19}")
_NAME = re.compile(r"[\w][\w .'’()-]{0,59}")
_PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,41}")


class Consent(StrEnum):
    """Whether models of the language may be made: yes, only if a steward approves, or no."""

    WELCOME = "welcome"
    ASK = "ask"
    NO = "no"


@dataclass(frozen=True)
class Community:
    """The profile of a language.

    An empty `licence` allows any that the recipe offers. `variants` maps slugs to names.
    """

    consent: Consent = Consent.WELCOME
    licence: str = ""
    stewards: frozenset[str] = frozenset()
    variants: Mapping[str, str] = field(default_factory=dict)


def parse(text: str) -> Community:
    """Read a profile; one that cannot be read requires an approval (Consent.ASK).

    Raises nothing, because a mistake in one language's file must not stop the others.
    """
    try:
        return _parse(yaml.safe_load(text[:MAX_LENGTH]) or {})
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError):
        return Community(consent=Consent.ASK)


def _parse(data: Mapping[str, Any]) -> Community:
    variants = dict(list((data.get("variants") or {}).items())[:MAX_ITEMS])
    return Community(
        consent=_consent(data.get("consent", Consent.WELCOME)),
        licence=_matching(_LICENCE, data.get("licence") or ""),
        stewards=frozenset(
            _matching(_PERSON, steward) for steward in (data.get("stewards") or ())[:MAX_ITEMS]
        ),
        variants={
            _matching(_SLUG, slug): _matching(_NAME, (variant or {}).get("name") or slug)
            for slug, variant in variants.items()
        },
    )


def _consent(value: object) -> Consent:
    return Consent.NO if value is False else Consent(str(value))  # YAML reads a bare `no` as false


def _matching(pattern: re.Pattern[str], value: object) -> str:
    """Return the value if it matches or is empty. Raises ValueError."""
    if value == "":
        return ""
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{value!r} is not a valid value")
    return value
