"""A run that is killed between two steps resumes from the Hub and gives the same adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from recipes.core.model_loading import model as load_model
from recipes.core.model_loading import tokenizer as load_tokenizer
from recipes.train import checkpoints, sft
from recipes.train.settings import TrainingSettings
from recipes.train.tokenize import Message, tokenize_chats

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import TrainerCallback

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning"),  # hub 2.4, of itself
]
REPO, DIGEST = "practice/adapter", "ab12"
Train = Callable[[str, list["TrainerCallback"], Path | None], dict[str, "Tensor"]]


class Killed(Exception):
    """Raised to end a run in the middle."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[HfApi]:
    with LocalHub(tmp_path) as hub:
        api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
        api.create_repo(REPO)
        yield api


@pytest.fixture
def train(
    tiny_base: Path,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
) -> Train:
    settings.trainer.update({"max_steps": 8, "save_strategy": "steps", "save_steps": 3})

    def run(
        name: str, callbacks: list[TrainerCallback], resume_from: Path | None
    ) -> dict[str, Tensor]:
        from safetensors.torch import load_file

        tokenizer = load_tokenizer(str(tiny_base), "main")
        examples = tokenize_chats(tokenizer, chats, settings.max_length)

        def on_step(step: int, steps: int, details: dict[str, object]) -> None:
            if step == 5 and name == "killed":
                raise Killed

        out = tmp_path / name
        load = partial(load_model, str(tiny_base), "main", 1, settings.model)
        sft.train(load, tokenizer, examples, settings, out, on_step, None, callbacks, resume_from)
        return load_file(out / "adapter_model.safetensors")

    return run


def test_resumed_run_gives_the_same_adapter_as_an_uninterrupted_one(
    api: HfApi, train: Train, tmp_path: Path
) -> None:
    assert checkpoints.download(api, REPO, DIGEST, tmp_path / "none") is None
    upload = checkpoints.CheckpointUpload(api, REPO, DIGEST, tmp_path / "upload")
    callback = checkpoints.upload_callback(upload)
    with pytest.raises(Killed):
        train("killed", [callback], None)
    upload.wait()
    assert checkpoints.download(api, REPO, "another digest", tmp_path / "other") is None
    checkpoint = checkpoints.download(api, REPO, DIGEST, tmp_path / "restored")
    assert checkpoint is not None
    resumed = train("resumed", [callback], checkpoint)
    uninterrupted = train("uninterrupted", [], None)
    assert resumed.keys() == uninterrupted.keys()
    assert all(uninterrupted[name].equal(resumed[name]) for name in uninterrupted)

    checkpoints.delete(api, REPO)
    checkpoints.delete(api, REPO)
    assert checkpoints.download(api, REPO, DIGEST, tmp_path / "deleted") is None


def test_failed_upload_is_reported_and_does_not_stop_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "checkpoints"
    (folder / "checkpoint-3").mkdir(parents=True)
    (folder / "checkpoint-3" / "x").write_text("x")
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
