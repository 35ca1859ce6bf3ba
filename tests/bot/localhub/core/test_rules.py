"""The rules of a local Hub as arguments of its server."""

from __future__ import annotations

import pytest

from bot.localhub.core.rules import RuleError, Rules, parse


@pytest.mark.parametrize(
    "rules", [Rules(), Rules(check_answers=False, commits_per_hour=3), Rules(api_calls=0)]
)
def test_arguments_describe_the_rules(rules: Rules) -> None:
    assert parse(rules.arguments()) == rules


def test_only_what_differs_from_the_default_is_passed_on() -> None:
    assert list(Rules().arguments()) == []
    assert list(Rules(plans=False).arguments()) == ["plans=False"]


@pytest.mark.parametrize(
    ("argument", "reason"),
    [
        ("plan=false", "There is no rule 'plan': the rules are check_requests, "),
        ("plans=maybe", "The rule plans must be true or false, not 'maybe'"),
        ("api_calls=many", "The rule api_calls must be a whole number, not 'many'"),
        ("api_calls", "must be a whole number"),
    ],
)
def test_others_are_refused_with_a_reason(argument: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        parse([argument])
