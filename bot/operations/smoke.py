"""A first real run in an empty namespace: small, with a cap on its cost, and cleaned up after.

The steps use the bot's own code. What the Hub answers is written down without names and secrets, so
that the tests can compare the local Hub's contract with it.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from bot.domain import names
from bot.domain import recipe as recipes
from bot.domain.recipe import Recipe
from bot.hub import install, recording, scratch, uninstall
from bot.hub.client import Connection, Refused, TryLater
from bot.hub.observe import read_prices
from bot.hub.probes import read_offer
from bot.installation.state import Checkout, Part
from bot.operations.destroy import destroy, plan_removal
from bot.operations.smoke_steps import Probe, SmokeStep, StepFailed, all_steps
from bot.settings import Settings

log = logging.getLogger(__name__)

MARKS = {"ok": "✓", "failed": "✗", "skipped": "•"}
ENDPOINT = "kakugo-smoke"
# A server that every image with Python has; the local Hub chooses the port.
SERVER = (
    "import http.server, os;"
    " http.server.test(http.server.SimpleHTTPRequestHandler, port=int(os.getenv('PORT', 80)))"
)


@dataclass(frozen=True)
class Result:
    """What a step found. `usd` is what it cost by the price list."""

    step: str
    expected: str
    mark: Literal["ok", "failed", "skipped"]
    answer: str
    seconds: float = 0.0
    usd: float = 0.0


@dataclass(frozen=True)
class Smoke:
    """One run: where, with which recipe and small endpoint, and the steps with their prices."""

    hub: Connection
    recipe: Recipe
    settings: Settings
    checkout: Checkout
    small: recipes.EndpointSpec
    steps: tuple[SmokeStep, ...]
    poll_seconds: float = 3.0

    @property
    def bound_usd(self) -> float:
        """What all steps with a known price cost at most."""
        return sum(step.bound_usd or 0.0 for step in self.steps)


def prepare(hub: Connection, recipe: Recipe, settings: Settings, checkout: Checkout) -> Smoke:
    """Read the Hub's prices; change nothing. Raises Refused if the namespace is in use."""
    repos = uninstall.list_repos(hub)
    if repos and not scratch.dataset_exists(hub, _marker(hub)):
        raise Refused(
            f"the namespace {hub.org} has an installation, which a smoke test would delete: "
            "set KAKUGO_ORG to a namespace without one"
        )
    small = _small(hub)
    prices = (_endpoint_price(hub, small), _endpoint_price(hub, recipe.endpoint))
    steps = all_steps(recipe, read_prices(hub), *prices)
    return Smoke(hub, recipe, settings, checkout, small, tuple(steps))


def _endpoint_price(hub: Connection, spec: recipes.EndpointSpec | None) -> float | None:
    """Return the hourly price of an endpoint; None if the namespace cannot start it."""
    offer = read_offer(hub, spec)
    return offer.usd_per_hour if offer and not offer.obstacle else None


def _small(hub: Connection) -> recipes.EndpointSpec:
    """Return a small endpoint on the hardware of the practice recipe."""
    practice = recipes.load("practice", hub.org).endpoint
    if practice is None:
        raise Refused("The practice recipe has no Inference Endpoint.")
    return replace(
        practice,
        name=ENDPOINT,
        model=f"{hub.org}/kakugo-smoke",
        command=("python", "-c", SERVER),
    )


def _marker(hub: Connection) -> str:
    """Return the dataset that exists while a smoke test may have left something."""
    return f"{hub.org}/kakugo-smoke"


def price_lines(smoke: Smoke, cap_usd: float) -> Iterator[str]:
    """Yield what each step may cost, and the sum."""
    for step in smoke.steps:
        bound = step.bound_usd
        price = "not offered" if bound is None else f"at most ${bound:.4f}"
        yield f"{step.name:16} {price:18} {step.expected}"
    yield f"{'all steps':16} at most ${smoke.bound_usd:.4f}, and never more than ${cap_usd:.2f}"


