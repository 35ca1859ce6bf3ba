"""The seed file: what is rejected, and with which message."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.localhub.app import schema
from bot.localhub.core.auth import find_account
from bot.localhub.core.hub import Hub
from bot.localhub.core.seed import SeedError, apply_seed, read_seed
from bot.localhub.core.store import Store


def seed_hub(tmp_path: Path, seed: str) -> Hub:
    file = tmp_path / "seed.yaml"
    file.write_text(seed)
    accounts = read_seed(file)
    hub = Hub(Store(tmp_path, schema()), tmp_path, "http://127.0.0.1:1")
    try:
        with hub.store.write() as db:
            apply_seed(hub, db, accounts)
    except SeedError:
        hub.store.close()
        raise
    return hub


@pytest.mark.parametrize(
    "seed",
    ["users: [", "- a", "users: {a: b}", "users: [{token: x}]", "users: [{name: a/b}]",
     "users: [{name: a, colour: red}]", "users: [{name: a, role: king}]", "what: []",
     "users: [{name: a, scoped: [x]}]", "users: [{name: api}]", "orgs: [{name: o, members: [1]}]",
     "orgs: [{name: o, private_by_default: maybe}]", "orgs: [{name: o, members: [nobody]}]",
     "users: [{name: a}]\norgs: [{name: a}]"],
)  # fmt: skip
def test_invalid_seed_is_rejected(tmp_path: Path, seed: str) -> None:
    with pytest.raises(SeedError, match="seed"):
        seed_hub(tmp_path, seed)


def test_applying_a_seed_again_keeps_existing_accounts(tmp_path: Path) -> None:
    ids = []
    for fullname in ("Ann", "Another Ann"):
        hub = seed_hub(tmp_path, f"users: [{{name: ann, fullname: {fullname}}}]")
        with hub.store.read() as db:
            row = find_account(db, "ann")
        hub.store.close()
        assert row is not None and row["fullname"] == "Ann"
        ids.append(row["id"])
    assert ids[0] == ids[1]
