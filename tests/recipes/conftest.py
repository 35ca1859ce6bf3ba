"""A random tiny Llama with a byte-level tokenizer and a chat template, and the practice world."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.localhub.testing import LocalHub
from recipes.practice import publish

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>{{ message.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
SPECIAL = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


practice_files = cache(publish.dataset_files)  # they take seconds


@pytest.fixture(scope="session")
def practice_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalHub]:
    """A local Hub that has the practice corpus and benchmarks."""
    with LocalHub(tmp_path_factory.mktemp("hub")) as hub:
        push_practice_datasets(hub)
        yield hub


def push_practice_datasets(hub: LocalHub) -> None:
    """Push the practice corpus and benchmarks to a Hub that has none."""
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    for name, files in practice_files().items():
        repo = f"practice/kakugo-practice-{name}"
        api.create_repo(repo, repo_type="dataset")
        added = [CommitOperationAdd(path, content) for path, content in files.items()]
        api.create_commit(repo, added, repo_type="dataset", commit_message="Publish")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a base model of 40,000 parameters, with the files that it has on the Hub."""
    folder = make_tiny_base(tmp_path_factory.mktemp("tiny-base"))
    gc.collect()
    gc.freeze()  # PyTorch collects garbage itself, now without looking at what was imported
    return folder


def make_tiny_base(folder: Path) -> Path:
    """Write a random model, always the same, into `folder`; return the folder."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        initializer_range=0.5,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\nlanguage: [en]\n---\n# tiny\n")
    return folder


def byte_tokenizer() -> PreTrainedTokenizerBase:
    """Return a tokenizer with one token per byte, which makes tokens easy to count."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    backend = Tokenizer(models.BPE({letter: i for i, letter in enumerate(alphabet)}, []))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(SPECIAL)
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|end|>",
        pad_token="<|pad|>",
        chat_template=CHAT_TEMPLATE,
        model_input_names=["input_ids", "attention_mask"],
    )
