"""Makes the practice base from nothing: `python -m recipes.practice.pretrain --into DIR`.

A tiny Llama-style decoder reads what `reading.py` draws, on one thread, in under an hour; every
number is in `pretrain.yaml`. A run that was cut goes on from its last checkpoint and ends with the
same model, because the n-th chapter of the reading depends on nothing but n.
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
from recipes.practice.pretrain_data import Piece, pieces
from recipes.practice.tokenizer import END, ROLES, build_tokenizer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

HERE = Path(__file__).parent
IGNORED = -100  # what torch's cross entropy skips
Settings = dict[str, Any]
Row = tuple[list[int], list[int]]  # token ids and labels


def main() -> None:
    """Make the base, or go on with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HERE / "base", metavar="DIR")
    parser.add_argument("--settings", type=Path, default=HERE / "pretrain.yaml", metavar="FILE")
    args = parser.parse_args()
    pretrain(yaml.safe_load(args.settings.read_text("utf-8")), args.into)


def pretrain(settings: Settings, into: Path) -> None:
    """Train as `settings` say and write the finished base to `into`; resumes what it finds."""
    import torch

    torch.set_num_threads(settings["threads"])
    torch.manual_seed(settings["seed"])
    into.mkdir(parents=True, exist_ok=True)
    tokenizer = build_tokenizer()
    model = build_model(settings["model"], tokenizer)
    log = _train(model, tokenizer, settings, into / "checkpoint.pt")
    save(model, tokenizer, settings, log, into)


def build_model(shape: Settings, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A new decoder for this tokenizer, its weights drawn from torch's seed."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=len(tokenizer),
        tie_word_embeddings=True,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        bos_token_id=None,
        **shape,
    )
    return LlamaForCausalLM(config)


def chapter(tokenizer: PreTrainedTokenizerFast, settings: Settings, number: int) -> list[list[Row]]:
    """The batches of one chapter, rows of like length together, always the same for a number."""
    rng = Random(f"{settings['seed']} {number}")
    source = pieces(rng, settings["shares"])
    rows: list[Row] = []
    read = 0
    while read < settings["chapter"]:
        new = encode(tokenizer, list(islice(source, 256)))
        read += sum(len(ids) for ids, _ in new)
        rows += new
    rows.sort(key=lambda row: len(row[0]) + rng.random())
    batches = list(_batches(rows, settings["batch"]))
    rng.shuffle(batches)
    return batches


def encode(tokenizer: PreTrainedTokenizerFast, read: list[Piece]) -> list[Row]:
    """Token ids and labels: of a text every token counts, of turns the answers and their end."""
    said = [text for piece in read for turn in piece.turns or [(piece.text,)] for text in turn]
    encoded: Any = tokenizer(said, add_special_tokens=False)
    ids: Iterator[list[int]] = iter(encoded["input_ids"])
    special: Any = tokenizer.convert_tokens_to_ids([END, ROLES[1], ROLES[2]])
    end, user, assistant = special
    rows: list[Row] = []
    for piece in read:
        if piece.text:
            text = [*next(ids), end]
            rows.append((text, text))
            continue
        row: Row = ([], [])
        for _ in piece.turns:
            asked, answered = [user, *next(ids), end, assistant], [*next(ids), end]
            row[0].extend(asked + answered)
            row[1].extend([IGNORED] * len(asked) + answered)
        rows.append(row)
    return rows


def _batches(rows: list[Row], most: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        if batch and (len(batch) + 1) * len(row[0]) > most:
            yield batch
            batch = []
        batch.append(row)
    yield batch


def _train(
    model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, settings: Settings, saved: Path
) -> list[dict[str, float]]:
    import torch

    optimizer = _optimizer(model, settings)
    state: dict[str, Any] = {"chapter": 0, "tokens": 0, "seconds": 0.0, "log": []}
    if saved.exists():
        state = torch.load(saved, weights_only=False)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    while state["tokens"] < settings["tokens"]:
        _read_chapter(model, tokenizer, optimizer, settings, state)
        if state["chapter"] % settings["checkpoint_every"] == 0:
            weights = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save(state | weights, saved.with_suffix(".new"))
            saved.with_suffix(".new").replace(saved)
    log: list[dict[str, float]] = state["log"]
    return log


def _read_chapter(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    optimizer: Optimizer,
    settings: Settings,
    state: dict[str, Any],
) -> None:
    began, losses = time.monotonic(), []
    for batch in chapter(tokenizer, settings, state["chapter"]):
        rate = learning_rate(settings, state["tokens"])
        losses.append(_step(model, optimizer, batch, rate, settings["clip"]))
        state["tokens"] += sum(len(ids) for ids, _ in batch)
    state["chapter"] += 1
    state["seconds"] += time.monotonic() - began
    entry = {"tokens": state["tokens"], "seconds": round(state["seconds"])}
    state["log"].append(entry | {"loss": round(sum(losses) / len(losses), 4)})
    say(json.dumps(state["log"][-1]))


def _step(
    model: LlamaForCausalLM, optimizer: Optimizer, batch: list[Row], rate: float, clip: float
) -> float:
    """One step; only the positions whose label counts go through the output layer."""
    import torch

    for group in optimizer.param_groups:
        group["lr"] = rate
    ids, labels = _padded([ids for ids, _ in batch], 0), _padded([row for _, row in batch], IGNORED)
    hidden = model.model(input_ids=ids).last_hidden_state[:, :-1]
    counted = labels[:, 1:] != IGNORED
    logits = model.lm_head(hidden[counted])
    loss = torch.nn.functional.cross_entropy(logits, labels[:, 1:][counted])
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()
    optimizer.zero_grad()
    return float(loss.detach())


def learning_rate(settings: Settings, tokens: int) -> float:
    """Up in a line, level, and down to nothing in a line."""
    left = 1 - tokens / settings["tokens"]
    up, down = tokens / settings["warmup"] + 0.01, left / settings["decay"]
    return float(settings["learning_rate"] * max(0.0, min(1.0, up, down)))


def _optimizer(model: LlamaForCausalLM, settings: Settings) -> Optimizer:
    import torch

    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    norms = [weight for weight in model.parameters() if weight.dim() == 1]
    groups = [
        {"params": matrices, "weight_decay": settings["weight_decay"]},
        {"params": norms, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, betas=tuple(settings["betas"]), fused=True)


def _padded(rows: list[list[int]], filling: int) -> Tensor:
    """To the right, so that causal attention needs no mask."""
    import torch

    longest = max(map(len, rows))
    return torch.tensor([row + [filling] * (longest - len(row)) for row in rows])


def save(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    settings: Settings,
    log: list[dict[str, float]],
    into: Path,
) -> None:
    """The base as the Hub wants it, its card and log, and the digests of all its files."""
    model.bfloat16().save_pretrained(into)
    tokenizer.save_pretrained(into)
    (into / "pretrain.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in log))
    (into / "README.md").write_text(base_card(log, model.num_parameters()), "utf-8")
    write_digests(into)


def write_digests(folder: Path) -> None:
    """SHA256SUMS, as `sha256sum -c` reads it, over the files of a finished base."""
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and path.name not in ("SHA256SUMS", "checkpoint.pt")
    )
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names]
    (folder / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main()
