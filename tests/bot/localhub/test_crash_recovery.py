"""What was acknowledged is there after the Hub was killed in the middle of its work."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import httpx2
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub

ROUNDS = 2


def talk(hub: LocalHub, worker: int, said: list[str], opened: list[int], over: list[bool]) -> None:
    """Comment and open discussions until the Hub is gone, noting what it acknowledged."""
    headers = {"Authorization": f"Bearer {hub.token('alice')}"}
    base = f"{hub.url}/api/models/practice/m/discussions"
    with httpx2.Client(headers=headers, trust_env=False) as http:
        for n in range(100_000):
            text = f"{worker}-{time.time_ns()}"
            try:
                if n % 5 == 4:
                    body = {"title": text, "description": "x"}
                    opened.append(http.post(base, json=body).raise_for_status().json()["num"])
                else:
                    http.post(f"{base}/1/comment", json={"comment": text}).raise_for_status()
                    said.append(text)
            except httpx2.HTTPError:
                assert over, "the Hub refused before it was killed"
                return


def test_acknowledged_talk_survives_kills(tmp_path: Path) -> None:
    said: list[str] = []
    opened: list[int] = []
    hub = LocalHub(tmp_path)
    for round_number in range(ROUNDS):
        hub.start()
        if round_number == 0:
            api = HfApi(endpoint=hub.url, token=hub.token("alice"))
            api.create_repo("practice/m")
            opened.append(api.create_discussion("practice/m", "the talk").num)
        over: list[bool] = []
        workers = [
            threading.Thread(target=talk, args=(hub, n, said, opened, over)) for n in range(4)
        ]
        for worker in workers:
            worker.start()
        time.sleep(0.5)
        over.append(True)
        hub.kill()
        for worker in workers:
            worker.join()
    with hub:
        api = HfApi(endpoint=hub.url, token=hub.token("alice"))
        thread = api.get_discussion_details("practice/m", 1)
        kept = [getattr(event, "content", "") for event in thread.events]
        assert len(said) > 4 * ROUNDS and set(said) <= set(kept)
        assert len(kept) == len(set(kept)), "a comment is there twice"
        nums = [each.num for each in api.get_repo_discussions("practice/m")]
        assert sorted(nums) == list(range(1, len(nums) + 1))
        assert len(opened) == len(set(opened)) and set(opened) <= set(nums)
