"""The training speed of the practice recipe against TRL's defaults, with the same base and LoRA.

Run with `pytest tests/bench/test_train_speed.py -s`; prints tokens per CPU second (without padding)
and the held-out loss of both, and the share of time that loading rows takes. TRL's defaults are its
own preparation of the chats (max_length 1024, no packing, random order), batches of eight,
activation checkpointing and bfloat16. Both train one epoch with the same number of steps.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from recipes.core import config, model_loading
from recipes.practice import rule_based
from recipes.practice.texts import write_text
from recipes.practice.world import TOPICS, random_sentence
from recipes.train import heldout_loss, sft
from recipes.train.settings import parse
from recipes.train.tokenize import Message, tokenize_chats
from tests.bench import baselines

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
BASE = Path(rule_based.__file__).parent / "base"
ROWS = 320


def chats() -> list[list[Message]]:
    """Return chats with translations of one to four sentences into Esperanto."""
    rng = Random(1)
    chats = []
    for _ in range(ROWS):
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


def train_ours(rows: list[list[Message]], out: Path) -> tuple[float, Any]:
    """Return the CPU seconds of our recipe, with preparation, and the trained model."""
    from peft import PeftModel

    settings = parse(config.load("practice", "org", "epo_Latn").train)
    trainer = {**settings.trainer, "max_steps": -1, "num_train_epochs": 1}
    settings = replace(settings, batch=8, held_out=None, trainer=trainer)  # TRL's batch

    def load() -> Any:
        return model_loading.model(str(BASE), "main", 1, settings.model)

    started_at = time.process_time()
    tokenizer = model_loading.tokenizer(str(BASE), "main")
    examples = tokenize_chats(tokenizer, rows, settings.max_length)
    sft.train(load, tokenizer, examples, settings, out, lambda *_: None)
    return time.process_time() - started_at, PeftModel.from_pretrained(load(), out)


def train_theirs(rows: list[list[Message]], out: Path) -> tuple[float, Any]:
    """Return the same for TRL; only the adapter, the learning rate and the CPU are set."""
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from recipes.train import adapter

    settings = parse(config.load("practice", "org", "epo_Latn").train)
    assert settings.lora is not None
    started_at = time.process_time()
    arguments = SFTConfig(
        output_dir=str(out),
        num_train_epochs=1,
        learning_rate=settings.trainer["learning_rate"],
        use_cpu=True,
        report_to="none",
        disable_tqdm=True,
    )
    trainer = SFTTrainer(
        model=model_loading.model(str(BASE), "main", 1, {}),
        args=arguments,
        train_dataset=Dataset.from_dict({"messages": rows}),
        processing_class=model_loading.tokenizer(str(BASE), "main"),
        peft_config=adapter.lora_config(settings.lora, []),
    )
    trainer.train()
    return time.process_time() - started_at, trainer.model


def test_recipe_is_faster_than_trls_defaults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import peft  # noqa: F401  (importing is not measured)
    import trl.trainer.sft_trainer  # noqa: F401

    rows = chats()
    training_rows, held_out = rows[:-40], rows[-40:]
    tokenizer = model_loading.tokenizer(str(BASE), "main")
    tokens = tokenize_chats(tokenizer, training_rows, 1024).tokens
    seconds, model = train_ours(training_rows, tmp_path / "ours")
    their_seconds, their_model = train_theirs(training_rows, tmp_path / "theirs")
    sizes = heldout_loss.answer_bytes(held_out)
    bits, their_bits = (
        heldout_loss.bits_per_byte(heldout_loss.nats(trained, tokenizer, held_out), sizes)
        for trained in (model, their_model)
    )
    with capsys.disabled():
        print(
            f"\nours {tokens / seconds:,.0f} tokens/s, {bits:.3f} held-out bits per byte; TRL's "
            f"defaults {tokens / their_seconds:,.0f} tokens/s, {their_bits:.3f}; ratio "
            f"{their_seconds / seconds:.2f}"
        )
        baselines.compare("training, against TRL's defaults", their_seconds / seconds)


def test_rows_are_loaded_faster_than_they_are_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = parse(config.load("practice", "org", "epo_Latn").train)
    tokenizer = model_loading.tokenizer(str(BASE), "main")
    examples = tokenize_chats(tokenizer, chats(), settings.max_length)
    settings = replace(settings, held_out=None)
    inputs = sft.TrainingInputs(tokenizer, examples, None, settings, tmp_path, [], None)
    trainer, _ = sft._trainer(model_loading.model(str(BASE), "main", 1, settings.model), inputs)
    started_at = time.process_time()
    batches = sum(1 for _ in trainer.get_train_dataloader())
    loading = time.process_time() - started_at
    started_at = time.process_time()
    for batch in list(trainer.get_train_dataloader())[:5]:
        trainer.compute_loss(trainer.model, batch).backward()  # type: ignore[no-untyped-call]
    training = (time.process_time() - started_at) / 5 * batches
    with capsys.disabled():
        print(f"\nloading takes {loading / training:.2%} of the training time")
    assert loading < 0.2 * training
