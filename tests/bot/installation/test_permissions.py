"""The permissions of each token are necessary, sufficient and those of the operator's guide."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.domain.recipe import EndpointSpec, TeacherSpec, TeacherUrl
from bot.installation import permissions
from bot.installation.permissions import Scope, Token
from tests.bot import examples
from tests.bot.installation.examples import ORG

PROVIDER = examples.recipe_with(examples.URL).teacher
assert isinstance(PROVIDER, TeacherUrl)
TABLES = (permissions.deployer, permissions.bot, permissions.job, permissions.chat)
GUIDE = Path(__file__).parents[3] / "docs" / "OPERATING.md"


@pytest.mark.parametrize("table", TABLES)
def test_a_token_needs_each_scope_of_its_table_and_no_other(
    table: Callable[[str], tuple[Scope, ...]],
) -> None:
    needed = table(ORG)
    granted = {("me" if s.entity == "OWNER" else s.entity, s.permission) for s in needed}
    exact = Token("me", "fineGrained", frozenset(granted), ((ORG, "write"),))
    assert not permissions.missing(exact, needed) and not permissions.has_excess(exact, needed)
    for pair in granted:
        less = replace(exact, granted=exact.granted - {pair})
        is_covered = pair[0] != ORG and (ORG, pair[1]) in granted
        assert permissions.missing(less, needed) or is_covered
    more = replace(exact, granted=exact.granted | {("other", "repo.write")})
    assert permissions.has_excess(more, needed)


def test_the_bot_cannot_change_webhooks_or_most_repos() -> None:
    """The bot reads what strangers write."""
    pairs = {(scope.entity, scope.permission) for scope in permissions.bot(ORG)}
    assert (ORG, "repo.write") not in pairs
    assert not {"user.webhooks.write", "inference.endpoints.infer.write"} & {p for _, p in pairs}
    assert "job.write" not in {scope.permission for scope in permissions.job(ORG)}


@pytest.mark.parametrize(
    ("teacher", "needed"),
    [
        (examples.endpoint(), {(ORG, "inference.endpoints.infer.write")}),
        (examples.recipe_with(examples.JOB).teacher, {(ORG, "job.read")}),
        (PROVIDER, {("OWNER", "inference.serverless.write")}),
        (replace(PROVIDER, bill_to="payer"), {("payer", "inference.serverless.write")}),
        (replace(PROVIDER, url="https://teacher.example.org"), set()),
    ],
)
def test_a_job_may_ask_its_kind_of_teacher(
    teacher: TeacherSpec, needed: set[tuple[str, str]]
) -> None:
    scopes = permissions.with_teacher(permissions.job(ORG), ORG, teacher)
    assert {(each.entity, each.permission) for each in scopes[1:]} == needed
    is_endpoint = isinstance(teacher, EndpointSpec)
    for table in (permissions.bot, permissions.deployer):
        kept = permissions.with_teacher(table(ORG), ORG, teacher)
        assert any("endpoints" in scope.permission for scope in kept) == is_endpoint
        assert len(kept) == len(table(ORG)) - (not is_endpoint)


def test_the_right_to_write_includes_the_right_to_read() -> None:
    token = Token("me", "fineGrained", frozenset({(ORG, "job.write")}))
    read, write = Scope(ORG, "job.read", ""), Scope(ORG, "job.write", "")
    assert not permissions.missing(token, [read])
    assert permissions.missing(replace(token, granted=frozenset({(ORG, "job.read")})), [write])


def test_the_operators_guide_has_the_same_scopes() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for table in TABLES:
        for scope in table("ORG"):
            assert f"`{scope.permission}` on `{scope.entity}`" in text, scope
