"""The ledger: every request as a file of a Hub dataset, and the only source of a Permit.

A commit that changes the file of a request also rewrites the index file with the records of a
hundred requests, so that a new process, and each Space, reads ten files for a thousand requests.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.domain import names
from bot.domain.actions import Permit, Plan
from bot.domain.codec import (
    NewerRecord,
    UnreadableRecord,
    faults_to_json,
    request_to_json,
    teacher_to_json,
)
from bot.domain.fault import Faults
from bot.domain.ledger_upgrade import read_faults, read_request, read_teacher
from bot.domain.request import Request, TeacherRecord
from bot.hub.client import Refused, TryLater
from bot.hub.ledger_repo import LedgerRepo, index_text, json_text

log = logging.getLogger(__name__)

# The Hub gets slow after a few thousand commits.
MAX_COMMITS = 2_000


@dataclass(frozen=True)
class LedgerSnapshot:
    """The ledger at the commit `head`.

    `outdated` are the ids of records of an older schema, `unreadable` those of records that cannot
    be read, with the reason.
    """

    head: str
    requests: tuple[Request, ...] = ()
    teacher: TeacherRecord = field(default_factory=TeacherRecord)
    outdated: frozenset[str] = frozenset()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)

    @property
    def discussions(self) -> frozenset[int]:
        """The discussions of all requests, also of those whose record cannot be read."""
        unreadable = map(names.discussion_of, self.unreadable)
        return frozenset({*(request.discussion for request in self.requests), *unreadable})


@dataclass
class Ledger:
    """Load snapshots and commit plans; an idle tick reads nothing, as the last snapshot is kept."""

    repo: LedgerRepo
    _last: LedgerSnapshot | None = None

    def load(self) -> LedgerSnapshot:
        """Return the ledger at the repo's head.

        A request's record that cannot be read is left out. Raises TryLater, Refused, and
        UnreadableRecord if the teacher's record cannot be read, because it is about money.
        """
        head = self.repo.head()
        if self._last is None or self._last.head != head:
            self._last = self.read(head)
        return self._last

    def read(self, head: str) -> LedgerSnapshot:
        """Return the ledger at a commit, like `load`."""
        return _parse_snapshot(head, self.repo.files(head))

    def commit(
        self,
        snapshot: LedgerSnapshot,
        plans: Iterable[Plan],
        teacher: TeacherRecord,
        observed_at: float,
        faults: Faults | None = None,
    ) -> Permit | None:
        """Write all changed records on top of `snapshot`; return None if another bot was faster.

        Without `faults`, those of the snapshot stay.

        Records of an older schema are rewritten with the first change in their index file.
        """
        old = {request.id: request for request in snapshot.requests}
        changed = [plan for plan in plans if old.get(plan.request.id) != plan.request]
        requests = {**old, **{plan.request.id: plan.request for plan in changed}}
        indexes = _indexes(requests.values(), {plan.request.discussion for plan in changed})
        written = {plan.request.id for plan in changed}
        in_indexes = {request.id for index in indexes.values() for request in index}
        written |= snapshot.outdated & in_indexes
        files = {
            names.ledger_path(id_): json_text(request_to_json(requests[id_])) for id_ in written
        }
        files |= {path: index_text(map(request_to_json, index)) for path, index in indexes.items()}
        summaries = [plan.summary for plan in changed]
        if teacher != snapshot.teacher:
            files[names.TEACHER_FILE] = json_text(teacher_to_json(teacher))
            summaries.append(f"teacher {'on' if teacher.running else 'off'}")
        faults = snapshot.faults if faults is None else faults
        if faults != snapshot.faults:
            files[names.FAULTS_FILE] = json_text(faults_to_json(faults))
            summaries.append(f"faults: {len(faults.faults)}")
        if not files:
            return None
        head = self.repo.swap(snapshot.head, files, "\n".join(summaries))
        if head is None:
            return None
        self._squash_sometimes(head)
        outdated = snapshot.outdated - written
        self._last = replace(
            snapshot,
            head=head,
            requests=_sorted(requests.values()),
            teacher=teacher,
            outdated=outdated,
            faults=faults,
        )
        return Permit(head, observed_at)

    def history(self, request: str) -> list[tuple[float, str]]:
        """Return what was decided for a request and when, oldest first, up to the last squash."""
        return [
            (committed_at, part)
            for committed_at, parts in reversed(self.repo.history())
            for part in parts
            if part.startswith(f"{request}: ")
        ]

    def _squash_sometimes(self, head: str) -> None:
        """After one commit in 256, squash the history if it is too long.

        A bot that commits on the old head meanwhile loses its race, as with any other commit.
        """
        if not head.startswith("00"):
            return
        try:
            if self.repo.squash(MAX_COMMITS):
                log.info("squashed the ledger's history")
        except (TryLater, Refused) as error:
            log.warning("%s", error)


def _indexes(
    requests: Collection[Request], discussions: Collection[int]
) -> dict[str, list[Request]]:
    """Path → requests of each index file that has one of these discussions."""
    indexes: dict[str, list[Request]] = {names.index_path(num): [] for num in discussions}
    for request in sorted(requests, key=lambda r: r.discussion):
        if (path := names.index_path(request.discussion)) in indexes:
            indexes[path].append(request)
    return indexes


def _parse_snapshot(head: str, files: Mapping[str, str]) -> LedgerSnapshot:
    requests: list[Request] = []
    outdated: set[str] = set()
    unreadable: dict[str, str] = {}
    for path, text in files.items():
        if not (id_ := names.request_of_path(path)):
            continue
        try:
            request, is_outdated = read_request(text)
        except NewerRecord as error:
            raise NewerRecord(f"{path} of the ledger: {error}") from error
        except UnreadableRecord as error:
            unreadable[id_] = f"cannot read {path} of the ledger: {error}"
            continue
        if (request.id, request.discussion) != (id_, names.discussion_of(id_)):
            unreadable[id_] = f"cannot read {path} of the ledger: it is about another request"
            continue
        requests.append(request)
        if is_outdated:
            outdated.add(id_)
    return LedgerSnapshot(
        head=head,
        requests=_sorted(requests),
        teacher=_parse_teacher(files),
        outdated=frozenset(outdated),
        unreadable=unreadable,
        faults=_parse_faults(files),
    )


def _parse_teacher(files: Mapping[str, str]) -> TeacherRecord:
    path = names.TEACHER_FILE
    if path not in files:
        return TeacherRecord()
    try:
        return read_teacher(files[path])
    except UnreadableRecord as error:
        raise UnreadableRecord(f"cannot read {path} of the ledger: {error}") from error


def _parse_faults(files: Mapping[str, str]) -> Faults:
    """Return the recorded faults; without them, each is only tried again sooner."""
    path = names.FAULTS_FILE
    if path not in files:
        return Faults()
    try:
        return read_faults(files[path])
    except UnreadableRecord as error:
        log.warning("cannot read %s of the ledger, so no fault is known: %s", path, error)
        return Faults()


def _sorted(requests: Collection[Request]) -> tuple[Request, ...]:
    """Sort the requests as their files are listed, so that reading and writing give one order."""
    return tuple(sorted(requests, key=lambda request: request.id))
