"""What a community wants of data in its language: `<code>.yaml` in its profiles' dataset.

A profile is merged into the recipe's `generate:` section before that is parsed. Its region and
spelling go into the prompts, its glossary into prompts and gates, and its seeds and texts are added
to the recipe's. The bot reads the same file for consent, licence and the names of variants
(`bot/domain/community.py`); a recipe that is run by hand checks consent here.

    consent: welcome            # or: ask, no
    licence: cc-by-4.0
    region: the Isle of Lewis
    dialect: Lewis Gaelic
    orthography: the Gaelic Orthographic Conventions of 2009
    seeds: [peat cutting, psalm singing]
    glossary: [{term: computer, say: coimpiutair, not: [komputer]}]
    forbidden: [gille-toine]
    texts: {repo: org/our-texts, split: train, columns: [text]}
    credit: [An Comunn]
    stewards: [a-hub-user]
    variants:
      lewis: {name: Lewis Gaelic, dialect: Lewis Gaelic, forbidden: [...]}
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from recipes.core.config import Config
from recipes.core.errors import Unworkable, UserError
from recipes.generate.gates.settings import GlossaryTerm
from recipes.validation.documents import read_yaml
from recipes.validation.errors import InvalidInput, quote
from recipes.validation.models import parse as validate

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAX_LETTERS, MAX_ITEMS = 120, 500
STYLE_KEYS = ("region", "dialect", "orthography")
LIST_KEYS = ("seeds", "glossary", "forbidden", "credit")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f<>{}]+")


def _plain(text: str) -> str:
    """Return a text that may go into prompts, or raise ValueError."""
    if len(text) > MAX_LETTERS or not _PLAIN.fullmatch(text):
        raise ValueError(
            f"{quote(text)} must be plain words, at most {MAX_LETTERS} letters without < > {{ }}"
        )
    return text


Plain = Annotated[str, AfterValidator(_plain)]
Words = Annotated[list[Plain], Field(max_length=MAX_ITEMS)]
_Term = TypedDict("_Term", {"term": Plain, "say": Plain, "not": NotRequired[Words | None]})


class _Variant(TypedDict, total=False):
    """The keys of a variant, which replace or extend those of the profile."""

    name: Plain | None
    licence: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,39}$")] | None
    region: Plain | None
    dialect: Plain | None
    orthography: Plain | None
    seeds: Words | None
    glossary: Annotated[list[_Term], Field(max_length=MAX_ITEMS)] | None
    forbidden: Words | None
    credit: Words | None
    texts: dict[str, Any] | None


class _Profile(_Variant, total=False):
    """The keys of a profile; YAML reads a bare `no` as false."""

    consent: Literal["welcome", "ask", "no", False]
    stewards: list[str] | None
    variants: dict[str, _Variant | None] | None


@dataclass(frozen=True)
class Style:
    """How the language should be written, a few words each; the card thanks `credit`."""

    region: str = ""
    dialect: str = ""
    orthography: str = ""
    credit: tuple[str, ...] = ()

    def describe(self, language: str) -> str:
        """Return the language as prompts call it: `Scottish Gaelic (in the dialect …)`."""
        parts = [
            self.dialect and f"in the dialect {self.dialect}",
            self.region and f"as it is spoken in {self.region}",
            self.orthography and f"spelt by {self.orthography}",
        ]
        description = ", ".join(filter(None, parts))
        return f"{language} ({description})" if description else language


def merge_profile(
    api: HfApi, config: Config, variant: str = "", licence: str = ""
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the recipe's `generate:` section with the profile, and the profile's commit by repo.

    Raises UserError as `read` does.
    """
    section = config.generate
    if not config.org:  # without an organization, there are no profiles
        return overlay(section, {}, licence), {}
    repo = section["communities"]
    profile, commit = read(api, repo, config.language, variant)
    return overlay(section, profile, licence), {repo: commit} if commit else {}


