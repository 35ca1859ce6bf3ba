"""Settings, chats and a trainer for a training run of a few seconds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from recipes.core import model_loading
from recipes.train import sft
from recipes.train.settings import TrainingSettings, parse
from recipes.train.tokenize import Message, tokenize_chats
from tests.recipes.gaelic.hub_datasets import write_base


@pytest.fixture(scope="session")
def granite_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small Granite base: it has no experts, but names a loss for their router."""
    folder = tmp_path_factory.mktemp("granite")
    write_base(folder)
    return folder


@pytest.fixture
def settings() -> TrainingSettings:
    """The parsed `train` section of a recipe; a test may change it."""
    return parse(
        {
            "max_length": 64,
            "batch": 8,
            "window": 3,
            "model": {"dtype": "float32"},
            "lora": {
                "r": 8,
                "lora_alpha": 16,
                "target_modules": "all-linear",
                "modules_to_save": ["embed_tokens"],
                "ensure_weight_tying": True,
            },
            "trainer": {
                "seed": 7,
                "max_steps": 12,
                "learning_rate": 0.01,
                "logging_steps": 2,
                "bf16": False,
                "activation_checkpointing": False,
                "save_strategy": "no",
                "dataloader_pin_memory": False,
            },
        }
    )


@pytest.fixture(scope="session")
def chats() -> list[list[Message]]:
    """48 chats, each about one sum."""
    return [
        [
            {"role": "user", "content": f"{a} plus {b}?"},
            {"role": "assistant", "content": f"{a} plus {b} is {a + b}."},
        ]
        for a in range(8)
        for b in range(6)
    ]


def make_trainer(
    base: Path, settings: TrainingSettings, chats: Sequence[list[Message]], out: Path
) -> Any:
    """Return the trainer of a base on these chats, none of which is held out."""
    tokenizer = model_loading.tokenizer(str(base), "main")
    examples = tokenize_chats(tokenizer, chats, settings.max_length)
    inputs = sft.TrainingInputs(tokenizer, examples, None, settings, out, [], None)
    model = model_loading.model(str(base), "main", 1, settings.model)
    return sft._trainer(model, inputs)[0]
