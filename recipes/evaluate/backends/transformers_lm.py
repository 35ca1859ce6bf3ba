"""What a model answers: greedy translations and log-likelihoods of options, in batches.

Base, adapter and peers go through the same functions with the same prompts; nothing here knows
which is which, or what is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recipes.evaluate import tokenize
from recipes.evaluate.backends import prefix_cache
from recipes.evaluate.backends.prefix_cache import Prefix
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.settings import Choice, Generation

if TYPE_CHECKING:
    import torch
    from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

Show = Callable[[int], None]  # so many more items are done
Option = tuple[int, list[int]]  # the row of its prompt, its tokens


@dataclass(frozen=True)
class Said:
    """What a model wrote, and whether it came to an end by itself."""

    raw: str
    whole: bool

    @property
    def text(self) -> str:
        """What is scored: what a thinking model thinks is left out."""
        return self.raw.rpartition("</think>")[2].strip()


@dataclass(frozen=True)
class Loaded:
    """A model in this process, ready to answer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    def translate(self, items: Sequence[Item], settings: Generation, show: Show) -> list[Said]:
        """One greedy answer an item, in order."""
        return translate(self.model, self.tokenizer, items, settings, show)

    def choose(self, items: Sequence[Item], settings: Choice, show: Show) -> list[list[float]]:
        """For each item the log-likelihood of each option as the answer, in order."""
        return choose(self.model, self.tokenizer, items, settings, show)


def translate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    settings: Generation,
    show: Show,
) -> list[Said]:
    """One greedy answer an item, in order."""
    import torch
    from transformers import GenerationConfig

    greedy = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        max_new_tokens=settings.max_new_tokens,
        eos_token_id=_stops(model, tokenizer),
        pad_token_id=tokenizer.pad_token_id,
    )
    answers: dict[int, Said] = {}
    prompts = tokenize.prompts(tokenizer, items)
    shared = prefix_cache.read(model, prompts)
    for places, batch in _batches(tokenizer, prompts, settings.batch, shared, model.device):
        cache = shared.of_batch(len(places))
        with torch.inference_mode():
            made: Any = model.generate(  # type: ignore[operator]
                **batch, past_key_values=cache, generation_config=greedy
            )
        written = made[:, batch["input_ids"].shape[1] :]
        texts = tokenizer.batch_decode(written, skip_special_tokens=True)
        for place, text, ids in zip(places, texts, written.tolist(), strict=True):
            answers[place] = Said(text, _ended(ids, greedy))
        show(len(places))
    return [answers[place] for place in range(len(items))]


def _stops(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The tokens that end an answer: the model's, and what its chat template ends a turn with."""
    known = model.generation_config.eos_token_id
    stops = {*(known if isinstance(known, list) else [known]), tokenizer.eos_token_id}
    return sorted(stop for stop in stops if stop is not None)


def _ended(ids: list[int], greedy: Any) -> bool:
    """Whether the answer stopped before it was cut off."""
    stops = {*greedy.eos_token_id, greedy.pad_token_id}
    return len(ids) < greedy.max_new_tokens or ids[-1] in stops


def choose(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    settings: Choice,
    show: Show,
) -> list[list[float]]:
    """For each item the log-likelihood of each option as the answer, in order.

    A prompt is read once and its cache shared by its options. `normalise` divides by the option's
    tokens or characters; "none" leaves the plain sum.
    """
    import torch

    asked = tokenize.questions(tokenizer, items)
    sums: list[list[float]] = [[] for _ in items]
    prompts = [question.prompt for question in asked]
    shared = prefix_cache.read(model, prompts)
    for places, batch in _batches(tokenizer, prompts, settings.batch, shared, model.device):
        options = [(row, ids) for row, place in enumerate(places) for ids in asked[place].options]
        with torch.inference_mode():
            totals = _likelihoods(model, tokenizer, batch, options, shared)
        for (row, _), total in zip(options, totals, strict=True):
            sums[places[row]].append(total)
        show(len(places))
    return normalised(items, asked, sums, settings)


def normalised(
    items: Sequence[Item],
    asked: Sequence[tokenize.Question],
    sums: Sequence[Sequence[float]],
    settings: Choice,
) -> list[list[float]]:
    """The sums over an item's options, divided as the recipe says."""

    def divisor(option: str, tokens: list[int]) -> int:
        sizes = {"none": 1, "tokens": len(tokens), "characters": len(option)}
        return max(1, sizes[settings.normalise])

    return [
        [
            total / divisor(option, tokens)
            for option, tokens, total in zip(item.answers, question.options, totals, strict=True)
        ]
        for item, question, totals in zip(items, asked, sums, strict=True)
    ]


def _likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: BatchEncoding,
    options: Sequence[Option],
    shared: Prefix,
) -> list[float]:
    """The log-likelihood of each option behind the prompt of its row, `shared` read before."""
    import torch

    rows = torch.tensor([row for row, _ in options], device=model.device)
    answers = tokenizer.pad({"input_ids": [ids for _, ids in options]}, padding_side="right",
                            return_tensors="pt").to(model.device)  # fmt: skip
    ids, mask = answers["input_ids"], answers["attention_mask"]
    told = model(
        input_ids=prompts["input_ids"][:, len(shared) :],
        attention_mask=prompts["attention_mask"],
        position_ids=prompts["position_ids"][:, len(shared) :],
        past_key_values=shared.of_batch(len(prompts["input_ids"])),
        use_cache=True,
        logits_to_keep=1,
    )
    first = told.logits[:, -1].float().log_softmax(-1)[rows]
    total = first.gather(1, ids[:, :1]).squeeze(1)
    if ids.shape[1] > 1:
        told.past_key_values.batch_select_indices(rows)
        before = prompts["attention_mask"][rows]
        steps = torch.arange(ids.shape[1] - 1, device=ids.device)
        logits = model(
            input_ids=ids[:, :-1],
            attention_mask=torch.cat([before, mask[:, :-1]], dim=1),
            position_ids=before.sum(1, keepdim=True) + steps,
            past_key_values=told.past_key_values,
        ).logits
        later = logits.float().log_softmax(-1).gather(2, ids[:, 1:, None]).squeeze(2)
        total = total + (later * mask[:, 1:]).sum(1)
    values: list[float] = total.tolist()
    return values


def _batches(
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    size: int,
    shared: Prefix,
    device: torch.device,
) -> Iterator[tuple[list[int], BatchEncoding]]:
    """(places, prompts), longest first: memory runs out at once or never.

    Padded behind what they share, where a cache of that ends.
    """
    import torch

    order = sorted(range(len(prompts)), key=lambda place: -len(prompts[place]))
    for start in range(0, len(order), size):
        places = order[start : start + size]
        rows = {"input_ids": [prompts[place][len(shared) :] for place in places]}
        batch = tokenizer.pad(rows, padding_side="left", return_tensors="pt").to(device)
        before = torch.tensor([shared.ids] * len(places), dtype=torch.long, device=device)
        batch["input_ids"] = torch.cat([before, batch["input_ids"]], dim=1)
        batch["attention_mask"] = torch.cat(
            [torch.ones_like(before), batch["attention_mask"]], dim=1
        )
        batch["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
        yield places, batch
