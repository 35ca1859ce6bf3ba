"""The steps of `kakugo smoke`: what each tries on the Hub, with the bot's own code.

A step returns what the Hub said, or raises StepFailed. All its parts carry the names of an
installation, so that `destroy` finds whatever is left of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from bot.domain import names, steps
from bot.domain.actions import (
    EnsureCancelled,
    EnsureClosed,
    EnsureJob,
    EnsureReply,
    Permit,
)
from bot.domain.observation import FAILED_STATES, Discussion, Job, JobStage
from bot.domain.recipe import EndpointSpec, Recipe
from bot.domain.request import Request, UnsettledJob
from bot.domain.request import Step as RequestStep
from bot.errors import UserError
from bot.hub import install, inventory, scratch, teacher_probe, uninstall, visitor
from bot.hub.client import Connection
from bot.hub.discussions import DiscussionReader
from bot.hub.endpoints import endpoint_state, find_endpoint, run_or_pause
from bot.hub.execute import execute
from bot.hub.jobs import log_tail, observe_jobs
from bot.hub.ledger_repo import LedgerRepo
from bot.hub.observe import wheel_revision
from bot.installation.state import BotJob, Checkout, Endpoint, Schedule, Webhook

CPU = "cpu-basic"
REQUEST = "r1"
T = TypeVar("T")


class StepFailed(UserError):
    """The Hub did something else than expected; the message says what."""


@dataclass
class Probe:
    """What the steps share. `deadline` is the end of the current step, in monotonic seconds."""

    hub: Connection
    recipe: Recipe
    checkout: Checkout
    small: EndpointSpec
    poll_seconds: float = 3.0
    deadline: float = 0.0
    discussion: int = 0
    attempts: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    def wait_for(self, what: str, read: Callable[[], T | None]) -> T:
        """Return the first true value that `read` returns. Raises StepFailed at the deadline."""
        while not (value := read()):
            if time.monotonic() > self.deadline:
                raise StepFailed(f"gave up waiting for {what}")
            time.sleep(self.poll_seconds)
        return value

    def permit(self) -> Permit:
        return Permit("", self.hub.clock())

    def do(self, action: EnsureReply | EnsureClosed | EnsureJob | EnsureCancelled) -> None:
        execute(self.hub, action, self.permit(), self.recipe.teacher, max_age=60.0)


@dataclass(frozen=True)
class SmokeStep:
    """A step: what is expected, its time limit, and the hourly price of what it starts.

    The price is None if the Hub does not say it. `needed`: without it the later steps cannot run.
    """

    name: str
    expected: str
    limit_seconds: float
    usd_per_hour: float | None
    run: Callable[[Probe], str]
    needed: bool = False

    @property
    def bound_usd(self) -> float | None:
        """What the step costs if it takes until its time limit."""
        price = self.usd_per_hour
        return None if price is None else price * self.limit_seconds / 3600


def all_steps(
    recipe: Recipe, job_prices: dict[str, float], small: float | None, teacher: float | None
) -> list[SmokeStep]:
    """Return the steps in order. `small` and `teacher` are the hourly prices of endpoints."""
    cpu = job_prices.get(CPU)
    flavors = dict.fromkeys(settings.flavor for settings in recipe.steps.values())
    probes = [
        SmokeStep(
            f"cuda {flavor}",
            "PyTorch of the real wheel finds the GPU",
            300,
            job_prices.get(flavor),
            lambda probe, flavor=flavor: cuda(probe, flavor),  # type: ignore[misc]
        )
        for flavor in flavors
        if not flavor.startswith("cpu-")
    ]
    return [
        SmokeStep("repos", "the second commit on one head is refused", 120, 0.0, repos, True),
        SmokeStep("discussion", "the marker is read back, edit, pin, hide and close work", 120, 0.0,
                  discussion, True),
        SmokeStep("job", "labels and log are read back, and it completes", 300, cpu, job),
        SmokeStep("timeout", "the Hub ends a job at its time limit", 300, cpu, timeout),
        SmokeStep("cancel", "a cancelled job says so", 300, cpu, cancel),
        SmokeStep("schedule", "it is read back as it was made", 120, cpu, schedule),
        SmokeStep("webhook", "a comment starts a job with our label", 300, cpu, webhook),
        SmokeStep("endpoint", "private, refused for strangers, paused while pending", 600, small,
                  endpoint),
        *probes,
        SmokeStep("teacher", "a long answer, structured output, 64 calls in flight", 1500, teacher,
                  teacher_calls),
    ]  # fmt: skip


def repos(probe: Probe) -> str:
    hub, name = probe.hub, names.ledger(probe.hub.org)
    install.create_dataset(hub, name)
    repo = LedgerRepo(hub, name)
    head = repo.head()
    if repo.swap(head, {"requests/r1.json": "{}"}, "first") is None:
        raise StepFailed("the first commit was refused")
    if repo.swap(head, {"requests/r2.json": "{}"}, "second") is not None:
        raise StepFailed("the Hub took two commits on the same head")
    files = repo.files(repo.head())
    if list(files) != ["requests/r1.json"]:
        raise StepFailed(f"the ledger has {len(files)} files")
    return "the second commit was refused, one file is there"


def discussion(probe: Probe) -> str:
    hub = probe.hub
    scratch.create_static_space(hub, names.leaderboard(hub.org))
    num = probe.discussion = visitor.open_discussion(hub, "Smoke test")
    for text in ("one", "two"):
        marker = names.marker("plan", text)
        existing = _read(probe).own_replies
        comment_id = existing[0].id if existing else ""
        probe.do(EnsureReply(num, "plan", f"{text}\n\n{marker}", marker, comment_id))
        probe.wait_for(f"the comment {text!r}", lambda m=marker: _has(probe, m))  # type: ignore[misc]
    replies = _read(probe).own_replies
    if len(replies) != 1:
        raise StepFailed(f"there are {len(replies)} comments")
    scratch.pin(hub, num)
    scratch.hide(hub, num, replies[0].id)
    probe.wait_for("the comment to be hidden", lambda: not _read(probe).own_replies)
    probe.do(EnsureClosed(num))
    probe.wait_for("the discussion to close", lambda: not _read(probe).open)
    return f"discussion {num}: marker kept, edited, pinned, hidden, closed"


def _read(probe: Probe) -> Discussion:
    num, hub = probe.discussion, probe.hub
    reader = DiscussionReader()
    request = Request(REQUEST, num, hub.me, hub.clock())
    reader.invalidate(num)
    discussions, _ = reader.read(hub, [request], (), {num}, hub.clock())
    if num not in discussions:
        raise StepFailed("the discussion cannot be read")
    return discussions[num]


def _has(probe: Probe, marker: str) -> bool:
    return any(reply.marker == marker for reply in _read(probe).own_replies)


def _order(probe: Probe, command: tuple[str, ...], flavor: str, seconds: int) -> int:
    """Start a job as the bot does; return its attempt, by which its labels are found."""
    attempt = next(probe.attempts)
    image = probe.recipe.image
    probe.do(EnsureJob(REQUEST, RequestStep.CHECK, attempt, command, image, flavor, seconds))
    return attempt


def _wait_for_job(probe: Probe, attempt: int, *stages: JobStage) -> Job:
    held = UnsettledJob(RequestStep.CHECK, attempt, probe.hub.clock() - 3600, 0.0, 0.0)
    waiting = Request(REQUEST, 1, probe.hub.me, 0.0, unsettled=(held,))

    def read() -> Job | None:
        jobs, _ = observe_jobs(probe.hub, [waiting], ())
        found = [each for each in jobs if each.attempt == attempt and each.stage in stages]
        return found[0] if found else None

    return probe.wait_for(f"the stage {' or '.join(stages)} of job {attempt}", read)


def job(probe: Probe) -> str:
    command = ("python", "-c", "print('smoke: hello')")
    found = _wait_for_job(
        probe, _order(probe, command, CPU, 120), JobStage.COMPLETED, JobStage.ERROR
    )
    log = log_tail(probe.hub, found.id)
    if found.stage is not JobStage.COMPLETED or "smoke: hello" not in log:
        raise StepFailed(f"{found.stage.value}, and the log is {' / '.join(log) or 'empty'}")
    return f"completed in {found.seconds(probe.hub.clock()):.0f} s, the log is there"


def timeout(probe: Probe) -> str:
    attempt = _order(probe, ("sleep", "600"), CPU, 5)
    found = _wait_for_job(probe, attempt, JobStage.ERROR, JobStage.CANCELED, JobStage.COMPLETED)
    if found.stage is JobStage.COMPLETED:
        raise StepFailed("the job completed")
    return f"{found.stage.value} after {found.seconds(probe.hub.clock()):.0f} s of 5"


def cancel(probe: Probe) -> str:
    attempt = _order(probe, ("sleep", "600"), CPU, 240)
    found = _wait_for_job(probe, attempt, JobStage.RUNNING)
    probe.do(EnsureCancelled(found.id))
    found = _wait_for_job(probe, attempt, JobStage.CANCELED)
    return f"{found.stage.value} {found.cancel_reason}".rstrip()


def _bot_job(probe: Probe) -> BotJob:
    return BotJob(("sleep", "1"), probe.recipe.image, CPU, 60, {"KAKUGO_ORG": probe.hub.org}, "s")


def schedule(probe: Probe) -> str:
    wanted = Schedule(_bot_job(probe), "0 0 1 1 *")
    install.ensure_schedule(probe.hub, wanted, None, {})
    (made,) = inventory.read_schedules(probe.hub)
    if made != wanted:
        raise StepFailed(f"it came back with {_differences(wanted, made)}")
    uninstall.delete_schedule(probe.hub, made.id)
    return "it came back as it was made, with its time limit"


def webhook(probe: Probe) -> str:
    hub = probe.hub
    watched = frozenset({("space", names.leaderboard(hub.org))})
    wanted = Webhook("", _bot_job(probe), watched, ("discussion",), "")
    install.ensure_webhook(hub, wanted, None, "", {})
    (made,) = inventory.read_webhooks(hub)
    # The webhook copies a job that was started for it.
    before = probe.wait_for("the first job", lambda: scratch.count_jobs(hub, names.BOT_LABEL))
    num = visitor.open_discussion(hub, "Smoke test of the webhook")
    probe.wait_for(
        "a job of the webhook", lambda: scratch.count_jobs(hub, names.BOT_LABEL) > before
    )
    probe.do(EnsureClosed(num))
    uninstall.delete_webhook(hub, made.id)
    same = "as it was made" if made == wanted else f"with {_differences(wanted, made)}"
    return f"it came back {same}, and discussion {num} started a job with our label"


def _differences(wanted: object, made: object) -> str:
    """Name the fields that differ; their values may be secret."""
    names_ = [key for key, value in vars(wanted).items() if getattr(made, key) != value]
    return f"another {', '.join(names_)}" if names_ else "no difference"


def endpoint(probe: Probe) -> str:
    """Create a small endpoint, which is paused while it is pending, run it, and delete it."""
    hub, spec = probe.hub, probe.small
    scratch.create_model(hub, spec.model)
    try:
        install.ensure_endpoint(hub, Endpoint(spec, awake=False, health_route="/"), None)
        probe.wait_for("the endpoint to pause", lambda: _state(hub, spec) == "paused")
        run_or_pause(hub, spec, True)
        url = probe.wait_for("the endpoint to run", lambda: _running_url(hub, spec))
        stranger, own = teacher_probe.status(url), teacher_probe.status(url, hub)
        made = inventory.read_endpoint(hub, spec.name)
    finally:
        uninstall.delete_endpoint(hub, spec.name)
    if not (400 <= stranger < 500) or own != 200:
        raise StepFailed(f"strangers got {stranger}, we got {own}")
    access = made.access if made else "absent"
    return f"paused while pending, {access}, strangers got {stranger}, we got {own}"


def _state(hub: Connection, spec: EndpointSpec) -> str:
    found = find_endpoint(hub, spec.name)
    return endpoint_state(found) if found else "absent"


def _running_url(hub: Connection, spec: EndpointSpec) -> str | None:
    found = find_endpoint(hub, spec.name)
    if found is not None and endpoint_state(found) in FAILED_STATES:
        raise StepFailed("the endpoint failed to start")
    return found.url if found is not None and endpoint_state(found) == "running" else None


def cuda(probe: Probe, flavor: str) -> str:
    """Install the wheel that jobs install, and look for the GPU as they do."""
    hub, wheel = probe.hub, probe.checkout.wheel
    install.create_dataset(hub, names.code_repo(hub.org))
    install.push_wheel(hub, wheel.name, probe.checkout)
    url = names.wheel_url(hub.endpoint, hub.org, wheel_revision(hub), wheel.name)
    code = (
        "import os, torch; from recipes.core.accelerator import check_accelerator;"
        " check_accelerator(os.environ); print(torch.__version__, torch.version.cuda,"
        " torch.cuda.get_device_name())"
    )
    command = (*steps.run_from_wheel(url, ("train",)), "python", "-c", code)
    found = _wait_for_job(
        probe, _order(probe, command, flavor, 240), JobStage.COMPLETED, JobStage.ERROR
    )
    last = (log_tail(hub, found.id) or ("no log",))[-1]
    if found.stage is not JobStage.COMPLETED:
        raise StepFailed(f"{found.stage.value}: {last}")
    return last


def teacher_calls(probe: Probe) -> str:
    """Run the recipe's own teacher, call it, and delete it."""
    hub, spec = probe.hub, probe.recipe.endpoint
    if spec is None:
        raise StepFailed("the recipe's teacher is not an Inference Endpoint")
    try:
        run_or_pause(hub, spec, True)
        url = probe.wait_for("the endpoint to run", lambda: _running_url(hub, spec))
        return teacher_probe.call_teacher(hub, url, spec.model)
    except ValueError as error:
        raise StepFailed(str(error)) from error
    finally:
        uninstall.delete_endpoint(hub, spec.name)
