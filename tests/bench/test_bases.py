"""Every architecture among the bases and peers is trained and evaluated as it should be.

Run with `pytest tests/bench/test_bases.py`; prints nothing. The models are tiny and random: the
code of transformers for each architecture is what is tested. Takes a minute of CPU time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recipes.core import model_loading
from recipes.core.benchmarks.tasks import Item
from recipes.evaluate.backends.transformers_lm import TransformersModel
from recipes.evaluate.settings import ChoiceSettings, GenerationSettings
from recipes.train.settings import TrainingSettings
from recipes.train.tokenize import Message
from tests.recipes.conftest import byte_tokenizer
from tests.recipes.train.conftest import chats, make_trainer, settings

__all__ = ["chats", "settings"]
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile:UserWarning"),
    pytest.mark.filterwarnings("ignore:_compile flag on create_block_mask:DeprecationWarning"),
]
SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "head_dim": 8,
}
GEMMA = {
    "vocab_size_per_layer_input": 400,
    "hidden_size_per_layer_input": 8,
    "num_kv_shared_layers": 0,
    "layer_types": ["sliding_attention", "full_attention"] * 2,
    "sliding_window": 8,
}
# The architectures of bases and peers in recipes/kakugo.yaml, besides Granite's.
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "qwen3": {},
    "smollm3": {},
    "gemma4_text": GEMMA,
    "cohere2": {},
}


def make_base(architecture: str, folder: Path) -> Path:
    """Write a tiny random model of an architecture, with a byte-level tokenizer."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = byte_tokenizer()
    ids = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}
    sizes: dict[str, Any] = {**SIZES, "vocab_size": 400, **ids, **ARCHITECTURES[architecture]}
    torch.manual_seed(0)
    config = AutoConfig.for_model(architecture, **sizes)
    base: Any = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    base.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    return folder / "base"


@pytest.mark.parametrize("attention", ["sdpa", "flex_attention"])
@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_packed_rows_stay_apart_and_train(
    architecture: str,
    attention: str,
    tmp_path: Path,
    settings: TrainingSettings,
    chats: list[list[Message]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    monkeypatch.setattr(torch, "compile", lambda function, **_: function)  # compiling takes long
    settings = replace(
        settings,
        max_length=256,
        model={"dtype": "float32", "attn_implementation": attention},
        lora={"r": 4, "target_modules": "all-linear"},
    )
    settings.trainer.update({"packing": True, "max_steps": 2, "use_cpu": True})
    trainer = make_trainer(make_base(architecture, tmp_path), settings, chats[:8], tmp_path)
    rows = list(trainer.train_dataset)
    lengths = [length for row in rows for length in row["seq_lengths"]]
    packed = trainer.data_collator(rows)
    if "cu_seq_lens_q" in packed:  # a packed row is filled to the full length
        lengths = packed["cu_seq_lens_q"].diff().tolist()
    with torch.no_grad():
        together = trainer.model(**packed, use_cache=False).logits[0].split(lengths)
        ids = packed["input_ids"][0].split(lengths)
        alone = [trainer.model(input_ids=row[None]).logits[0] for row in ids]
    assert all(torch.allclose(*pair, atol=1e-3) for pair in zip(together, alone, strict=True))
    if attention == "sdpa":  # FlexAttention has no backward pass on a CPU
        trainer.train()
        assert trainer.state.global_step == 2


@pytest.mark.parametrize("architecture", list(ARCHITECTURES))
def test_cached_prefixes_give_what_a_plain_forward_pass_gives(
    architecture: str, tmp_path: Path
) -> None:
    """Shots are a prefix longer than the sliding window of Gemma and Cohere."""
    import torch

    folder = make_base(architecture, tmp_path)
    tokenizer = model_loading.tokenizer(str(folder), "main")
    model: Any = model_loading.model(str(folder), "main", 1, {"dtype": "float32"})
    model.train(False)
    shots = (("Which letter comes first?", "A"), ("And which one comes second?", "B"))
    items = [
        Item(str(i), f"Question {'x' * i}?", ("A", "Bc", "Def"), 0, (), shots) for i in range(5)
    ]
    answers = TransformersModel(model, tokenizer)
    scores = answers.log_likelihoods(items, ChoiceSettings(2, "none"), lambda _: None)
    generations = answers.generate(items, GenerationSettings(2, 6), lambda _: None)
    for item, sums, generation in zip(items, scores, generations, strict=True):
        prompt: Any = tokenizer.apply_chat_template(
            item.messages, tokenize=False, add_generation_prompt=True
        )
        assert sums == pytest.approx(
            [log_likelihood(model, tokenizer, prompt, option) for option in item.answers], abs=1e-3
        )
        ids = tokenizer(prompt, return_tensors="pt")["input_ids"]
        start = ids.shape[1]
        for _ in range(6):
            with torch.no_grad():
                logits = model(input_ids=ids, use_cache=False).logits
            ids = torch.cat([ids, logits[:, -1:].argmax(-1)], dim=1)
            if ids[0, -1] == tokenizer.eos_token_id:
                break
        assert generation.raw == tokenizer.decode(ids[0, start:], skip_special_tokens=True)


def log_likelihood(model: Any, tokenizer: Any, prompt: str, option: str) -> float:
    """Return that of an option after a prompt, from one forward pass without a cache."""
    import torch

    ids = tokenizer(prompt + option, return_tensors="pt")["input_ids"]
    start = len(tokenizer(prompt)["input_ids"])
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits[0].log_softmax(-1)
    return float(sum(logits[i - 1, ids[0, i]].item() for i in range(start, ids.shape[1])))
