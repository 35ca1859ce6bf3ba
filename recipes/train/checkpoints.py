"""Checkpoints on the Hub: a job killed at any moment goes on where it was, on another machine.

They live on the branch `checkpoints` of the adapter's repository, in a folder named by the run's
key: the last one and, where held-out loss is watched, the best one; one commit each time, so there
is never half a one. The branch goes when the adapter is there.
"""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recipes.core.progress import say

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

BRANCH = "checkpoints"
STATE = "trainer_state.json"


def latest(api: HfApi, repo: str, key: str, into: Path) -> Path | None:
    """Fetch this run's checkpoints into the trainer's folder; the last one, None without any."""
    if BRANCH not in {branch.name for branch in api.list_repo_refs(repo).branches}:
        return None
    fetched = into.with_name("fetched")
    api.snapshot_download(repo, revision=BRANCH, allow_patterns=f"{key}/*", local_dir=fetched)
    if not (fetched / key).is_dir():
        return None
    shutil.move(fetched / key, into)
    for checkpoint in into.iterdir():
        _settle(checkpoint, into)
        step = _step(checkpoint)
        os.utime(checkpoint, (step, step))  # by this the trainer tells the last one
    found = last(into)
    say(f"going on from {found.name if found else 'nothing'} of {repo}")
    return found


def last(folder: Path) -> Path | None:
    """The last checkpoint in the trainer's folder."""
    return max(folder.glob("checkpoint-*"), key=_step, default=None)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def _settle(checkpoint: Path, into: Path) -> None:
    """Name the best checkpoint as it is called here, not where it was made."""
    path = checkpoint / STATE
    state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if state.get("best_model_checkpoint"):
        best = into / Path(state["best_model_checkpoint"]).name
        state["best_model_checkpoint"] = str(best)
        path.write_text(json.dumps(state, indent=2), encoding="utf-8")


class Upload:
    """One upload at a time, beside the training; what is to go up is linked aside first."""

    def __init__(self, api: HfApi, repo: str, key: str, aside: Path) -> None:
        self._api, self._repo, self._key, self._aside = api, repo, key, aside
        self._going: Future[Any] | None = None

    def start(self, folder: Path, step: int, steps: int) -> bool:
        """Send the trainer's folder as it is now; False, when the one before is still going."""
        if self._going and not self._going.done():
            return False
        self.finish()
        shutil.rmtree(self._aside, ignore_errors=True)
        shutil.copytree(folder, self._aside, copy_function=os.link)
        self._going = self._api.run_as_future(self._send, f"Keep step {step} of {steps}")
        return True

    def _send(self, message: str) -> None:
        self._api.create_branch(self._repo, branch=BRANCH, exist_ok=True)
        self._api.upload_folder(
            repo_id=self._repo,
            folder_path=self._aside,
            path_in_repo=self._key,
            revision=BRANCH,
            ignore_patterns="*README.md",
            delete_patterns="*",
            commit_message=message,
        )

    def finish(self) -> None:
        """Wait for the upload under way; a failure is told, the training is not lost by it."""
        if self._going and (error := self._going.exception()):
            say(f"a checkpoint was not kept ({type(error).__name__}): {str(error).splitlines()[0]}")
        self._going = None


def keeper(upload: Upload) -> TrainerCallback:
    """A callback that keeps what the trainer saves; one that comes too soon is left out."""
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):
        def on_save(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            _all_have_written(args)
            if not state.is_world_process_zero:
                return
            if not upload.start(Path(str(args.output_dir)), state.global_step, state.max_steps):
                say(f"step {state.global_step} is not kept: the upload before it is not done")

        def on_train_end(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            upload.finish()

    return Keeper()


def _all_have_written(args: TrainingArguments) -> None:
    """Every process writes a part of a checkpoint; none may be missing from it."""
    if args.world_size > 1:
        import torch

        torch.distributed.barrier()


def forget(api: HfApi, repo: str) -> None:
    """Delete the branch: the adapter is pushed."""
    if BRANCH in {branch.name for branch in api.list_repo_refs(repo).branches}:
        api.delete_branch(repo, branch=BRANCH)
