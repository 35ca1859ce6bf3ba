"""Check an installation; say in a sentence for each problem what is wrong and what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bot.domain import names
from bot.domain.actions import GRACE_SECONDS
from bot.domain.recipe import Recipe
from bot.hub.probes import Facts, Offer
from bot.installation.diff import Change
from bot.installation.state import Installation, Part, SpaceStage
from bot.operations.findings import Finding, verdict
from bot.operations.preflight import check_run_mode, preflight
from bot.settings import Settings

# The calls that one busy tick may need.
FEW_CALLS = 100


def diagnose(
    recipe: Recipe,
    settings: Settings,
    facts: Facts,
    actual: Installation | str,
    changes: Iterable[Change],
    logs: Mapping[str, tuple[str, ...]],
) -> tuple[Finding, ...]:
    """Return the results of all checks.

    `actual` is the state of the installation, or the reason why it cannot be read. `changes` are
    what `deploy` would do. `logs` has the end of the log of each broken Space.
    """
    changes = tuple(changes)
    findings = [
        *preflight(recipe, settings, facts, changes),
        *_clock(facts),
        *_rate_limit(facts),
    ]
    if isinstance(actual, str):
        text = f"The installation was not checked, because the doctor {actual}"
        return (*findings, Finding("bad", "installation", text, "see the findings above"))
    findings += check_run_mode(settings, actual)
    findings += [*_changes(changes), *_discussions(settings.org, facts, changes)]
    findings += [*_spaces(settings, actual, logs), *_teacher(recipe, facts, actual)]
    return tuple(findings)


def _clock(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.skew, str):
        text = f"The Hub's clock cannot be read ({facts.skew})"
        yield Finding("bad", "clock", text, "try again later")
        return
    direction = "ahead of" if facts.skew > 0 else "behind"
    yield verdict(
        "clock",
        abs(facts.skew) < GRACE_SECONDS / 4,
        f"This machine's clock is within {abs(facts.skew):.0f} s of the Hub's.",
        f"This machine's clock is {abs(facts.skew):.0f} s {direction} the Hub's, and the bot "
        f"allows {GRACE_SECONDS / 4:.0f} s",
        "synchronize it with NTP",
    )


def _rate_limit(facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.allowance, str):
        text = f"The Hub's rate limit cannot be read ({facts.allowance})"
        yield Finding("bad", "rate limit", text, "try again later")
    elif facts.allowance.reported:
        calls, seconds = facts.allowance.calls, facts.allowance.reset_seconds
        yield verdict(
            "rate limit",
            calls >= FEW_CALLS,
            f"The rate limit leaves {calls} calls.",
            f"The rate limit leaves only {calls} calls for the next {seconds:.0f} s, because "
            "something else uses this account's tokens",
            "give the bot an account of its own",
        )
    else:
        yield Finding("ok", "rate limit", "This Hub announces no rate limit.")


def _changes(changes: Iterable[Change]) -> Iterator[Finding]:
    """Report what `deploy` would change."""
    for change in changes:
        subject = f"The {change.part} {change.name}"
        reasons = f" ({', '.join(change.reasons)})" if change.reasons else ""
        check = str(change.part).lower()
        if change.part is Part.COLLECTION and change.sign == "~":
            yield Finding(
                "note", check, f"{subject} misses something{reasons}", "run `kakugo deploy`"
            )
        elif change.sign == "=":
            yield Finding("ok", check, f"{subject} is up to date.")
        elif change.sign == "+":
            yield Finding("bad", check, f"{subject} is missing", "run `kakugo deploy`")
        elif change.sign == "~":
            text = f"{subject} is not up to date{reasons}"
            yield Finding("bad", check, text, "run `kakugo deploy`")
        else:
            text = f"{subject} is no longer needed{reasons}"
            yield Finding("bad", check, text, "run `kakugo deploy` to delete it")


def _discussions(org: str, facts: Facts, changes: Iterable[Change]) -> Iterator[Finding]:
    space = names.leaderboard(org)
    if any(change.part is Part.SPACE and change.name == space and change.sign == "+"
           for change in changes):  # fmt: skip
        return  # it is reported as missing
    yield verdict(
        "requests",
        not facts.discussions,
        f"The discussions of {space} are open for requests.",
        f"Nobody can request a language ({facts.discussions})",
        f"enable the Community tab in the settings of {space}",
    )


def _spaces(
    settings: Settings, actual: Installation, logs: Mapping[str, tuple[str, ...]]
) -> Iterator[Finding]:
    for name, space in sorted(actual.spaces.items()):
        lines = " / ".join(logs.get(name, ()))
        page = names.repo_url(settings.endpoint, name, "space")
        yield verdict(
            "space",
            space.stage in (SpaceStage.UP, SpaceStage.ASLEEP),
            f"The Space {name} is {space.stage}.",
            f"The Space {name} is {space.stage}"
            + (f"; its log ends with: {lines}" if lines else ""),
            f"read its logs on {page}, then restart it",
        )


def _teacher(recipe: Recipe, facts: Facts, actual: Installation) -> Iterator[Finding]:
    if actual.endpoint is None or recipe.endpoint is None:
        return
    if actual.endpoint.awake:
        price = f"${recipe.endpoint.usd_per_hour:.2f} an hour"
        yield Finding("ok", "teacher", f"The teacher is running and costs {price}.")
    elif isinstance(facts.offer, Offer) and facts.offer.obstacle:
        yield Finding(
            "note",
            "teacher",
            f"The teacher is not running, and its hardware {facts.offer.obstacle}.",
            "requests wait until that changes: choose other hardware in "
            f"recipes/{recipe.name}.yaml, or ask Hugging Face for more",
        )
    else:
        yield Finding("ok", "teacher", "The teacher is not running and costs nothing.")
