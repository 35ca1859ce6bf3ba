"""TRL and PEFT accept every variant of the packaged recipes, and each variant trains."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from recipes.core import config
from recipes.core.model_loading import model as load_model
from recipes.core.model_loading import tokenizer as load_tokenizer
from recipes.train import adapter, sft
from recipes.train.hardware import TrainingOptions
from recipes.train.settings import KNOWN_ARGUMENTS, TrainingSettings, parse
from recipes.train.tokenize import Examples, Message, tokenize_chats

# PEFT 0.21 uses a deprecated name of transformers 5.23
pytestmark = [
    pytest.mark.xdist_group("torch"),  # most import PyTorch
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]
OPTIONS = TrainingOptions(False, "adamw_torch_fused", False, False, 1, 0)
KAKUGO = config.load("kakugo", "org", "epo_Latn").train
VARIANTS = sorted(KAKUGO["variants"])


def section(variant: str) -> dict[str, Any]:
    return {**deepcopy(KAKUGO), "variant": variant}


def small(variant: str) -> TrainingSettings:
    """Return the variant's settings with sizes for a tiny model."""
    values = section(variant)
    values["variants"] = deepcopy(KAKUGO["variants"])
    values["variants"][variant].get("model", {}).pop("dtype", None)
    values |= {"max_length": 64, "batch": 8, "threads": 1, "held_out": None}
    values["model"] = {"dtype": "float32"}
    changes = values["variants"][variant]
    changes["trainer"] = {**changes.get("trainer", {}), "max_steps": 6, "save_strategy": "no",
                      "learning_rate": 0.01, "use_cpu": True, "bf16": False,
                      "logging_steps": 50}  # fmt: skip
    if "trained_tokens" in changes:
        changes["trained_tokens"] = 20
    return parse(values)


@pytest.mark.parametrize("name", ["practice", "kakugo"])
def test_trl_and_peft_accept_the_packaged_recipes(name: str, tmp_path: Path) -> None:
    settings = parse(config.load(name, "org", "epo_Latn").train)
    settings.trainer["use_cpu"] = True
    sft_config = sft._sft_config(settings, tmp_path, OPTIONS)
    assert sft_config.learning_rate == settings.trainer["learning_rate"]
    assert (
        sft_config.per_device_train_batch_size * sft_config.gradient_accumulation_steps
        == settings.batch
    )
    assert settings.lora is not None
    assert adapter.lora_config(settings.lora, []).r == settings.lora["r"]


def test_variants_have_their_documented_settings() -> None:
    assert VARIANTS == ["dora", "full", "lora", "rslora", "tokenizer-aware"]
    full, lora = parse(section("full")), parse(section("lora"))
    assert (full.lora, full.trainer["learning_rate"], full.launch) == (None, 1e-5, "fsdp")
    assert full.trainer["warmup_steps"] == 0.05 and full.packing and full.max_length == 8000
    assert lora.lora is not None and lora.trainer["save_steps"] == 50
    rslora = parse(section("rslora")).lora
    assert lora.lora["lora_alpha"] / lora.lora["r"] == 0.5 and rslora
    assert rslora["lora_alpha"] / rslora["r"] ** 0.5 == 0.25
    assert "variants" not in KAKUGO["variants"] and full.trainer["num_train_epochs"] == 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_lowers_the_loss_of_the_saved_weights(
    variant: str, tiny_base: Path, tmp_path: Path, chats: list[list[Message]]
) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    settings = small(variant)
    tokenizer = load_tokenizer(str(tiny_base), "main")
    examples = tokenize_chats(tokenizer, chats, settings.max_length)

    def load() -> Any:
        return load_model(str(tiny_base), "main", 1, settings.model)

    result = sft.train(load, tokenizer, examples, settings, tmp_path, lambda *_: None)
    assert len(result.log) == 2 and result.steps == 6  # fewer steps than logging_steps
    if settings.lora is None:
        tuned: Any = AutoModelForCausalLM.from_pretrained(tmp_path)
        assert result.trainable_parameters == sum(p.numel() for p in load().parameters())
    else:
        tuned = PeftModel.from_pretrained(load(), tmp_path)
    before, after = (nats(model.eval(), examples) for model in (load(), tuned))
    assert after < before - 0.3
    merged = tuned if settings.lora is None else tuned.merge_and_unload()
    with torch.no_grad():
        assert nats(merged, examples) == pytest.approx(after, abs=1e-3)


def nats(model: Any, examples: Examples) -> float:
    """Return the mean loss of some rows as transformers computes it."""
    import torch

    with torch.no_grad():
        rows = zip(examples.input_ids[:12], examples.labels[:12], strict=True)
        losses = [
            model(input_ids=torch.tensor([ids]), labels=torch.tensor([labels])).loss.item()
            for ids, labels in rows
        ]
    return sum(losses) / len(losses)


def test_trained_tokens_are_those_most_used_in_the_answers() -> None:
    ignored = -100
    examples = Examples([[9, 9, 1, 2]] * 3, [[ignored, ignored, 1, 2], [ignored] * 2 + [2, 2],
                                             [ignored] * 3 + [5]], {})  # fmt: skip
    assert adapter.most_used_tokens(examples, 2) == [1, 2]
    assert adapter.most_used_tokens(examples, 9) == [1, 2, 5]
    assert adapter.most_used_tokens(examples, 0) == []


JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array",
              dict: "object", type(None): "null"}  # fmt: skip


def json_types(hint: Any) -> set[str]:
    """Return the types that a value of a library's argument has in JSON."""
    origin = get_origin(hint) or hint
    if origin is Literal:
        return set().union(*(json_types(type(value)) for value in get_args(hint)))
    if not isinstance(origin, type) or origin is UnionType:
        return set().union(*map(json_types, get_args(hint)))
    return {JSON_TYPES.get(origin, "string" if issubclass(origin, Enum) else "object")}


def test_the_arguments_of_the_libraries_are_known() -> None:
    """If not, write what this test computes into recipes/train/library_arguments.json."""
    from peft import LoraConfig
    from trl import DPOConfig, SFTConfig

    computed = {}
    for kind in (LoraConfig, SFTConfig, DPOConfig):
        hints = get_type_hints(kind)
        computed[kind.__name__] = {
            field.name: " ".join(sorted(json_types(hints[field.name])))
            for field in sorted(fields(kind), key=lambda field: field.name)
            if field.init
        }
    assert computed == KNOWN_ARGUMENTS
