"""Published files load with the real clients, and publishing again changes nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.localhub.testing import LocalHub

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


def test_published_files_load_and_publishing_again_changes_nothing(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        environment = os.environ | {
            "HF_ENDPOINT": hub.url,
            "HF_TOKEN": hub.token("kakugo-bot"),
            "HF_HOME": str(tmp_path / "home"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "DISABLE_SAFETENSORS_CONVERSION": "1",
        }
        publish = [sys.executable, "-m", "recipes.cli", "practice-publish", "--org", "practice"]
        first = _run(publish, environment)
        output = _run([sys.executable, "-c", LOAD], environment).splitlines()
        assert _run(publish, environment) == first
    assert output[:-1] == [
        "texts 4000 ['text']",
        "chats 3000 ['user', 'assistant']",
        *["flores 200", "sib200 105", "belebele 120"] * 2,
        "base True",
    ]


def _run(command: list[str], environment: dict[str, str]) -> str:
    process = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert process.returncode == 0, process.stderr
    return process.stdout
