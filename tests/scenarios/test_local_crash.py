"""The three requests on the local Hub end as on the Hub in memory, although two bots are killed.

Calls over HTTP and processes of jobs are real; recipes are fake, the clock is simulated, and a
killed bot is replaced by a new controller that remembers nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.controller.tick import Controller
from bot.domain import names
from bot.domain.request import Request
from bot.hub.client import Refused, TryLater
from bot.hub.ledger_repo import LedgerRepo
from bot.localhub.testing import LocalHub
from tests.scenarios.local_scenario import BOT, ORG, Killed, LocalScenario
from tests.scenarios.simulation import Kill
from tests.scenarios.three_requests import TITLES, all_but_one_succeed, simulate

pytestmark = pytest.mark.slow

PERSON = "ludoviko"
NO_KILL = Kill(0, after=False)


def behavior(labels: Mapping[str, str]) -> str:
    return "good" if all_but_one_succeed(labels) else "fail"


class LocalThreeRequests(LocalScenario):
    """The three requests of `three_requests.py`."""

    def run(self, kills: Sequence[Kill], timeout_seconds: float = 120) -> int:
        """Run until all is reported; each kill is of the bot that follows the one before.

        Return how many bots were killed.
        """
        for title in TITLES.values():
            self.open_discussion(PERSON, title)
        to_come, answered = iter(kills), set[int]()
        bot, killed = self._next_bot(to_come), 0
        requests: tuple[Request, ...] = ()
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            try:
                bot.tick()
                requests = bot.ledger.load().requests  # the bot may also die here
            except Killed:
                bot, killed = self._next_bot(to_come), killed + 1
                self.advance(65)  # long enough for a lost launch to be repeated
            except (TryLater, Refused):
                pass
            answered |= self._write_comments(answered)
            if len(requests) == 3 and all(r.reported for r in requests) and len(answered) == 2:
                return killed
            self.advance_unless_jobs_run(5)
        raise AssertionError(f"not reported in {timeout_seconds} s: {requests}")

    def _next_bot(self, kills: Iterator[Kill]) -> Controller:
        kill = next(kills, NO_KILL)
        return self.bot(kill.call, kill.after)

    def _write_comments(self, answered: set[int]) -> set[int]:
        """Answer the question and give the command once the bot has written; return where."""
        written: set[int] = set()
        for num, kind, text in ((2, "question", "1"), (3, "plan", "/estimate")):
            if num not in answered and any(f"kakugo {kind} " in t for t in self.bot_comments(num)):
                self.add_comment(PERSON, num, text)
                written.add(num)
        return written

    def outcome(self) -> tuple[Any, ...]:
        """Return what must be as on the Hub in memory: all but costs, which depend on real time."""
        requests = self.bot().ledger.load().requests
        records = [
            f"{r.id} {r.status} " + " ".join(f"{s}={r.step(s).state}" for s in r.steps)
            for r in sorted(requests, key=lambda r: r.id)
        ]
        kinds = {num: self.comment_kinds(num) for num in TITLES}
        return tuple(self.launches()), tuple(records), kinds

    def all_text(self) -> str:
        """Return the text of all commits, comments, jobs and the endpoint."""
        ledger = LedgerRepo(self.bot().hub, names.ledger(ORG))
        commits = self.api.list_repo_commits(ledger.name, repo_type="dataset")
        parts = [str(ledger.files(commit.commit_id)) for commit in commits]
        assert "failed by --behavior" in str(parts)  # the failed job's log, without the token
        for kind in ("models", "datasets"):
            for repo in getattr(self.api, f"list_{kind}")(author=ORG):
                files = self.api.list_repo_files(repo.id, repo_type=kind[:-1])
                parts += [
                    Path(self.api.hf_hub_download(repo.id, file, repo_type=kind[:-1])).read_text()
                    for file in files
                ]
        parts += [text for num in TITLES for text in self.bot_comments(num)]
        parts += [str(vars(job)) for job in self.api.list_jobs(namespace=ORG)]
        parts.append(str(self.api.get_inference_endpoint("kakugo-teacher", namespace=ORG).raw))
        return "\n".join(parts)


def _kind(text: str) -> str:
    """Return the kind of a reply, whose marker may have lost its digest."""
    return "".join(re.findall(r"<!-- kakugo (\w+)", text))


@pytest.mark.timeout(300)
def test_requests_end_as_on_the_hub_in_memory_although_bots_are_killed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """One bot dies after one of its calls, the next one before one of its own."""
    in_memory, _ = simulate(1, None)
    with LocalHub(tmp_path, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        scenario = LocalThreeRequests(hub, behavior)
        assert scenario.run((Kill(40, after=True), Kill(80, after=False))) == 2
        assert hub.token(BOT) not in scenario.all_text()
        launches, records, kinds = scenario.outcome()
    assert (launches, records) == (in_memory.launches, in_memory.records)
    expected = {num: sorted(map(_kind, texts)) for num, texts in in_memory.comments.items()}
    assert kinds == expected
    assert "hf_local" not in "".join(capfd.readouterr()) + caplog.text
