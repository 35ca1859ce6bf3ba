"""Checkpoints are kept on the Hub while a run trains; a run that was killed finds them there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from recipes.train import checkpoints

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),  # hub 2.4, of itself
]
REPO, DIGEST = "practice/adapter", "ab12"


@pytest.fixture
def api(tmp_path: Path) -> Iterator[HfApi]:
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
        api.create_repo(REPO)
        yield api


def make_checkpoint(folder: Path, step: int, best: int) -> Path:
    """Write what the trainer keeps of a step; return the folder of all its checkpoints."""
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir(parents=True)
    (checkpoint / "weights").write_bytes(b"x" * 1000)
    state = {"best_model_checkpoint": f"{folder}/checkpoint-{best}"}
    (checkpoint / checkpoints.STATE).write_text(json.dumps(state))
    return folder


def test_the_newest_checkpoint_of_the_same_inputs_is_downloaded(api: HfApi, tmp_path: Path) -> None:
    """test_run.py trains from one."""
    restored = tmp_path / "restored"
    assert checkpoints.download(api, REPO, DIGEST, restored) is None
    folder = make_checkpoint(make_checkpoint(tmp_path / "checkpoints", 3, 3), 12, 3)
    upload = checkpoints.CheckpointUpload(api, REPO, DIGEST, tmp_path / "upload")
    assert upload.start(folder, 12, 20)
    upload.wait()
    assert checkpoints.download(api, REPO, "another digest", tmp_path / "other") is None
    newest = checkpoints.download(api, REPO, DIGEST, restored)
    assert newest == restored / "checkpoint-12" and (newest / "weights").stat().st_size == 1000
    state = json.loads((newest / checkpoints.STATE).read_text())
    assert state["best_model_checkpoint"] == str(restored / "checkpoint-3")
    assert (restored / "checkpoint-3").is_dir()

    checkpoints.delete(api, REPO)
    checkpoints.delete(api, REPO)
    assert checkpoints.download(api, REPO, DIGEST, tmp_path / "deleted") is None


def test_failed_upload_is_reported_and_does_not_stop_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_checkpoint(tmp_path / "checkpoints", 3, 3)
    unreachable = HfApi(endpoint="http://127.0.0.1:9", token="hf_x")
    upload = checkpoints.CheckpointUpload(unreachable, REPO, DIGEST, tmp_path / "upload")
    assert upload.start(folder, 3, 8)
    upload.wait()
    assert "could not upload a checkpoint (ConnectError)" in capsys.readouterr().out
    assert upload.start(folder, 6, 8)
    upload.wait()


def test_checkpoint_is_skipped_while_another_is_uploading(api: HfApi, tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    (folder / "checkpoint-3").mkdir(parents=True)
    (folder / "checkpoint-3" / "x").write_bytes(b"x" * 1000)
    upload = checkpoints.CheckpointUpload(api, REPO, DIGEST, tmp_path / "upload")
    started = [upload.start(folder, step, 8) for step in (3, 4)]
    (
        folder / "checkpoint-3" / "x"
    ).unlink()  # the trainer deletes old checkpoints; the upload has hard links
    upload.wait()
    assert started == [True, False]
    uploaded = [path for path in api.list_repo_files(REPO, revision=checkpoints.BRANCH)
            if path.startswith(DIGEST)]  # fmt: skip
    assert uploaded == [f"{DIGEST}/checkpoint-3/x"]
