"""The hardware of Inference Endpoints: what it costs, who may use it, and how much of it.

`endpoint_hardware.tsv` has the names and prices of
https://huggingface.co/docs/inference-endpoints/pricing, and statuses as they were in late 2026.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter
from functools import cache
from pathlib import Path

from bot.localhub.core import accounts
from bot.localhub.core.records import Json
from bot.localhub.core.wire import HubError

Offer = dict[str, str]
DEPLOYABLE = ("available", "low_availability", "reserved")
# Accelerators of one type in one region, for an account that pays; without a way to pay it is 0.
QUOTA = 8
CPU_QUOTA = 32
# A paused endpoint uses no quota, one that is scaled to zero does.
WITHOUT_QUOTA = ("paused", "failed")


@cache
def offers() -> tuple[Offer, ...]:
    """Return the rows of `endpoint_hardware.tsv`."""
    with Path(__file__).with_name("endpoint_hardware.tsv").open(newline="") as file:
        return tuple(csv.DictReader(file, delimiter="\t"))


def vendors_json(db: sqlite3.Connection, owner_id: str) -> Json:
    """Return the hardware by vendor and region, with the quota of a namespace."""
    used = _used(db, owner_id)
    can_pay = accounts.state_of(db, owner_id).can_pay
    regions: dict[tuple[str, str], list[Json]] = {}
    for offer in offers():
        place = (offer["vendor"], offer["region"])
        regions.setdefault(place, []).append(_offer_json(offer, used[_pool(offer)], can_pay))
    vendors: dict[str, list[Json]] = {}
    for (vendor, region), computes in regions.items():
        entry = {"name": region, "label": region, "status": "available", "computes": computes}
        vendors.setdefault(vendor, []).append(entry)
    listed = [
        {"name": vendor, "status": "available", "regions": entries}
        for vendor, entries in vendors.items()
    ]
    return {"vendors": listed}


def _offer_json(offer: Offer, used: int, can_pay: bool) -> Json:
    shown: Json = {
        "id": "-".join(offer[key] for key in ("vendor", "region", "instanceType", "instanceSize")),
        **{key: offer[key] for key in ("accelerator", "instanceType", "instanceSize", "status")},
        "architecture": offer["architecture"],
        "numAccelerators": _units(offer),
        "numCpus": int(offer["numCpus"]),
        "memoryGb": float(offer["memoryGb"]),
        "pricePerHour": float(offer["usdPerHour"]),
        "quota": {"maxAccelerators": _quota(offer) if can_pay else 0, "usedAccelerators": used},
    }
    if offer["gpuMemoryGb"]:
        shown["gpuMemoryGb"] = int(offer["gpuMemoryGb"])
    return shown


def check(db: sqlite3.Connection, owner_id: str, spec: Json) -> None:
    """Raise HubError unless a namespace may run an endpoint of this spec, and pays for it."""
    if not accounts.state_of(db, owner_id).can_pay:
        row = db.execute("SELECT name FROM accounts WHERE id = ?", (owner_id,)).fetchone()
        raise HubError(403, f"Payment method required for namespace {row['name']}")
    offer = _find(spec)
    if offer is None or offer["status"] not in DEPLOYABLE:
        compute = spec["compute"]
        raise HubError(
            400,
            f"The instance {compute['instanceType']} {compute['instanceSize']} is not available in"
            f" {spec['provider']['vendor']} {spec['provider']['region']}",
        )
    units = _units(offer) * int(spec["compute"]["scaling"].get("maxReplica") or 1)
    used = _used(db, owner_id, besides=spec["name"])[_pool(offer)]
    if used + units > _quota(offer):
        raise HubError(400, f"The quota of {offer['instanceType']} is used up: {used} are in use")


def _find(spec: Json) -> Offer | None:
    wanted = {**spec["provider"], **spec["compute"]}
    keys = ("vendor", "region", "instanceType", "instanceSize", "accelerator")
    matching = (offer for offer in offers() if all(offer[key] == wanted.get(key) for key in keys))
    return next(matching, None)


def _pool(offer: Offer) -> tuple[str, str, str]:
    """Return what shares a quota: a vendor, a region and an instance type."""
    return offer["vendor"], offer["region"], offer["instanceType"]


def _units(offer: Offer) -> int:
    """Return what an endpoint takes of its quota: accelerators, or CPUs without any."""
    return int(offer["numAccelerators"]) or int(offer["numCpus"])


def _quota(offer: Offer) -> int:
    return QUOTA if offer["accelerator"] == "gpu" else CPU_QUOTA


def _used(
    db: sqlite3.Connection, owner_id: str, besides: str = ""
) -> Counter[tuple[str, str, str]]:
    """Return how many accelerators of each pool the endpoints of a namespace take."""
    marks = ", ".join("?" * len(WITHOUT_QUOTA))
    rows = db.execute(
        f"SELECT spec FROM endpoints WHERE owner_id = ? AND name != ? AND state NOT IN ({marks})",
        (owner_id, besides, *WITHOUT_QUOTA),
    ).fetchall()
    used: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        spec = json.loads(row["spec"])
        offer = _find(spec)
        if offer is not None:
            used[_pool(offer)] += _units(offer) * int(
                spec["compute"]["scaling"].get("maxReplica") or 1
            )
    return used
