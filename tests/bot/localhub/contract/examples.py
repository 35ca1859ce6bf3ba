"""Answers in the Hub's shape, as the contract has them and as the client reads them."""

from __future__ import annotations

from typing import Any

OID = "65f0c0a1b2c3d4e5f6a7b8c9"
WHEN = "2026-11-02T09:30:00.000Z"

ACCOUNT: dict[str, Any] = {
    "_id": OID,
    "avatarUrl": "/avatars/ann.svg",
    "fullname": "Ann",
    "name": "ann",
    "isHf": False,
    "isHfAdmin": False,
    "isMod": False,
    "type": "user",
    "isPro": False,
}
OWNER = {"id": OID, "name": "lab", "type": "org", "avatarUrl": "/avatars/lab.svg"}
SPEC: dict[str, Any] = {
    "dockerImage": "python:3.12",
    "command": ["python"],
    "arguments": [],
    "environment": {"LANG": "C"},
    "secrets": ["HF_TOKEN"],
    "flavor": "cpu-basic",
    "labels": {"request": "r1"},
}
JOB: dict[str, Any] = {
    **SPEC,
    "id": OID,
    "type": "job",
    "createdAt": WHEN,
    "createdBy": {"id": OID, "name": "ann"},
    "owner": OWNER,
    "timeout": 600,
    "status": {"stage": "CANCELED", "message": None, "cancelReason": "NO_CREDITS"},
}
SCHEDULED: dict[str, Any] = {
    "id": OID,
    "type": "scheduled-job",
    "createdAt": WHEN,
    "schedule": "*/5 * * * *",
    "suspend": False,
    "concurrency": False,
    "status": {"lastJob": None, "nextJobRunAt": WHEN},
    "owner": OWNER,
    "jobSpec": {**SPEC, "timeout": 600},
}
WEBHOOK: dict[str, Any] = {
    "id": OID,
    "job": {**SPEC, "timeoutSeconds": 600},
    "jobSourceId": OID,
    "watched": [{"type": "org", "name": "lab"}],
    "disabled": False,
    "hasSecret": True,
    "domains": ["discussion"],
}
COMMENT: dict[str, Any] = {
    "id": OID,
    "createdAt": WHEN,
    "author": {**ACCOUNT, "isOwner": True},
    "type": "comment",
    "data": {
        "edited": False,
        "hidden": False,
        "latest": {"raw": "Hello", "html": "<p>Hello</p>", "updatedAt": WHEN, "author": ACCOUNT},
        "numEdits": 0,
        "editors": ["ann"],
        "editorAvatarUrls": ["/avatars/ann.svg"],
        "reactions": [{"reaction": "👀", "users": ["ann"], "count": 1}],
    },
}
THREAD: dict[str, Any] = {
    "_id": OID,
    "num": 7,
    "author": ACCOUNT,
    "repo": {"name": "lab/model", "type": "model"},
    "title": "Please learn Esperanto",
    "createdAt": WHEN,
    "status": "open",
    "events": [COMMENT],
    "pinned": False,
    "locked": False,
    "collection": "discussions",
    "isPullRequest": False,
    "isReport": False,
}
SUMMARY: dict[str, Any] = {
    **{key: THREAD[key] for key in ("num", "author", "repo", "title", "createdAt", "status")},
    "pinned": False,
    "isPullRequest": False,
    "numComments": 1,
    "numReactionUsers": 0,
    "topReactions": [],
}
WHOAMI: dict[str, Any] = {
    "type": "user",
    "id": OID,
    "name": "ann",
    "fullname": "Ann",
    "avatarUrl": "/avatars/ann.svg",
    "isPro": False,
    "canPay": True,
    "orgs": [
        {
            "type": "org",
            "id": OID,
            "name": "lab",
            "fullname": "The Lab",
            "avatarUrl": "/avatars/lab.svg",
            "plan": "team",
            "roleInOrg": "write",
            "spendLimitReached": False,
        }
    ],
    "auth": {
        "type": "access_token",
        "accessToken": {
            "displayName": "bot",
            "role": "fineGrained",
            "createdAt": WHEN,
            "fineGrained": {
                "scoped": [{"entity": {"_id": OID, "type": "org"}, "permissions": ["repo.write"]}],
                "global": ["discussion.write"],
            },
        },
    },
}
ENDPOINT: dict[str, Any] = {
    "name": "teacher",
    "type": "private",
    "provider": {"vendor": "aws", "region": "us-east-1"},
    "compute": {
        "id": "aws-us-east-1-nvidia-h200-x1",
        "accelerator": "gpu",
        "instanceType": "nvidia-h200",
        "instanceSize": "x1",
        "scaling": {"minReplica": 0, "maxReplica": 1, "scaleToZeroTimeout": 15},
    },
    "model": {
        "repository": "org/teacher",
        "framework": "custom",
        "revision": "main",
        "task": "text-generation",
        "image": {"custom": {"url": "vllm/vllm-openai", "healthRoute": "/health", "port": 80}},
    },
    "healthRoute": "/health",
    "status": {
        "state": "running",
        "message": "Endpoint is ready",
        "url": "https://x.us-east-1.aws.endpoints.huggingface.cloud",
        "readyReplica": 1,
        "targetReplica": 1,
        "createdAt": WHEN,
        "createdBy": {"id": OID, "name": "ann"},
        "updatedAt": WHEN,
        "updatedBy": {"id": OID, "name": "ann"},
    },
    "experimentalFeatures": {},
    "notifications": {},
    "tags": [],
}
COLLECTION: dict[str, Any] = {
    "slug": f"lab/kakugo-{OID}",
    "title": "Kakugo",
    "lastUpdated": WHEN,
    "gating": False,
    "owner": ACCOUNT,
    "position": 0,
    "theme": "blue",
    "private": False,
    "upvotes": 0,
    "shareUrl": "https://hf.co/c/x",
    "isUpvotedByUser": False,
    "items": [{"_id": OID, "type": "model", "id": "lab/model", "position": 0, "likes": 3}],
}
RUNTIME: dict[str, Any] = {
    "stage": "RUNNING",
    "hardware": {"current": "t4-small", "requested": "t4-small"},
    "replicas": {"requested": 1, "current": 1},
    "gcTimeout": 172800,
}


def without(answer: dict[str, Any], *keys: str) -> dict[str, Any]:
    """Return a copy without some keys."""
    return {key: value for key, value in answer.items() if key not in keys}
