"""What is read only if a discussion needs it."""

from __future__ import annotations

from dataclasses import replace

from huggingface_hub import CommitOperationAdd

from bot.domain import names
from bot.hub.client import Connection
from bot.hub.observe import count_feedback
from tests.bot import examples
from tests.bot.hub.calls import ORG


def test_feedback_is_counted_only_for_a_next_version(connection: Connection) -> None:
    repo, usual = names.feedback(ORG), examples.discussion()
    improving = examples.discussion(body="/improve")
    assert count_feedback(replace(connection, org="nobody"), [improving]) is None
    connection.api.create_repo(repo, repo_type="dataset", private=True, exist_ok=True)
    files = ("2026-01-01/a", "2026-01-01/b", "2026-01-02/c", "decisions/a", "reviewers/eva")
    connection.api.create_commit(
        repo,
        [CommitOperationAdd(f"data/gla_Latn/{file}.jsonl", b"{}\n") for file in files],
        commit_message="Add feedback",
        repo_type="dataset",
    )
    assert count_feedback(connection, [usual]) is None
    counts = count_feedback(connection, [usual, improving])
    assert counts is not None and counts["gla_Latn"] == 3
