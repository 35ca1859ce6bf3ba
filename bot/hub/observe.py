"""Read everything from the Hub that the next decision needs; nothing is changed.

The number of calls depends on how much happens, not on how many requests wait: discussions are read
when their listing shows something new, manifests if a step runs or may start, logs while jobs run.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError

from bot.domain import names, steps
from bot.domain.observation import Discussion, Manifest, Observation
from bot.domain.recipe import TeacherSpec
from bot.domain.request import Request, Step
from bot.hub.client import (
    MALFORMED,
    Allowance,
    Broken,
    Connection,
    Refused,
    WrongClock,
    status_code,
    translate_errors,
)
from bot.hub.discussions import DiscussionReader
from bot.hub.jobs import CLOCK_DIFFERENCE_SECONDS, observe_jobs, with_details
from bot.hub.manifests import is_amount, parse_manifest
from bot.hub.profiles import ProfileReader
from bot.hub.teachers import observe_teacher
from bot.parsing.options import AvailableOptions, read_options

log = logging.getLogger(__name__)

SLOW_FACTS_MAX_AGE_SECONDS = 3600.0
MAX_PRICE = 1000.0  # US dollars an hour; the most expensive flavor costs about 40
_UNITS_PER_HOUR = {"second": 3600.0, "minute": 60.0, "hour": 1.0}


@dataclass(frozen=True)
class Scope:
    """What to observe.

    `active` are the requests that may change, `resting` those that do so only if somebody reopens
    their discussion or comments there, and `left_alone` those of which only the running jobs
    matter. `known` are the discussions that are not new, `manifests` the steps whose manifests
    matter now, and `teacher` is the recipe's teacher.
    """

    active: Collection[Request]
    resting: Collection[Request]
    left_alone: Collection[Request]
    known: Collection[int]
    manifests: Collection[tuple[Request, Step]]
    teacher: TeacherSpec


@dataclass(frozen=True)
class _SlowFacts:
    """What changes so slowly that it is read once an hour, or when somebody has commented."""

    read_at: float
    prices: Mapping[str, float]
    members: frozenset[str]


@dataclass
class Observer:
    """Observes the Hub for one process; what it keeps only saves calls."""

    hub: Connection
    _discussions: DiscussionReader = field(default_factory=DiscussionReader)
    _profiles: ProfileReader = field(default_factory=ProfileReader)
    _facts: _SlowFacts | None = None

    def observe(self, scope: Scope) -> Observation:
        """Read what is in the scope. Raises TryLater and Refused."""
        hub, active = self.hub, scope.active
        self._current_facts()  # may take long, so it comes before the time of the observation
        now = hub.clock()
        discussions, deleted = self._discussions.read(hub, active, scope.resting, scope.known, now)
        check_clock(now, self.allowance)
        facts = self._current_facts(_last_comment_at(discussions.values()))
        jobs, unparseable = observe_jobs(hub, active, scope.left_alone)
        may_accept = _may_accept(scope, discussions)
        manifests, unread = _read_manifests(hub, scope)
        return Observation(
            now=now,
            discussions=discussions,
            deleted=deleted,
            maintainers=facts.members,
            jobs=with_details(hub, jobs, active, manifests),
            manifests=manifests,
            teacher=observe_teacher(hub, scope.teacher),
            prices=facts.prices,
            wheel_revision=wheel_revision(hub) if may_accept else "",
            communities=self._profiles.read(hub) if may_accept or scope.manifests else None,
            feedback=count_feedback(hub, discussions.values()) if may_accept else None,
            unreadable=self._discussions.unreadable | unparseable | unread,
        )

    def observe_spending(self, requests: Collection[Request]) -> Observation:
        """Read only what running jobs have cost. Raises TryLater and Refused."""
        facts, now = self._current_facts(), self.hub.clock()
        jobs, _ = observe_jobs(self.hub, (), requests)
        return Observation(now=now, jobs=jobs, prices=facts.prices)

    def invalidate(self, discussion: int) -> None:
        """Read this discussion in the next observation, whatever the listing shows."""
        self._discussions.invalidate(discussion)

    @property
    def has_more_due(self) -> bool:
        """Whether more discussions are due than one observation may read."""
        return self._discussions.has_more_due

    @property
    def allowance(self) -> Allowance:
        return self._discussions.allowance

    def _current_facts(self, changed_at: float = 0.0) -> _SlowFacts:
        """Return what was read at most an hour ago, and not before `changed_at`."""
        now = self.hub.clock()
        oldest = max(changed_at, now - SLOW_FACTS_MAX_AGE_SECONDS)
        if self._facts is None or self._facts.read_at < oldest:
            self._facts = _SlowFacts(now, read_prices(self.hub), _members(self.hub))
        return self._facts


def _last_comment_at(discussions: Iterable[Discussion]) -> float:
    """Return when anybody last commented: whether they are members is read after that."""
    times = (each.created_at for discussion in discussions for each in discussion.comments)
    return max(times, default=0.0)


def check_clock(now: float, allowance: Allowance) -> None:
    """Compare this machine's time with the Hub's. Raises WrongClock."""
    if not allowance.answered_at:
        raise WrongClock("the Hub does not say what time it is, so no cost can be computed")
    ahead = now - allowance.answered_at
    if abs(ahead) > CLOCK_DIFFERENCE_SECONDS:
        raise WrongClock(
            f"this machine's clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} "
            "the Hub's: synchronize it with NTP"
        )


def read_prices(hub: Connection) -> dict[str, float]:
    """Return the hourly price of every job flavor, in US dollars. Raises TryLater and Refused.

    A flavor without a plausible price is left out, so that nothing starts on it.
    """
    with translate_errors("read the hardware prices"):
        return {
            str(hardware.name): hardware.unit_cost_usd * _UNITS_PER_HOUR[str(hardware.unit_label)]
            for hardware in hub.api.list_jobs_hardware()
            if str(hardware.unit_label) in _UNITS_PER_HOUR  # the API allows any text
            and is_amount(hardware.unit_cost_usd)
            and 0 < hardware.unit_cost_usd * _UNITS_PER_HOUR[str(hardware.unit_label)] <= MAX_PRICE
        }


def read_manifest(hub: Connection, request: Request, step: Step) -> Manifest | None:
    """Return the manifest of a step; None if there is none, or if it cannot be parsed.

    Raises TryLater and Refused.
    """
    repo, repo_type, path = steps.output(hub.org, request, step)
    with translate_errors(f"read the manifest in {repo}"):
        try:
            content = hub.content(repo, repo_type, path)
        except (EntryNotFoundError, RepositoryNotFoundError):
            return None
    try:
        return parse_manifest(json.loads(content))
    except MALFORMED as error:
        log.warning("%s in %s is not a valid manifest: %r", path, repo, error)
        return None


def _read_manifests(
    hub: Connection, scope: Scope
) -> tuple[dict[tuple[str, Step], Manifest], frozenset[int]]:
    """Return the manifests, and the discussions of requests whose manifests the Hub cannot show."""
    manifests: dict[tuple[str, Step], Manifest] = {}
    unread: set[int] = set()
    for request, step in scope.manifests:
        if request.discussion in unread:
            continue
        try:
            manifest = read_manifest(hub, request, step)
        except (Broken, Refused) as error:
            log.warning("%s: %s", request.id, error)
            unread.add(request.discussion)
            continue
        if manifest is not None:
            manifests[request.id, step] = manifest
    return manifests, frozenset(unread)


def _may_accept(scope: Scope, read: Collection[int]) -> bool:
    """Whether a request may be accepted now, which needs the wheel and the profiles."""
    is_new = any(num not in scope.known for num in read)
    requests = (*scope.active, *scope.resting)
    return is_new or any(r.may_pin_wheel for r in requests if r.discussion in read)


def count_feedback(hub: Connection, read: Iterable[Discussion]) -> dict[str, int] | None:
    """Return how many rows of feedback each language has, if a discussion asks to learn from them.

    None if none does, or if this token may not see them: the job counts those that it can use.
    """
    if not any(read_options(each.body, AvailableOptions(())).improves for each in read):
        return None
    repo = names.feedback(hub.org)
    try:
        with translate_errors(f"count the feedback in {repo}"):
            tree = hub.tree(repo, recursive=True)
    except Refused:
        return None
    return dict(Counter(names.feedback_language(item.path) for item in tree))


def _members(hub: Connection) -> frozenset[str]:
    """Return the members of the organization; nobody if the namespace is a person's."""
    with translate_errors(f"list the members of {hub.org}"):
        try:
            members = list(hub.api.list_organization_members(hub.org))
        except HfHubHTTPError as error:
            if status_code(error) in (403, 404):
                return frozenset()
            raise
        return frozenset(str(member.username) for member in members) - {hub.me}


def wheel_revision(hub: Connection) -> str:
    """Return the newest commit of the repo with the wheel. Raises TryLater and Refused."""
    with translate_errors("find the wheel's commit"):
        return str(hub.api.repo_info(names.code_repo(hub.org), repo_type="dataset").sha)
