"""Published files load with the real clients, and publishing again changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.localhub.fork_server import ForkServer
from bot.localhub.testing import LocalHub
from tests.recipes.recipe_runner import recipe_runner
from tests.recipes.train.train_jobs import environment

pytestmark = pytest.mark.slow

LOAD = """
from datasets import load_dataset
from huggingface_hub import HfApi
from transformers import AutoModelForCausalLM, AutoTokenizer

org = "practice/kakugo-practice-"
texts = load_dataset(org + "corpus", "texts", split="train")
print("texts", len(texts), texts.column_names)
chats = load_dataset(org + "corpus", "conversations", split="train")
print("chats", len(chats), [turn["role"] for turn in chats[0]["messages"]])
for code in ("epo_Latn", "eng_Latn"):
    print("flores", len(load_dataset(org + "flores", code, split="devtest")))
    print("sib200", len(load_dataset(org + "sib200", code, split="test")))
    print("belebele", len(load_dataset(org + "belebele", code, split="test")))
base = AutoModelForCausalLM.from_pretrained(org + "base")
print("base", len(AutoTokenizer.from_pretrained(org + "base")) == base.config.vocab_size)
heads = [HfApi().repo_info(org + name, repo_type="dataset").sha for name in ("corpus", "flores")]
print("heads", *heads)
"""


def test_published_files_load_and_publishing_again_changes_nothing(
    tmp_path: Path, torch_fork_server: ForkServer
) -> None:
    with (
        LocalHub(tmp_path) as hub,
        recipe_runner(torch_fork_server, environment(hub, tmp_path), tmp_path / "runs") as runner,
    ):
        publish = ("practice-publish", "--org", "practice")
        first = runner.run(*publish)
        assert first.returncode == 0, first.stderr
        output = runner.run_script(LOAD).splitlines()
        assert runner.run(*publish).stdout == first.stdout
    assert output[:-1] == [
        "texts 4000 ['text']",
        "chats 3000 ['user', 'assistant']",
        *["flores 200", "sib200 105", "belebele 120"] * 2,
        "base True",
    ]
