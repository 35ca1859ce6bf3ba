"""What differs between the installation that is wanted and the one that was seen, line by line.

`deploy` carries out exactly these lines, `--dry-run` prints them, `doctor` complains of them, and
`destroy` is the difference to nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields

from bot.domain import names
from bot.installation.state import (
    BotJob,
    Endpoint,
    Installation,
    Part,
    Schedule,
    Space,
    Stage,
    Webhook,
    Wheel,
)
from bot.settings import PASSED_ON

# Written by the Hub itself; never ours to delete.
THE_HUBS_OWN = (".gitattributes",)


@dataclass(frozen=True)
class Change:
    """One line of the difference: `sign` is + (make), ~ (change), - (take away) or = (stands)."""

    sign: str
    part: Part
    name: str
    why: tuple[str, ...] = ()

    def __str__(self) -> str:
        verb = {"+": "create ", "~": "update ", "-": "delete ", "=": ""}[self.sign]
        about = f": {', '.join(self.why)}" if self.why else ""
        return f"{self.sign} {verb}{self.part} {self.name}{about}"


def compare(want: Installation, seen: Installation) -> tuple[Change, ...]:
    """A line for every part, in the order in which an installation is built."""
    return tuple(
        [
            *(_line(Part.DATASET, repo, repo in seen.datasets) for repo in sorted(want.datasets)),
            *_wheel(want.wheel, seen.wheel),
            *(_line(Part.SETUP, digest, digest in seen.setup) for digest in sorted(want.setup)),
            *_endpoint(want.endpoint, seen.endpoint),
            *_spaces(want.spaces, seen.spaces),
            *_schedule(want.schedule, seen.schedule),
            *_webhook(want.webhook, seen.webhook),
            *(Change("-", part, id_, ("one too many",)) for part, id_ in seen.spare),
        ]
    )


def leaving(
    seen: Installation,
    org: str,
    jobs: Iterable[str],
    repos: Iterable[tuple[Part, str]],
    everything: bool,
) -> tuple[Change, ...]:
    """What `destroy` takes away, what rings, acts or spends first.

    `jobs`: those that are not over; `repos`: all that belong to the installation or were made by
    it. People's work goes only with `everything`: without, the leaderboard's Space is paused,
    because its Community tab holds the discussions.
    """
    lines = [Change("-", part, id_) for part, id_ in seen.spare]
    lines += [Change("-", Part.WEBHOOK, _where(seen.webhook))] if seen.webhook else []
    lines += [Change("-", Part.SCHEDULE, seen.schedule.cron)] if seen.schedule else []
    bots = [name for name in (names.bot(org),) if name in seen.spaces]
    lines += [Change("-", Part.SPACE, name) for name in bots]
    lines += [Change("-", Part.JOB, job) for job in jobs]
    lines += [Change("-", Part.ENDPOINT, seen.endpoint.terms.name)] if seen.endpoint else []
    if seen.wheel and not everything:
        lines.append(Change("-", Part.WHEEL, seen.wheel.name))
    for part, repo in repos:
        if repo not in bots:
            lines.append(_goes_or_stays(part, repo, seen, org, everything))
    return tuple(lines)


def _goes_or_stays(part: Part, repo: str, seen: Installation, org: str, everything: bool) -> Change:
    if everything or repo == names.chat(org):
        return Change("-", part, repo)
    space = seen.spaces.get(repo)
    if part is Part.SPACE and space is not None and space.stage is not Stage.PAUSED:
        return Change("~", part, repo, ("pause it, its discussions stay",))
    return Change("=", part, repo, ("stays",))


def _line(part: Part, name: str, there: bool) -> Change:
    return Change("=" if there else "+", part, name)


def _judged(part: Part, name: str, there: bool, why: Iterator[str]) -> Change:
    reasons = tuple(why) if there else ()
    return Change("~" if reasons else "=" if there else "+", part, name, reasons)


def _wheel(want: Wheel | None, seen: Wheel | None) -> Iterator[Change]:
    if want is not None:
        same = seen is not None and seen.digests <= want.digests
        why = iter(() if same else ("other code than this checkout's",))
        yield _judged(Part.WHEEL, want.name, seen is not None, why)


def _spaces(want: Mapping[str, Space], seen: Mapping[str, Space]) -> Iterator[Change]:
    for name, space in want.items():
        there = seen.get(name)
        why = _space_why(space, there) if there else iter(())
        yield _judged(Part.SPACE, name, there is not None, why)
    for name in sorted(seen.keys() - want.keys()):
        yield Change("-", Part.SPACE, name, ("this way of running has none",))


def _space_why(want: Space, seen: Space) -> Iterator[str]:
    files, variables, secrets = space_edits(want, seen)
    for what, names_ in (("files", files), ("variables", variables), ("secrets", secrets)):
        if names_:
            yield f"{what} {', '.join(sorted(names_))}"
    if seen.stage is Stage.PAUSED:
        yield "it is paused, start it"
    elif want.stage is Stage.UP and seen.stage is not Stage.UP:
        yield f"it is {seen.stage}, start it"


def space_edits(want: Space, seen: Space) -> tuple[set[str], set[str], set[str]]:
    """The files, variables and secrets that are to be set or deleted; others' own are left."""
    extra = {path for path in seen.files if path not in THE_HUBS_OWN}
    files = _changed(want.files, seen.files) | (extra - want.files.keys())
    told = {key for key in seen.variables if key in PASSED_ON}
    variables = _changed(want.variables, seen.variables) | (told - want.variables.keys())
    kept = {key for key in seen.secrets if key.startswith("KAKUGO_") or key == "HF_TOKEN"}
    secrets = _changed(want.secrets, seen.secrets)
    if want.secrets:
        secrets |= kept - want.secrets.keys()
    return files, variables, secrets


