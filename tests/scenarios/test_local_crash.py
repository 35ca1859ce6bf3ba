"""The story of three requests on the local Hub: real calls over HTTP, real processes as jobs.

It ends as on the Hub in memory, comment for comment; a dead bot is a new one that remembers
nothing. Time is the bots' own: they wait by moving their clock.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from bot.domain import names
from bot.domain.request import Request
from bot.hub.client import Refused, TryLater
from bot.hub.ledger_repo import LedgerRepo
from bot.localhub.testing import LocalHub
from tests.scenarios.crash_story import ASKED, fails_once, play
from tests.scenarios.local_bots import BOT, ORG, Killed, Theatre

pytestmark = pytest.mark.slow

PERSON = "ludoviko"


class Story(Theatre):
    """The three requests of `crash.py`."""

    calls = 0

    def play(self, cut: int, after: bool, patience: float = 120) -> int:
        """The story, with a bot that dies at one of its calls; returns how often bots died."""
        for title in ASKED.values():
            self.asks(PERSON, title)
        bot, deaths, answered = self.bot(cut, after), 0, set()
        requests: tuple[Request, ...] = ()
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            try:
                bot.tick()
                requests = bot.ledger.load().requests  # the cut may fall here, too
            except Killed:
                bot, deaths = self.bot(), deaths + 1  # it remembers nothing
                self.wait(65)  # what the dead one ordered is now missed
            except (TryLater, Refused):
                pass
            answered |= self._people_talk(answered)
            self.calls = max(self.calls, bot.hub.api.calls)  # type: ignore[attr-defined]
            if len(requests) == 3 and all(r.reported for r in requests) and len(answered) == 2:
                return deaths
            self.pass_time(5)
        raise AssertionError(f"not told in {patience} s: {requests}")

    def _people_talk(self, answered: set[int]) -> set[int]:
        said: set[int] = set()
        for num, kind, text in ((2, "question", "1"), (3, "plan", "/estimate")):
            if num not in answered and any(f"kakugo {kind} " in t for t in self.heard(num)):
                self.says(PERSON, num, text)
                said.add(num)
        return said

    def outcome(self) -> tuple[Any, ...]:
        """What may be compared with the Hub in memory: all but the money that time costs."""
        requests = self.bot().ledger.load().requests
        records = [
            f"{r.id} {r.status} " + " ".join(f"{s}={r.step(s).state}" for s in r.steps)
            for r in sorted(requests, key=lambda r: r.id)
        ]
        kinds = {num: self.kinds(num) for num in ASKED}
        return tuple(self.launches()), tuple(records), kinds

    def everything(self) -> str:
        """All that anybody has pushed, said or asked to run, the ledger's past included."""
        repo = LedgerRepo(self.bot().hub, names.ledger(ORG))
        commits = self.api.list_repo_commits(repo.name, repo_type="dataset")
        parts = [str(repo.files(commit.commit_id)) for commit in commits]
        assert "told to fail" in str(parts)  # what the failed job said was kept, without the token
        for kind in ("models", "datasets"):
            for repo in getattr(self.api, f"list_{kind}")(author=ORG):
                files = self.api.list_repo_files(repo.id, repo_type=kind[:-1])
                parts += [
                    Path(self.api.hf_hub_download(repo.id, file, repo_type=kind[:-1])).read_text()
                    for file in files
                ]
        parts += [text for num in ASKED for text in self.heard(num)]
        parts += [str(vars(job)) for job in self.api.list_jobs(namespace=ORG)]
        parts.append(str(self.api.get_inference_endpoint("kakugo-teacher", namespace=ORG).raw))
        return "\n".join(parts)


def _kind(text: str) -> str:
    return names.marker_kind(names.find_marker(text))


def perform(folder: Path, cut: int, after: bool) -> tuple[tuple[Any, ...], int, int]:
    """One performance: what is left of it, how many calls a bot made, how many died."""
    with LocalHub(folder, users=(BOT, PERSON), orgs={ORG: (BOT,)}) as hub:
        theatre = Story(hub, lambda labels: "good" if fails_once(labels) else "fail")
        deaths = theatre.play(cut, after)
        assert hub.token(BOT) not in theatre.everything()
        return theatre.outcome(), theatre.calls, deaths


@pytest.mark.timeout(300)
def test_it_ends_as_on_the_hub_in_memory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    imagined, _ = play(1, None)
    whole, calls, deaths = perform(tmp_path / "whole", 0, False)
    assert deaths == 0
    assert whole[:2] == (imagined.launches, imagined.records)
    kinds = {num: sorted(map(_kind, said)) for num, said in imagined.comments.items()}
    assert whole[2] == kinds
    for number, share in enumerate((0.1, 0.35, 0.6)):
        after = number % 2 == 0
        outcome, _, deaths = perform(tmp_path / f"cut{number}", int(calls * share), after)
        assert outcome == whole, (share, after)
        assert deaths == 1
    printed = "".join(capfd.readouterr()) + caplog.text
    assert "hf_local" not in printed
    print(f"4 performances on the local Hub, {calls} calls when nobody dies: always the same end")
