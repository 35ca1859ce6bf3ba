"""Checkpoints on the Hub, so that a killed job can resume on another machine.

They are on the branch `checkpoints` of the adapter's repository, in a folder named after the run's
key. It holds the last checkpoint and, when held-out loss is measured, the best one. Each upload is
one commit, so a checkpoint is never incomplete. The branch is deleted once the adapter is pushed.
"""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.progress import say
from recipes.validation.errors import reason_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

BRANCH = "checkpoints"
STATE = "trainer_state.json"


def download(api: HfApi, repo: str, key: str, folder: Path) -> Path | None:
    """Download this run's checkpoints into `folder`; return the last one, None without any."""
    if BRANCH not in {branch.name for branch in api.list_repo_refs(repo).branches}:
        return None
    download_folder = folder.with_name("downloaded")
    api.snapshot_download(
        repo, revision=BRANCH, allow_patterns=f"{key}/*", local_dir=download_folder
    )
    if not (download_folder / key).is_dir():
        return None
    shutil.move(download_folder / key, folder)
    for checkpoint in folder.iterdir():
        _relocate_best(checkpoint, folder)
        step = _step(checkpoint)
        os.utime(checkpoint, (step, step))  # the trainer orders checkpoints by modification time
    newest = last(folder)
    say(f"resuming from {newest.name if newest else 'nothing'} of {repo}")
    return newest


def last(folder: Path) -> Path | None:
    """Return the last checkpoint in the trainer's folder."""
    return max(folder.glob("checkpoint-*"), key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _relocate_best(checkpoint: Path, folder: Path) -> None:
    """Make the path of the best checkpoint, which is absolute, point into `folder`."""
    path = checkpoint / STATE
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if state.get("best_model_checkpoint"):
        best = folder / Path(state["best_model_checkpoint"]).name
        state["best_model_checkpoint"] = str(best)
        path.write_text(json.dumps(state, indent=2), encoding="utf-8")


class CheckpointUpload:
    """Uploads one checkpoint at a time in the background, from hard links in `staging`."""

    def __init__(self, api: HfApi, repo: str, key: str, staging: Path) -> None:
        self._api, self._repo, self._key, self._staging = api, repo, key, staging
        self._future: Future[Any] | None = None

    def start(self, folder: Path, step: int, steps: int) -> bool:
        """Upload the trainer's folder; return False while an earlier upload is running."""
        if self._future and not self._future.done():
            return False
        self.wait()
        shutil.rmtree(self._staging, ignore_errors=True)
        shutil.copytree(folder, self._staging, copy_function=os.link)
        self._future = self._api.run_as_future(self._upload, f"Save step {step} of {steps}")
        return True

    def _upload(self, message: str) -> None:
        self._api.create_branch(self._repo, branch=BRANCH, exist_ok=True)
        self._api.upload_folder(
            repo_id=self._repo,
            folder_path=self._staging,
            path_in_repo=self._key,
            revision=BRANCH,
            ignore_patterns="*README.md",
            delete_patterns="*",
            commit_message=message,
        )

    def wait(self) -> None:
        """Wait for the running upload; report a failure without stopping the training."""
        if self._future and (error := self._future.exception()):
            say(f"could not upload a checkpoint ({type(error).__name__}): {reason_of(error)}")
        self._future = None


def upload_callback(upload: CheckpointUpload) -> TrainerCallback:
    """Return a callback that uploads each checkpoint, or skips it while another is uploading."""
    from transformers import TrainerCallback

    class UploadCallback(TrainerCallback):
        def on_save(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            _wait_for_all_processes(args)
            if not state.is_world_process_zero:
                return
            if not upload.start(Path(str(args.output_dir)), state.global_step, state.max_steps):
                say(f"skipped the checkpoint of step {state.global_step}: the previous upload is "
                    "still running")  # fmt: skip

        def on_train_end(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            upload.wait()

    return UploadCallback()


def _wait_for_all_processes(args: TrainingArguments) -> None:
    """Wait until every process has written its part of the checkpoint."""
    if args.world_size > 1:
        import torch

        torch.distributed.barrier()


def delete(api: HfApi, repo: str) -> None:
    """Delete the branch; call this once the adapter is pushed."""
    if BRANCH in {branch.name for branch in api.list_repo_refs(repo).branches}:
        api.delete_branch(repo, branch=BRANCH)
