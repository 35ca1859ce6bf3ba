"""Small adapters of the tiny base, pushed as a training run pushes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

from recipes.train.tokenize import tokenize_chats

CARD = (
    "---\ntags: [kakugo]\n---\n# epo\n\n## Results\n\n<!-- results -->\nGood.\n"
    "<!-- /results -->\n\n## Training\n"
)


def untrained(tiny_base: Path) -> Any:
    """Return an adapter that answers as its base does."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    arguments = {"r": 8, "lora_alpha": 16, "target_modules": "all-linear"}
    config = LoraConfig(task_type="CAUSAL_LM", **arguments)
    return get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_base), config)


def train(model: Any, tokenizer: Any, chats: Sequence[list[dict[str, str]]], steps: int) -> None:
    """Train the adapter to answer as the assistant does in these chats."""
    import torch

    examples = tokenize_chats(tokenizer, chats, 256)
    longest = max(map(len, examples.input_ids))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in examples.input_ids])
    labels = torch.tensor([row + [-100] * (longest - len(row)) for row in examples.labels])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(steps):
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def write(model: Any, folder: Path, base: str, revision: str | None) -> None:
    """Save the adapter as one of the base on the Hub."""
    model.save_pretrained(folder)
    config = json.loads((folder / "adapter_config.json").read_text())
    config |= {"base_model_name_or_path": base, "revision": revision}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text(CARD)


def push(api: HfApi, repo: str, folder: Path, revision: str = "main") -> str:
    """Push the adapter; return the commit's sha."""
    api.create_repo(repo, exist_ok=True)
    if revision != "main":
        api.create_branch(repo, branch=revision, exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo, folder_path=folder, revision=revision, delete_patterns="*"
    )
    return str(commit.oid)
