"""What a model answers: greedy translations and log-likelihoods of options, in batches.

Base and adapter go through the same functions with the same prompts; nothing here knows which is
which, or what is right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from recipes.evaluate.benchmarks import Item
from recipes.evaluate.settings import Choice, Generation

if TYPE_CHECKING:
    import torch
    from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

Show = Callable[[int], None]  # so many more items are done


def translate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    settings: Generation,
    show: Show,
) -> list[str]:
    """One greedy answer an item, in order; what a thinking model thinks is left out."""
    import torch
    from transformers import GenerationConfig

    greedy = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        max_new_tokens=settings.max_new_tokens,
        eos_token_id=model.generation_config.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    answers = [""] * len(items)
    for places, prompts in _batches(tokenizer, items, settings.batch, model.device):
        with torch.inference_mode():
            made: Any = model.generate(**prompts, generation_config=greedy)  # type: ignore[operator]
        texts = tokenizer.batch_decode(
            made[:, prompts["input_ids"].shape[1] :], skip_special_tokens=True
        )
        for place, text in zip(places, texts, strict=True):
            answers[place] = text.rpartition("</think>")[2].strip()
        show(len(places))
    return answers


def choose(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    settings: Choice,
    show: Show,
) -> list[list[float]]:
    """For each item the log-likelihood of each option as the answer, in order.

    The prompt is read once and its cache shared by its options. `normalise` divides by the option's
    tokens or characters; "none" leaves the plain sum.
    """
    import torch

    scores: list[list[float]] = [[] for _ in items]
    for places, prompts in _batches(tokenizer, items, settings.batch, model.device):
        options = [option for place in places for option in items[place].answers]
        owners = [row for row, place in enumerate(places) for _ in items[place].answers]
        with torch.inference_mode():
            sums, lengths = _likelihoods(model, tokenizer, prompts, options, owners)
        for option, owner, total, tokens in zip(options, owners, sums, lengths, strict=True):
            divisor = {"none": 1, "tokens": tokens, "characters": len(option)}[settings.normalise]
            scores[places[owner]].append(total / divisor)
        show(len(places))
    return scores


def _likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: BatchEncoding,
    options: list[str],
    owners: list[int],
) -> tuple[list[float], list[int]]:
    """(log-likelihood, tokens) of each option behind the prompt that owns it."""
    import torch

    told = model(**prompts, use_cache=True, logits_to_keep=1)
    rows = torch.tensor(owners, device=model.device)
    first = told.logits[:, -1].float().log_softmax(-1)[rows]
    answers = tokenizer(options, add_special_tokens=False, padding=True, padding_side="right",
                        return_tensors="pt").to(model.device)  # fmt: skip
    ids, mask = answers["input_ids"], answers["attention_mask"]
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
    return total.tolist(), mask.sum(1).tolist()


def _batches(
    tokenizer: PreTrainedTokenizerBase, items: Sequence[Item], size: int, device: torch.device
) -> Iterator[tuple[list[int], BatchEncoding]]:
    """(places, left-padded prompts), longest first: memory runs out at once or never."""
    rendered: Any = tokenizer.apply_chat_template(
        [item.messages for item in items], tokenize=False, add_generation_prompt=True
    )
    ids = tokenizer(rendered, add_special_tokens=False)["input_ids"]
    order = sorted(range(len(items)), key=lambda place: -len(ids[place]))
    for start in range(0, len(order), size):
        places = order[start : start + size]
        rows = {"input_ids": [ids[place] for place in places]}
        prompts = tokenizer.pad(rows, padding_side="left", return_tensors="pt").to(device)
        prompts["position_ids"] = (prompts["attention_mask"].cumsum(1) - 1).clamp(min=0)
        yield places, prompts
