"""What is wrong with an installation, a sentence each: what was seen, and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.domain import names
from bot.domain.actions import GRACE
from bot.domain.recipe import Programme
from bot.domain.request import Step
from bot.hub.probes import Facts
from bot.installation import permissions
from bot.installation.diff import Change
from bot.installation.permissions import Scope, Token
from bot.installation.state import Installation, Stage
from bot.settings import Settings

# Calls that one busy tick may need; and how far a recipe's price may be from the Hub's.
FEW_CALLS, PRICE_SLACK = 100, 1.25


@dataclass(frozen=True)
class Finding:
    """`mark`: "ok", "note" (works, could be better) or "bad"."""

    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark:4} {self.text}"


def diagnose(
    programme: Programme,
    settings: Settings,
    facts: Facts,
    seen: Installation | str,
    changes: Iterable[Change],
) -> tuple[Finding, ...]:
    """Every check; `seen` and `changes` as `deploy` would see them, or why it cannot."""
    found = [*_tokens(settings, facts), *_rights(settings.org, facts)]
    stands = not isinstance(seen, str) and seen.endpoint is not None
    found += [*_flavors(programme, facts), *_hardware(programme, facts, stands)]
    found += [*_limits(settings), *_clock(facts)]
    if isinstance(seen, str):
        return (*found, Finding("bad", f"The installation cannot be looked at: {seen}"))
    return (*found, *_installation(changes), *_spaces(seen), *_teacher(programme, seen))


def _ok(good: bool, yes: str, no: str) -> Finding:
    return Finding("ok", yes) if good else Finding("bad", no)


def _tokens(settings: Settings, facts: Facts) -> Iterator[Finding]:
    org = settings.org
    wanted = {
        "HF_TOKEN": permissions.deployer(org),
        "KAKUGO_BOT_TOKEN": permissions.bot(org),
        "KAKUGO_JOB_TOKEN": permissions.job(org),
        "KAKUGO_CHAT_TOKEN": permissions.chat(org),
    }
    for variable, token in facts.tokens.items():
        if isinstance(token, str):
            yield Finding("bad", f"{variable} is of no use: {token}. Make a new one.")
            continue
        yield _owner(variable, token, org)
        yield _held(variable, token, wanted[variable], org)
    if len(facts.tokens) == 1:
        yield Finding(
            "note",
            "The bot and its jobs have the deployer's token: give them KAKUGO_BOT_TOKEN and "
            "KAKUGO_JOB_TOKEN with less (docs/OPERATING.md).",
        )


def _owner(variable: str, token: Token, org: str) -> Finding:
    return _ok(
        token.writes_in(org),
        f"{variable} is a token of {token.user}, who may write in {org}.",
        f"{variable} is a token of {token.user}, who may not write in {org}: have them made a "
        f"member with the role write, or use another KAKUGO_ORG.",
    )


def _held(variable: str, token: Token, wanted: tuple[Scope, ...], org: str) -> Finding:
    lacks = permissions.missing(token, wanted)
    if lacks:
        names_ = ", ".join(f"{scope.permission} on {scope.entity}" for scope in lacks)
        why = " and ".join(dict.fromkeys(scope.why for scope in lacks))
        return Finding("bad", f"{variable} lacks {names_}, which it needs for {why}: add that.")
    if permissions.excess(token, wanted):
        return Finding(
            "note", f"{variable} may do more than it needs: see the table in docs/OPERATING.md."
        )
    return Finding("ok", f"{variable} holds what it needs.")


def _rights(org: str, facts: Facts) -> Iterator[Finding]:
    board = names.leaderboard(org)
    yield _ok(not facts.jobs, f"The jobs of {org} can be seen.", f"No jobs: {facts.jobs}.")
    yield _ok(
        not facts.endpoints,
        f"The Inference Endpoints of {org} can be seen.",
        f"No Inference Endpoints: {facts.endpoints}. Check the token, and the billing of {org}.",
    )
    yield _ok(
        not facts.discussions,
        f"Requests can be made: {board} has discussions.",
        f"Nobody can ask for a language: {facts.discussions}. Deploy, or enable the Community tab "
        f"in the settings of {board}.",
    )


def _flavors(programme: Programme, facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.prices, str):
        yield Finding("bad", f"There is no price list of the jobs' hardware: {facts.prices}.")
    else:
        for step in Step:
            flavor = programme.steps[step].flavor
            price = facts.prices.get(flavor)
            yield _ok(
                price is not None,
                f"{step.value} runs on {flavor}, ${price or 0:.2f} an hour.",
                f"{step.value} wants the hardware {flavor}, which this Hub has not: choose another "
                f"in recipes/{programme.name}.yaml.",
            )


def _hardware(programme: Programme, facts: Facts, stands: bool) -> Iterator[Finding]:
    teacher = programme.teacher
    hardware = f"{teacher.instance_type} {teacher.instance_size}"
    if isinstance(facts.offer, str):
        yield Finding("bad", f"The teacher's hardware cannot be looked up: {facts.offer}.")
    elif facts.offer is None and stands:
        yield Finding(
            "note",
            f"The teacher's {hardware} is not on this Hub's list: the recipe's price counts, "
            f"${teacher.usd_per_hour:.3f} an hour.",
        )
    elif facts.offer is None:
        yield Finding(
            "bad",
            f"The teacher wants {hardware}, which Inference Endpoints have not: choose another in "
            f"recipes/{programme.name}.yaml.",
        )
    else:
        dear = facts.offer > teacher.usd_per_hour * PRICE_SLACK
        yield _ok(
            not dear,
            f"The teacher's {hardware} costs ${facts.offer:.3f} an hour.",
            f"The teacher's {hardware} costs ${facts.offer:.3f} an hour and the recipe counts with "
            f"${teacher.usd_per_hour:.3f}: estimates are too low, mend recipes/{programme.name}"
            f".yaml.",
        )


def _limits(settings: Settings) -> Iterator[Finding]:
    limits = settings.limits
    told = (
        (limits.day_usd >= settings.limit_usd, "KAKUGO_DAY_USD is less than KAKUGO_LIMIT_USD: a "
         "request that starts without asking may wait for a day that never has the money"),
        (limits.person_usd >= settings.limit_usd, "KAKUGO_PERSON_USD is less than "
         "KAKUGO_LIMIT_USD: nobody could spend what starts without asking"),
        (min(limits.person_requests, limits.queue, limits.jobs_per_flavor) >= 1,
         "KAKUGO_PERSON_REQUESTS, KAKUGO_QUEUE and KAKUGO_JOBS_PER_FLAVOR must be at least 1: now "
         "no request could be taken"),
        (limits.person_requests <= limits.queue, "KAKUGO_PERSON_REQUESTS is more than "
         "KAKUGO_QUEUE: one person could fill the queue"),
    )  # fmt: skip
    wrong = [text for good, text in told if not good]
    yield from (Finding("bad", f"{text}.") for text in wrong)
    if not wrong:
        yield Finding(
            "ok", f"At most ${limits.day_usd:.2f} a day and ${limits.person_usd:.2f} a person."
        )


def _clock(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.skew, str):
        yield Finding("bad", f"The Hub's clock cannot be read: {facts.skew}.")
    else:
        yield _ok(
            abs(facts.skew) < GRACE / 4,
            f"This machine's clock is within {abs(facts.skew):.0f} s of the Hub's.",
            f"This machine's clock is {facts.skew:+.0f} s from the Hub's, and the bot's grace is "
            f"{GRACE:.0f} s: have it set by NTP.",
        )
    if isinstance(facts.allowance, str):
        yield Finding("bad", f"The rate limit cannot be read: {facts.allowance}.")
    elif facts.allowance.told:
        calls, reset = facts.allowance.calls, facts.allowance.reset
        yield _ok(
            calls >= FEW_CALLS,
            f"{calls} calls are left of the rate limit's window.",
            f"Only {calls} calls are left of the rate limit for {reset:.0f} s: something else "
            "uses this account's tokens a lot, give the bot an account of its own.",
        )
    else:
        yield Finding("ok", "This Hub names no rate limit.")


def _installation(changes: Iterable[Change]) -> Iterator[Finding]:
    """Webhook, wheel, schedule, files, variables, secrets: whatever `deploy` would do."""
    for change in changes:
        what = f"{change.part} {change.name}"
        about = f": {', '.join(change.why)}" if change.why else ""
        if change.sign == "=":
            yield Finding("ok", f"The {what} is as it should be.")
        elif change.sign == "+":
            yield Finding("bad", f"The {what} is missing: run `kakugo deploy`.")
        elif change.sign == "~":
            yield Finding("bad", f"The {what} is not as it should be{about}: run `kakugo deploy`.")
        else:
            yield Finding("bad", f"The {what} should not be there{about}: run `kakugo deploy`.")


def _spaces(seen: Installation) -> Iterator[Finding]:
    for name, space in sorted(seen.spaces.items()):
        yield _ok(
            space.stage in (Stage.UP, Stage.ASLEEP),
            f"The Space {name} is {space.stage}.",
            f"The Space {name} is {space.stage}: read its logs, then restart it.",
        )


def _teacher(programme: Programme, seen: Installation) -> Iterator[Finding]:
    if seen.endpoint is not None:
        awake = f"awake, ${programme.teacher.usd_per_hour:.2f} an hour"
        yield Finding(
            "ok", f"The teacher is {awake if seen.endpoint.awake else 'at rest and costs nothing'}."
        )
