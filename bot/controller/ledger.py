"""The ledger: every request as a file of a Hub dataset, and the only way to a Permit.

Each commit that changes a request's file also renews the sheet on which it stands among those of
its hundred, so that a new process, and each Space, reads ten files for a thousand requests.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, field

from bot.domain import names
from bot.domain.actions import Permit, Plan
from bot.domain.request import ForeignRecord, Request, TeacherRecord, from_json, to_json
from bot.hub.client import Refused, TryLater
from bot.hub.ledger_repo import Store, as_sheet, as_text

log = logging.getLogger(__name__)

# The Hub slows after a few thousand commits.
MOST_COMMITS = 2_000


@dataclass(frozen=True)
class Page:
    """The ledger at one commit."""

    head: str
    requests: tuple[Request, ...] = ()
    teacher: TeacherRecord = field(default_factory=TeacherRecord)


@dataclass
class Ledger:
    """Loads pages and commits plans; keeps the last page so that an idle tick reads nothing."""

    store: Store
    _last: Page | None = None

    def load(self) -> Page:
        """The page at the repo's head. Raises TryLater and Refused."""
        head = self.store.head()
        if self._last is None or self._last.head != head:
            self._last = self.read(head)
        return self._last

    def read(self, head: str) -> Page:
        """The page at a commit. Raises TryLater, Refused and ForeignRecord."""
        return _page(head, self.store.files(head))

    def commit(
        self, page: Page, plans: Iterable[Plan], teacher: TeacherRecord, seen: float
    ) -> Permit | None:
        """Write all changed records on top of `page`; None when the race was lost."""
        old = {request.id: request for request in page.requests}
        changed = [plan for plan in plans if old.get(plan.next.id) != plan.next]
        files = {names.ledger_path(p.next.id): as_text(to_json(p.next)) for p in changed}
        reasons = [plan.why for plan in changed]
        if teacher != page.teacher:
            files[names.TEACHER_FILE] = as_text(asdict(teacher))
            reasons.append(f"teacher {'on' if teacher.running else 'off'}")
        if not files:
            return None
        requests = {**old, **{plan.next.id: plan.next for plan in changed}}
        files |= _sheets(requests.values(), {plan.next.discussion for plan in changed})
        head = self.store.swap(page.head, files, "; ".join(reasons)[:200])
        if head is None:
            return None
        self._tidy(head)
        self._last = Page(head, _in_order(requests.values()), teacher)
        return Permit(head, seen)

    def history(self, request: str) -> list[tuple[float, str]]:
        """What was decided for a request and when, oldest first, as far as the history goes."""
        found = [
            (at, part)
            for at, title in reversed(self.store.history())
            for part in title.split("; ")
            if part.startswith(f"{request}: ")
        ]
        return found

    def _tidy(self, head: str) -> None:
        """Now and then (one commit in 256, whoever made it) look whether the history is too long.

        A bot that commits meanwhile on the old head loses its race, as with any other commit.
        """
        if not head.startswith("00"):
            return
        try:
            if self.store.squash(MOST_COMMITS):
                log.info("the ledger's history was squashed")
        except (TryLater, Refused) as error:
            log.warning("%s", error)


def _sheets(requests: Collection[Request], changed: Collection[int]) -> dict[str, str]:
    """Path → text of each sheet that names one of the changed discussions."""
    sheets: dict[str, list[Request]] = {names.sheet_path(num): [] for num in changed}
    for request in sorted(requests, key=lambda r: r.discussion):
        if (path := names.sheet_path(request.discussion)) in sheets:
            sheets[path].append(request)
    return {path: as_sheet(map(to_json, on_it)) for path, on_it in sheets.items()}


def _page(head: str, files: dict[str, str]) -> Page:
    requests = []
    for path, text in files.items():
        if path.startswith(f"{names.LEDGER_DIR}/"):
            try:
                requests.append(from_json(json.loads(text)))
            except (ValueError, ForeignRecord) as error:
                raise ForeignRecord(f"{path}: {error}") from error
    teacher = files.get(names.TEACHER_FILE)
    record = TeacherRecord(**json.loads(teacher)) if teacher else TeacherRecord()
    return Page(head, _in_order(requests), record)


def _in_order(requests: Collection[Request]) -> tuple[Request, ...]:
    """As their files are listed: the same whether a page was read or written."""
    return tuple(sorted(requests, key=lambda request: request.id))
