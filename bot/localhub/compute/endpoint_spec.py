"""What an Inference Endpoint is to run: validates and merges requests, and hides what is secret.

Pure: no store, no process.
"""

from __future__ import annotations

import re
from typing import Any

from bot.localhub.compute.job_spec import read_arguments, read_variables
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
TYPES = ("public", "authenticated", "private")
# Replaced as a whole in an update; every other object is merged.
WHOLE = ("image", "env", "secrets")
# Minutes without a request before an endpoint scales to zero; the service answers 400 to others.
IDLE_MINUTES = range(15, 2881)
NEW_KEYS = ("provider", "network", "privateService", "route", "notifications", "name")


def read_spec(body: Json) -> Json:
    """Return the spec of an endpoint; raises HubError 400 with a reason."""
    name = body.get("name")
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise HubError(
            400,
            "`name` must have 1 to 32 lower-case letters, digits and dashes, and no dash at its"
            " start or end",
        )
    if body.get("type") not in TYPES:
        raise HubError(400, f"`type` must be one of {', '.join(TYPES)}")
    for key in ("compute", "provider", "model"):
        if not isinstance(body.get(key), dict):
            raise HubError(400, f"`{key}` must be an object")
    model = body["model"]
    for key in ("repository", "framework"):
        if not isinstance(model.get(key), str):
            raise HubError(400, f"`model.{key}` must be a string")
    image = model.get("image")
    if not isinstance(image, dict) or not all(isinstance(part, dict) for part in image.values()):
        raise HubError(400, "`model.image` must be an object with one image variant")
    for key in ("command", "args"):
        read_arguments(model, key)
    for key in ("env", "secrets"):
        model[key] = read_variables(model, key)
    _check_scaling(body["compute"].get("scaling"))
    return body


def _check_scaling(scaling: Any) -> None:
    if not isinstance(scaling, dict):
        raise HubError(400, "`compute.scaling` must be an object with minReplica and maxReplica")
    minutes = scaling.get("scaleToZeroTimeout")
    if minutes is not None and minutes not in IDLE_MINUTES:
        raise HubError(
            400,
            f"`scaleToZeroTimeout` must be from {IDLE_MINUTES[0]} to {IDLE_MINUTES[-1]} minutes",
        )
    if minutes is not None and scaling.get("minReplica") != 0:
        raise HubError(400, "`scaleToZeroTimeout` needs a `minReplica` of 0")


def merge(spec: Json, update: Json) -> Json:
    """Return a spec with what an update names replaced, in objects of any depth.

    An image is replaced as a whole, and so are `env` and `secrets`.
    """
    result = dict(spec)
    for key, value in update.items():
        old = result.get(key)
        if key in NEW_KEYS:
            continue
        if isinstance(old, dict) and isinstance(value, dict) and key not in WHOLE:
            result[key] = merge(old, value)
        else:
            result[key] = value
    return result


def health_route(spec: Json) -> str:
    """Return the path that answers 200 once the endpoint serves, "" if there is none.

    Without one, the endpoint counts as ready as soon as its container has started.
    """
    for variant in spec["model"]["image"].values():
        if isinstance(variant.get("healthRoute"), str):
            return "/" + str(variant["healthRoute"]).lstrip("/")
    return ""


def idle_minutes(spec: Json) -> int | None:
    """Return after how many idle minutes an endpoint scales to zero, None if it never does."""
    minutes: int | None = spec["compute"]["scaling"].get("scaleToZeroTimeout")
    return minutes


def public_spec(spec: Json) -> Json:
    """Return what the service shows of a spec: neither secrets nor registry credentials."""
    model, provider, compute = spec["model"], spec["provider"], spec["compute"]
    image = {
        kind: {key: value for key, value in variant.items() if key != "credentials"}
        for kind, variant in model["image"].items()
    }
    place = (provider.get("vendor"), provider.get("region"))
    instance = (compute.get("instanceType"), compute.get("instanceSize"))
    return {
        "name": spec["name"],
        "type": spec["type"],
        "provider": provider,
        "compute": {"id": "-".join(map(str, place + instance)), **compute},
        "model": {"task": None, "revision": None, **model, "image": image, "secrets": {}},
        "healthRoute": health_route(spec),
        "experimentalFeatures": spec.get("experimentalFeatures", {}),
        "notifications": spec.get("notifications") or {},
        "tags": spec.get("tags", []),
    }
