"""What has to hold before anything is created, as one sentence for each check. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from bot.domain import names
from bot.domain.recipe import Recipe, TeacherJob
from bot.domain.request import Step
from bot.hub.probes import Facts, Offer
from bot.installation import permissions
from bot.installation.billing import obstacles
from bot.installation.diff import Change
from bot.installation.permissions import Token, Use
from bot.installation.state import BOT_FLAVOR, Installation, Part, run_mode_of
from bot.operations.findings import Finding, verdict
from bot.operations.private_networks import is_local
from bot.operations.teacher_checks import check_teacher
from bot.settings import RunMode, Settings

TOKENS_PAGE = "https://huggingface.co/settings/tokens"


def preflight(
    recipe: Recipe, settings: Settings, facts: Facts, changes: Iterable[Change]
) -> tuple[Finding, ...]:
    """Check whether the installation can work. `changes` are what `deploy` would do."""
    tokens = tuple(_tokens(settings, recipe, facts))
    if not _has_access(settings, facts):  # what follows would only repeat that
        return (*tokens, *_limits(settings), *_webhook(settings, facts))
    changes = tuple(changes)
    endpoint = next((change for change in changes if change.part is Part.ENDPOINT), None)
    has_endpoint = endpoint is not None and endpoint.sign != "+"
    return (
        *tokens,
        *_inputs(settings, facts),
        *_billing(settings.org, facts, changes),
        *_flavors(recipe, settings, facts),
        *check_teacher(recipe, settings, facts, has_endpoint),
        *_cards(facts),
        *_limits(settings),
        *_webhook(settings, facts),
    )


def _tokens(settings: Settings, recipe: Recipe, facts: Facts) -> Iterator[Finding]:
    uses = permissions.uses(settings, recipe.teacher)
    for use in uses:
        token = facts.tokens[use.variable]
        if isinstance(token, str):
            remedy = f"create a new one on {TOKENS_PAGE}"
            yield Finding("bad", "token", f"{use.variable} does not work: {token}", remedy)
        else:
            yield _token(use, token, settings.org, facts)
    if settings.token == settings.bot_token == settings.job_token:
        yield Finding(
            "note",
            "token",
            "The bot and its jobs use the deployer's token.",
            "set KAKUGO_BOT_TOKEN and KAKUGO_JOB_TOKEN to tokens with fewer permissions "
            "(docs/OPERATING.md)",
        )


def _has_access(settings: Settings, facts: Facts) -> bool:
    token = facts.tokens["HF_TOKEN"]
    return isinstance(token, Token) and token.owner_can_write(settings.org)


def check_run_mode(settings: Settings, actual: Installation) -> Iterator[Finding]:
    """Report that `deploy` would replace what runs the bot, although nobody has said so."""
    current = run_mode_of(actual, settings.org)
    if current not in (None, settings.run_mode) and not settings.is_run_mode_set:
        yield Finding(
            "bad",
            "run mode",
            f"The bot of {settings.org} runs in the mode {current}, and KAKUGO_RUN is not set",
            f"set it to {current}, or to {settings.run_mode} if you want to change the mode",
        )


def _token(use: Use, token: Token, org: str, facts: Facts) -> Finding:
    """Return the first fault of a token, because those after it are often its consequences."""
    variable = use.variable
    if use.needed and not token.owner_can_write(org):
        text = f"{variable} belongs to {token.user}, who cannot write to {org}"
        return Finding("bad", "token", text, _access_remedy(token, org))
    if lacking := permissions.missing(token, use.needed):
        scopes = ", ".join(f"{scope.permission} on {scope.entity}" for scope in lacking)
        purposes = "; ".join(dict.fromkeys(scope.purpose for scope in lacking))
        remedy = f"add this permission on {TOKENS_PAGE} (for {purposes})"
        return Finding("bad", "token", f"{variable} lacks {scopes}", remedy)
    for scope in use.needed:
        if reason := facts.unproven.get((variable, scope)):
            text = f"The Hub does not confirm {scope.permission} on {scope.entity} for {variable}"
            remedy = f"check the token and the billing of {org}"
            return Finding("bad", "token", f"{text} ({reason})", remedy)
    text = f"{variable} belongs to {token.user} and has the permissions that it needs."
    if permissions.has_excess(token, use.needed):
        remedy = "see the table of permissions in docs/OPERATING.md"
        return Finding("note", "token", f"{text[:-1]}, and more.", remedy)
    return Finding("ok", "token", text)


def _access_remedy(token: Token, org: str) -> str:
    """Say how the token's owner can write to the namespace, which may be misspelt."""
    if org in dict(token.orgs):
        return f"give {token.user} the role write in {org}, or change KAKUGO_ORG"
    writable = [name for name in (token.user, *dict(token.orgs)) if token.owner_can_write(name)]
    return (
        f"check the spelling of KAKUGO_ORG, as {token.user} is not a member of {org} and can write "
        f"only to {', '.join(writable)}"
    )


def _inputs(settings: Settings, facts: Facts) -> Iterator[Finding]:
    """Report the base models and datasets of others that jobs cannot read."""
    for (repo_type, repo), reason in facts.unreadable.items():
        page = names.repo_url(settings.endpoint, repo, repo_type)
        yield Finding(
            "bad",
            repo_type,
            f"Jobs cannot read {repo} with their token ({reason})",
            f"see whether {page} exists; if it is gated, accept its terms there with the account "
            "of the jobs' token, and let the token read gated repositories",
        )
    if not facts.unreadable:
        yield Finding("ok", "dataset", "Jobs can read all models and datasets of the recipe.")


