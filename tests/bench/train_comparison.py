"""Training as a recipe says, against TRL's defaults with the same base, adapter and rows.

TRL's defaults are its own preparation of the chats (max_length 1024, no packing, random order),
batches of eight, activation checkpointing and bfloat16. Preparation counts, importing does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from recipes.core import model_loading
from recipes.practice.texts import write_text
from recipes.practice.world import TOPICS, random_sentence
from recipes.train import heldout_loss, sft
from recipes.train.settings import TrainingSettings
from recipes.train.tokenize import Message, tokenize_chats

Chats = list[list[Message]]


@dataclass(frozen=True)
class Run:
    """Tokens (without padding) per CPU second, and bits per byte of the held-out answers."""

    tokens_per_second: float
    bits_per_byte: float


def chats(count: int) -> Chats:
    """Return chats with translations of one to four sentences into Esperanto."""
    rng = Random(1)
    chats = []
    for _ in range(count):
        topic = rng.choice(list(TOPICS))
        sentences = tuple(random_sentence(rng, topic) for _ in range(rng.randint(1, 4)))
        english, esperanto = write_text(sentences, "eng"), write_text(sentences, "epo")
        chats.append(
            [
                {"role": "user", "content": f"Traduku en Esperanton:\n{english}"},
                {"role": "assistant", "content": esperanto},
            ]
        )
    return chats


def compare(
    base: str, settings: TrainingSettings, rows: Chats, held_out: Chats, out: Path
) -> tuple[Run, Run]:
    """Train one epoch both ways, with as many steps; return our run and TRL's."""
    import peft  # noqa: F401  (importing is not measured)
    import trl.trainer.sft_trainer  # noqa: F401

    trainer = {**settings.trainer, "max_steps": -1, "num_train_epochs": 1}
    settings = replace(settings, batch=8, held_out=None, trainer=trainer)  # TRL's batch
    tokenizer = model_loading.tokenizer(base, "main")
    tokens = tokenize_chats(tokenizer, rows, 1024).tokens
    sizes = heldout_loss.answer_bytes(held_out)
    runs = []
    for train in (_train_ours, _train_theirs):
        started_at = time.process_time()
        load = train(base, settings, rows, out / train.__name__)
        seconds = time.process_time() - started_at
        losses = heldout_loss.nats(load().float(), tokenizer, held_out)
        runs.append(Run(tokens / seconds, heldout_loss.bits_per_byte(losses, sizes)))
    return runs[0], runs[1]


def summary(ours: Run, theirs: Run) -> str:
    """Return a sentence with all figures."""
    ratio = ours.tokens_per_second / theirs.tokens_per_second
    return (
        f"\nours {ours.tokens_per_second:,.0f} tokens/s, {ours.bits_per_byte:.3f} held-out bits a "
        f"byte; TRL's defaults {theirs.tokens_per_second:,.0f} tokens/s, "
        f"{theirs.bits_per_byte:.3f}; ratio {ratio:.2f}"
    )


def _train_ours(base: str, settings: TrainingSettings, rows: Chats, out: Path) -> Callable[[], Any]:
    """Train as the recipe says; return a function that loads the result."""
    from peft import PeftModel

    def load() -> Any:
        return model_loading.model(base, "main", 1, settings.model)

    tokenizer = model_loading.tokenizer(base, "main")
    examples = tokenize_chats(tokenizer, rows, settings.max_length)
    sft.train(load, tokenizer, examples, settings, out, lambda *_: None)
    return lambda: PeftModel.from_pretrained(load(), out)


def _train_theirs(
    base: str, settings: TrainingSettings, rows: Chats, out: Path
) -> Callable[[], Any]:
    """Train with TRL; only the adapter, the learning rate and the CPU are set."""
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from recipes.train import adapter

    assert settings.lora is not None
    arguments = SFTConfig(
        output_dir=str(out),
        num_train_epochs=1,
        learning_rate=settings.trainer["learning_rate"],
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = SFTTrainer(
        model=model_loading.model(base, "main", 1, {}),
        args=arguments,
        train_dataset=Dataset.from_dict({"messages": rows}),
        processing_class=model_loading.tokenizer(base, "main"),
        peft_config=adapter.lora_config(settings.lora, []),
    )
    trainer.train()
    return lambda: trainer.model
