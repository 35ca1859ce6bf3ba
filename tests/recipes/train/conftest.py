"""Numbers and rows for a training run of seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.train.settings import TrainSettings, parse
from recipes.train.tokenize import Message
from tests.recipes.gaelic.hub_datasets import write_base


@pytest.fixture(scope="session")
def granite_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a base of the paper's kind, small: no experts, yet a loss for their router."""
    folder = tmp_path_factory.mktemp("granite")
    write_base(folder)
    return folder


@pytest.fixture
def settings() -> TrainSettings:
    """A `train` section of a recipe, the test's own to change."""
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
def conversations() -> list[list[Message]]:
    """48 sums."""
    return [
        [
            {"role": "user", "content": f"{a} plus {b}?"},
            {"role": "assistant", "content": f"{a} plus {b} is {a + b}."},
        ]
        for a in range(8)
        for b in range(6)
    ]
