"""What a community wants of data in its language: `<code>.yaml` in its profiles' dataset.

A profile is laid over the recipe's `generate:` section before that is parsed: its places and
spelling go into the prompts, its glossary into prompts and gates, its own seeds and texts beside
the recipe's. The bot reads the same file for consent, licence and the names of variants
(`bot/domain/community.py`); a recipe run by hand asks for consent here.

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
from recipes.generate.gates.settings import Term

if TYPE_CHECKING:
    from huggingface_hub import HfApi

LONGEST, MOST = 120, 500
VOICE = ("region", "dialect", "orthography")
LISTS = ("seeds", "glossary", "forbidden", "credit")
OTHERS = ("consent", "licence", "texts", "stewards", "variants", "name")
_PLAIN = re.compile(r"[^\x00-\x1f\x7f<>{}]+")
_LICENCE = re.compile(r"[a-z0-9][a-z0-9.-]{1,39}")


@dataclass(frozen=True)
class Style:
    """How the data should sound, each a few words for the prompts; `credit` names whom the card
    thanks."""

    region: str = ""
    dialect: str = ""
    orthography: str = ""
    credit: tuple[str, ...] = ()

    def named(self, language: str) -> str:
        """The language as prompts call it: `Scottish Gaelic (dialect: …; as in …)`."""
        told = [
            self.dialect and f"in the dialect {self.dialect}",
            self.region and f"as it is spoken in {self.region}",
            self.orthography and f"spelt by {self.orthography}",
        ]
        manner = ", ".join(filter(None, told))
        return f"{language} ({manner})" if manner else language


def read(api: HfApi, repo: str, language: str, variant: str) -> tuple[dict[str, Any], str]:
    """The profile (empty where nobody has written one) and the commit it was read at.

    Raises UserError when the community said no, or when the file or the variant is invalid.
    """
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

    path = f"{language}.yaml"
    try:
        commit = str(api.dataset_info(repo).sha)
        file = api.hf_hub_download(repo, path, repo_type="dataset", revision=commit)
    except (RepositoryNotFoundError, EntryNotFoundError) as error:
        if variant:
            raise UserError(f"There is no {path} in {repo} that describes {variant!r}.") from error
        return {}, ""
    return parse(Path(file).read_text(encoding="utf-8"), variant, f"{repo}/{path}"), commit


def parse(text: str, variant: str, place: str) -> dict[str, Any]:
    """The profile with its variant laid over it; raises UserError."""
    try:
        data = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise UserError(f"{place} is not YAML: {' '.join(str(error).split())}") from error
    whole = _checked(data, place)
    if whole.get("consent") in (False, "no"):
        raise UserError(f"{place} says that no data are to be made in this language.")
    if not variant:
        return whole
    variants = whole.get("variants") or {}
    if variant not in variants:
        known = ", ".join(map(str, variants)) or "none"
        raise UserError(f"{place} has no variant {variant!r}; it has: {known}.")
    return _over(whole, _checked(variants[variant] or {}, f"{place}, {variant}"))


def overlay(section: Mapping[str, Any], profile: Mapping[str, Any], licence: str) -> dict[str, Any]:
    """The recipe's `generate:` section as the community wants it; `licence` was asked for."""
    gates = dict(section.get("gates") or {})
    for key in ("glossary", "forbidden"):
        if profile.get(key):
            gates[key] = [*(gates.get(key) or ()), *profile[key]]
    longest = next((corpus.get("longest") for corpus in section["texts"]), None)
    own = [{**profile["texts"], "longest": longest}] if profile.get("texts") else []
    voice = {key: profile[key] for key in VOICE if profile.get(key)}
    voice |= {"credit": tuple(profile.get("credit") or ())}
    seeds = tuple(profile.get("seeds") or ())
    return {
        **section,
        "gates": gates,
        "topics": {**section["topics"], "own": seeds} if seeds else section["topics"],
        "texts": [*own, *section["texts"]],
        "licence": licence or profile.get("licence") or section["licence"],
        "voice": voice,
    }


def rules(
    language: str, glossary: Sequence[Term], forbidden: Sequence[str], region: str = ""
) -> str:
    """What the teacher is told of places and words, empty where the community told us none."""
    told = [f"Take names, places and examples from {region}."] if region else []
    if glossary:
        told.append(f"When you write in {language}, say it so:")
        told += [f"- {term.term}: {term.say}" for term in glossary]
    avoided = [*(form for term in glossary for form in term.instead_of), *forbidden]
    if avoided:
        stars = " (* stands for any letters)" if "*" in "".join(avoided) else ""
        told.append(f"Never write in {language}: {', '.join(avoided)}{stars}.")
    return "\n".join(told)


def _over(whole: dict[str, Any], variant: dict[str, Any]) -> dict[str, Any]:
    lists = {key: [*(whole.get(key) or ()), *(variant.get(key) or ())] for key in LISTS}
    return {**whole, **variant, **{key: value for key, value in lists.items() if value}}


def _checked(data: object, place: str) -> dict[str, Any]:
    """Only known keys with plain words in them: what stands here is told to the teacher."""
    if not isinstance(data, dict):
        raise UserError(f"{place} must hold keys and values.")
    unknown = sorted(str(key) for key in data if key not in (*VOICE, *LISTS, *OTHERS))
    if unknown:
        known = ", ".join((*VOICE, *LISTS, *OTHERS))
        raise UserError(f"{place} has the unknown key {unknown[0]!r}; it may have {known}.")
    for key in VOICE:
        _plain(data.get(key, "-"), f"{place}: {key}")
    if not _LICENCE.fullmatch(str(data.get("licence", "mit"))):
        raise UserError(f"{place}: licence must be a licence's id on the Hub, like cc-by-4.0.")
    if not isinstance(data.get("texts") or {}, dict):
        raise UserError(f"{place}: texts must tell repo, split and columns.")
    for key in LISTS:
        _list(data.get(key) or [], f"{place}: {key}")
    return data


def _list(values: object, place: str) -> None:
    if not isinstance(values, list) or len(values) > MOST:
        raise UserError(f"{place} must be a list of at most {MOST}.")
    for value in values:
        if isinstance(value, dict):
            if not {"term", "say"} <= set(value) <= {"term", "say", "not"}:
                raise UserError(f"{place}: a line reads {{term: …, say: …, not: […]}}.")
            _plain(value["term"], place)
            _plain(value["say"], place)
            _list(value.get("not") or [], place)
        else:
            _plain(value, place)


def _plain(value: object, place: str) -> None:
    if not isinstance(value, str) or len(value) > LONGEST or not _PLAIN.fullmatch(value):
        raise UserError(
            f"{place} must be plain words, at most {LONGEST} letters without < > {{ }}, "
            f"not {str(value)[:40]!r}."
        )
