"""Check an installation; say in a sentence for each problem what is wrong and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from bot.domain import names
from bot.domain.actions import GRACE_SECONDS
from bot.domain.recipe import Recipe
from bot.domain.request import Step
from bot.hub.probes import Facts
from bot.installation import permissions
from bot.installation.billing import obstacles
from bot.installation.diff import Change
from bot.installation.permissions import Scope, Token
from bot.installation.state import Installation, SpaceStage
from bot.settings import Settings

# The calls that one busy tick may need.
FEW_CALLS = 100
# How far the Hub's price may be above the recipe's before the estimates count as wrong.
PRICE_TOLERANCE = 1.25


@dataclass(frozen=True)
class Finding:
    """The result of one check; "note" means that it works but could be better."""

    level: Literal["ok", "note", "bad"]
    text: str

    def __str__(self) -> str:
        return f"{self.level:4} {self.text}"


def diagnose(
    recipe: Recipe,
    settings: Settings,
    facts: Facts,
    actual: Installation | str,
    changes: Iterable[Change],
) -> tuple[Finding, ...]:
    """Return the results of all checks.

    `actual` is the state of the installation, or the reason why it cannot be read. `changes` are
    what `deploy` would do.
    """
    changes = tuple(changes)
    findings = [*_tokens(settings, facts), *_access(settings.org, facts)]
    findings += _billing(settings.org, facts, changes)
    has_endpoint = not isinstance(actual, str) and actual.endpoint is not None
    findings += [*_flavors(recipe, facts), *_teacher_hardware(recipe, facts, has_endpoint)]
    findings += [*_limits(settings), *_clock(facts), *_rate_limit(facts)]
    if isinstance(actual, str):
        return (
            *findings,
            Finding("bad", f"The installation was not checked, because the doctor {actual}."),
        )
    findings += [*_changes(changes), *_spaces(actual), *_teacher(recipe, actual)]
    return tuple(findings)


def _finding(is_good: bool, ok: str, bad: str) -> Finding:
    return Finding("ok", ok) if is_good else Finding("bad", bad)


def _tokens(settings: Settings, facts: Facts) -> Iterator[Finding]:
    org = settings.org
    needed = {
        "HF_TOKEN": permissions.deployer(org),
        "KAKUGO_BOT_TOKEN": permissions.bot(org),
        "KAKUGO_JOB_TOKEN": permissions.job(org),
        "KAKUGO_CHAT_TOKEN": permissions.chat(org),
    }
    for variable, token in facts.tokens.items():
        if isinstance(token, str):
            yield Finding("bad", f"{variable} does not work: {token}. Create a new token.")
            continue
        yield _owner(variable, token, org)
        yield _scopes(variable, token, needed[variable])
    if len(facts.tokens) == 1:
        yield Finding(
            "note",
            "The bot and its jobs use the deployer's token: set KAKUGO_BOT_TOKEN and "
            "KAKUGO_JOB_TOKEN to tokens with fewer permissions (docs/OPERATING.md).",
        )


def _owner(variable: str, token: Token, org: str) -> Finding:
    return _finding(
        token.owner_can_write(org),
        f"{variable} belongs to {token.user}, who can write to {org}.",
        f"{variable} belongs to {token.user}, who cannot write to {org}: give {token.user} the "
        f"role write in {org}, or change KAKUGO_ORG.",
    )


def _scopes(variable: str, token: Token, needed: tuple[Scope, ...]) -> Finding:
    lacking = permissions.missing(token, needed)
    if lacking:
        scopes = ", ".join(f"{scope.permission} on {scope.entity}" for scope in lacking)
        purposes = "; ".join(dict.fromkeys(scope.purpose for scope in lacking))
        return Finding("bad", f"{variable} lacks {scopes}: add this permission (for {purposes}).")
    if permissions.has_excess(token, needed):
        return Finding(
            "note",
            f"{variable} has more permissions than it needs: see the table in docs/OPERATING.md.",
        )
    return Finding("ok", f"{variable} has the permissions that it needs.")


def _access(org: str, facts: Facts) -> Iterator[Finding]:
    space = names.leaderboard(org)
    yield _finding(
        not facts.jobs,
        f"The jobs of {org} can be listed.",
        f"The jobs of {org} cannot be listed: {facts.jobs}. Check the token and the plan of {org}.",
    )
    yield _finding(
        not facts.endpoints,
        f"The Inference Endpoints of {org} can be listed.",
        f"The Inference Endpoints of {org} cannot be listed: {facts.endpoints}. Check the token "
        f"and the billing of {org}.",
    )
    yield _finding(
        not facts.discussions,
        f"The discussions of {space} are open for requests.",
        f"Nobody can request a language: {facts.discussions}. Run `kakugo deploy`, or enable the "
        f"Community tab in the settings of {space}.",
    )


def _billing(org: str, facts: Facts, changes: Iterable[Change]) -> Iterator[Finding]:
    if isinstance(facts.billing, str):
        yield Finding("bad", f"The plan of {org} cannot be read: {facts.billing}.")
    elif facts.billing is not None:
        reasons = list(obstacles(facts.billing, org, changes))
        yield from (Finding("bad", f"{reason}.") for reason in reasons)
        if not reasons:
            yield Finding("ok", f"The plan and the billing of {org} allow everything.")


def _flavors(recipe: Recipe, facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.prices, str):
        yield Finding("bad", f"The price list of the Hub's hardware is missing: {facts.prices}.")
        return
    for step in Step:
        flavor = recipe.steps[step].flavor
        price = facts.prices.get(flavor)
        yield _finding(
            price is not None,
            f"The step {step.value} runs on {flavor} for ${price or 0:.2f} an hour.",
            f"The step {step.value} needs {flavor}, which this Hub does not offer: choose other "
            f"hardware in recipes/{recipe.name}.yaml.",
        )


def _teacher_hardware(recipe: Recipe, facts: Facts, has_endpoint: bool) -> Iterator[Finding]:
    teacher, yaml = recipe.teacher, f"recipes/{recipe.name}.yaml"
    hardware = f"{teacher.instance_type} {teacher.instance_size}"
    place = f"{teacher.vendor} {teacher.region}"
    if isinstance(facts.offer, str):
        yield Finding("bad", f"The price of the teacher's hardware cannot be read: {facts.offer}.")
    elif facts.offer is None and has_endpoint:
        yield Finding(
            "note",
            f"The teacher's {hardware} is not on the Hub's price list: estimates use the recipe's "
            f"${teacher.usd_per_hour:.3f} an hour.",
        )
    elif facts.offer is None:
        yield Finding(
            "bad",
            f"The teacher needs {hardware}, which Inference Endpoints do not offer in {place}: "
            f"choose other hardware in {yaml}.",
        )
    elif facts.offer.obstacle and not has_endpoint:
        yield Finding(
            "bad",
            f"The teacher's {hardware} in {place} {facts.offer.obstacle}: choose other hardware in "
            f"{yaml}, or ask Hugging Face for more.",
        )
    else:
        price = facts.offer.usd_per_hour
        yield _finding(
            price <= teacher.usd_per_hour * PRICE_TOLERANCE,
            f"The teacher's {hardware} costs ${price:.3f} an hour.",
            f"The teacher's {hardware} costs ${price:.3f} an hour, but the recipe says "
            f"${teacher.usd_per_hour:.3f}, so estimates are too low: correct {yaml}.",
        )


def _limits(settings: Settings) -> Iterator[Finding]:
    limits = settings.limits
    contradictions = (
        (
            limits.day_usd < settings.limit_usd,
            "KAKUGO_DAY_USD is less than KAKUGO_LIMIT_USD: some requests that need no approval "
            "would wait forever. Raise KAKUGO_DAY_USD.",
        ),
        (
            limits.person_usd < settings.limit_usd,
            "KAKUGO_PERSON_USD is less than KAKUGO_LIMIT_USD: some requests that need no approval "
            "would be too expensive for anyone. Raise "
            "KAKUGO_PERSON_USD.",
        ),
        (
            min(limits.person_requests, limits.queue, limits.jobs_per_flavor) < 1,
            "KAKUGO_PERSON_REQUESTS, KAKUGO_QUEUE and KAKUGO_JOBS_PER_FLAVOR must be at least 1: "
            "with 0, no request can start.",
        ),
        (
            limits.person_requests > limits.queue,
            "KAKUGO_PERSON_REQUESTS is more than KAKUGO_QUEUE: one person could fill the queue. "
            "Lower KAKUGO_PERSON_REQUESTS.",
        ),
    )
    sentences = [sentence for is_bad, sentence in contradictions if is_bad]
    yield from (Finding("bad", sentence) for sentence in sentences)
    if not sentences:
        yield Finding(
            "ok",
            f"Requests can spend at most ${limits.day_usd:.2f} a day, and those of one person "
            f"${limits.person_usd:.2f}.",
        )


def _clock(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.skew, str):
        yield Finding("bad", f"The Hub's clock cannot be read: {facts.skew}.")
        return
    direction = "ahead of" if facts.skew > 0 else "behind"
    yield _finding(
        abs(facts.skew) < GRACE_SECONDS / 4,
        f"This machine's clock is within {abs(facts.skew):.0f} s of the Hub's.",
        f"This machine's clock is {abs(facts.skew):.0f} s {direction} the Hub's; the bot allows "
        f"{GRACE_SECONDS / 4:.0f} s: synchronize it with NTP.",
    )


def _rate_limit(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.allowance, str):
        yield Finding("bad", f"The Hub's rate limit cannot be read: {facts.allowance}.")
    elif facts.allowance.reported:
        calls, seconds = facts.allowance.calls, facts.allowance.reset_seconds
        yield _finding(
            calls >= FEW_CALLS,
            f"The rate limit leaves {calls} calls.",
            f"The rate limit leaves only {calls} calls for the next {seconds:.0f} s: something "
            "else uses this account's tokens, so give the bot an account of its own.",
        )
    else:
        yield Finding("ok", "This Hub announces no rate limit.")


def _changes(changes: Iterable[Change]) -> Iterator[Finding]:
    """Report what `deploy` would change."""
    for change in changes:
        subject = f"The {change.part} {change.name}"
        reasons = f" ({', '.join(change.reasons)})" if change.reasons else ""
        if change.sign == "=":
            yield Finding("ok", f"{subject} is up to date.")
        elif change.sign == "+":
            yield Finding("bad", f"{subject} is missing: run `kakugo deploy`.")
        elif change.sign == "~":
            yield Finding("bad", f"{subject} is not up to date{reasons}: run `kakugo deploy`.")
        else:
            yield Finding(
                "bad", f"{subject} is no longer needed{reasons}: run `kakugo deploy` to delete it."
            )


def _spaces(actual: Installation) -> Iterator[Finding]:
    for name, space in sorted(actual.spaces.items()):
        yield _finding(
            space.stage in (SpaceStage.UP, SpaceStage.ASLEEP),
            f"The Space {name} is {space.stage}.",
            f"The Space {name} is {space.stage}: read its logs, then restart it.",
        )


def _teacher(recipe: Recipe, actual: Installation) -> Iterator[Finding]:
    if actual.endpoint is None:
        return
    if actual.endpoint.awake:
        price = f"${recipe.teacher.usd_per_hour:.2f} an hour"
        yield Finding("ok", f"The teacher is running and costs {price}.")
    else:
        yield Finding("ok", "The teacher is not running and costs nothing.")