def run(smoke: Smoke, cap_usd: float, folder: Path) -> Iterator[Result]:
    """Run the steps within the cap and yield their results; clean up in every case.

    Answers of the Hub are written to `folder`, one file for each step. Raises TryLater and Refused
    if the namespace cannot be prepared or cleaned up.
    """
    spent_usd, is_blocked = 0.0, False
    probe = Probe(smoke.hub, smoke.recipe, smoke.checkout, smoke.small, smoke.poll_seconds)
    clean(smoke)
    try:
        install.create_dataset(smoke.hub, _marker(smoke.hub))
        with recording.recording(smoke.hub) as recorder:
            for step in smoke.steps:
                reason = _reason_to_skip(step, cap_usd - spent_usd, is_blocked)
                if reason:
                    yield Result(step.name, step.expected, "skipped", reason)
                    continue
                result = _run_step(step, probe)
                spent_usd += result.usd
                is_blocked |= step.needed and result.mark != "ok"
                _write(folder / f"{step.name.replace(' ', '-')}.json", recorder.take())
                yield result
    finally:
        clean(smoke)


def clean(smoke: Smoke) -> None:
    """Delete whatever a smoke test has left, the marker last. Raises TryLater and Refused.

    The Hub's listings may not show new repos yet, so those with known names are deleted as well.
    """
    hub, marker = smoke.hub, _marker(smoke.hub)
    if not scratch.dataset_exists(hub, marker):
        return
    uninstall.delete_endpoint(hub, ENDPOINT)
    changes, actual = plan_removal(hub, smoke.recipe, smoke.settings, everything=True)
    last = (Part.DATASET, marker)
    wanted = tuple(change for change in changes if (change.part, change.name) != last)
    for _ in destroy(hub, wanted, actual):
        pass
    for part, repo in (
        (Part.SPACE, names.leaderboard(hub.org)),
        (Part.DATASET, names.ledger(hub.org)),
        (Part.DATASET, names.code_repo(hub.org)),
        (Part.MODEL, smoke.small.model),
        last,
    ):
        uninstall.delete_repo(hub, part, repo)


def _reason_to_skip(step: SmokeStep, left_usd: float, is_blocked: bool) -> str:
    if step.bound_usd is None:
        return "not offered: the Hub has no price for it"
    if not step.bound_usd <= left_usd:  # also if one is not a number
        return f"it may cost ${step.bound_usd:.2f}, and ${max(0.0, left_usd):.2f} are left"
    return "an earlier step that it needs failed" if is_blocked else ""


def _run_step(step: SmokeStep, probe: Probe) -> Result:
    started_at = time.monotonic()
    probe.deadline = started_at + step.limit_seconds
    mark: Literal["ok", "failed"] = "ok"
    try:
        answer = step.run(probe)
    except (StepFailed, TryLater, Refused) as error:
        mark, answer = "failed", str(error)
    except Exception as error:  # the Hub's answer has another shape than this step expects
        log.exception("the step %s failed", step.name)
        mark, answer = "failed", f"unexpected answer ({type(error).__name__}), see the log"
    seconds = time.monotonic() - started_at
    usd = min((step.usd_per_hour or 0.0) * seconds / 3600, step.bound_usd or 0.0)
    return Result(step.name, step.expected, mark, answer, round(seconds, 1), round(usd, 6))


def _write(path: Path, answers: list[recording.Answer]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(recording.to_json(answers), encoding="utf-8")


def line(result: Result) -> str:
    """Return one result as a line of the table."""
    cost = f"{result.seconds:6.1f} s  ${result.usd:.4f}"
    return f"{MARKS[result.mark]} {result.step:16} {cost}  {result.expected}: {result.answer}"


def to_json(results: Iterable[Result]) -> str:
    """Return all results as JSON."""
    return json.dumps([asdict(result) for result in results], ensure_ascii=False, indent=1)
