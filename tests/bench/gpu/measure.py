"""Training and evaluation of a 3B model on one GPU: tokens and items per second, and MFU.

Run with `tests/bench/gpu/run.sh`. The model has the shape of granite-4.0-micro and random weights,
the rows are random tokens, and all settings are those of `recipes/kakugo.yaml`. `--tiny` does the
same with a tiny model on any machine, to see that it works.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from recipes.core import config
from recipes.core.benchmarks.tasks import Item
from recipes.evaluate.backends.transformers_lm import TransformersModel
from recipes.evaluate.settings import ChoiceSettings, GenerationSettings
from recipes.train import hardware, sft, throughput
from recipes.train.callbacks import progress_callback
from recipes.train.settings import TrainingSettings, parse
from recipes.train.tokenize import IGNORED, Examples
from recipes.train.trainer import loss_on_answers_only
from tests.recipes.conftest import byte_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

AIM_MFU, AIM_RATIO = 0.5, 2.5
WARM_UP = 3  # steps: FlexAttention is compiled for the first two lengths
FLOPS = {"lora": 4, "full": 6}  # for each weight and token: frozen ones have no gradient


@dataclass(frozen=True)
class Size:
    """The sizes of the model and of what it is trained and asked on."""

    vocabulary: int
    hidden: int
    mlp: int
    layers: int
    heads: int
    key_value_heads: int
    max_length: int
    batch: int
    steps: int
    items: int
    new_tokens: int


MICRO = Size(100352, 2560, 8192, 40, 40, 8, max_length=8000, batch=8, steps=4, items=256,
             new_tokens=128)  # fmt: skip
TINY = Size(512, 32, 64, 2, 4, 2, max_length=64, batch=2, steps=1, items=4, new_tokens=4)


@dataclass(frozen=True)
class TrainingSpeed:
    """What was measured of one method and attention; `mfu` is None for an unknown device."""

    variant: str
    attention: str
    tokens_per_second: float
    mfu: float | None
    rows: int
    checkpointing: bool
    gigabytes: float


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="a tiny model, on any machine")
    size = TINY if parser.parse_args(argv).tiny else MICRO
    machine = hardware.detect()
    if size is MICRO and machine.device != "cuda":
        raise SystemExit("This needs a GPU. Try `--tiny` without one.")
    fast = hardware.attention(machine, packing=True)
    print(f"{machine.name}; attention of the recipe: {fast}", flush=True)
    print("| training | attention | tokens/s | MFU | rows per step | checkpointing | GB |")
    print("|---|---|---:|---:|---:|---|---:|", flush=True)
    speeds = []
    for variant in FLOPS:
        for attention in dict.fromkeys((fast, "sdpa")):
            speeds.append(measure_training(variant, attention, size, machine))
            print(_row(speeds[-1]), flush=True)
    print(f"MFU counts {FLOPS['lora']} FLOPs for each weight and token of LoRA, and "
          f"{FLOPS['full']} of full fine-tuning, without attention.", flush=True)  # fmt: skip
    for line in aims(speeds):
        print(line, flush=True)
    choices, translations = measure_evaluation(size, machine)
    print(f"evaluation: {choices:,.1f} multiple-choice items/s, {translations:,.1f} translations/s "
          f"of {size.new_tokens} tokens")  # fmt: skip


def _row(speed: TrainingSpeed) -> str:
    mfu = "unknown" if speed.mfu is None else f"{speed.mfu:.1%}"
    checkpointing = "on" if speed.checkpointing else "off"
    return (
        f"| {speed.variant} | {speed.attention} | {speed.tokens_per_second:,.0f} | {mfu} | "
        f"{speed.rows} | {checkpointing} | {speed.gigabytes:.1f} |"
    )


def aims(speeds: Sequence[TrainingSpeed]) -> list[str]:
    """Return a line for each method: MFU, and how much faster than SDPA with its dense mask."""
    lines = []
    for variant in FLOPS:
        fast, *slow = [speed for speed in speeds if speed.variant == variant]
        ratio = fast.tokens_per_second / slow[0].tokens_per_second if slow else None
        mfu = "unknown" if fast.mfu is None else f"{fast.mfu:.1%}"
        times = "unknown" if ratio is None else f"{ratio:.2f}"
        lines.append(
            f"{variant}: MFU {mfu} (aim {AIM_MFU:.0%}), {times} times masked SDPA (aim {AIM_RATIO})"
        )
    return lines


def measure_training(
    variant: str, attention: str, size: Size, machine: hardware.Machine
) -> TrainingSpeed:
    """Train for some steps; the first ones are not counted."""
    import torch

    settings = _settings(variant, size, machine)
    tokenizer = byte_tokenizer()
    rows = random_rows(size, (WARM_UP + size.steps) * size.batch * size.max_length)
    cuda = machine.device == "cuda"
    reduced: tuple[int, bool] | None = None
    while True:
        if cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        with tempfile.TemporaryDirectory() as out:
            callbacks = [progress_callback(lambda *_: None)]
            inputs = sft.TrainingInputs(tokenizer, rows, None, settings, Path(out), callbacks, None)
            model = load(attention, str(settings.model["dtype"]), size, tokenizer, machine)
            weights = sum(p.numel() for p in model.parameters())
            trainer, options = sft._trainer(model, inputs, reduced)
            try:
                with loss_on_answers_only():
                    trainer.train()
                break
            except torch.OutOfMemoryError:
                reduced = hardware.reduce_memory(options)
                if reduced is None:
                    raise
        del model, trainer
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    start, end = log[WARM_UP - 1], log[-1]
    speed = (end["num_tokens"] - start["num_tokens"]) / (end["seconds"] - start["seconds"])
    speed *= sft.trained_share(trainer, inputs)
    flops = FLOPS[variant] * weights
    return TrainingSpeed(
        variant,
        attention,
        speed,
        throughput.mfu(speed, flops, machine.name, 1),
        trainer.args.per_device_train_batch_size,
        options.checkpointing,
        torch.cuda.max_memory_allocated() / 1e9 if cuda else 0.0,
    )


def measure_evaluation(size: Size, machine: hardware.Machine) -> tuple[float, float]:
    """Return multiple-choice items and translations per second."""
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>{% endfor %}assistant: "
    )
    dtype = "bfloat16" if machine.device == "cuda" else "float32"
    model = TransformersModel(load("sdpa", dtype, size, tokenizer, machine).eval(), tokenizer)
    rng = Random(2)
    items = [Item(str(i), _letters(rng, 600), tuple("ABCD"), 0, ()) for i in range(size.items)]
    choice, generation = ChoiceSettings(16, "none"), GenerationSettings(64, size.new_tokens)
    return (
        _per_second(size.items, lambda: model.log_likelihoods(items, choice, lambda _: None)),
        _per_second(size.items, lambda: model.generate(items, generation, lambda _: None)),
    )


def _per_second(count: int, action: Callable[[], object]) -> float:
    started_at = time.monotonic()
    action()
    return count / (time.monotonic() - started_at)


def _letters(rng: Random, count: int) -> str:
    return "".join(rng.choices("abcdefghijklmnopqrstuvwxyz ", k=count))


def _settings(variant: str, size: Size, machine: hardware.Machine) -> TrainingSettings:
    """Return the settings of the packaged recipe, for a few steps."""
    section = config.load("kakugo", "org", "gla_Latn").train
    settings = parse({**section, "variant": variant})
    changes = {"max_steps": WARM_UP + size.steps, "logging_steps": 1, "save_strategy": "no"}
    if machine.device == "cpu":
        changes |= {"use_cpu": True}
        settings = replace(settings, model={"dtype": "float32"})
    return replace(
        settings,
        held_out=None,
        max_length=size.max_length,
        batch=size.batch,
        trainer={**settings.trainer, **changes},
    )


def random_rows(size: Size, tokens: int) -> Examples:
    """Return rows of random tokens, of lengths as in our data sets; two thirds are answers."""
    rng = Random(1)
    ids: list[list[int]] = []
    while tokens > 0:
        length = max(8, min(size.max_length, int(rng.lognormvariate(6.2, 0.9))))
        ids.append(rng.choices(range(size.vocabulary), k=length))
        tokens -= length
    labels = [[IGNORED] * (len(row) // 3) + row[len(row) // 3 :] for row in ids]
    return Examples(ids, labels, {})


def load(
    attention: str,
    dtype: str,
    size: Size,
    tokenizer: PreTrainedTokenizerBase,
    machine: hardware.Machine,
) -> Any:
    """Return a model with the shape of granite-4.0-micro and random weights."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    shape = AutoConfig.for_model(
        "granitemoehybrid",
        vocab_size=max(size.vocabulary, len(tokenizer)),
        hidden_size=size.hidden,
        intermediate_size=size.mlp,
        shared_intermediate_size=size.mlp,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.key_value_heads,
        num_local_experts=0,
        mamba_n_heads=size.heads,
        layer_types=["attention"] * size.layers,
        position_embedding_type="rope",
        max_position_embeddings=131072,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation=attention,
        router_aux_loss_coef=0.0,
    )
    torch.manual_seed(0)
    with torch.device(machine.device):
        model: Any = AutoModelForCausalLM.from_config(shape)  # type: ignore[no-untyped-call]
    return model.to(getattr(torch, dtype))


if __name__ == "__main__":
    main()
