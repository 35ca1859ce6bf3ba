"""How strict a local Hub is: what it enforces of the real Hub's contract and limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

# In the data folder: one line for each request or response that differs from the contract.
FINDINGS_FILE = "contract-findings.txt"


class RuleError(Exception):
    """There is no such rule, or its value is not valid; the message is one sentence."""


@dataclass(frozen=True)
class Rules:
    """What a local Hub enforces; by default, everything that the real Hub does.

    Numbers of 0 set no limit. The sources:

    check_requests, check_answers: the areas of `bot/localhub/contract`. Requests that the Hub
        refuses get 400; keys that it ignores, and responses that differ, are recorded.
    card_metadata: `POST /api/validate-yaml`, which the client calls before it commits a README;
        https://huggingface.co/docs/hub/model-cards#model-card-metadata for languages.
    plans: https://huggingface.co/docs/hub/spaces-overview for Spaces (402), the Inference Endpoints
        API for payment (403), hardware and quota.
    commits_per_hour: to one repo; from bodies of 429 responses. Not documented.
    api_calls: in five minutes, of a free account; https://huggingface.co/docs/hub/rate-limits has
        this and the numbers for other plans.
    whoami_calls: in five minutes and per token; the client calls the limit "intentionally strict",
        its number is not documented.
    """

    check_requests: bool = True
    check_answers: bool = True
    card_metadata: bool = True
    plans: bool = True
    commits_per_hour: int = 128
    api_calls: int = 1000
    whoami_calls: int = 60

    def arguments(self) -> Iterator[str]:
        """Yield `NAME=VALUE` for each rule that differs from the default; `parse` reads them."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                yield f"{field.name}={value}"


def parse(arguments: Iterable[str]) -> Rules:
    """Return the rules that `NAME=VALUE` arguments describe; raises RuleError."""
    kinds = {field.name: type(field.default) for field in fields(Rules)}
    values: dict[str, Any] = {}
    for argument in arguments:
        name, _, text = argument.partition("=")
        if name not in kinds:
            raise RuleError(f"There is no rule {name[:50]!r}: the rules are {', '.join(kinds)}")
        try:
            values[name] = _value(kinds[name], text)
        except (KeyError, ValueError) as error:
            wanted = "true or false" if kinds[name] is bool else "a whole number"
            raise RuleError(f"The rule {name} must be {wanted}, not {text[:50]!r}") from error
    return Rules(**values)


def _value(kind: type, text: str) -> bool | int:
    if kind is bool:
        return {"true": True, "false": False}[text.lower()]
    return int(text)
