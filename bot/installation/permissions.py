"""Which token does what, and what it must hold for it: the table of docs/OPERATING.md as a value.

A fine-grained token holds permissions on a user, an organisation or a repo; one with the role write
may do everything that its owner may, and is more than anybody here needs. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain import names


@dataclass(frozen=True)
class Scope:
    """One permission on one entity, `ORG` or `ORG/repo`, or the token's `OWNER`; and what for."""

    entity: str
    permission: str
    why: str


@dataclass(frozen=True)
class Token:
    """What the Hub says of a token. `held`: the pairs of entity and permission, when fine-grained.

    `orgs`: organisation → role of its owner there.
    """

    user: str
    role: str
    held: frozenset[tuple[str, str]] = frozenset()
    orgs: tuple[tuple[str, str], ...] = ()

    def writes_in(self, org: str) -> bool:
        """Whether its owner may write in the namespace, whatever the token holds of that."""
        return org == self.user or dict(self.orgs).get(org) in ("admin", "write", "contributor")


def bot(org: str) -> tuple[Scope, ...]:
    """What the process holds that reads comments: it cannot write any repo but its ledger."""
    return (
        Scope(names.ledger(org), "repo.write", "the ledger"),
        Scope(names.leaderboard(org), "discussion.write", "replies and closing"),
        Scope(names.leaderboard(org), "repo.write", "closing other people's discussions"),
        Scope(org, "job.write", "starting and cancelling jobs"),
        Scope(org, "inference.endpoints.write", "waking and pausing the teacher"),
    )


def job(org: str) -> tuple[Scope, ...]:
    """What a recipe's job holds: it reads no comments, starts nothing and rings nowhere."""
    return (
        Scope(org, "repo.write", "datasets, adapters, results"),
        Scope(org, "inference.endpoints.infer.write", "asking the teacher"),
    )


def chat(org: str) -> tuple[Scope, ...]:
    """What the chat holds: it can write what people send in, and nothing else."""
    return (Scope(names.feedback(org), "repo.write", "what people send in"),)


def deployer(org: str) -> tuple[Scope, ...]:
    """What whoever runs `kakugo deploy` and `kakugo destroy` holds, for those minutes."""
    return (
        Scope(org, "repo.write", "repos, Spaces, their secrets"),
        Scope(org, "job.write", "the bot's schedule or Job"),
        Scope(org, "inference.endpoints.write", "the teacher's endpoint"),
        Scope("OWNER", "user.webhooks.write", "the webhook"),
    )


def missing(token: Token, wanted: Collection[Scope]) -> tuple[Scope, ...]:
    """What a token lacks; one with the role write lacks nothing, one with read everything."""
    if token.role == "write":
        return ()
    return tuple(scope for scope in wanted if not _holds(token, scope))


def excess(token: Token, wanted: Collection[Scope]) -> bool:
    """Whether a token may do more than it needs to."""
    if token.role != "fineGrained":
        return token.role == "write"
    needed = {(_entity(token, scope), scope.permission) for scope in wanted}
    return any(pair not in needed and pair[1].endswith((".write", ".admin")) for pair in token.held)


def _holds(token: Token, scope: Scope) -> bool:
    entity = _entity(token, scope)
    places = {entity, entity.partition("/")[0]}
    return any((place, scope.permission) in token.held for place in places)


def _entity(token: Token, scope: Scope) -> str:
    return token.user if scope.entity == "OWNER" else scope.entity
