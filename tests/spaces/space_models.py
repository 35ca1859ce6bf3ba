"""A base model and an adapter of a few kilobytes, random but real, pushed to a Hub as ours are."""

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
    """One token a word, with a chat template."""
    from tokenizers import Tokenizer, decoders
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from transformers import PreTrainedTokenizerFast

    vocab = {word: number for number, word in enumerate([*SPECIAL.values(), *WORDS])}
    raw = Tokenizer(WordLevel(vocab, unk_token="<unk>"))
    raw.pre_tokenizer = WhitespaceSplit()  # type: ignore[assignment]
    raw.decoder = decoders.WordPiece(prefix="##")  # type: ignore[assignment]
    made = PreTrainedTokenizerFast(tokenizer_object=raw, **SPECIAL)
    made.chat_template = TEMPLATE
    return made


def base_model() -> Any:
    """A Llama of two small layers with random weights, the same every time."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(SPECIAL) + len(WORDS),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=128,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=3,
    )
    return LlamaForCausalLM(config)


def push(api: HfApi, folder: Path, base: str, adapters: list[str]) -> None:
    """Push a base model and adapters on it, each with the card that says so."""
    import torch
    from peft import LoraConfig, get_peft_model

    made, model = tokenizer(), base_model()
    model.save_pretrained(folder / "base")
    made.save_pretrained(folder / "base")
    _upload(api, folder / "base", base, "---\ntags: [practice]\n---\n")
    for number, repo in enumerate(adapters):
        config = LoraConfig(
            r=2, target_modules=["q_proj"], init_lora_weights=False, base_model_name_or_path=base
        )
        torch.manual_seed(number)
        tuned = get_peft_model(base_model(), config)
        place = folder / repo.replace("/", "-")
        tuned.save_pretrained(place)
        made.save_pretrained(place)
        card = f"---\nbase_model: {base}\nlibrary_name: peft\ntags: [practice]\n---\n# {repo}\n"
        _upload(api, place, repo, card)


def _upload(api: HfApi, folder: Path, repo: str, card: str) -> None:
    (folder / "README.md").write_text(card, encoding="utf-8")
    api.create_repo(repo, exist_ok=True)
    api.upload_folder(repo_id=repo, folder_path=folder)
