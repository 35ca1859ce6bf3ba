"""Read the profiles of all communities; a file is read again only after it changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from huggingface_hub import RepoFile

from bot.domain import names
from bot.domain.community import MAX_BYTES, Community, Consent, parse
from bot.hub.client import Connection, translate_errors


@dataclass
class ProfileReader:
    """Keeps profiles by their blob id, so that one call suffices if nothing changed."""

    _by_blob: dict[str, Community] = field(default_factory=dict)

    def read(self, hub: Connection) -> Mapping[str, Community]:
        """Return the profiles by language code; one with a mistake in its file name means: ask.

        Raises TryLater, and Refused also if the repo cannot be seen: its communities may say no.
        """
        repo = names.communities(hub.org)
        with translate_errors(f"read {repo}"):
            files = [
                (code, item)
                for item in hub.tree(repo)
                if isinstance(item, RepoFile)
                for code in names.profile_languages(item.path)
            ]
            profiles = {
                code: self._profile(hub, repo, file)
                for code, file in files
                if file.path == names.profile_path(code)
            }
        for code, file in files:
            profile = profiles.get(code, Community())
            if file.path != names.profile_path(code) and profile.consent is Consent.WELCOME:
                profiles[code] = replace(profile, consent=Consent.ASK)
        return profiles

    def _profile(self, hub: Connection, repo: str, file: RepoFile) -> Community:
        if file.size > MAX_BYTES:
            return Community(Consent.ASK)
        if file.blob_id not in self._by_blob:
            self._by_blob[file.blob_id] = parse(hub.content(repo, "dataset", file.path))
        return self._by_blob[file.blob_id]
