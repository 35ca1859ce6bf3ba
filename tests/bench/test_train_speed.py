"""Tokens a second of our practice recipe against TRL's defaults: same base, rows, LoRA, one run.

TRL's defaults are its own preparation of the chats (max_length 1024, no packing, rows at random),
batches of eight, activation checkpointing, bfloat16. Both read every chat once, in as many steps;
tokens are those of the rows, padding excluded, seconds those of the processor. Prints the ratio,
and how much faster rows can be loaded than trained on.
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

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")
BASE = Path(rule_based.__file__).parent / "base"
ROWS = 320


def chats() -> list[list[Message]]:
    """Translations of one to four sentences into Esperanto."""
    chance = Random(1)
    made = []
    for _ in range(ROWS):
        topic = chance.choice(list(TOPICS))
        sentences = tuple(random_sentence(chance, topic) for _ in range(chance.randint(1, 4)))
        english, esperanto = write_text(sentences, "eng"), write_text(sentences, "epo")
        made.append(
            [
                {"role": "user", "content": f"Traduku en Esperanton:\n{english}"},
                {"role": "assistant", "content": esperanto},
            ]
        )
    return made


def ours(rows: list[list[Message]], out: Path) -> tuple[float, Any]:
    """Processor seconds of the recipe, preparation included, and the tuned model."""
    from peft import PeftModel

    plain = parse(config.load("practice", "org", "epo_Latn").train)
    own = {**plain.trainer, "max_steps": -1, "num_train_epochs": 1}
    settings = replace(plain, batch=8, held_out=None, trainer=own)  # TRL's batch

    def load() -> Any:
        return model_loading.model(str(BASE), "main", 1, settings.model)

    began = time.process_time()
    tokenizer = model_loading.tokenizer(str(BASE), "main")
    examples = tokenize_chats(tokenizer, rows, settings.max_length)
    sft.train(load, tokenizer, examples, settings, out, lambda *_: None)
    return time.process_time() - began, PeftModel.from_pretrained(load(), out)


def theirs(rows: list[list[Message]], out: Path) -> tuple[float, Any]:
    """The same by TRL as it comes: only the adapter, the rate and the processor are named."""
    from datasets import Dataset
    from trl.trainer.sft_config import SFTConfig
    from trl.trainer.sft_trainer import SFTTrainer

    from recipes.train import adapter

    settings = parse(config.load("practice", "org", "epo_Latn").train)
    assert settings.lora is not None
    began = time.process_time()
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
    return time.process_time() - began, trainer.model


def test_the_recipe_is_faster_than_trl_as_it_comes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import peft  # noqa: F401  (imports are not what is measured)
    import trl.trainer.sft_trainer  # noqa: F401

    rows = chats()
    learnt, asked = rows[:-40], rows[-40:]
    tokenizer = model_loading.tokenizer(str(BASE), "main")
    tokens = tokenize_chats(tokenizer, learnt, 1024).tokens
    seconds, model = ours(learnt, tmp_path / "ours")
    their_seconds, their_model = theirs(learnt, tmp_path / "theirs")
    sizes = heldout_loss.answer_bytes(asked)
    bits, their_bits = (
        heldout_loss.bits_per_byte(heldout_loss.nats(one, tokenizer, asked), sizes)
        for one in (model, their_model)
    )
    with capsys.disabled():
        print(
            f"\nours {tokens / seconds:,.0f} tokens/s, {bits:.3f} bits a byte held out; TRL's "
            f"defaults {tokens / their_seconds:,.0f} tokens/s, {their_bits:.3f}; ratio "
            f"{their_seconds / seconds:.2f}"
        )
    assert seconds < their_seconds


def test_rows_come_faster_than_they_are_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = parse(config.load("practice", "org", "epo_Latn").train)
    tokenizer = model_loading.tokenizer(str(BASE), "main")
    examples = tokenize_chats(tokenizer, chats(), settings.max_length)
    plain = replace(settings, held_out=None)
    course = sft.TrainingInputs(tokenizer, examples, None, plain, tmp_path, [], None)
    trainer, _ = sft._trainer(model_loading.model(str(BASE), "main", 1, settings.model), course)
    began = time.process_time()
    batches = sum(1 for _ in trainer.get_train_dataloader())
    loading = time.process_time() - began
    began = time.process_time()
    for batch in list(trainer.get_train_dataloader())[:5]:
        trainer.compute_loss(trainer.model, batch).backward()
    training = (time.process_time() - began) / 5 * batches
    with capsys.disabled():
        print(f"\nloading takes {loading / training:.2%} of the time of training")
    assert loading < 0.2 * training
