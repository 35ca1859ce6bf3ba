"""Who may decide about the feedback on a language: its stewards and the maintainers.

The stewards are those of the language's profile in `ORG/kakugo-communities`; the maintainers are
the organization, its members, and those whom the settings name. The bot knows them in the same way.
If the Hub cannot say who they are, nobody may decide.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from adapters import CODE
from chat_settings import ChatSettings
from common.hub_errors import HUB_ERRORS
from huggingface_hub import HfApi
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError

CACHE_SECONDS = 60.0
MAX_PROFILE_BYTES = 60_000
TEXT_TAG = yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG
LIST_TAG = yaml.resolver.BaseResolver.DEFAULT_SEQUENCE_TAG
MAINTAINERS = ""  # their key in the cache, between the codes of languages


class Stewards:
    """Reads the stewards and the maintainers, each again after a minute."""

    def __init__(self, api: HfApi, settings: ChatSettings) -> None:
        self._api, self._org, self._named = api, settings.org, settings.maintainers
        self._cache: dict[str, tuple[float, frozenset[str]]] = {}

    def may_decide(self, account: str, code: str) -> bool:
        """Return whether a signed-in account may decide; False for nobody (`""`).

        A page may send any text as the code of a language, which is a part of paths.
        """
        if not account or not re.fullmatch(CODE, code):
            return False
        if account == self._org or account in self._named:
            return True
        members = self._cached(MAINTAINERS, self._members)
        return account in members or account in self._cached(code, lambda: self._stewards(code))

    def _cached(self, key: str, read: Callable[[], frozenset[str]]) -> frozenset[str]:
        read_at, people = self._cache.get(key, (0.0, frozenset()))
        if key in self._cache and time.monotonic() - read_at < CACHE_SECONDS:
            return people
        try:
            people = read()
        except HUB_ERRORS as error:
            logging.warning("cannot read who may decide: %s: %s", type(error).__name__, error)
            return frozenset()
        self._cache[key] = time.monotonic(), people
        return people

    def _members(self) -> frozenset[str]:
        """Return the members of the organization; nobody if the namespace is a person's."""
        try:
            members = list(self._api.list_organization_members(self._org))
        except HfHubHTTPError as error:
            if error.response.status_code in (403, 404):
                return frozenset()
            raise
        return frozenset(str(member.username) for member in members)

    def _stewards(self, code: str) -> frozenset[str]:
        repo = f"{self._org}/kakugo-communities"
        try:
            path = self._api.hf_hub_download(repo, f"{code}.yaml", repo_type="dataset")
        except (EntryNotFoundError, RepositoryNotFoundError):
            return frozenset()
        return parse_stewards(Path(path).read_bytes())


def parse_stewards(profile: bytes) -> frozenset[str]:
    """Return the stewards of a profile; nobody if it cannot be read.

    Only nodes are read: tags and merge keys of a hostile profile can fail or fill the memory.
    """
    if len(profile) > MAX_PROFILE_BYTES:
        return frozenset()
    try:
        root = yaml.compose(profile, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return frozenset()
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    lists = [value for key, value in pairs if key.value == "stewards"]
    if len(lists) != 1 or lists[0].tag != LIST_TAG:
        return frozenset()
    names = [node for node in lists[0].value if isinstance(node, yaml.ScalarNode)]
    return frozenset(name.value for name in names if name.tag == TEXT_TAG and name.value)
