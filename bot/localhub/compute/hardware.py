"""The hardware one can name on the Hub and what a minute of it costs there.

The numbers are the Hub's published prices (`hardware.tsv`, https://huggingface.co/docs/hub/jobs-pricing);
this machine charges nothing and has what it has, but a bot can compute a real price from them.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import Any

Row = dict[str, str]


@cache
def table() -> dict[str, Row]:
    """Return the rows of `hardware.tsv` by flavor name."""
    with Path(__file__).with_name("hardware.tsv").open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file, delimiter="\t")}


def as_wire(row: Row) -> dict[str, Any]:
    """Return a flavor as `GET /api/jobs/hardware` lists it; costs are per minute."""
    per_minute = float(row["usdPerHour"]) / 60
    accelerator = {
        "type": "gpu",
        "model": row["acceleratorModel"],
        "quantity": row["acceleratorQuantity"],
        "vram": row["vram"],
        "manufacturer": "Nvidia",
    }
    return {
        **{key: row[key] for key in ("name", "prettyName", "cpu", "ram", "ephemeralStorage")},
        "accelerator": accelerator if row["acceleratorModel"] else None,
        "unitCostMicroUSD": round(per_minute * 1_000_000),
        "unitCostUSD": round(per_minute, 6),
        "unitLabel": "minute",
    }


def as_compute(row: Row) -> dict[str, Any]:
    """Return a flavor as the Inference Endpoints service lists it; costs are per hour."""
    quantity = int(row["acceleratorQuantity"] or 0)
    vram = int(float(row["vram"].split()[0])) if quantity else None
    return {
        "id": f"local-{row['name']}",
        "accelerator": "gpu" if quantity else "cpu",
        "instanceType": row["name"],
        "instanceSize": f"x{quantity or 1}",
        "architecture": row["prettyName"],
        "numAccelerators": quantity,
        "numCpus": int(row["cpu"].split()[0]),
        "memoryGb": float(row["ram"].split()[0]),
        "gpuMemoryGb": vram,
        "pricePerHour": float(row["usdPerHour"]),
        "status": "available",
        "quota": {"maxAccelerators": quantity, "usedAccelerators": 0},
    }


def container_variables(flavor: str) -> dict[str, str]:
    """Return what a container of this flavor finds about its hardware in its environment."""
    row = table()[flavor]
    return {
        "ACCELERATOR": flavor if row["acceleratorModel"] else "none",
        "CPU_CORES": row["cpu"].split()[0],
        "MEMORY": row["ram"].replace(" GB", "Gi"),
    }
