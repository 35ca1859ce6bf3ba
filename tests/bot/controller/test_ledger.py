"""The ledger on the local Hub: read with few calls, and files take precedence over sheets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import CommitOperationAdd

from bot.controller.ledger import Ledger, LedgerSnapshot
from bot.domain import names
from bot.domain.actions import Plan
from bot.domain.codec import NewerRecord, UnreadableRecord, request_to_json
from bot.domain.fault import FaultKind
from bot.domain.request import Request, Status, TeacherRecord
from bot.hub.client import Connection
from bot.hub.ledger_repo import LedgerRepo, index_text, json_text
from bot.localhub.testing import LocalHub
from tests.bot import examples

pytestmark = pytest.mark.xdist_group("ledger")  # one Hub for all of them

BOT, REPO = "kakugo-bot", names.ledger("practice")
COUNT = 250
OLD_RECORD = (
    Path(__file__)
    .parents[2]
    .joinpath("data", "old_schemas", "ledger_midway", "requests", "r1.json")
)


@dataclass(frozen=True)
class RecordingConnection(Connection):
    """A connection that records the files that are read."""

    read: list[str] = field(default_factory=list)

    def content(self, repo: str, repo_type: str, path: str, revision: str = "main") -> bytes:
        self.read.append(path)
        return super().content(repo, repo_type, path, revision)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    with LocalHub(tmp_path_factory.mktemp("ledger"), orgs={"practice": (BOT,)}) as running:
        yield running


def new_process(hub: LocalHub) -> tuple[RecordingConnection, Ledger]:
    connection = RecordingConnection(hub.url, "practice", hub.token(BOT), "")
    return connection, Ledger(LedgerRepo(connection, REPO))


def make_requests(count: int) -> list[Request]:
    archived: dict[str, Any] = {"status": Status.DONE, "reported": True, "archived": True}
    return [
        examples.request(id=f"r{n}", discussion=n, author=f"p{n}", **(archived if n % 5 else {}))
        for n in range(1, count + 1)
    ]


def by_id(snapshot: LedgerSnapshot) -> dict[str, Request]:
    return {request.id: request for request in snapshot.requests}


def write(ledger: Ledger, requests: list[Request], teacher: TeacherRecord) -> LedgerSnapshot:
    snapshot = ledger.load()
    plans = [Plan(request, (), f"{request.id}: test") for request in requests]
    assert ledger.commit(snapshot, plans, teacher, 0.0)
    return ledger.load()


def test_a_new_process_reads_many_requests_with_few_calls(hub: LocalHub) -> None:
    connection, ledger = new_process(hub)
    connection.api.create_repo(REPO, repo_type="dataset")
    written = write(ledger, make_requests(COUNT), TeacherRecord(running=True))

    connection, ledger = new_process(hub)
    snapshot = ledger.load()
    assert sorted(connection.read) == [*(f"sheets/{n:05}.jsonl" for n in range(3)), "teacher.json"]
    assert by_id(snapshot) == by_id(written) and snapshot.teacher.running

    # After another process has changed one request, only its file is read.
    _, other = new_process(hub)
    changed = examples.request(id="r7", discussion=7, author="p7", retries=1)
    other.load()
    write(other, [changed], TeacherRecord(running=True))
    connection.read.clear()
    assert changed in ledger.load().requests and connection.read == ["requests/r7.json"]

    # A squashed ledger has the same requests.
    before = by_id(ledger.load())
    assert ledger.repo.squash(max_commits=1)
    connection, ledger = new_process(hub)
    assert by_id(ledger.load()) == before and len(connection.read) == 4


@pytest.mark.parametrize("damage", ["stale", "broken", "missing"])
def test_a_file_takes_precedence_over_its_sheet(hub: LocalHub, damage: str) -> None:
    _, ledger = new_process(hub)
    repo = f"practice/{damage}"
    ledger.repo.name = repo
    ledger.repo.hub.api.create_repo(repo, repo_type="dataset")
    write(ledger, make_requests(9), TeacherRecord())
    edited = examples.request(id="r3", discussion=3, author="p3", retries=5)  # by hand, on the Hub
    files = {names.ledger_path("r3"): json_text(request_to_json(edited))}
    if damage == "broken":
        files[names.index_path(3)] = '{"schema": 2}\nno JSON\n[]\n{"x": "\\ud800"}\n'
    assert ledger.repo.swap(ledger.repo.head(), files, "edit")
    if damage == "missing":
        ledger.repo.hub.api.delete_file(names.index_path(3), repo, repo_type="dataset")
    _, ledger = new_process(hub)
    ledger.repo.name = repo
    snapshot = ledger.load()
    assert edited in snapshot.requests and len(snapshot.requests) == 9


def test_a_request_has_its_own_history(hub: LocalHub) -> None:
    _, ledger = new_process(hub)
    ledger.repo.name = "practice/history"
    ledger.repo.hub.api.create_repo("practice/history", repo_type="dataset")
    write(ledger, make_requests(12), TeacherRecord())
    assert [summary for _, summary in ledger.history("r1")] == ["r1: test"]
    text = ledger.repo.files(ledger.repo.head())["requests/r1.json"]
    assert text == json_text(request_to_json(make_requests(1)[0])) and text.count("\n") > 20


NO_RECORDS = ["", "[]", "[" * 100_000, '{"schema": 2, "opened": NaN}', "null", '{"schema": "9"}']


def test_records_that_cannot_be_read_are_named_and_the_others_are_read(hub: LocalHub) -> None:
    connection, ledger = new_process(hub)
    ledger.repo.name = "practice/damaged"
    connection.api.create_repo("practice/damaged", repo_type="dataset", exist_ok=True)
    write(ledger, make_requests(9), TeacherRecord())
    damaged = {names.ledger_path(f"r{n}"): text for n, text in enumerate(NO_RECORDS, 1)}
    other = names.ledger_path("r7"), json_text(request_to_json(make_requests(8)[-1]))
    files = damaged | dict([other]) | {names.FAULTS_FILE: "[]", names.ledger_path("r0"): "{}"}
    assert ledger.repo.swap(ledger.repo.head(), files, "damage")
    latin1 = CommitOperationAdd(names.ledger_path("r8"), b'{"schema": "\xe9"}')
    connection.api.create_commit(
        "practice/damaged", [latin1], commit_message="damage", repo_type="dataset"
    )
    snapshot = ledger.load()
    assert [request.id for request in snapshot.requests] == ["r9"]
    assert sorted(snapshot.unreadable) == [f"r{n}" for n in range(1, 9)]
    assert all(names.ledger_path(id_) in reason for id_, reason in snapshot.unreadable.items())
    assert snapshot.discussions == set(range(1, 10)) and not snapshot.faults.faults

    # What follows keeps them, and so does the file of faults.
    changed = replace(snapshot.requests[0], retries=1)
    faults = snapshot.faults.with_one_more(3, FaultKind.RECORD, examples.NOW)
    assert ledger.commit(snapshot, [Plan(changed)], snapshot.teacher, 0.0, faults)
    _, ledger = new_process(hub)
    ledger.repo.name = "practice/damaged"
    assert ledger.load().unreadable == snapshot.unreadable and ledger.load().faults == faults


@pytest.mark.parametrize(
    "path, text, error",
    [
        (names.TEACHER_FILE, "{}", UnreadableRecord),
        (names.ledger_path("r1"), '{"schema": 99}', NewerRecord),
    ],
    ids=["teacher", "newer version"],
)
def test_what_concerns_all_requests_stops_the_bot(
    hub: LocalHub, path: str, text: str, error: type[Exception]
) -> None:
    connection, ledger = new_process(hub)
    ledger.repo.name = "practice/stopped"
    connection.api.create_repo("practice/stopped", repo_type="dataset", exist_ok=True)
    assert ledger.repo.swap(ledger.repo.head(), {path: text}, "damage")
    with pytest.raises(error, match=path):
        ledger.load()
    connection.api.delete_repo("practice/stopped", repo_type="dataset")


def test_first_change_on_a_sheet_upgrades_the_records_on_it(hub: LocalHub) -> None:
    repo, old = "practice/outdated", OLD_RECORD.read_text(encoding="utf-8")
    records = {f"r{n}": {**json.loads(old), "id": f"r{n}", "discussion": n} for n in (1, 2, 150)}
    files = {names.ledger_path(id_): json_text(record) for id_, record in records.items()}
    files[names.index_path(1)] = index_text([records["r1"], records["r2"]])
    connection, ledger = new_process(hub)
    ledger.repo.name = repo
    connection.api.create_repo(repo, repo_type="dataset")
    assert ledger.repo.swap(ledger.repo.head(), files, "written by an older version")

    _, ledger = new_process(hub)
    ledger.repo.name = repo
    snapshot = ledger.load()
    assert snapshot.outdated == {"r1", "r2", "r150"}
    changed = replace(by_id(snapshot)["r1"], retries=1)
    assert ledger.commit(snapshot, [Plan(changed, (), "r1: test")], snapshot.teacher, 0.0)

    connection, ledger = new_process(hub)
    ledger.repo.name = repo
    snapshot = ledger.load()
    assert snapshot.outdated == {"r150"} and by_id(snapshot)["r1"] == changed
    assert sorted(connection.read) == ["requests/r150.json", "sheets/00000.jsonl"]
