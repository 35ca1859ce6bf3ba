"""Downloading the details of a language from a real Hub."""

from __future__ import annotations

from pathlib import Path

import pytest
from details import DatasetSummary
from details_source import DetailsSource
from hub_source import HubSource
from leaderboard_settings import LeaderboardSettings

from bot.localhub.testing import LocalHub
from tests.spaces.hub_content import hub_api, push
from tests.spaces.result_rows import BASE, lines, rows_of_all_roles

CODE = "epo_Latn"
ADAPTER = f"{BASE}-{CODE}"


def test_details_are_downloaded_once_and_missing_parts_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = {"direction": f"eng_Latn-{CODE}", "id": "1", "prompt": "Ask", "reference": "ref"}
    outputs = lines(
        {**output, "model": BASE, "output": "a"}, {**output, "model": ADAPTER, "output": "b"}
    )
    folder = f"{CODE}/{Path(ADAPTER).name}"
    files = {
        f"{folder}/results.jsonl": lines(*rows_of_all_roles(CODE)).encode(),
        f"{folder}/outputs.jsonl": outputs.encode(),
    }
    with LocalHub(tmp_path) as hub:
        push(hub_api(hub), "practice/kakugo-results", files)
        log = {"training_log.jsonl": lines({"step": 1, "loss": 3.0}).encode()}
        push(hub_api(hub), ADAPTER, log, "model")
        env = {"HF_ENDPOINT": hub.url, "KAKUGO_ORG": "practice"}
        settings = LeaderboardSettings.read(env)
        hub_source, details_source = HubSource(settings), DetailsSource(settings)
        hub_source.refresh()
        snapshot = hub_source.snapshot()
        details = details_source.get(snapshot, CODE)
    assert len(details.measures) == 2 and details.examples[0].adapter == "b"
    assert details.training.train_loss and details.dataset == DatasetSummary()
    assert not details.gguf_repo

    monkeypatch.setattr(details_source, "_api", None)
    assert details_source.get(snapshot, CODE) is details
