"""A run killed between two steps goes on from the Hub and ends with the very same adapter."""

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
from recipes.train.settings import TrainSettings
from recipes.train.tokenize import Message, tokenise

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
    """Stands for the power cut."""


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
    settings: TrainSettings,
    conversations: list[list[Message]],
) -> Train:
    settings.trainer.update({"max_steps": 8, "save_strategy": "steps", "save_steps": 3})

    def run(name: str, callbacks: list[TrainerCallback], resume: Path | None) -> dict[str, Tensor]:
        from safetensors.torch import load_file

        tokenizer = load_tokenizer(str(tiny_base), "main")
        examples = tokenise(tokenizer, conversations, settings.max_length)

        def show(step: int, steps: int, details: dict[str, object]) -> None:
            if step == 5 and name == "killed":
                raise Killed

        out = tmp_path / name
        load = partial(load_model, str(tiny_base), "main", 1, settings.model)
        sft.train(load, tokenizer, examples, settings, out, show, None, callbacks, resume)
        return load_file(out / "adapter_model.safetensors")

    return run


def test_a_resumed_run_ends_like_one_that_was_never_killed(
    api: HfApi, train: Train, tmp_path: Path
) -> None:
    assert checkpoints.latest(api, REPO, DIGEST, tmp_path / "none") is None
    upload = checkpoints.Upload(api, REPO, DIGEST, tmp_path / "upload")
    keeper = checkpoints.keeper(upload)
    with pytest.raises(Killed):
        train("killed", [keeper], None)
    upload.finish()
    assert checkpoints.latest(api, REPO, "another digest", tmp_path / "other") is None
    kept = checkpoints.latest(api, REPO, DIGEST, tmp_path / "kept")
    assert kept is not None
    resumed = train("resumed", [keeper], kept)
    straight = train("straight", [], None)
    assert resumed.keys() == straight.keys()
    assert all(straight[name].equal(resumed[name]) for name in straight)

    checkpoints.forget(api, REPO)
    checkpoints.forget(api, REPO)
    assert checkpoints.latest(api, REPO, DIGEST, tmp_path / "gone") is None


def test_a_hub_that_is_down_is_told_and_does_not_stop_the_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "checkpoints"
    (folder / "checkpoint-3").mkdir(parents=True)
    (folder / "checkpoint-3" / "x").write_text("x")
    nowhere = HfApi(endpoint="http://127.0.0.1:9", token="hf_x")
    upload = checkpoints.Upload(nowhere, REPO, DIGEST, tmp_path / "upload")
    assert upload.start(folder, 3, 8)
    upload.finish()
    assert "a checkpoint was not kept (ConnectError)" in capsys.readouterr().out
    assert upload.start(folder, 6, 8)
    upload.finish()


def test_one_upload_at_a_time_and_what_comes_too_soon_is_left_out(
    api: HfApi, tmp_path: Path
) -> None:
    folder = tmp_path / "checkpoints"
    (folder / "checkpoint-3").mkdir(parents=True)
    (folder / "checkpoint-3" / "x").write_bytes(b"x" * 1000)
    upload = checkpoints.Upload(api, REPO, DIGEST, tmp_path / "upload")
    started = [upload.start(folder, step, 8) for step in (3, 4)]
    (folder / "checkpoint-3" / "x").unlink()  # the trainer rotates; what goes up is linked aside
    upload.finish()
    assert started == [True, False]
    kept = [path for path in api.list_repo_files(REPO, revision=checkpoints.BRANCH)
            if path.startswith(DIGEST)]  # fmt: skip
    assert kept == [f"{DIGEST}/checkpoint-3/x"]
