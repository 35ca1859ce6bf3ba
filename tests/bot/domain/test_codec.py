"""Records of the ledger are written, read back, refused with the field's path, and upgraded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import is_dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from bot.domain.codec import (
    SCHEMA,
    UnreadableRecord,
    faults_to_json,
    request_from_json,
    request_to_json,
    teacher_from_json,
    teacher_to_json,
)
from bot.domain.fault import FaultKind, Faults
from bot.domain.ledger_upgrade import read_faults, upgrade_request, upgrade_teacher
from bot.domain.request import (
    Answer,
    Command,
    Reason,
    Request,
    Status,
    Step,
    StepRecord,
    StepState,
    TeacherRecord,
)
from bot.language import Language
from tests.bot import examples

OLD_SCHEMAS = Path(__file__).parents[2] / "data" / "old_schemas"


def test_request_is_read_back() -> None:
    record = StepRecord(
        StepState.MADE, 2, 1, examples.NOW, "j1", "a note", 3.5, 0.25, Reason.ERROR, ("x",)
    )
    request = replace(
        examples.request(steps={Step.TRAIN: record}),
        choices=("epo_Latn",),
        replied_at={"plan": examples.NOW},
        answers=(Answer(Command.HELP, True, "words"),),
        reported=True,
    )
    assert request_from_json(json.loads(json.dumps(request_to_json(request)))) == request
    declined = examples.request(spec=None)
    assert request_from_json(request_to_json(declined)) == declined


def test_teacher_is_read_back() -> None:
    teacher = TeacherRecord(True, examples.NOW, 2, examples.NOW - 5)
    assert teacher_from_json(json.loads(json.dumps(teacher_to_json(teacher)))) == teacher


Damage = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data.pop("id"), 'request: the field "id" is missing'),
        (lambda data: data.update(mood="good"), 'request: the field "mood" is unknown'),
        (lambda data: data.update(schema=1), "request: expected schema 8"),
        (lambda data: data.update(status="asleep"), 'request.status: "asleep" is not'),
        (lambda data: data.update(discussion="1"), 'request.discussion: expected int, got "1"'),
        (lambda data: data.update(revision=True), "request.revision: expected int, got true"),
        (lambda data: data.update(opened_at=None), "request.opened_at: expected float"),
        (lambda data: data.update(opened_at=10**400), "request.opened_at: expected float"),
        (lambda data: data.update(opened_at=float("nan")), "request.opened_at: expected float"),
        (lambda data: data["spec"].update(cap_usd=float("inf")), "request.spec.cap_usd: expected"),
        (lambda data: data["spec"].update(cap_usd=-1.0), "request.spec.cap_usd: expected float"),
        (lambda data: data.update(discussion=10**300), "request.discussion: expected int"),
        (lambda data: data.update(choices="epo"), "request.choices: expected list"),
        (lambda data: data.update(choices=[1]), "request.choices\\[0\\]: expected str"),
        (lambda data: data.update(steps={"dance": {}}), 'request.steps: "dance" is not'),
        (lambda data: data.update(steps={"train": {}}), "request.steps.train: the field"),
        (lambda data: data["spec"].update(language=None), "request.spec.language: expected dict"),
        (
            lambda data: data["spec"]["language"].update(code="xxx_Xxxx"),
            "request.spec.language.code: 'xxx_Xxxx' is not",
        ),
    ],
)
def test_unreadable_record_is_refused_with_the_path_of_the_field(
    damage: Damage, message: str
) -> None:
    data = request_to_json(examples.request())
    damage(data)
    with pytest.raises(UnreadableRecord, match=message):
        request_from_json(data)


@pytest.mark.parametrize("data", [None, [], "{}", {}, {"schema": "3"}, {"schema": 9}])
def test_other_values_are_refused(data: object) -> None:
    for read in (request_from_json, teacher_from_json):
        with pytest.raises(UnreadableRecord, match="expected schema 8|a newer version"):
            read(data)


def shape(kind: Any) -> Any:
    """Return the fields of a record with their types, and the values of enumerations."""
    if arguments := get_args(kind):
        return [shape(each) for each in arguments]
    if is_dataclass(kind) and kind is not Language:
        return {name: shape(hint) for name, hint in sorted(get_type_hints(kind).items())}
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return sorted(kind)
    return str(kind)


def test_records_that_an_older_bot_cannot_read_have_a_newer_schema() -> None:
    """Whoever changes this digest must also raise the schema, and upgrade older records.

    Otherwise an older bot takes a record for damaged instead of asking to be updated.
    """
    shapes = json.dumps([shape(kind) for kind in (Request, TeacherRecord, Faults)])
    digest = hashlib.sha256(shapes.encode()).hexdigest()[:16]
    assert (SCHEMA, digest) == (8, "56935a4c15dff0f1")


def test_integers_are_read_as_times() -> None:
    data = {**request_to_json(examples.request()), "opened_at": 5}
    opened_at = request_from_json(data).opened_at
    assert opened_at == 5.0 and isinstance(opened_at, float)


def old(*path: str) -> Any:
    return json.loads(OLD_SCHEMAS.joinpath(*path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("ledger", ["ledger", "ledger_midway"])
def test_request_of_schema_2_is_upgraded(ledger: str) -> None:
    data = old(ledger, "requests", "r1.json")
    request = request_from_json(upgrade_request(data))
    assert (request.opened_at, request.reserved_at) == (data["opened"], data["reserved"])
    assert (request.replied_at, request.last_comment_at) == (data["said"], data["heard"])
    assert (request.revision, request.comments_read) == (data["turn"], data["remarks"])
    assert (request.reported, request.archived) == (data["told"], data["over"])
    spec, old_spec = request.agreed_spec, data["spec"]
    assert (spec.recipe_name, spec.wheel_revision) == (old_spec["recipe"], old_spec["code"])
    assert spec.language.code == old_spec["language"]["code"]
    train, old_train = request.step(Step.TRAIN), data["steps"]["train"]
    assert (train.job_id, train.ordered_at) == (old_train["job"], old_train["ordered"])
    assert train.attempts_since_retry == old_train["tries"]
    assert train.progress_tenths == old_train["progress"]
    assert request.status is (Status.DONE if ledger == "ledger" else Status.OPEN)
    assert request_from_json(request_to_json(request)) == request


@pytest.mark.parametrize("schema", [4, 5, 6, 7])
def test_records_of_recent_schemas_are_upgraded(schema: int) -> None:
    data = {**request_to_json(examples.request()), "schema": schema}
    if schema < 7:
        del data["spec"]["fertility"]
    if schema == 4:
        del data["last_comment_ids"]
    assert request_from_json(upgrade_request(data)) == examples.request()
    teacher = TeacherRecord(True, 5.0)
    assert (
        teacher_from_json(upgrade_teacher({**teacher_to_json(teacher), "schema": schema}))
        == teacher
    )
    faults = Faults().with_one_more(7, FaultKind.PLAN, 5.0)
    assert read_faults(json.dumps({**faults_to_json(faults), "schema": schema})) == faults


def test_older_requests_of_schema_2_lack_fields() -> None:
    data = old("ledger", "requests", "r1.json")
    data["answers"] = [{"word": "help", "allowed": True, "note": "words"}]
    for key in ("licence", "variant", "improves"):
        del data["spec"][key]
    del data["remarks"]
    request = request_from_json(upgrade_request(data))
    assert request.answers == (Answer(Command.HELP, True, "words"),)
    assert request.comments_read == 0 and not request.agreed_spec.improves


def test_teacher_without_a_schema_is_upgraded() -> None:
    data = old("ledger_midway", "teacher.json")
    teacher = teacher_from_json(upgrade_teacher(data))
    assert teacher == TeacherRecord(False, data["ordered"], 0, data["rested"])
    del data["rested"]
    assert teacher_from_json(upgrade_teacher(data)).paused_at == 0.0


@pytest.mark.parametrize(
    "data", [None, [], {}, {"schema": 4}, {"schema": 2}, {"schema": 2, "steps": {"train": 1}}]
)
def test_upgrade_of_other_values_is_refused_by_the_codec(data: object) -> None:
    with pytest.raises(UnreadableRecord):
        request_from_json(upgrade_request(data))
