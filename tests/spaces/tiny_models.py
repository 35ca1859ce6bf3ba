"""A base model and adapters of a few kilobytes, with random weights, saved or pushed to a Hub."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

WORDS = "saluton mondo bela tago kato hundo domo akvo vivo amo bona lando vorto nova".split()
TEMPLATE = (
    "{% for message in messages %}<s> {{ message['content'] }} </s>{% endfor %}"
    "{% if add_generation_prompt %}<s> {% endif %}"
)
SPECIAL = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}


def tokenizer() -> Any:
    """Return a tokenizer with one token a word and a chat template."""
    from tokenizers import Tokenizer, decoders
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    vocab = {word: number for number, word in enumerate([*SPECIAL.values(), *WORDS])}
    raw = Tokenizer(WordLevel(vocab, unk_token="<unk>"))
    raw.pre_tokenizer = WhitespaceSplit()  # type: ignore[assignment]
    raw.decoder = decoders.WordPiece(prefix="##")  # type: ignore[assignment]
    wrapped = PreTrainedTokenizerFast(tokenizer_object=raw, **SPECIAL)
    wrapped.chat_template = TEMPLATE
    return wrapped


def base_model(endless: bool = False) -> Any:
    """Return a Llama of two small layers with the same random weights every time.

    An endless one never generates the end token: it answers until it is stopped or reaches the
    limit.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=4096 if endless else 128,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
        initializer_range=0.5,
    )
    model = LlamaForCausalLM(config)
    if endless:
        with torch.no_grad():
            model.lm_head.weight[2] = 0.0  # the end token is never the most likely one
    return model


def save(folder: Path, base: str, adapters: int, endless: bool = False) -> list[Path]:
    """Save the base model into `folder/base` and the adapters next to it.

    `base` is the name of the base model in the adapters' configs. Returns the adapters' folders.
    """
    import torch
    from peft import LoraConfig, get_peft_model

    shared_tokenizer = tokenizer()
    base_model(endless).save_pretrained(folder / "base")
    shared_tokenizer.save_pretrained(folder / "base")
    folders = []
    for number in range(adapters):
        model = base_model(endless)
        model.name_or_path = base
        torch.manual_seed(number)
        config = LoraConfig(r=8, target_modules="all-linear", init_lora_weights=False)
        folders.append(folder / f"adapter{number}")
        get_peft_model(model, config).save_pretrained(folders[-1])
        shared_tokenizer.save_pretrained(folders[-1])
    return folders


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
