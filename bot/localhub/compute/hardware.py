"""The Hub's hardware flavors and what they cost there.

The numbers in `hardware.tsv` are the Hub's published prices
(https://huggingface.co/docs/hub/jobs-pricing). This machine charges nothing and has the hardware it
has, but a bot can compute real prices from them.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from bot.localhub.core.records import Json

Flavor = dict[str, str]


@cache
def flavors() -> dict[str, Flavor]:
    """Return the rows of `hardware.tsv` by name."""
    with Path(__file__).with_name("hardware.tsv").open(newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file, delimiter="\t")}


def job_hardware_json(flavor: Flavor) -> Json:
    """Return a flavor as `GET /api/jobs/hardware` lists it; the cost is per minute."""
    usd_per_minute = float(flavor["usdPerHour"]) / 60
    accelerator = {
        "type": "gpu",
        "model": flavor["acceleratorModel"],
        "quantity": flavor["acceleratorQuantity"],
        "vram": flavor["vram"],
        "manufacturer": "Nvidia",
    }
    return {
        **{key: flavor[key] for key in ("name", "prettyName", "cpu", "ram", "ephemeralStorage")},
        "accelerator": accelerator if flavor["acceleratorModel"] else None,
        "unitCostMicroUSD": round(usd_per_minute * 1_000_000),
        "unitCostUSD": round(usd_per_minute, 6),
        "unitLabel": "minute",
    }


def container_variables(name: str) -> dict[str, str]:
    """Return the environment variables that describe a flavor to a container."""
    flavor = flavors()[name]
    return {
        "ACCELERATOR": name if flavor["acceleratorModel"] else "none",
        "CPU_CORES": flavor["cpu"].split()[0],
        "MEMORY": flavor["ram"].replace(" GB", "Gi"),
    }
