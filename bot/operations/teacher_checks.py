"""What has to hold for each kind of teacher: an endpoint, a job, or a URL. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.domain.recipe import EndpointSpec, Recipe, TeacherJob, TeacherUrl
from bot.hub.probes import Facts
from bot.hub.teacher_probe import ServedModel
from bot.installation import permissions
from bot.installation.billing import PRICING_PAGE, Billing
from bot.installation.permissions import Token
from bot.operations.findings import Finding, verdict
from bot.operations.private_networks import is_local
from bot.settings import Settings

# How far a price may be above the recipe's before the estimates count as wrong.
PRICE_TOLERANCE = 1.25


def check_teacher(
    recipe: Recipe, settings: Settings, facts: Facts, has_endpoint: bool
) -> Iterator[Finding]:
    """Report what the recipe's teacher lacks. `has_endpoint`: its endpoint exists already."""
    teacher, yaml = recipe.teacher, f"recipes/{recipe.name}.yaml"
    match teacher:
        case EndpointSpec():
            yield from _endpoint(teacher, yaml, facts, has_endpoint)
        case TeacherJob():
            price = facts.prices.get(teacher.flavor) if isinstance(facts.prices, dict) else None
            if price is not None:  # otherwise the check of all flavors has reported it
                hardware = f"The teacher's {teacher.flavor}"
                yield _hourly_price(hardware, price, teacher.usd_per_hour, yaml)
        case TeacherUrl():
            yield from _url(teacher, recipe.asked_model, yaml, settings, facts)
            yield from _payer(teacher, yaml, settings, facts)


def _hourly_price(hardware: str, price: float, expected: float, yaml: str) -> Finding:
    return verdict(
        "teacher",
        price <= expected * PRICE_TOLERANCE,
        f"{hardware} costs ${price:.3f} an hour.",
        f"{hardware} costs ${price:.3f} an hour, but the recipe says ${expected:.3f}, so estimates "
        "are too low",
        f"correct {yaml}",
    )


def _endpoint(
    teacher: EndpointSpec, yaml: str, facts: Facts, has_endpoint: bool
) -> Iterator[Finding]:
    hardware = f"The teacher's {teacher.instance_type} {teacher.instance_size}"
    place = f"{teacher.vendor} {teacher.region}"
    if isinstance(facts.offer, str):
        yield Finding(
            "bad",
            "teacher",
            f"The hardware that Inference Endpoints offer cannot be read ({facts.offer})",
            "check KAKUGO_ENDPOINTS_URL, and whether HF_TOKEN may read endpoints",
        )
    elif facts.offer is None and has_endpoint:
        yield Finding(
            "note",
            "teacher",
            f"{hardware} is not on the Hub's price list: estimates use the recipe's "
            f"${teacher.usd_per_hour:.3f} an hour.",
            f"choose other hardware in {yaml}, before the Hub retires it",
        )
    elif facts.offer is None:
        yield Finding(
            "bad",
            "teacher",
            f"{hardware} is hardware that Inference Endpoints do not offer in {place}",
            f"choose other hardware or another region in {yaml}",
        )
    elif facts.offer.obstacle and not has_endpoint:
        if isinstance(facts.billing, Billing) and facts.billing.can_pay is False:
            return  # without a payment method there is no quota
        yield Finding(
            "bad",
            "teacher",
            f"{hardware} in {place} {facts.offer.obstacle}",
            f"choose other hardware in {yaml}, or ask Hugging Face for more",
        )
    else:
        yield _hourly_price(hardware, facts.offer.usd_per_hour, teacher.usd_per_hour, yaml)


def _url(
    teacher: TeacherUrl, asked: str, yaml: str, settings: Settings, facts: Facts
) -> Iterator[Finding]:
    host = urlsplit(teacher.url).hostname or ""
    if is_local(host) and not is_local(urlsplit(settings.endpoint).hostname or ""):
        text = f"Jobs cannot reach the teacher, because {host} is an address of a private network"
        yield Finding("bad", "teacher", text, f"set plan.teacher.url in {yaml} to a public address")
    elif isinstance(facts.models, str):
        yield Finding(
            "bad",
            "teacher",
            f"The teacher at {host} cannot be used ({facts.models})",
            f"check plan.teacher.url in {yaml}, and KAKUGO_TEACHER_TOKEN",
        )
    elif facts.models is None:
        yield Finding(
            "note",
            "teacher",
            f"The teacher at {host} does not list its models, so it may not serve {asked}.",
            "try it: `kakugo teacher check URL LANGUAGE`",
        )
    else:
        yield from _model(teacher, asked, yaml, facts.models)


def _model(
    teacher: TeacherUrl, asked: str, yaml: str, models: tuple[ServedModel, ...]
) -> Iterator[Finding]:
    """Report a model that the server does not have, or that costs more than the recipe says."""
    name, _, provider = asked.partition(":") if teacher.is_provider else (asked, "", "")
    by_name = {model.name: model for model in models}
    # A server with one model answers with it, by whatever name it is asked.
    model = models[0] if len(models) == 1 else by_name.get(name)
    if model is None:
        similar = difflib.get_close_matches(name, by_name, n=3) or sorted(by_name)[:3]
        remedy = f"set generate.teacher.model in {yaml} to a model that it serves"
        like = f", like {', '.join(similar)}" if similar else "; at the moment it lists none"
        yield Finding("bad", "teacher", f"The teacher does not serve {asked}", remedy + like)
        return
    prices = [model.prices[provider]] if provider in model.prices else [*model.prices.values()]
    expected = (teacher.usd_per_million_in, teacher.usd_per_million_out)
    worst = tuple(map(max, zip(expected, *prices, strict=False)))
    yield verdict(
        "teacher",
        all(price <= PRICE_TOLERANCE * own for price, own in zip(worst, expected, strict=True)),
        f"The teacher serves {asked} for the recipe's price.",
        f"{asked} costs up to ${worst[0]:.2f} and ${worst[1]:.2f} per million tokens read and "
        f"written, but the recipe says ${expected[0]:.2f} and ${expected[1]:.2f}, so estimates are "
        "too low",
        f"correct {yaml}, or name a cheaper provider (MODEL:PROVIDER)",
    )


def _payer(teacher: TeacherUrl, yaml: str, settings: Settings, facts: Facts) -> Iterator[Finding]:
    """Report an organization that Inference Providers would not bill."""
    payer = teacher.bill_to
    if not (payer and teacher.is_provider):
        return
    has_plan = not isinstance(facts.billing, Billing) or bool(facts.billing.plan)
    uses = permissions.uses(settings, teacher)
    variable = next(use.variable for use in uses if use.token == settings.job_token)
    token = facts.tokens[variable]
    if isinstance(token, Token) and payer not in dict(token.orgs):
        yield Finding(
            "bad",
            "teacher",
            f"The account of the jobs' token is not a member of {payer}, so Inference Providers do "
            "not bill it",
            f"correct plan.teacher.bill_to in {yaml}, or add the account to {payer}",
        )
    elif payer == settings.org and not has_plan:
        yield Finding(
            "bad",
            "teacher",
            f"{payer} has no plan, and Inference Providers bill only organizations with a Team or "
            "Enterprise plan",
            f"choose a plan ({PRICING_PAGE}), or delete plan.teacher.bill_to in {yaml}",
        )
    else:
        yield Finding("ok", "teacher", f"Inference Providers bill {payer}.")
