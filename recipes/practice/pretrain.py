"""Pretrain the practice base from scratch: `python -m recipes.practice.pretrain --into DIR`.

A tiny Llama-style decoder is trained on the data of `pretrain_data.py`, on one thread, in under an
hour; all settings are in `pretrain.yaml`. An interrupted run resumes from its last checkpoint and
gives the same model, because the data of a segment depends only on its number.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import yaml

from recipes.core.progress import say
from recipes.practice.card import base_card
from recipes.practice.pretrain_data import Example, examples
from recipes.practice.tokenizer import END, ROLES, build_tokenizer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).parent
IGNORED = -100  # torch's cross entropy skips this label
PretrainSettings = dict[str, Any]
Row = tuple[list[int], list[int]]  # token ids and labels


def main() -> None:
    """Pretrain the base, or resume an interrupted run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HERE / "base", metavar="DIR")
    parser.add_argument("--settings", type=Path, default=HERE / "pretrain.yaml", metavar="FILE")
    args = parser.parse_args()
    pretrain(yaml.safe_load(args.settings.read_text("utf-8")), args.into)


def pretrain(settings: PretrainSettings, into: Path) -> None:
    """Train and write the base to `into`; resume from a checkpoint in that folder."""
    import torch

    torch.set_num_threads(settings["threads"])
    torch.manual_seed(settings["seed"])
    into.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer()
    model = build_model(settings["model"], tokenizer)
    embeddings = model.model.embed_tokens.weight
    torch.nn.init.normal_(embeddings, std=settings["embedding_deviation"])
    log = _train(model, tokenizer, settings, into / "checkpoint.pt")
    save(model, tokenizer, settings, log, into)


def build_model(sizes: PretrainSettings, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """Return a new decoder for this tokenizer, with random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        **sizes,
    )
    return LlamaForCausalLM(config)


def segment_batches(
    tokenizer: PreTrainedTokenizerFast, settings: PretrainSettings, number: int
) -> list[list[Row]]:
    """Return the batches of one segment, always the same; each has rows of similar length."""
    rng = Random(f"{settings['seed']} {number}")
    source = examples(rng, settings["shares"], settings["follow_ups"])
    rows: list[Row] = []
    tokens = 0
    while tokens < settings["segment"]:
        new_rows = encode(tokenizer, list(islice(source, 256)))
        tokens += sum(len(ids) for ids, _ in new_rows)
        rows += new_rows
    rows.sort(key=lambda row: len(row[0]) + rng.random())
    batches = list(_batches(rows, settings["batch"]))
    rng.shuffle(batches)
    return batches


def encode(tokenizer: PreTrainedTokenizerFast, batch: list[Example]) -> list[Row]:
    """Return token ids and labels: all tokens of a text, but only the answers of turns."""
    texts = [
        text for example in batch for turn in example.turns or [(example.text,)] for text in turn
    ]
    encoded: Any = tokenizer(texts, add_special_tokens=False)
    ids: Iterator[list[int]] = iter(encoded["input_ids"])
    special: Any = tokenizer.convert_tokens_to_ids([END, ROLES[1], ROLES[2]])
    end, user, assistant = special
    rows: list[Row] = []
    for example in batch:
        if example.text:
            text = [*next(ids), end]
            rows.append((text, text))
            continue
        row: Row = ([], [])
        for _ in example.turns:
            prompt, answer = [user, *next(ids), end, assistant], [*next(ids), end]
            row[0].extend(prompt + answer)
            row[1].extend([IGNORED] * len(prompt) + answer)
        rows.append(row)
    return rows


def _batches(rows: list[Row], max_tokens: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        if batch and (len(batch) + 1) * len(row[0]) > max_tokens:
            yield batch
            batch = []
        batch.append(row)
    yield batch


def _train(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    settings: PretrainSettings,
    checkpoint: Path,
) -> list[dict[str, float]]:
    import torch

    optimizer = _optimizer(model, settings)
    state: dict[str, Any] = {"segment": 0, "tokens": 0, "seconds": 0.0, "log": []}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=False)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    while state["tokens"] < settings["tokens"]:
        _train_segment(model, tokenizer, optimizer, settings, state)
        if state["segment"] % settings["checkpoint_every"] == 0:
            weights = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | weights, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    log: list[dict[str, float]] = state["log"]
    return log


def _train_segment(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    optimizer: Optimizer,
    settings: PretrainSettings,
    state: dict[str, Any],
) -> None:
    started_at, losses = time.monotonic(), []
    for batch in segment_batches(tokenizer, settings, state["segment"]):
        rate = learning_rate(settings, state["tokens"])
        losses.append(_step(model, optimizer, batch, rate, settings["clip"]))
        state["tokens"] += sum(len(ids) for ids, _ in batch)
    state["segment"] += 1
    state["seconds"] += time.monotonic() - started_at
    entry = {"tokens": state["tokens"], "seconds": round(state["seconds"])}
    state["log"].append(entry | {"loss": round(sum(losses) / len(losses), 4)})
    say(json.dumps(state["log"][-1]))


def _step(
    model: LlamaForCausalLM, optimizer: Optimizer, batch: list[Row], rate: float, clip: float
) -> float:
    """Do one step and return the loss; logits are computed only for tokens with a label."""
    import torch

    for group in optimizer.param_groups:
        group["lr"] = rate
    ids, labels = _padded([ids for ids, _ in batch], 0), _padded([row for _, row in batch], IGNORED)
    hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
    has_label = labels[:, 1:] != IGNORED
    logits = model.lm_head(hidden[has_label])
    loss = torch.nn.functional.cross_entropy(logits, labels[:, 1:][has_label])
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def learning_rate(settings: PretrainSettings, tokens: int) -> float:
    """Return the rate after `tokens`: linear warmup, constant, then linear decay to zero."""
    remaining = 1 - tokens / settings["tokens"]
    warmup, decay = tokens / settings["warmup"] + 0.01, remaining / settings["decay"]
    return float(settings["learning_rate"] * max(0.0, min(1.0, warmup, decay)))


def _optimizer(model: LlamaForCausalLM, settings: PretrainSettings) -> Optimizer:
    import torch

    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    norms = [weight for weight in model.parameters() if weight.dim() == 1]
    groups = [
        {"params": matrices, "weight_decay": settings["weight_decay"]},
        {"params": norms, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=tuple(settings["betas"]), fused=True)


def _padded(rows: list[list[int]], value: int) -> Tensor:
    """Pad on the right, so that causal attention needs no mask."""
    import torch

    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def save(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    settings: PretrainSettings,
    log: list[dict[str, float]],
    into: Path,
) -> None:
    """Write the base as the Hub expects it, with card, log and the digests of all files."""
    model.bfloat16().save_pretrained(into)
    tokenizer.save_pretrained(into)
    (into / "pretrain.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in log))
    (into / "README.md").write_text(base_card(log, model.num_parameters()), "utf-8")
    write_digests(into)


def write_digests(folder: Path) -> None:
    """Write SHA256SUMS for `sha256sum -c`, with the digests of the base's files."""
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and path.name not in ("SHA256SUMS", "checkpoint.pt")
    )
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main()
