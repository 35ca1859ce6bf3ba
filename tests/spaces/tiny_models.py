"""A base model and adapters of a few kilobytes, with random weights, saved or pushed to a Hub.

The files are those that transformers and PEFT write, whose imports take seconds.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from huggingface_hub import HfApi

WORDS = "saluton mondo bela tago kato hundo domo akvo vivo amo bona lando vorto nova".split()
TEMPLATE = (
    "{% for message in messages %}<s> {{ message['content'] }} </s>{% endfor %}"
    "{% if add_generation_prompt %}<s> {% endif %}"
)
SPECIAL = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
VOCABULARY = [*SPECIAL.values(), *WORDS]
HIDDEN, INTERMEDIATE, LAYERS, RANK = 16, 32, 2, 8
# What a linear module of a layer makes of what.
LINEAR = {f"self_attn.{name}_proj": (HIDDEN, HIDDEN) for name in "qkvo"} | {
    "mlp.gate_proj": (INTERMEDIATE, HIDDEN),
    "mlp.up_proj": (INTERMEDIATE, HIDDEN),
    "mlp.down_proj": (HIDDEN, INTERMEDIATE),
}
MODULES = {
    f"model.layers.{layer}.{name}": shape
    for layer in range(LAYERS)
    for name, shape in LINEAR.items()
}


def save(folder: Path, base: str, adapters: int, endless: bool = False) -> list[Path]:
    """Save the base model into `folder/base` and the adapters next to it.

    `base` is the name of the base model in the adapters' configs. The weights are the same every
    time. An endless model never generates the end token: it answers until it is stopped or reaches
    the limit. Returns the adapters' folders.
    """
    _save_base(folder / "base", endless)
    folders = [folder / f"adapter{number}" for number in range(adapters)]
    for number, adapter_folder in enumerate(folders):
        _save_adapter(adapter_folder, base, number)
    for each in (folder / "base", *folders):
        _save_tokenizer(each)
    return folders


def _save_base(folder: Path, endless: bool) -> None:
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "dtype": "float32",
        "vocab_size": len(VOCABULARY), "hidden_size": HIDDEN, "intermediate_size": INTERMEDIATE,
        "num_hidden_layers": LAYERS, "num_attention_heads": 2,
        "max_position_embeddings": 4096 if endless else 128,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
    }  # fmt: skip
    embeddings = dict.fromkeys(("model.embed_tokens", "lm_head"), (len(VOCABULARY), HIDDEN))
    weights = _random(embeddings | MODULES, seed=7, scale=0.5)
    for layer in range(LAYERS):
        for norm in ("input", "post_attention"):
            weights[f"model.layers.{layer}.{norm}_layernorm"] = np.ones(HIDDEN, np.float32)
    weights["model.norm"] = np.ones(HIDDEN, np.float32)
    if endless:
        weights["lm_head"][2] = 0.0  # the end token is never the most likely one
    _save(folder, "config.json", config, "model.safetensors", weights)


def _save_adapter(folder: Path, base: str, seed: int) -> None:
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base,
        "r": RANK, "lora_alpha": RANK, "inference_mode": True,
        "target_modules": [name.rpartition(".")[2] for name in LINEAR],
    }  # fmt: skip
    halves = {f"{name}.lora_A": (RANK, shape[1]) for name, shape in MODULES.items()}
    halves |= {f"{name}.lora_B": (shape[0], RANK) for name, shape in MODULES.items()}
    weights = _random(halves, seed, scale=0.3)
    named = {f"base_model.model.{name}": value for name, value in weights.items()}
    _save(folder, "adapter_config.json", config, "adapter_model.safetensors", named)


def _random(shapes: dict[str, tuple[int, int]], seed: int, scale: float) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    return {
        name: generator.normal(0, scale, shape).astype(np.float32) for name, shape in shapes.items()
    }


def _save(
    folder: Path, config_name: str, config: dict[str, Any], name: str, weights: dict[str, Any]
) -> None:
    from safetensors.numpy import save_file

    folder.mkdir(parents=True)
    (folder / config_name).write_text(json.dumps(config), encoding="utf-8")
    named = {f"{module}.weight": value for module, value in weights.items()}
    save_file(named, folder / name, metadata={"format": "pt"})


def _save_tokenizer(folder: Path) -> None:
    """Save a tokenizer with one token a word, and a chat template."""
    from tokenizers import Tokenizer, decoders
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit

    tokenizer = Tokenizer(
        WordLevel({word: number for number, word in enumerate(VOCABULARY)}, unk_token="<unk>")
    )
    tokenizer.pre_tokenizer = WhitespaceSplit()  # type: ignore[assignment]
    tokenizer.decoder = decoders.WordPiece(prefix="##")  # type: ignore[assignment]
    tokenizer.add_special_tokens(list(SPECIAL.values()))
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", **SPECIAL}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "chat_template.jinja").write_text(TEMPLATE, encoding="utf-8")


def push(api: HfApi, folder: Path, base: str, adapters: list[str], endless: bool = False) -> None:
    """Push a base model and adapters, each with its card."""
    folders = save(folder, base, len(adapters), endless)
    _upload(api, folder / "base", base, "---\ntags: [practice]\n---\n")
    for adapter_folder, repo in zip(folders, adapters, strict=True):
        card = (
            f"---\nbase_model: {base}\nlibrary_name: peft\nlicense: apache-2.0\n"
            f"tags: [practice, reviewed-by-speakers]\n---\n# {repo}\n"
        )
        _upload(api, adapter_folder, repo, card)


def push_versions(api: HfApi, folder: Path, repo: str) -> None:
    """Tag a pushed adapter as its first version, and push another one as its second, unpromoted."""
    api.create_tag(repo, tag="v1")
    api.create_branch(repo, branch="next")
    api.upload_folder(repo_id=repo, folder_path=folder / "adapter1", revision="next")
    api.create_tag(repo, tag="v2", revision="next")


def _upload(api: HfApi, folder: Path, repo: str, card: str) -> None:
    (folder / "README.md").write_text(card, encoding="utf-8")
    api.create_repo(repo, exist_ok=True)
    api.upload_folder(repo_id=repo, folder_path=folder)
