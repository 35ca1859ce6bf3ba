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
from typing import TYPE_CHECKING, Any

import yaml

from recipes.core.errors import UserError
from recipes.generate.gates.settings import GlossaryTerm

if TYPE_CHECKING:
    from huggingface_hub import HfApi

MAX_LETTERS, MAX_ITEMS = 120, 500
STYLE_KEYS = ("region", "dialect", "orthography")
LIST_KEYS = ("seeds", "glossary", "forbidden", "credit")
OTHER_KEYS = ("consent", "licence", "texts", "stewards", "variants", "name")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f<>{}]+")
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{1,39}")


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


def read(api: HfApi, repo: str, language: str, variant: str) -> tuple[dict[str, Any], str]:
    """Return the profile and the commit it was read at, both empty where there is none.

    Raises UserError when the community does not consent, or when the file or variant is invalid.
    """
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    path = f"{language}.yaml"
    try:
        commit = str(api.dataset_info(repo).sha)
        file = api.hf_hub_download(repo, path, repo_type="dataset", revision=commit)
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        if variant:
            raise UserError(f"{repo} has no {path} that describes {variant!r}.") from error
        return {}, ""
    return parse(Path(file).read_text(encoding="utf-8"), variant, f"{repo}/{path}"), commit


def parse(text: str, variant: str, place: str) -> dict[str, Any]:
    """Return the profile with its variant merged in; raises UserError."""
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{place} is not valid YAML: {' '.join(str(error).split())}") from error
    profile = _checked(data, place)
    if profile.get("consent") in (False, "no"):
        raise UserError(f"{place} does not consent to data being made in this language.")
    if not variant:
        return profile
    variants = profile.get("variants") or {}
    if variant not in variants:
        known = ", ".join(map(str, variants)) or "none"
        raise UserError(f"{place} has no variant {variant!r}. Its variants: {known}.")
    return _merge(profile, _checked(variants[variant] or {}, f"{place}, {variant}"))


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


def _merge(profile: dict[str, Any], variant: dict[str, Any]) -> dict[str, Any]:
    lists = {key: [*(profile.get(key) or ()), *(variant.get(key) or ())] for key in LIST_KEYS}
    return {**profile, **variant, **{key: value for key, value in lists.items() if value}}


def _checked(data: object, place: str) -> dict[str, Any]:
    """Check that there are only known keys with plain words, since these go into prompts."""
    if not isinstance(data, dict):
        raise UserError(f"{place} must be a mapping of keys to values.")
    known = (*STYLE_KEYS, *LIST_KEYS, *OTHER_KEYS)
    unknown = sorted(str(key) for key in data if key not in known)
    if unknown:
        raise UserError(
            f"{place} has the unknown key {unknown[0]!r}. Known keys: {', '.join(known)}."
        )
    for key in STYLE_KEYS:
        _check_plain(data.get(key, "-"), f"{place}: {key}")
    if not _LICENCE.fullmatch(str(data.get("licence", "mit"))):
        raise UserError(f"{place}: licence must be a licence id of the Hub, like cc-by-4.0.")
    if not isinstance(data.get("texts") or {}, dict):
        raise UserError(f"{place}: texts must have repo, split and columns.")
    for key in LIST_KEYS:
        _check_list(data.get(key) or [], f"{place}: {key}")
    return data


def _check_list(values: object, place: str) -> None:
    if not isinstance(values, list) or len(values) > MAX_ITEMS:
        raise UserError(f"{place} must be a list of at most {MAX_ITEMS} items.")
    for value in values:
        if isinstance(value, dict):
            if not {"term", "say"} <= set(value) <= {"term", "say", "not"}:
                raise UserError(f"{place}: an item looks like {{term: …, say: …, not: […]}}.")
            _check_plain(value["term"], place)
            _check_plain(value["say"], place)
            _check_list(value.get("not") or [], place)
        else:
            _check_plain(value, place)


def _check_plain(value: object, place: str) -> None:
    if not isinstance(value, str) or len(value) > MAX_LETTERS or not _PLAIN.fullmatch(value):
        raise UserError(
            f"{place} must be plain words, at most {MAX_LETTERS} letters without < > {{ }}, "
            f"not {str(value)[:40]!r}."
        )