def _changed(want: Mapping[str, str], seen: Mapping[str, str]) -> set[str]:
    return {key for key, value in want.items() if seen.get(key) != value}


def _endpoint(want: Endpoint | None, seen: Endpoint | None) -> Iterator[Change]:
    if want is None:
        return
    why: list[str] = []
    if seen is not None:
        for field in fields(want.terms):
            mine, theirs = (getattr(e.terms, field.name) for e in (want, seen))
            if mine != theirs:
                why.append(f"{field.name.replace('_', ' ')} is {theirs!r}")
        if seen.awake and not want.awake:
            why.append("it is awake and nothing needs it, pause it")
    yield _judged(Part.ENDPOINT, want.terms.name, seen is not None, iter(why))


def _schedule(want: Schedule | None, seen: Schedule | None) -> Iterator[Change]:
    if want is None:
        if seen is not None:
            yield Change("-", Part.SCHEDULE, seen.cron, ("this way of running has none",))
        return
    why: list[str] = []
    if seen is not None:
        why += [f"it was {seen.cron}"] if seen.cron != want.cron else []
        why += ["it is suspended"] if seen.suspended else []
        why += _job_why(want.job, seen.job)
    yield _judged(Part.SCHEDULE, want.cron, seen is not None, iter(why))


def _webhook(want: Webhook | None, seen: Webhook | None) -> Iterator[Change]:
    if want is None:
        if seen is not None:
            yield Change("-", Part.WEBHOOK, _where(seen), ("this way of running has none",))
        return
    why: list[str] = []
    if seen is not None:
        why += ["it is disabled"] if seen.disabled else []
        why += [f"it rings at {_where(seen)}"] if _where(seen) != _where(want) else []
        why += ["it has another secret"] if seen.secret != want.secret else []
        watches = (seen.watched, seen.domains) == (want.watched, want.domains)
        why += [] if watches else ["it watches something else"]
        why += _job_why(want.job, seen.job) if want.job and seen.job else []
    yield _judged(Part.WEBHOOK, _where(want), seen is not None, iter(why))


def _where(webhook: Webhook) -> str:
    return webhook.url or "(a Job)"


def _job_why(want: BotJob, seen: BotJob) -> list[str]:
    """What differs in the Job; of secrets only that they do."""
    found = [f.name for f in fields(want) if getattr(want, f.name) != getattr(seen, f.name)]
    return [f"other {', '.join(name.replace('_', ' ') for name in found)}"] if found else []
