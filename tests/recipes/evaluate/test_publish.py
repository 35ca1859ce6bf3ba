"""Which runs are done already, and whose cards a run may write."""

from __future__ import annotations

import pytest

from recipes.core.errors import UserError
from recipes.core.hub_refs import split_ref
from recipes.core.manifest import Manifest
from recipes.evaluate import publish
from recipes.evaluate.publish import ResultsFolder


# Failed before: nobody may write the card of somebody else's adapter.
def test_only_the_owner_of_an_adapter_writes_its_card() -> None:
    assert publish.have_same_owner("practice/adapter", "practice/kakugo-results")
    assert not publish.have_same_owner("practice/adapter", "practice2/kakugo-results")


def test_results_of_somebody_else_link_to_the_leaderboard_of_the_organization() -> None:
    card = publish.results_card("http://hub", ResultsFolder("alice/results", "a/b", "practice"))
    assert "(http://hub/spaces/practice/kakugo)" in card and 'load_dataset("alice/results"' in card


# Failed before: lines were split at characters that JSON does not escape.
def test_rows_are_read_as_they_were_written() -> None:
    rows = [{"model": "a\u2028b\u0085\n"}, {"model": "c"}]
    assert publish.parse_jsonl(publish.jsonl(rows).decode()) == rows
    assert publish.parse_jsonl("") == []


@pytest.mark.parametrize("ref", ["", "@v1", "a/b@", "@"])
def test_a_revision_that_is_not_there_is_not_main(ref: str) -> None:
    with pytest.raises(UserError, match=f'^"{ref}" is neither REPO nor REPO@REVISION.$'):
        split_ref(ref)


def test_a_run_is_not_done_before_it_has_read_the_commits_that_it_is_given() -> None:
    assert split_ref("a/b@v1") == ("a/b", "v1") and split_ref("a/b") == ("a/b", "main")
    made = Manifest("evaluate", "r1", 1, "d", "epo_Latn", {"a/b": "c1"}, "a/results", "c", True,
                    9.0, metrics={"peers": ["a/peer"]})  # fmt: skip
    assert publish.covers(made, [], {}) and publish.covers(made, ["a/peer"], {"a/b": "c1"})
    assert not publish.covers(made, [], {"a/b": "c2"})
    assert not publish.covers(made, ["a/other"], {})