def _billing(org: str, facts: Facts, changes: Iterable[Change]) -> Iterator[Finding]:
    if isinstance(facts.billing, str):
        remedy = "try again, and check HF_TOKEN"
        yield Finding("bad", "plan", f"The plan of {org} cannot be read ({facts.billing})", remedy)
        return
    if facts.billing is None:  # the finding on the token's owner says what to do
        return
    others = facts.other_spaces if isinstance(facts.other_spaces, int) else 0
    has_quota = isinstance(facts.offer, Offer) and not facts.offer.obstacle
    reasons = list(obstacles(facts.billing, org, changes, others, has_quota))
    yield from (Finding("bad", "plan", text, remedy) for text, remedy in reasons)
    if not reasons:
        plan = facts.billing.plan or "no plan"
        yield Finding("ok", "plan", f"The plan ({plan}) and the billing of {org} are sufficient.")


def _flavors(recipe: Recipe, settings: Settings, facts: Facts) -> Iterator[Finding]:
    if isinstance(facts.prices, str):
        remedy = "try again later: without prices, no request can be estimated"
        yield Finding(
            "bad", "hardware", f"The prices of jobs cannot be read ({facts.prices})", remedy
        )
        return
    flavors = {f"The step {step.value}": recipe.steps[step].flavor for step in Step}
    if settings.run_mode in (RunMode.SCHEDULE, RunMode.WEBHOOK_JOB):
        flavors["The bot"] = BOT_FLAVOR
    if isinstance(recipe.teacher, TeacherJob):
        flavors["The teacher"] = recipe.teacher.flavor
    for user, flavor in flavors.items():
        price = facts.prices.get(flavor)
        similar = difflib.get_close_matches(flavor, facts.prices, n=3) or sorted(facts.prices)[:3]
        yield verdict(
            "hardware",
            price is not None,
            f"{user} runs on {flavor} for ${price or 0:.2f} an hour.",
            f"{user} needs {flavor}, which this Hub does not offer",
            f"choose other hardware in recipes/{recipe.name}.yaml, like {', '.join(similar)}",
        )


def _cards(facts: Facts) -> Iterator[Finding]:
    for repo, reason in facts.invalid_cards.items():
        remedy = "correct the metadata at the top of its README.md"
        yield Finding(
            "bad", "card", f"The Hub does not accept the card of {repo} ({reason})", remedy
        )
    if not facts.invalid_cards:
        yield Finding("ok", "card", "The Hub accepts all cards of this checkout.")


def _limits(settings: Settings) -> Iterator[Finding]:
    limits = settings.limits
    contradictions = (
        (
            limits.day_usd < settings.limit_usd,
            "KAKUGO_DAY_USD is less than KAKUGO_LIMIT_USD: some requests that need no approval "
            "would wait forever",
            "raise KAKUGO_DAY_USD",
        ),
        (
            limits.person_usd < settings.limit_usd,
            "KAKUGO_PERSON_USD is less than KAKUGO_LIMIT_USD: some requests that need no approval "
            "would be too expensive for anyone",
            "raise KAKUGO_PERSON_USD",
        ),
        (
            min(
                *(limits.person_requests, limits.person_starts),
                *(limits.queue, limits.jobs_per_flavor),
            )
            < 1,
            "With KAKUGO_PERSON_REQUESTS, KAKUGO_PERSON_STARTS, KAKUGO_QUEUE or "
            "KAKUGO_JOBS_PER_FLAVOR below 1, no request can start",
            "set them to 1 or more",
        ),
        (
            limits.person_requests > limits.queue,
            "KAKUGO_PERSON_REQUESTS is more than KAKUGO_QUEUE: one person could fill the queue",
            "lower KAKUGO_PERSON_REQUESTS",
        ),
    )
    faults = [fault for is_bad, *fault in contradictions if is_bad]
    yield from (Finding("bad", "limits", *fault) for fault in faults)
    if not faults:
        yield Finding(
            "ok",
            "limits",
            f"Requests can spend at most ${limits.day_usd:.2f} a day, and those of one person "
            f"${limits.person_usd:.2f}.",
        )


def _webhook(settings: Settings, facts: Facts) -> Iterator[Finding]:
    """Report a webhook without a secret, or whose address the Hub cannot reach or has no bot."""
    has_address = settings.run_mode is RunMode.SERVE and bool(settings.webhook_url)
    is_called = has_address or settings.run_mode is RunMode.SPACE
    if is_called and not settings.webhook_secret:
        yield Finding(
            "bad",
            "webhook",
            "KAKUGO_WEBHOOK_SECRET is not set; without it, anyone could trigger the bot",
            "set it to any long random text",
        )
    if not has_address:
        return
    host = urlsplit(settings.webhook_url).hostname or ""
    if is_local(host) and not is_local(urlsplit(settings.endpoint).hostname or ""):
        yield Finding(
            "bad",
            "webhook",
            f"The Hub cannot reach KAKUGO_WEBHOOK_URL, because {host} is an address of a private "
            "network",
            "set it to a public address, or unset it: then the bot checks the Hub at intervals",
        )
    elif facts.webhook:
        yield Finding(
            "note",
            "webhook",
            f"No bot answers at KAKUGO_WEBHOOK_URL ({facts.webhook})",
            "start `kakugo serve` there; until then the Hub's calls are lost",
        )
    else:
        yield Finding("ok", "webhook", "A bot answers at KAKUGO_WEBHOOK_URL.")
