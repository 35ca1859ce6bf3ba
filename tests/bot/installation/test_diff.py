"""The desired state of an installation, and the changes that lead to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import names
from bot.domain.recipe import EndpointSpec
from bot.installation.diff import compare, removal
from bot.installation.state import (
    UNPUSHED,
    Installation,
    Part,
    desired_state,
    files_of,
    fingerprint,
    wheel_of,
)
from bot.settings import RunMode
from tests.bot.installation.examples import (
    CHECKOUT,
    ORG,
    RECIPE,
    deployed,
    desired,
    make_settings,
)

WEBHOOK_URL = "https://bot.example/webhook"


@pytest.mark.parametrize("mode", RunMode)
def test_an_empty_namespace_needs_everything_and_a_deployed_one_nothing(mode: RunMode) -> None:
    settings = make_settings(KAKUGO_RUN=mode, KAKUGO_WEBHOOK_URL=WEBHOOK_URL)
    changes = compare(desired(settings), Installation())
    assert {change.sign for change in changes} == {"+"}
    parts = [change.part for change in changes]
    assert parts == sorted(parts, key=list(Part).index)
    assert (Part.SCHEDULE in parts) is (mode is RunMode.SCHEDULE)
    assert (Part.WEBHOOK in parts) is (mode is not RunMode.SCHEDULE)
    assert (names.bot(ORG) in [change.name for change in changes]) is (mode is RunMode.SPACE)
    actual = deployed(settings)
    assert {change.sign for change in compare(desired(settings, actual), actual)} == {"="}


@pytest.mark.parametrize("before", RunMode)
@pytest.mark.parametrize("after", RunMode)
def test_a_new_run_mode_removes_what_the_old_one_needed(before: RunMode, after: RunMode) -> None:
    actual = deployed(make_settings(KAKUGO_RUN=before, KAKUGO_WEBHOOK_URL=WEBHOOK_URL))
    settings = make_settings(KAKUGO_RUN=after, KAKUGO_WEBHOOK_URL=WEBHOOK_URL)
    changes = compare(desired(settings, actual), actual)
    deleted = {change.part for change in changes if change.sign == "-"}
    assert (Part.SCHEDULE in deleted) is (before is RunMode.SCHEDULE is not after)
    assert (Part.SPACE in deleted) is (before is RunMode.SPACE is not after)
    assert (Part.WEBHOOK in deleted) is (after is RunMode.SCHEDULE is not before)
    if before is after:
        assert not [change for change in changes if change.sign != "="]


def test_everything_that_runs_is_pinned_to_the_wheel() -> None:
    settings = make_settings(KAKUGO_RUN="space")
    actual = deployed(settings)
    text = files_of(names.bot(ORG), settings, CHECKOUT, actual)["requirements.txt"].decode()
    sha256 = next(digest for digest in CHECKOUT.wheel.digests if len(digest) == 64)
    assert text.startswith("kakugo-bot @ https://huggingface.co/datasets/lab/kakugo-code/resolve/")
    assert f"/c0ffee/{CHECKOUT.wheel.name}#sha256={sha256}" in text
    older = replace(actual, wheel=wheel_of(CHECKOUT.wheel.name, b"older"))
    changes = {
        change.name: change
        for change in compare(desired(settings, older), older)
        if change.sign != "="
    }
    assert set(changes) == {CHECKOUT.wheel.name, names.bot(ORG)}
    assert changes[names.bot(ORG)].reasons == ("files requirements.txt",)
    schedule = desired(make_settings(KAKUGO_RUN="schedule"), older).schedule
    assert schedule and sum(UNPUSHED in word for word in schedule.job.command) == 2


@pytest.mark.parametrize("mode", [RunMode.SPACE, RunMode.SCHEDULE, RunMode.WEBHOOK_JOB])
def test_a_new_secret_is_noticed_and_never_shown(mode: RunMode) -> None:
    settings = make_settings(KAKUGO_RUN=mode, KAKUGO_BOT_TOKEN="hf_bot")
    actual = deployed(settings)
    rotated = make_settings(KAKUGO_RUN=mode, KAKUGO_BOT_TOKEN="hf_bot2")
    changes = [change for change in compare(desired(rotated, actual), actual) if change.sign != "="]
    assert len(changes) == 1 and "secrets" in str(changes[0])
    text = repr((settings, rotated, actual, desired(rotated, actual), changes))
    assert "hf_" not in text and "ring" not in text.replace("string", "")


def test_a_fingerprint_depends_on_its_key() -> None:
    assert fingerprint("key", "a", "secret") != fingerprint("key2", "a", "secret")
    assert fingerprint("key", "a", "") == ""


def test_an_awake_teacher_is_paused_only_if_no_request_needs_it() -> None:
    settings = make_settings()
    actual = deployed(settings)
    assert actual.endpoint
    awake = replace(actual, endpoint=replace(actual.endpoint, awake=True))
    (change,) = [c for c in compare(desired(settings, awake), awake) if c.sign != "="]
    assert change.part is Part.ENDPOINT and "no request needs it" in str(change)
    needed = desired(settings, awake, teacher_needed=True)
    assert {change.sign for change in compare(needed, awake)} == {"="}


def test_another_commit_of_the_teachers_model_is_replaced_only_if_the_recipe_names_one() -> None:
    settings = make_settings()
    actual = deployed(settings)
    assert actual.endpoint and actual.endpoint.spec.revision
    other = replace(actual.endpoint, spec=replace(actual.endpoint.spec, revision="other"))
    actual = replace(actual, endpoint=other)
    (change,) = [c for c in compare(desired(settings, actual), actual) if c.sign != "="]
    assert str(change) == "~ update endpoint kakugo-teacher: revision is 'other'"
    assert isinstance(RECIPE.teacher, EndpointSpec)
    without = replace(RECIPE, teacher=replace(RECIPE.teacher, revision=""))
    wanted = desired_state(without, settings, CHECKOUT, actual, teacher_needed=False)
    assert wanted.endpoint == other


def test_additions_of_others_to_a_space_are_kept() -> None:
    settings = make_settings(KAKUGO_RUN="space")
    actual = deployed(settings)
    bot = actual.spaces[names.bot(ORG)]
    extended = replace(
        bot,
        files={**bot.files, ".gitattributes": "x"},
        variables={**bot.variables, "THEIRS": "1"},
        secrets={**bot.secrets, "THEIR_KEY": ""},
    )
    actual = replace(actual, spaces={**actual.spaces, names.bot(ORG): extended})
    assert {change.sign for change in compare(desired(settings, actual), actual)} == {"="}


def test_removal_starts_with_what_is_running_and_keeps_datasets_and_models() -> None:
    settings = make_settings(KAKUGO_RUN="space")
    actual = replace(deployed(settings), duplicates=((Part.WEBHOOK, "w2"),))
    repos = [(Part.SPACE, name) for name in sorted(actual.spaces)]
    repos += [(Part.DATASET, f"{ORG}/kakugo-gla_Latn"), (Part.MODEL, f"{ORG}/kakugo-x-gla_Latn")]
    changes = removal(actual, ORG, ["job1"], repos, everything=False)
    deleted = [str(change) for change in changes if change.sign == "-"]
    assert deleted[0] == "- delete webhook w2" and "webhook" in deleted[1]
    assert [line.split()[2] for line in deleted[2:5]] == ["Space", "job", "endpoint"]
    kept = {change.name for change in changes if change.sign in "~="}
    assert kept == {names.leaderboard(ORG), f"{ORG}/kakugo-gla_Latn", f"{ORG}/kakugo-x-gla_Latn"}
    changes = removal(actual, ORG, [], repos, everything=True)
    assert {change.sign for change in changes} == {"-"} and len(changes) > len(repos)
