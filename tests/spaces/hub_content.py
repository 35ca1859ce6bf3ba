"""Fill a local Hub with what the Spaces show: results, requests, datasets and models."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow
from huggingface_hub import CommitOperationAdd, HfApi
from pyarrow import parquet

from bot.localhub.testing import LocalHub
from tests.spaces import tiny_models
from tests.spaces.result_rows import lines, pair, request

HOSTILE_TEXT = "<img src=x onerror=alert(1)> ${7*7} {{this}}"
BASE = "practice/kakugo-practice-base"
CHAT, FEEDBACK = "practice/kakugo-chat", "practice/kakugo-feedback"
ENDLESS = "practice/kakugo-endless-base"


def hub_api(hub: LocalHub, user: str = "kakugo-bot") -> HfApi:
    return HfApi(endpoint=hub.url, token=hub.token(user))


def push(api: HfApi, repo: str, files: dict[str, bytes], repo_type: str = "dataset") -> None:
    """Create a repository if it does not exist, and commit files to it."""
    api.create_repo(repo, repo_type=repo_type, exist_ok=True)
    added = [CommitOperationAdd(path, content) for path, content in files.items()]
    api.create_commit(repo, added, commit_message="Add", repo_type=repo_type)


def parquet_file(**columns: list[object]) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), buffer)
    return buffer.getvalue()


def conversation(*texts: str) -> list[dict[str, str]]:
    """Return messages of the user and the assistant in turn."""
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]


def questions(*texts: str) -> bytes:
    """Return a parquet file of conversations with one question each."""
    return parquet_file(messages=[conversation(text) for text in texts])


def results(code: str, gain: float) -> dict[str, bytes]:
    """Return the results file of one language."""
    rows = [
        *pair(code, "flores", 10.0, 10.0 + gain),
        *pair(code, "flores", 20.0, 20.0 + gain, direction=f"{code}-eng_Latn"),
        *pair(code, "sib200", 0.2, 0.2 + gain / 100),
    ]
    return {f"{code}/kakugo-practice-base-{code}/results.jsonl": lines(*rows).encode()}


def fill(hub: LocalHub, folder: Path) -> None:
    """Push everything, hostile texts among it."""
    api = hub_api(hub)
    push(api, "practice/kakugo-results", results("epo_Latn", 40.0) | results("xyz_Latn", 5.0))
    ledger = (
        request(1, "epo_Latn", "Esperanto"),
        request(2, "xyz_Latn", HOSTILE_TEXT),
        request(3, "sdh_Arab", "Southern Kurdish", status="open"),
        "broken",
    )
    push(api, "practice/kakugo-requests", {"sheets/00000.jsonl": "\n".join(ledger).encode()})
    test_split = "topics/test.parquet"
    reviewable = parquet_file(
        id=["b2", "a1", "c3", "a0"],
        prompt_id=["topics/1", "topics/2", "topics/3", "contexts/0/translate/1"],
        messages=[
            conversation("Kiu?", "Mi."),
            conversation("Kio?", f"Nenio. {HOSTILE_TEXT}"),
            conversation("Kie?", "Tie."),
            conversation("Traduku: Tie.", "There."),
        ],
    )
    files = {
        test_split: questions("saluton mondo", HOSTILE_TEXT),
        "topics/train.parquet": reviewable,
        "replay/train.parquet": parquet_file(
            id=["a00"], prompt_id=["replay/0"], messages=[conversation("Who?", "Me.")]
        ),
    }
    push(api, "practice/kakugo-epo_Latn", files)
    push(api, "practice/kakugo-sdh_Arab", {test_split: questions("سڵاو")})
    adapters = [f"{BASE}-{code}" for code in ("epo_Latn", "sdh_Arab")]
    tiny_models.push(api, folder / "models", BASE, adapters)
    tiny_models.push_versions(api, folder / "models", adapters[0])
    push(api, "practice/kakugo-gla_Latn", {test_split: questions("Ciamar a tha thu?")})
    tiny_models.push(api, folder / "endless", ENDLESS, [f"{ENDLESS}-gla_Latn"], endless=True)
    push(api, f"{BASE}-epo_Latn-merged", {"it.gguf": b"GGUF" * 500}, "model")