def read(api: HfApi, repo: str, language: str, variant: str) -> tuple[dict[str, Any], str]:
    """Return the profile and the commit it was read at, both empty where there is none.

    Raises UserError when the community does not consent, or when the file or variant is invalid.
    """
    path = f"{language}.yaml"
    content, commit = _download(api, repo, path)
    if variant and not commit:
        raise UserError(f"{repo} has no {path} that describes {quote(variant)}.")
    return parse(content, variant, f"{repo}/{path}") if commit else {}, commit


def ensure_consent(api: HfApi, config: Config) -> None:
    """Raise UserError if the community has withdrawn its consent since the run began.

    A mistake in its profile is for the next run to report: this one was allowed to begin.
    """
    if not config.org:
        return
    repo, path = config.generate["communities"], f"{config.language}.yaml"
    content, _ = _download(api, repo, path)
    try:
        data = read_yaml(content, path)
    except InvalidInput:
        return
    _refuse_withdrawn(data, f"{repo}/{path}")


def _download(api: HfApi, repo: str, path: str) -> tuple[bytes, str]:
    """Return a profile and the commit it was read at, both empty where there is none."""
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    try:
        commit = str(api.dataset_info(repo).sha)
        file = api.hf_hub_download(repo, path, repo_type="dataset", revision=commit)
    except (RepositoryNotFoundError, EntryNotFoundError):
        return b"", ""
    return Path(file).read_bytes(), commit


def _refuse_withdrawn(profile: object, place: str) -> None:
    if isinstance(profile, dict) and profile.get("consent") in ("no", False):
        raise UserError(f"{place} does not consent to data being made in this language.")


def parse(content: str | bytes, variant: str, place: str) -> dict[str, Any]:
    """Return the profile with its variant merged in; raises UserError."""
    try:
        data = read_yaml(content, place)
        profile = validate(_Profile, {} if data is None else data, place)
    except InvalidInput as error:
        raise Unworkable(str(error)) from error
    _refuse_withdrawn(profile, place)
    if not variant:
        return dict(profile)
    variants = profile.get("variants") or {}
    if variant not in variants:
        known = ", ".join(variants) or "none"
        raise Unworkable(f"{place} has no variant {quote(variant)}. Its variants: {known}.")
    return _merge(dict(profile), dict(variants[variant] or {}))


def overlay(section: Mapping[str, Any], profile: Mapping[str, Any], licence: str) -> dict[str, Any]:
    """Return the recipe's `generate:` section with the profile; a given `licence` goes first."""
    gates = dict(section.get("gates") or {})
    for key in ("glossary", "forbidden"):
        if profile.get(key):
            gates[key] = [*(gates.get(key) or ()), *profile[key]]
    longest = next((corpus.get("longest") for corpus in section["texts"]), None)
    own_texts = [{**profile["texts"], "longest": longest}] if profile.get("texts") else []
    style = {key: profile[key] for key in STYLE_KEYS if profile.get(key)}
    style |= {"credit": tuple(profile.get("credit") or ())}
    seeds = tuple(profile.get("seeds") or ())
    return {
        **section,
        "gates": gates,
        "topics": {**section["topics"], "own": seeds} if seeds else section["topics"],
        "texts": [*own_texts, *section["texts"]],
        "licence": licence or profile.get("licence") or section["licence"],
        "style": style,
    }


def prompt_rules(
    language: str, glossary: Sequence[GlossaryTerm], forbidden: Sequence[str], region: str = ""
) -> str:
    """Return the community's rules for the teacher, empty where there are none."""
    rules = [f"Take names, places and examples from {region}."] if region else []
    if glossary:
        rules.append(f"When you write in {language}, say it so:")
        rules += [f"- {term.english}: {term.translation}" for term in glossary]
    avoided = [*(form for term in glossary for form in term.avoided), *forbidden]
    if avoided:
        stars = " (* stands for any letters)" if "*" in "".join(avoided) else ""
        rules.append(f"Never write in {language}: {', '.join(avoided)}{stars}.")
    return "\n".join(rules)


def _merge(profile: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    lists = {key: [*(profile.get(key) or ()), *(variant.get(key) or ())] for key in LIST_KEYS}
    return {**profile, **variant, **{key: value for key, value in lists.items() if value}}
