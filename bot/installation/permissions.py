"""The permissions that each token needs: the table in docs/OPERATING.md as values.

A fine-grained token has permissions on a user, an organization or a repo. A token with the role
`write` can do everything that its owner can, which is more than any part of Kakugo needs. Pure.
See https://huggingface.co/docs/hub/security-tokens.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from bot.domain import names
from bot.domain.recipe import EndpointSpec, TeacherJob, TeacherSpec
from bot.settings import RunMode, Settings

EVERYWHERE = "*"
# Calls that prove a permission on a namespace without starting anything.
PROOFS = {
    "job.read": "jobs/{namespace}/auth-check/read",
    "job.write": "jobs/{namespace}/auth-check/write",
    "inference.endpoints.write": "inference-endpoints/{namespace}/auth-check/write",
    "inference.endpoints.infer.write": "inference-endpoints/{namespace}/auth-check/infer",
}


@dataclass(frozen=True)
class Scope:
    """One permission on one entity: `ORG`, `ORG/repo`, or `OWNER` for the owner of the token."""

    entity: str
    permission: str
    purpose: str

    @property
    def proof(self) -> str:
        """The call of the Hub's API that proves the permission; empty if there is none."""
        path = PROOFS.get(self.permission, "")
        return path.format(namespace=self.entity)


@dataclass(frozen=True)
class Token:
    """What the Hub reports about a token.

    `granted` has the pairs of entity and permission of a fine-grained token; permissions that hold
    everywhere (`discussion.write`, `post.write`) have the entity `EVERYWHERE`. `orgs` maps each
    organization of the owner to the owner's role in it.
    """

    user: str
    role: str
    granted: frozenset[tuple[str, str]] = frozenset()
    orgs: tuple[tuple[str, str], ...] = ()

    def owner_can_write(self, org: str) -> bool:
        """Whether the owner of the token may write in the namespace at all."""
        return org == self.user or dict(self.orgs).get(org) in ("admin", "write", "contributor")


def bot(org: str) -> tuple[Scope, ...]:
    """What the bot needs. It reads strangers' comments, so it can write no repo but the ledger."""
    return (
        Scope(names.ledger(org), "repo.write", "the ledger"),
        Scope(names.leaderboard(org), "discussion.write", "replying and closing"),
        Scope(names.leaderboard(org), "repo.write", "closing other people's discussions"),
        Scope(org, "job.write", "starting and cancelling jobs"),
        Scope(org, "inference.endpoints.write", "waking and pausing the teacher"),
    )


def job(org: str) -> tuple[Scope, ...]:
    """What a recipe's job needs. It can start nothing and cannot call webhooks."""
    return (
        Scope(org, "repo.write", "datasets, adapters and results"),
        Scope(org, "inference.endpoints.infer.write", "calling the teacher"),
    )


def with_teacher(needed: Collection[Scope], org: str, teacher: TeacherSpec) -> tuple[Scope, ...]:
    """Return what is needed with a teacher of this kind, in place of that for an endpoint."""
    if isinstance(teacher, EndpointSpec):
        return tuple(needed)
    kept = tuple(each for each in needed if not each.permission.startswith("inference.endpoints."))
    if not any(scope.permission == "inference.endpoints.infer.write" for scope in needed):
        return kept
    if isinstance(teacher, TeacherJob):
        return (*kept, Scope(org, "job.read", "calling the teacher's job"))
    if teacher.is_provider:
        payer = teacher.bill_to or "OWNER"
        return (*kept, Scope(payer, "inference.serverless.write", "calling Inference Providers"))
    return kept


def chat(org: str) -> tuple[Scope, ...]:
    """What the chat needs: to write the feedback dataset."""
    return (Scope(names.feedback(org), "repo.write", "feedback"),)


def reader(org: str) -> tuple[Scope, ...]:
    """What the leaderboard needs: to read public repos, for which a token needs no permission."""
    return ()


def deployer(org: str) -> tuple[Scope, ...]:
    """What `kakugo deploy` and `kakugo destroy` need while they run."""
    return (
        Scope(org, "repo.write", "repos, Spaces and their secrets"),
        Scope(org, "job.write", "the bot's schedule or Job"),
        Scope(org, "inference.endpoints.write", "the teacher's endpoint"),
        Scope(org, "collection.write", "the collection"),
        Scope("OWNER", "user.webhooks.write", "the webhook"),
    )


# Who uses a token, by the variable of that token.
HOLDERS: Mapping[str, Callable[[str], tuple[Scope, ...]]] = {
    "HF_TOKEN": deployer,
    "KAKUGO_BOT_TOKEN": bot,
    "KAKUGO_JOB_TOKEN": job,
    "KAKUGO_CHAT_TOKEN": chat,
    "KAKUGO_READ_TOKEN": reader,
}


@dataclass(frozen=True)
class Use:
    """A token, and every scope that its holders need. Several variables may hold one token."""

    variable: str
    token: str = field(repr=False)
    needed: tuple[Scope, ...]


def uses(settings: Settings, teacher: TeacherSpec) -> tuple[Use, ...]:
    """Return each token of the settings once, under its first variable.

    A bot that the operator runs has its own settings, so the deployer's token need not do for it.
    """
    tokens = {
        "HF_TOKEN": settings.token,
        "KAKUGO_BOT_TOKEN": settings.bot_token,
        "KAKUGO_JOB_TOKEN": settings.job_token,
        "KAKUGO_CHAT_TOKEN": settings.chat_token,
        "KAKUGO_READ_TOKEN": settings.read_token,
    }
    found: dict[str, Use] = {}
    for variable, token in filter(operator.itemgetter(1), tokens.items()):
        needed = with_teacher(HOLDERS[variable](settings.org), settings.org, teacher)
        if token not in found:
            found[token] = Use(variable, token, needed)
        elif settings.run_mode is not RunMode.SERVE:
            together = dict.fromkeys((*found[token].needed, *needed))
            found[token] = replace(found[token], needed=tuple(together))
    return tuple(found.values())


def missing(token: Token, needed: Collection[Scope]) -> tuple[Scope, ...]:
    """Return the scopes that a token lacks."""
    if token.role == "write":
        return ()
    return tuple(scope for scope in needed if not _grants(token, scope))


def has_excess(token: Token, needed: Collection[Scope]) -> bool:
    """Whether a token can write more than it needs to."""
    if token.role != "fineGrained":
        return token.role == "write"
    pairs = {(_entity(token, scope), scope.permission) for scope in needed}
    return any(
        pair not in pairs and pair[1].endswith((".write", ".admin")) for pair in token.granted
    )


def _grants(token: Token, scope: Scope) -> bool:
    entity = _entity(token, scope)
    entities = {entity, entity.partition("/")[0], EVERYWHERE}
    sufficient = {scope.permission, scope.permission.replace(".read", ".write")}
    return any((name, each) in token.granted for name in entities for each in sufficient)


def _entity(token: Token, scope: Scope) -> str:
    return token.user if scope.entity == "OWNER" else scope.entity
