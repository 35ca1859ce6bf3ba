"""Run `kakugo-recipe train` in processes of its own, as jobs do, against a local Hub."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from huggingface_hub import CommitOperationAdd, HfApi

from bot.localhub.core.rules import Rules
from bot.localhub.testing import LocalHub
from tests.recipes.recipe_runner import RecipeRunner, Run

if TYPE_CHECKING:
    from torch import Tensor

RULES = Rules()
BASE, DATA = "practice/tiny", "practice/chats"
RECIPE: dict[str, Any] = {
    "plan": {"practice": True},
    "train": {
        "threads": 1,
        "max_length": 64,
        "batch": 8,
        "held_out": {"rows": 8, "patience": 100},
        "model": {"dtype": "float32"},
        "lora": {"r": 4, "lora_alpha": 8, "target_modules": "all-linear",
                 "modules_to_save": ["embed_tokens"], "ensure_weight_tying": True},
        "trainer": {"seed": 3, "max_steps": 40, "learning_rate": 0.001, "logging_steps": 10,
                    "eval_steps": 10, "save_strategy": "steps", "save_steps": 10,
                    "save_total_limit": 1, "use_cpu": True, "bf16": False,
                    "activation_checkpointing": False},
    },
}  # fmt: skip
# A run that is killed at its second checkpoint, when the first one is on the Hub.
KILLED = """
import os, signal, sys
from recipes import cli
from recipes.train.checkpoints import CheckpointUpload
start = CheckpointUpload.start
def die_at_the_second(upload, *arguments):
    if upload._future:
        upload.wait()
        os.kill(os.getpid(), signal.SIGKILL)
    return start(upload, *arguments)
CheckpointUpload.start = die_at_the_second
cli.main(sys.argv[1:])
"""


@contextmanager
def hub_with_chats(folder: Path, tiny_base: Path, rules: Rules = RULES) -> Iterator[LocalHub]:
    """Start a local Hub with a base model and a dataset of 48 chats about sums."""
    with LocalHub(folder, rules=rules) as hub:
        api = client(hub)
        api.create_repo(BASE)
        api.upload_folder(repo_id=BASE, folder_path=tiny_base)
        rows = [json.dumps({"id": f"r{a}{b}",
                            "messages": [{"role": "user", "content": f"{a} plus {b}?"},
                                         {"role": "assistant", "content": f"It is {a + b}."}]})
                for a in range(8) for b in range(6)]  # fmt: skip
        splits = [{"split": split, "path": f"{split}.jsonl"} for split in ("train", "test")]
        card = yaml.safe_dump({"configs": [{"config_name": "default", "data_files": splits}]})
        files = {"README.md": f"---\n{card}---\n", "train.jsonl": "\n".join(rows),
                 "test.jsonl": "\n".join(rows[::5])}  # fmt: skip
        api.create_repo(DATA, repo_type="dataset")
        added = [CommitOperationAdd(path, text.encode()) for path, text in files.items()]
        api.create_commit(DATA, added, repo_type="dataset", commit_message="Add rows")
        yield hub


def client(hub: LocalHub) -> HfApi:
    """Return a client with the bot's token."""
    return HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))


def environment(hub: LocalHub, folder: Path) -> dict[str, str]:
    """Return the environment of a recipe that runs in a process of its own."""
    own = {"HF_ENDPOINT": hub.url, "HF_TOKEN": hub.token("kakugo-bot"), "OMP_NUM_THREADS": "1",
           "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(folder / "cache")}  # fmt: skip
    return os.environ | own


def run_all(runner: RecipeRunner, commands: list[list[str]]) -> str:
    """Run commands, which must succeed; return what all of them printed."""
    return "".join(wait_for_success(runner.start(*command)) for command in commands)


class Jobs:
    """Starts `kakugo-recipe train` as a job does."""

    def __init__(self, hub: LocalHub, folder: Path, runner: RecipeRunner) -> None:
        self.hub, self._folder, self._runner = hub, folder, runner

    def start(self, into: str, script: str = "", **train: Any) -> Run:
        """Start training into a repo, with these changes to the recipe, or a script instead."""
        recipe = deepcopy(RECIPE)
        recipe["train"]["trainer"] |= train.pop("trainer", {})
        recipe["train"] |= train
        path = self._folder / "tiny.yaml"
        path.write_text(yaml.safe_dump(recipe))
        return self._runner.start(
            "train", "--config", str(path), "--org", "practice", "--language", "epo_Latn",
            "--dataset", DATA, "--base", BASE, "--into", into, script=script)  # fmt: skip


def wait_for_success(run: Run) -> str:
    """Wait until the run ends with 0; return its output."""
    output = "".join(run.communicate())
    assert run.returncode == 0, output
    return output


def weights(hub: LocalHub, repo: str, path: str = "adapter_model.safetensors") -> dict[str, Tensor]:
    """Download and load the weights of a repo."""
    from safetensors.torch import load_file

    return load_file(client(hub).hf_hub_download(repo, path))
