"""The JSON of the Hub in memory: every object is checked against the real Hub's contract here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.localhub.contract.checker import check_response
from tests.scenarios.in_memory_hub import BOT, ORG, SCHEDULING, Comment, JobRecord, Thread

SPACE = f"{ORG}/kakugo"
THREADS = f"/api/spaces/{SPACE}/discussions"
ENDPOINT = f"/endpoints-api/v2/endpoint/{ORG}/kakugo-teacher"


def checked(method: str, path: str, body: Any) -> Any:
    """Return a response with status 200, after checking it against the contract."""
    findings = check_response(method, path, 200, body)
    assert not findings, f"{method} {path}: {findings}"
    return body


def oid(text: str) -> str:
    """Return an id of the Hub's format."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:24]


def date(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")


def account(name: str) -> dict[str, Any]:
    return {
        "_id": oid(name), "name": name, "fullname": name, "type": "user", "isPro": False,
        "avatarUrl": f"/avatars/{name}.svg", "isHf": False, "isHfAdmin": False, "isMod": False,
    }  # fmt: skip


def listing(threads: Sequence[Thread], count: int, start: int, moment: float) -> dict[str, Any]:
    """Return a page of discussions."""
    items = [_summary(thread, moment) for thread in threads]
    return dict(checked("GET", THREADS, {"discussions": items, "count": count, "start": start}))


def _summary(thread: Thread, moment: float) -> dict[str, Any]:
    return {
        **_thread(thread, moment),
        "numComments": sum(comment.text.at(moment) is not None for comment in thread.comments),
        "topReactions": [],
        "numReactionUsers": 0,
    }


def _thread(thread: Thread, moment: float) -> dict[str, Any]:
    return {
        "num": thread.num,
        "title": thread.title,
        "author": account(thread.author),
        "createdAt": date(thread.created),
        "status": thread.status.at(moment) or "open",
        "repo": {"name": SPACE, "type": "space"},
        "isPullRequest": False,
        "pinned": False,
    }


def details(thread: Thread, moment: float) -> dict[str, Any]:
    """Return a discussion with what was visible at a moment."""
    comments = [c for c in thread.comments if c.text.at(moment) is not None]
    body = {
        **_thread(thread, moment),
        "_id": oid(f"thread {thread.num}"),
        "locked": False,
        "collection": "discussions",
        "isReport": False,
        "events": [_event(comment, moment) for comment in comments],
    }
    return dict(checked("GET", f"{THREADS}/{thread.num}", body))


def _event(comment: Comment, moment: float) -> dict[str, Any]:
    text, edits = comment.text.at(moment) or "", len(comment.text.values) - 1
    author = account(comment.author)
    return {
        "id": comment.id,
        "type": "comment",
        "createdAt": date(comment.text.since[0]),
        "author": author,
        "data": {
            "edited": edits > 0,
            "hidden": False,
            "numEdits": edits,
            "editors": [comment.author],
            "editorAvatarUrls": [author["avatarUrl"]],
            "reactions": [],
            "latest": {"raw": text, "html": text, "updatedAt": date(comment.text.since[-1])},
        },
    }


def jobs(records: Sequence[JobRecord], moment: float) -> list[dict[str, Any]]:
    """Return jobs as they were at a moment."""
    return list(checked("GET", f"/api/jobs/{ORG}", [_job(record, moment) for record in records]))


def _job(record: JobRecord, moment: float) -> dict[str, Any]:
    stage = record.stage.at(moment)
    times = {}
    if stage != "SCHEDULING":
        times["startedAt"] = date(record.created + SCHEDULING)
    if stage not in ("SCHEDULING", "RUNNING"):
        times["finishedAt"] = date(record.ends)
    return {
        "id": record.id,
        "type": "job",
        "createdAt": date(record.created),
        "createdBy": {"id": oid(BOT), "name": BOT},
        "owner": {"id": oid(ORG), "name": ORG, "type": "org", "avatarUrl": "/avatars/o.svg"},
        "status": {"stage": stage, "message": None},
        "environment": dict(record.order.get("env") or {}),
        "secrets": sorted(record.order.get("secrets") or {}),
        "labels": dict(record.labels),
        "flavor": record.order["flavor"],
        "command": list(record.order["command"]),
        "dockerImage": record.order["image"],
        **times,
    }


def endpoint(state: str, moment: float) -> dict[str, Any]:
    """Return the teacher's endpoint."""
    person = {"id": oid(BOT), "name": BOT}
    status = {
        "state": state, "message": "", "readyReplica": int(state == "running"), "targetReplica": 1,
        "createdAt": date(moment), "createdBy": person,
        "updatedAt": date(moment), "updatedBy": person,
    }  # fmt: skip
    if state not in ("pending", "initializing"):
        status["url"] = "http://teacher"
    body = {
        "name": "kakugo-teacher",
        "type": "private",
        "provider": {"vendor": "aws", "region": "us-east-1"},
        "compute": {
            "accelerator": "cpu", "instanceType": "intel-spr", "instanceSize": "x1",
            "scaling": {"minReplica": 0, "maxReplica": 1, "scaleToZeroTimeout": 15},
        },
        "model": {
            "repository": f"{ORG}/teacher", "framework": "custom", "env": {}, "secrets": {},
            "image": {"custom": {"url": "x", "port": 80, "healthRoute": "/health"}},
        },
        "healthRoute": "/health", "experimentalFeatures": {}, "notifications": {}, "tags": [],
        "status": status,
    }  # fmt: skip
    return dict(checked("GET", ENDPOINT, body))


def hardware(prices: Mapping[str, float]) -> list[dict[str, Any]]:
    """Return the price list of jobs, from dollars an hour."""
    listed = [
        {
            "name": name, "prettyName": name, "cpu": "2 vCPU", "ram": "16 GB",
            "ephemeralStorage": "50 GB", "accelerator": None, "unitLabel": "minute",
            "unitCostUSD": price / 60, "unitCostMicroUSD": price / 60 * 1e6,
        }
        for name, price in prices.items()
    ]  # fmt: skip
    return list(checked("GET", "/api/jobs/hardware", listed))
