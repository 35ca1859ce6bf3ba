"""What the speakers of a language decided about it: `<code>.yaml` in `ORG/kakugo-communities`.

The bot reads whether models may be made, under which licence, in which variants, and who approves.
The rest of the file (glossary, places, texts) is for the recipe. Only values from closed lists and
strings of a fixed form leave this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from recipes.validation.documents import read_yaml
from recipes.validation.errors import InvalidInput
from recipes.validation.models import parse as validate

MAX_BYTES = 60_000  # of a profile
MAX_ITEMS = 50  # variants or stewards

Licence = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,39}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,19}$")]
Name = Annotated[str, Field(pattern=r"^\w[\w .'’()-]{0,59}$")]
Person = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,41}$")]


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


@dataclass(frozen=True)
class _Variant:
    """The keys of a variant. The bot only needs to know those that just the recipe reads."""

    name: Name | None = None
    licence: Licence | None = None
    region: Any = None
    dialect: Any = None
    orthography: Any = None
    seeds: Any = None
    glossary: Any = None
    forbidden: Any = None
    texts: Any = None
    credit: Any = None


@dataclass(frozen=True)
class _Profile(_Variant):
    """The keys of the file; YAML reads a bare `no` as false."""

    consent: Literal["welcome", "ask", "no", False] = "welcome"
    stewards: Annotated[tuple[Person, ...], Field(max_length=MAX_ITEMS)] | None = None
    variants: Annotated[dict[Slug, _Variant | None], Field(max_length=MAX_ITEMS)] | None = None


def parse(content: str | bytes) -> Community:
    """Read a profile; any mistake, also an unknown key, requires an approval (Consent.ASK).

    A `consent: no` counts, whatever else is wrong. Raises nothing, because a mistake in one
    language's file must not stop the others.
    """
    if len(content) > MAX_BYTES:
        return Community(Consent.ASK)
    data: Any = None
    try:
        data = read_yaml(content, "the profile")
        profile = validate(_Profile, {} if data is None else data, "the profile")
    except InvalidInput:
        says_no = isinstance(data, dict) and data.get("consent") in ("no", False)
        return Community(Consent.NO if says_no else Consent.ASK)
    return Community(
        consent=Consent(profile.consent or "no"),
        licence=profile.licence or "",
        stewards=frozenset(profile.stewards or ()),
        variants={
            slug: (variant and variant.name) or slug
            for slug, variant in (profile.variants or {}).items()
        },
    )
