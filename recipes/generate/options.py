"""The command line of a run, parsed."""

from __future__ import annotations

import argparse
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

from recipes.core import language, manifest
from recipes.core.config import Config
from recipes.core.errors import UserError
from recipes.generate import community
from recipes.generate.settings import GenerateSettings, parse
from recipes.generate.teacher.connect import authorization
from recipes.validation.ranges import is_fertility


@dataclass(frozen=True)
class RunOptions:
    """What one run makes: its command line, and the settings of its recipe.

    profile: the commit of the community's profile by repo, if there is one
    into: the repo to push to; None if the dataset only goes to `folder`
    limit: rows per source, at most
    fertility: the teacher's tokens in the language relative to English, None if not measured
    """

    config: Config
    settings: GenerateSettings
    profile: Mapping[str, str]
    language: language.Language
    teacher: str
    headers: dict[str, str]
    into: str | None
    folder: Path
    limit: int | None
    cap_usd: float | None
    fertility: float | None
    request: str
    attempt: int
    digest: str

    @property
    def teacher_revision(self) -> str:
        """The commit of the teacher's model that the bot deploys; a run by hand may ask any."""
        teacher = self.config.plan.get("teacher") or {}
        return str(teacher.get("revision") or "") if self.request else ""


def parse_options(api: HfApi, args: argparse.Namespace) -> RunOptions:
    """Parse the arguments; raises UserError if one is missing or cannot be used."""
    if not args.into and not args.out:
        raise UserError("Say where the dataset goes: --into REPO on the Hub, or --out DIR.")
    if not args.org and (args.into or needs_org(args.config.generate)):
        raise UserError(
            f"The recipe {args.config.name!r} uses repositories of an organization: add --org ORG."
        )
    if args.out:
        _make_folder(args.out)
    section, profile = community.merge_profile(api, args.config, args.variant, args.licence)
    fertility = measured_fertility(api, args.check, args.config.language) if args.check else None
    return RunOptions(
        config=args.config,
        settings=parse(section).within(fertility),
        profile=profile,
        language=language.get(args.config.language),
        teacher=args.teacher,
        headers=authorization(args.teacher, os.environ, bill_to(args.config)),
        into=None if args.out else args.into,
        folder=args.out or Path.cwd() / f"kakugo-generate-{args.digest[:12]}",
        limit=args.limit,
        cap_usd=args.cap_usd,
        fertility=fertility,
        request=args.request,
        attempt=args.attempt,
        digest=args.digest,
    )


def measured_fertility(api: HfApi, repo: str, code: str) -> float | None:
    """Return the teacher's tokens in a language relative to English, as its check measured them.

    None without a check, or if the teacher did not count its tokens.
    """
    path = manifest.check_path(code)
    if not api.file_exists(repo, path, repo_type="dataset"):
        return None
    file = api.hf_hub_download(repo, path, repo_type="dataset")
    teacher = manifest.Manifest.from_json(Path(file).read_bytes()).metrics.get("teacher")
    fertility = teacher.get("fertility") if isinstance(teacher, dict) else None
    return float(fertility) if is_fertility(fertility) else None


def bill_to(config: Config) -> str:
    """Return the organization that pays for Inference Providers, empty for the token's owner."""
    return str((config.plan.get("teacher") or {}).get("bill_to") or "")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}.") from error


@contextmanager
def reserved(folder: Path) -> Iterator[None]:
    """Make the folder of a run, and keep other runs out, whose answers would overwrite these.

    Raises UserError if the folder cannot be made or another run uses it.
    """
    _make_folder(folder)
    lock = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"Another run writes to {folder}: wait until it ends, or use another folder."
            ) from error
        yield
    finally:
        os.close(lock)


def needs_org(section: Mapping[str, Any]) -> bool:
    """Whether a run reads a repository of the organization.

    The journal and the profiles do not count: a run can do without them.
    """
    needed = {key: value for key, value in section.items() if key not in ("journal", "communities")}
    return "{org}" in str(needed)
