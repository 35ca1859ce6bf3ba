"""The front matter of README.md: parsed for listings, and validated before each commit."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.localhub.contract.operations import contract
from bot.localhub.core.hub import hub_of
from bot.localhub.core.records import Json
from bot.localhub.core.wire import json_endpoint, text_field

FRONT_MATTER = re.compile(
    r"\A\ufeff?\s*---[ \t]*\r?\n(.*?)(?:\r?\n)?---[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
CARD_LIMIT = 1 << 20
LIST_FIELDS = ("tags", "language", "datasets", "metrics", "license", "base_model")
SDKS = ("gradio", "docker", "static", "streamlit")
# https://huggingface.co/docs/datasets-cards: the metadata of a dataset's card.
SIZES = (
    "n<1K 1K<n<10K 10K<n<100K 100K<n<1M 1M<n<10M 10M<n<100M 100M<n<1B 1B<n<10B 10B<n<100B"
    " 100B<n<1T n>1T"
).split()
# https://huggingface.co/docs/hub/model-cards: ISO 639-1 or a code of three letters, or one of the
# special values. A BCP 47 tag such as zh-Hans belongs into `language_bcp47`.
ISO_639_1 = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy"
    " da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu"
    " hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb"
    " lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om"
    " or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv"
    " sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu"
    "".split()
)
SPECIAL_LANGUAGES = ("code", "multilingual")
THREE_LETTERS = re.compile(r"[a-z]{3}")
COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")


@dataclass
class Card:
    """Metadata in a README; errors make a commit fail, warnings do not."""

    data: Json = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class _NoAliases(yaml.SafeLoader):
    """YAML without aliases, because a few lines of them can expand to gigabytes."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("YAML aliases are not allowed")
        return super().compose_node(parent, index)


def read_card(text: str, repo_type: str) -> Card:
    """Parse and validate the front matter of a README."""
    match = FRONT_MATTER.match(text[:CARD_LIMIT])
    if match is None:
        return Card(warnings=["empty or missing yaml metadata in repo card"])
    try:
        data = read_yaml(match[1]) or {}
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        return Card(errors=[f"YAML Metadata Error: {str(error)[:300]}"])
    if not isinstance(data, dict):
        return Card(errors=["YAML Metadata Error: the metadata must be a mapping"])
    return Card(data, _errors(data, repo_type))


def read_yaml(text: str) -> Any:
    """Parse YAML into JSON values.

    Raises YAMLError, TypeError, ValueError or RecursionError if that is not possible.
    """
    return json.loads(json.dumps(yaml.load(text, _NoAliases), default=_json_value))


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"a value of type {type(value).__name__} is not allowed")


def _errors(data: Json, repo_type: str) -> list[str]:
    errors = []
    for name in LIST_FIELDS:
        values = data.get(name)
        values = values if isinstance(values, list) else [] if values is None else [values]
        if not all(isinstance(value, (str, bool)) for value in values):
            errors.append(f'"{name}" must be a string or a list of strings')
    licenses = _licenses()
    if any(value not in licenses for value in listed(data, "license")):
        errors.append(f'"license" must be one of [{", ".join(licenses)}]')
    errors += [
        f'"language" with value "{code[:30]}" is not valid. It must be an ISO 639-1, 639-2 or'
        ' 639-3 code (two/three letters), or a special value like "code", "multilingual". If you'
        " want to use BCP-47 identifiers, you can specify them in language_bcp47."
        for code in listed(data, "language")
        if not _is_language(code)
    ]
    if repo_type == "dataset" and not set(listed(data, "size_categories")) <= set(SIZES):
        errors.append(f'"size_categories" must be one of [{", ".join(SIZES)}]')
    if repo_type == "space":
        errors += _space_errors(data)
    if "model-index" in data and not isinstance(data["model-index"], list):
        errors.append('"model-index" must be an array')
    return errors


@cache
def _licenses() -> tuple[str, ...]:
    """Return the licenses that a card may name: those of the contract."""
    return tuple(contract().definitions["License"]["enum"])


def _is_language(code: str) -> bool:
    return (
        code in ISO_639_1 or code in SPECIAL_LANGUAGES or THREE_LETTERS.fullmatch(code) is not None
    )


def _space_errors(data: Json) -> list[str]:
    errors = []
    if "sdk" in data and data["sdk"] not in SDKS:
        errors.append(f'"sdk" must be one of {", ".join(SDKS)}')
    for name in ("colorFrom", "colorTo"):
        if name in data and data[name] not in COLORS:
            errors.append(f'"{name}" must be one of {", ".join(COLORS)}')
    if len(str(data.get("short_description", ""))) > 60:
        errors.append('"short_description" must have at most 60 characters')
    return errors


def language_tag(repo_type: str, code: str) -> str:
    """Return the tag of a repo whose card names this language."""
    return f"language:{code}" if repo_type == "dataset" else code


def body_of(text: str) -> str:
    """Return a README without its front matter."""
    return FRONT_MATTER.sub("", text, count=1)


def listed(data: Json, name: str) -> list[str]:
    """Return a field that may be a string or a list of strings as a list."""
    value = data.get(name)
    values = value if isinstance(value, list) else [] if value is None else [value]
    return [str(v) for v in values]


def tags_of(data: Json, repo_type: str, files: Collection[str]) -> list[str]:
    """Return the tags that the Hub derives from a card and the names of the top-level files."""
    tags = [data[k] for k in ("library_name", "pipeline_tag") if isinstance(data.get(k), str)]
    if repo_type == "model":
        tags += ["safetensors"] if any(f.endswith(".safetensors") for f in files) else []
        tags += ["peft"] if "adapter_config.json" in files else []
    tags += listed(data, "tags")
    tags += [f"dataset:{d}" for d in listed(data, "datasets")]
    tags += [f"base_model:{b}" for b in listed(data, "base_model")]
    if isinstance(data.get("base_model_relation"), str):
        relation = data["base_model_relation"]
        tags += [f"base_model:{relation}:{b}" for b in listed(data, "base_model")]
    tags += [language_tag(repo_type, code) for code in listed(data, "language")]
    if repo_type == "dataset":
        for name in ("task_categories", "task_ids", "size_categories", "annotations_creators",
                     "multilinguality", "source_datasets"):  # fmt: skip
            tags += [f"{name}:{value}" for value in listed(data, name)]
    tags += [f"license:{value}" for value in listed(data, "license")]
    if repo_type == "space" and isinstance(data.get("sdk"), str):
        tags.insert(0, data["sdk"])
    return [*dict.fromkeys(tags), "region:us"]


def validate(request: Request, body: Json) -> Response:
    """Validate a README before it is committed."""
    text = text_field(body, "content", max_length=10 * CARD_LIMIT)
    card = read_card(text, text_field(body, "repoType", "model"))
    if not hub_of(request).rules.card_metadata:
        card.errors.clear()
    status = 400 if card.errors else 200
    if "text/plain" in request.headers.get("accept", ""):
        lines = [f"- Error: {m}" for m in card.errors] + [f"- Warning: {m}" for m in card.warnings]
        return PlainTextResponse("\n".join(lines), status)
    problems = {
        "errors": [{"message": message} for message in card.errors],
        "warnings": [{"message": message} for message in card.warnings],
    }
    return JSONResponse(problems, status)


def subdomain(name: str) -> str:
    """Return the first label of a Space's host name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


ROUTES = [Route("/api/validate-yaml", json_endpoint(validate, 20 * CARD_LIMIT), methods=["POST"])]
