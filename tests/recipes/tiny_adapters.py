"""Small adapters of the tiny base, on the Hub as a training run leaves them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

from recipes.train import tokenize

CARD = (
    "---\ntags: [kakugo]\n---\n# epo\n\n## Results\n\n<!-- results -->\nGood.\n"
    "<!-- /results -->\n\n## Training\n"
)


def untaught(tiny_base: Path) -> Any:
    """An adapter that says what its base says."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    sizes = {"r": 8, "lora_alpha": 16, "target_modules": "all-linear"}
    config = LoraConfig(task_type="CAUSAL_LM", **sizes)
    return get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_base), config)


def teach(model: Any, tokenizer: Any, chats: Sequence[list[dict[str, str]]], steps: int) -> None:
    """Have the adapter say what the assistant says in these chats."""
    import torch

    made = tokenize.tokenise(tokenizer, chats, 256)
    longest = max(map(len, made.input_ids))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in made.input_ids])
    labels = torch.tensor([row + [-100] * (longest - len(row)) for row in made.labels])
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.01)
    for _ in range(steps):
        model(input_ids=ids, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def write(model: Any, folder: Path, base: str, revision: str | None) -> None:
    """Lay the adapter down as one of the base on the Hub."""
    model.save_pretrained(folder)
    config = json.loads((folder / "adapter_config.json").read_text())
    config |= {"base_model_name_or_path": base, "revision": revision}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    (folder / "README.md").write_text(CARD)


def push(api: HfApi, repo: str, folder: Path, revision: str = "main") -> str:
    """Push it, and say at which commit it is."""
    api.create_repo(repo, exist_ok=True)
    if revision != "main":
        api.create_branch(repo, branch=revision, exist_ok=True)
    commit = api.upload_folder(
        repo_id=repo, folder_path=folder, revision=revision, delete_patterns="*"
    )
    return str(commit.oid)
