"""What is wanted, what differs, what a doctor says and what a token lacks: as values."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from bot import settings
from bot.domain import names, recipe
from bot.hub.client import Allowance
from bot.hub.probes import Facts, Offer
from bot.installation import permissions
from bot.installation.diff import compare, removal
from bot.installation.permissions import Token
from bot.installation.state import (
    SPACE_FOLDERS,
    UNPUSHED,
    Checkout,
    Installation,
    Part,
    Schedule,
    SpaceStage,
    desired_state,
    files_of,
    fingerprint,
    wheel_of,
)
from bot.localhub.contract.checker import check_request
from bot.operations.doctor import diagnose
from bot.settings import RunMode, Settings, SettingsError

ORG = "lab"
RECIPE = recipe.load("kakugo", ORG)
CHECKOUT = Checkout(
    wheel_of("kakugo_bot-0.1.0-py3-none-any.whl", b"wheel"),
    b"wheel",
    {
        folder: {"app.py": b"", "requirements.txt": b"kakugo-bot\n"}
        for folder in SPACE_FOLDERS.values()
    },
)
DOCS = Path(__file__).parents[3] / "docs"


def _settings(**env: str) -> Settings:
    usual = {"HF_TOKEN": "hf_deployer", "KAKUGO_ORG": ORG, "KAKUGO_WEBHOOK_SECRET": "ring"}
    return settings.read({**usual, **env})


def _wanted(told: Settings, seen: Installation | None = None, needed: bool = False) -> Installation:
    return desired_state(RECIPE, told, CHECKOUT, seen or Installation(), needed)


def _standing(told: Settings) -> Installation:
    """The Hub after a deployment: all as wanted, and the wheel at a commit."""
    wheel = replace(CHECKOUT.wheel, commit="c0ffee")
    seen = replace(_wanted(told), wheel=wheel)
    want = _wanted(told, seen)
    return replace(want, wheel=wheel)


@pytest.mark.parametrize("run", RunMode)
def test_an_empty_namespace_wants_all_and_a_standing_one_nothing(run: RunMode) -> None:
    told = _settings(KAKUGO_RUN=run, KAKUGO_WEBHOOK_URL="https://bot.example/webhook")
    changes = compare(_wanted(told), Installation())
    assert {change.sign for change in changes} == {"+"}
    parts = [change.part for change in changes]
    assert parts == sorted(parts, key=list(Part).index)
    assert (Part.SCHEDULE in parts) is (run is RunMode.SCHEDULE)
    assert (Part.WEBHOOK in parts) is (run is not RunMode.SCHEDULE)
    assert (names.bot(ORG) in [c.name for c in changes]) is (run is RunMode.SPACE)
    seen = _standing(told)
    assert {change.sign for change in compare(_wanted(told, seen), seen)} == {"="}


@pytest.mark.parametrize("before", RunMode)
@pytest.mark.parametrize("after", RunMode)
def test_another_way_of_running_takes_the_old_one_away(before: RunMode, after: RunMode) -> None:
    url = {"KAKUGO_WEBHOOK_URL": "https://bot.example/webhook"}
    seen = _standing(_settings(KAKUGO_RUN=before, **url))
    changes = compare(_wanted(_settings(KAKUGO_RUN=after, **url), seen), seen)
    gone = {change.part for change in changes if change.sign == "-"}
    assert (Part.SCHEDULE in gone) is (before is RunMode.SCHEDULE is not after)
    assert (Part.SPACE in gone) is (before is RunMode.SPACE is not after)
    assert (Part.WEBHOOK in gone) is (after is RunMode.SCHEDULE is not before)
    if before is after:
        assert not [change for change in changes if change.sign != "="]


def test_everything_that_runs_is_pinned_to_the_wheel() -> None:
    told = _settings(KAKUGO_RUN="space")
    seen = _standing(told)
    text = files_of(names.bot(ORG), told, CHECKOUT, seen)["requirements.txt"].decode()
    digest = next(d for d in CHECKOUT.wheel.digests if len(d) == 64)
    assert text.startswith("kakugo-bot @ https://huggingface.co/datasets/lab/kakugo-code/resolve/")
    assert f"/c0ffee/{CHECKOUT.wheel.name}#sha256={digest}" in text
    other = replace(seen, wheel=wheel_of(CHECKOUT.wheel.name, b"older"))
    changes = {c.name: c for c in compare(_wanted(told, other), other) if c.sign != "="}
    assert set(changes) == {CHECKOUT.wheel.name, names.bot(ORG)}
    assert changes[names.bot(ORG)].reasons == ("files requirements.txt",)
    job = _wanted(_settings(KAKUGO_RUN="schedule"), other).schedule
    assert job and UNPUSHED in job.job.command[3]


def test_a_secret_shows_as_changed_and_in_no_other_way() -> None:
    for run in (RunMode.SPACE, RunMode.SCHEDULE, RunMode.WEBHOOK_JOB):
        told = _settings(KAKUGO_RUN=run, KAKUGO_BOT_TOKEN="hf_bot")
        seen = _standing(told)
        rotated = _settings(KAKUGO_RUN=run, KAKUGO_BOT_TOKEN="hf_bot2")
        changes = [c for c in compare(_wanted(rotated, seen), seen) if c.sign != "="]
        assert len(changes) == 1 and "secrets" in str(changes[0])
        shown = repr((told, rotated, seen, _wanted(rotated, seen), changes))
        assert "hf_" not in shown and "ring" not in shown.replace("string", "")
    assert fingerprint("key", "a", "secret") != fingerprint("key2", "a", "secret")
    assert fingerprint("key", "a", "") == ""


def test_a_job_has_no_webhook_secret_beside_the_hostile_text() -> None:
    assert "KAKUGO_WEBHOOK_SECRET" not in _settings(KAKUGO_RUN="webhook-job").bot_secrets
    assert "KAKUGO_WEBHOOK_SECRET" in _settings(KAKUGO_RUN="space").bot_secrets
    told = _settings(KAKUGO_BOT_TOKEN="hf_bot", KAKUGO_JOB_TOKEN="hf_job")
    assert told.bot_secrets == {"HF_TOKEN": "hf_bot", "KAKUGO_JOB_TOKEN": "hf_job"}
    assert _settings(KAKUGO_BOT_TOKEN="hf_bot").job_token == "hf_bot"


def test_the_teacher_is_paused_only_when_the_ledger_does_not_need_it() -> None:
    told = _settings()
    seen = _standing(told)
    assert seen.endpoint
    awake = replace(seen, endpoint=replace(seen.endpoint, awake=True))
    (change,) = [c for c in compare(_wanted(told, awake), awake) if c.sign != "="]
    assert change.part is Part.ENDPOINT and "no request needs it" in str(change)
    assert {c.sign for c in compare(_wanted(told, awake, needed=True), awake)} == {"="}


def test_what_others_set_in_a_space_is_left_alone() -> None:
    told = _settings(KAKUGO_RUN="space")
    seen = _standing(told)
    bot = seen.spaces[names.bot(ORG)]
    theirs = replace(
        bot,
        files={**bot.files, ".gitattributes": "x"},
        variables={**bot.variables, "THEIRS": "1"},
        secrets={**bot.secrets, "THEIR_KEY": ""},
    )
    seen = replace(seen, spaces={**seen.spaces, names.bot(ORG): theirs})
    assert {c.sign for c in compare(_wanted(told, seen), seen)} == {"="}


def test_leaving_takes_what_acts_first_and_keeps_what_people_made() -> None:
    told = _settings(KAKUGO_RUN="space")
    seen = replace(_standing(told), duplicates=((Part.WEBHOOK, "w2"),))
    assert isinstance(seen.schedule, Schedule | None)
    repos = [(Part.SPACE, name) for name in sorted(seen.spaces)]
    repos += [(Part.DATASET, f"{ORG}/kakugo-gla_Latn"), (Part.MODEL, f"{ORG}/kakugo-x-gla_Latn")]
    lines = removal(seen, ORG, ["job1"], repos, everything=False)
    gone = [str(line) for line in lines if line.sign == "-"]
    assert gone[0] == "- delete webhook w2" and "webhook" in gone[1]
    assert [line.split()[2] for line in gone[2:5]] == ["Space", "job", "endpoint"]
    kept = {line.name for line in lines if line.sign in "~="}
    assert kept == {names.leaderboard(ORG), f"{ORG}/kakugo-gla_Latn", f"{ORG}/kakugo-x-gla_Latn"}
    all_ = removal(seen, ORG, [], repos, everything=True)
    assert {line.sign for line in all_} == {"-"} and len(all_) > len(repos)


# ── the doctor ───────────────────────────────────────────────────────────────────────────────

WIDE = Token("maintainer", "write", orgs=((ORG, "admin"),))
WELL = Facts(
    tokens={"HF_TOKEN": WIDE},
    skew=0.2,
    allowance=Allowance(900, 60.0, True),
    prices={"cpu-basic": 0.01, "h200": 5.0, "l40sx1": 1.8},
    offer=Offer(5.0),
)


def _bad(facts: Facts = WELL, told: Settings | None = None, seen: Installation | str = "") -> str:
    told = told or _settings()
    standing = seen or _standing(told)
    changes = () if isinstance(standing, str) else compare(_wanted(told, standing), standing)
    found = diagnose(RECIPE, told, facts, standing, changes)
    return "\n".join(finding.text for finding in found if finding.level == "bad")


def test_a_sound_installation_gets_no_complaint() -> None:
    assert _bad() == ""


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (replace(WELL, tokens={"HF_TOKEN": "cannot say: 401"}), "HF_TOKEN does not work"),
        (replace(WELL, tokens={"HF_TOKEN": Token("x", "write")}), "x, who cannot write to lab"),
        (replace(WELL, tokens={"HF_TOKEN": replace(WIDE, role="read")}), "lacks repo.write on lab"),
        (replace(WELL, skew=-400.0), "400 s behind the Hub's"),
        (replace(WELL, allowance=Allowance(3, 90.0, True)), "leaves only 3 calls"),
        (
            replace(WELL, prices={"cpu-basic": 0.01, "h200": 5.0}),
            "evaluate needs l40sx1",
        ),
        (replace(WELL, prices="cannot read: 500"), "price list of the Hub's hardware is missing"),
        (replace(WELL, offer=Offer(9.0)), "costs $9.000 an hour, but the recipe says $5.000"),
        (replace(WELL, jobs="cannot look: 402"), "cannot be listed: cannot look: 402"),
        (
            replace(WELL, endpoints="cannot look: 403"),
            "Inference Endpoints of lab cannot be",
        ),
        (replace(WELL, discussions="cannot look: 403"), "Nobody can request a language"),
    ],
)
def test_each_ill_has_its_sentence(facts: Facts, says: str) -> None:
    (complaint,) = _bad(facts).splitlines()
    assert says in complaint


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"KAKUGO_DAY_USD": "10"}, "KAKUGO_DAY_USD is less than KAKUGO_LIMIT_USD"),
        ({"KAKUGO_PERSON_USD": "1"}, "KAKUGO_PERSON_USD is less"),
        ({"KAKUGO_QUEUE": "0", "KAKUGO_PERSON_REQUESTS": "0"}, "must be at least 1"),
        ({"KAKUGO_QUEUE": "3"}, "one person could fill the queue"),
    ],
)
def test_limits_that_contradict_each_other_are_said(env: dict[str, str], says: str) -> None:
    assert says in _bad(told=_settings(**env))


def test_a_missing_teacher_and_a_broken_space_are_said() -> None:
    told = _settings()
    seen = _standing(told)
    assert "which Inference Endpoints do not offer" in _bad(
        replace(WELL, offer=None), seen=replace(seen, endpoint=None)
    )
    taken = replace(WELL, offer=Offer(5.0, "is not available"))
    assert _bad(taken) == "", "the endpoint is there"
    missing = _bad(taken, seen=replace(seen, endpoint=None))
    assert "in aws us-east-1 is not available: choose other hardware" in missing
    broken = replace(seen.spaces[names.chat(ORG)], stage=SpaceStage.BROKEN)
    seen = replace(seen, spaces={**seen.spaces, names.chat(ORG): broken})
    assert "Space lab/kakugo-chat is broken: read its logs" in _bad(seen=seen)
    assert "cannot be read: 403" in _bad(seen="403")


# ── scopes ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "table", [permissions.bot, permissions.job, permissions.chat, permissions.deployer]
)
def test_what_the_table_lists_is_enough_and_less_is_missed(table: object) -> None:
    wanted = table(ORG)  # type: ignore[operator]
    held = {("me" if s.entity == "OWNER" else s.entity, s.permission) for s in wanted}
    exact = Token("me", "fineGrained", frozenset(held), ((ORG, "write"),))
    assert not permissions.missing(exact, wanted) and not permissions.has_excess(exact, wanted)
    for pair in held:
        less = replace(exact, granted=exact.granted - {pair})
        assert permissions.missing(less, wanted) or (pair[0] != ORG and (ORG, pair[1]) in held)
    more = replace(exact, granted=exact.granted | {("other", "repo.write")})
    assert permissions.has_excess(more, wanted)


def test_who_reads_comments_holds_neither_webhooks_nor_the_namespaces_repos() -> None:
    held = {(scope.entity, scope.permission) for scope in permissions.bot(ORG)}
    assert (ORG, "repo.write") not in held and "user.webhooks.write" not in {p for _, p in held}
    assert not {p for _, p in held} & {"inference.endpoints.infer.write"}
    assert "job.write" not in {scope.permission for scope in permissions.job(ORG)}


def test_the_operators_guide_has_the_same_table() -> None:
    text = (DOCS / "OPERATING.md").read_text()
    for table in (permissions.deployer, permissions.bot, permissions.job, permissions.chat):
        for scope in table("ORG"):
            assert f"`{scope.permission}` on `{scope.entity}`" in text, scope


def test_no_secret_is_in_what_settings_print() -> None:
    secret = {"token", "job_token", "bot_token", "chat_token", "webhook_secret", "webhook_payload"}
    assert {field.name for field in fields(Settings) if not field.repr} == secret


def test_an_unknown_way_of_running_is_said() -> None:
    with pytest.raises(SettingsError, match="KAKUGO_RUN must be one of serve, space"):
        _settings(KAKUGO_RUN="lambda")


@pytest.mark.parametrize("url", ["https://a.b/webhook", "https://a.b/webhook?x=1", ""])
@pytest.mark.parametrize("version", ["", "0123abcd"])
def test_the_version_of_a_secret_travels_in_the_url(url: str, version: str) -> None:
    assert names.without_secret_version(names.with_secret_version(url, version)) == (url, version)


@pytest.mark.parametrize(
    "schedule", ["*/5 * * * *", "0 9 * * 1-5", "0,30 8 1 1 *", "@daily", "0/5 * * * *"]
)
def test_a_schedule_that_the_hub_takes_is_taken(schedule: str) -> None:
    assert _settings(KAKUGO_SCHEDULE=schedule).schedule == schedule
    assert not _refusals(schedule)


@pytest.mark.parametrize(
    "schedule", ["0 9 * * mon", "@midnight", "1-5/2 * * * *", "1-3,7 * * * *", "* * * *", "noon"]
)
def test_another_is_refused_before_the_hub_sees_it(schedule: str) -> None:
    assert _refusals(schedule)
    with pytest.raises(SettingsError, match="KAKUGO_SCHEDULE must have five fields"):
        _settings(KAKUGO_SCHEDULE=schedule)


def _refusals(schedule: str) -> tuple[str, ...]:
    """Why the Hub refuses a scheduled job."""
    spec = {"dockerImage": "x", "flavor": "cpu-basic"}
    body = {"jobSpec": spec, "schedule": schedule}
    return check_request("POST", "/api/scheduled-jobs/lab", "", body).refused
