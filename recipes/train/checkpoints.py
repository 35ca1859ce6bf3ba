"""Checkpoints on the Hub: a job killed at any moment goes on where it was, on another machine.

They live on the branch `checkpoints` of the adapter's repository, in a folder named by the run's
key; one commit each, so there is never half a one. The branch goes when the adapter is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from recipes.progress import say

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from transformers import TrainerCallback

BRANCH = "checkpoints"


def latest(api: HfApi, repo: str, key: str, into: Path) -> Path | None:
    """Fetch this run's last checkpoint; None when there is none."""
    if BRANCH not in {branch.name for branch in api.list_repo_refs(repo).branches}:
        return None
    if not api.file_exists(repo, f"{key}/trainer_state.json", revision=BRANCH):
        return None
    api.snapshot_download(repo, revision=BRANCH, allow_patterns=f"{key}/*", local_dir=into)
    say(f"going on from the checkpoint of {repo}")
    return into / key


def keeper(api: HfApi, repo: str, key: str) -> TrainerCallback:
    """A callback that puts each checkpoint the trainer saves in the place of the one before."""
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

    class Keeper(TrainerCallback):
        def on_save(
            self,
            args: TrainingArguments,
            state: TrainerState,
            control: TrainerControl,
            **kwargs: object,
        ) -> None:
            api.create_branch(repo, branch=BRANCH, exist_ok=True)
            api.upload_folder(
                repo_id=repo,
                folder_path=Path(str(args.output_dir)) / f"checkpoint-{state.global_step}",
                path_in_repo=key,
                revision=BRANCH,
                ignore_patterns="README.md",
                delete_patterns="*",
                commit_message=f"Keep step {state.global_step} of {state.max_steps}",
            )

    return Keeper()


def forget(api: HfApi, repo: str) -> None:
    """Delete the branch: the adapter is pushed."""
    if BRANCH in {branch.name for branch in api.list_repo_refs(repo).branches}:
        api.delete_branch(repo, branch=BRANCH)
