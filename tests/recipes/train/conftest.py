"""Settings and chats for a training run of a few seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.train.settings import TrainingSettings, parse
from recipes.train.tokenize import Message
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
