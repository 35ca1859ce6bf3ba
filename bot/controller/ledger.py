"""The ledger: every request as a file of a Hub dataset, and the only source of a Permit.

A commit that changes the file of a request also rewrites the index file with the records of a
hundred requests, so that a new process, and each Space, reads ten files for a thousand requests.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain import names
from bot.domain.actions import Permit, Plan
from bot.domain.codec import (
    UnreadableRecord,
    request_to_json,
    teacher_to_json,
)
from bot.domain.ledger_upgrade import read_request, read_teacher
from bot.domain.request import Request, TeacherRecord
from bot.hub.client import Refused, TryLater
from bot.hub.ledger_repo import LedgerRepo, index_text, json_text

log = logging.getLogger(__name__)

# The Hub gets slow after a few thousand commits.
MAX_COMMITS = 2_000


@dataclass(frozen=True)
class LedgerSnapshot:
    """The ledger at the commit `head`; `outdated` are the ids of records of an older schema."""

    head: str
    requests: tuple[Request, ...] = ()
    teacher: TeacherRecord = field(default_factory=TeacherRecord)
    outdated: frozenset[str] = frozenset()


@dataclass
class Ledger:
    """Load snapshots and commit plans; an idle tick reads nothing, as the last snapshot is kept."""

    repo: LedgerRepo
    _last: LedgerSnapshot | None = None

    def load(self) -> LedgerSnapshot:
        """Return the ledger at the repo's head. Raises TryLater, Refused and UnreadableRecord."""
        head = self.repo.head()
        if self._last is None or self._last.head != head:
            self._last = self.read(head)
        return self._last

    def read(self, head: str) -> LedgerSnapshot:
        """Return the ledger at a commit. Raises TryLater, Refused and UnreadableRecord."""
        return _parse_snapshot(head, self.repo.files(head))

    def commit(
        self,
        snapshot: LedgerSnapshot,
        plans: Iterable[Plan],
        teacher: TeacherRecord,
        observed_at: float,
    ) -> Permit | None:
        """Write all changed records on top of `snapshot`; return None if another bot was faster.

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
        if not files:
            return None
        head = self.repo.swap(snapshot.head, files, "; ".join(summaries)[:200])
        if head is None:
            return None
        self._squash_sometimes(head)
        outdated = snapshot.outdated - written
        self._last = LedgerSnapshot(head, _sorted(requests.values()), teacher, outdated)
        return Permit(head, observed_at)

    def history(self, request: str) -> list[tuple[float, str]]:
        """Return what was decided for a request and when, oldest first, up to the last squash."""
        return [
            (committed_at, part)
            for committed_at, title in reversed(self.repo.history())
            for part in title.split("; ")
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
    requests, outdated, teacher = [], set(), TeacherRecord()
    for path, text in files.items():
        try:
            if path == names.TEACHER_FILE:
                teacher = read_teacher(text)
            elif path.startswith(f"{names.LEDGER_DIR}/"):
                request, is_outdated = read_request(text)
                requests.append(request)
                if is_outdated:
                    outdated.add(request.id)
        except UnreadableRecord as error:
            raise UnreadableRecord(f"cannot read {path} of the ledger: {error}") from error
    return LedgerSnapshot(head, _sorted(requests), teacher, frozenset(outdated))


def _sorted(requests: Collection[Request]) -> tuple[Request, ...]:
    """Sort the requests as their files are listed, so that reading and writing give one order."""
    return tuple(sorted(requests, key=lambda request: request.id))
