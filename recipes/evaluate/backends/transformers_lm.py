"""Get a model's outputs with transformers: greedy generations and log-likelihoods of options."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recipes.core.benchmarks.tasks import Item
from recipes.core.reasoning import split_reasoning
from recipes.evaluate import tokenize
from recipes.evaluate.backends import prefix_cache
from recipes.evaluate.backends.prefix_cache import Prefix
from recipes.evaluate.settings import ChoiceSettings, GenerationSettings

if TYPE_CHECKING:
    import torch
    from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase

OnProgress = Callable[[int], None]  # gets the number of items finished since the last call
Option = tuple[int, list[int]]  # the row of its prompt in the batch, its tokens


@dataclass(frozen=True)
class Generation:
    """What a model wrote; `finished` means that it ended by itself, within the token limit."""

    raw: str
    finished: bool

    @property
    def text(self) -> str:
        """The text that is scored, without the reasoning before it."""
        return split_reasoning(self.raw)[1].strip()


@dataclass(frozen=True)
class TransformersModel:
    """A model in this process, ready to answer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    def generate(
        self, items: Sequence[Item], settings: GenerationSettings, on_progress: OnProgress
    ) -> list[Generation]:
        """Return one greedy generation for each item."""
        return generate(self.model, self.tokenizer, items, settings, on_progress)

    def log_likelihoods(
        self, items: Sequence[Item], settings: ChoiceSettings, on_progress: OnProgress
    ) -> list[list[float]]:
        """Return the log-likelihood of each option of each item.

        Items with the same shots are scored together, because their prompts share a prefix.
        """
        by_shots: dict[object, list[int]] = {}
        for index, item in enumerate(items):
            by_shots.setdefault(item.shots, []).append(index)
        scores: dict[int, list[float]] = {}
        for indices in by_shots.values():
            part = [items[index] for index in indices]
            sums = log_likelihoods(self.model, self.tokenizer, part, settings, on_progress)
            scores |= dict(zip(indices, sums, strict=True))
        return [scores[index] for index in range(len(items))]


def device() -> str:
    """Return the device that models are loaded on."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def generate(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    settings: GenerationSettings,
    on_progress: OnProgress,
) -> list[Generation]:
    """Return one greedy generation for each item, in their order."""
    import torch
    from transformers import GenerationConfig

    most_tokens = tokenize.most_new_tokens(tokenizer, items, settings.max_new_tokens)
    greedy = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=False,
        max_new_tokens=most_tokens,
        eos_token_id=_end_tokens(model, tokenizer),
        pad_token_id=tokenizer.pad_token_id,
        disable_compile=True,  # for every length of a batch, it takes longer than generating
    )
    generations: dict[int, Generation] = {}
    prompts = tokenize.prompts(tokenizer, items)
    prefix = prefix_cache.compute(model, prompts)
    for indices, batch in _batches(tokenizer, prompts, settings.batch, prefix, model.device):
        rows, length = batch["input_ids"].shape
        cache = prefix.preallocated_for(rows, length + most_tokens, model)
        with torch.inference_mode():
            output: Any = model.generate(  # type: ignore[operator]
                **batch, past_key_values=cache, generation_config=greedy
            )
        new_ids = output[:, length:]
        texts = tokenizer.batch_decode(new_ids, skip_special_tokens=True)
        for index, text, ids in zip(indices, texts, new_ids.tolist(), strict=True):
            generations[index] = Generation(text, _is_finished(ids, greedy))
        on_progress(len(indices))
    return [generations[index] for index in range(len(items))]


def _end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the model's end-of-sequence tokens and the tokenizer's, which ends a chat turn."""
    eos = model.generation_config.eos_token_id
    ids = {*(eos if isinstance(eos, list) else [eos]), tokenizer.eos_token_id}
    return sorted(id for id in ids if id is not None)


def _is_finished(ids: list[int], greedy: Any) -> bool:
    ends = {*greedy.eos_token_id, greedy.pad_token_id}
    return len(ids) < greedy.max_new_tokens or ids[-1] in ends


def log_likelihoods(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    items: Sequence[Item],
    settings: ChoiceSettings,
    on_progress: OnProgress,
) -> list[list[float]]:
    """Return the log-likelihood of each option of each item as the answer, in their order.

    A prompt is computed once and its cache shared by its options. `settings.normalise` divides a
    sum by the option's tokens or characters; "none" leaves it.
    """
    import torch

    choices = tokenize.choices(tokenizer, items)
    sums: list[list[float]] = [[] for _ in items]
    prompts = [choice.prompt for choice in choices]
    prefix = prefix_cache.compute(model, prompts)
    for indices, batch in _batches(tokenizer, prompts, settings.batch, prefix, model.device):
        options = [
            (row, ids) for row, index in enumerate(indices) for ids in choices[index].options
        ]
        with torch.inference_mode(), _float32_logits(model):
            option_sums = _option_sums(model, tokenizer, batch, options, prefix)
        for (row, _), option_sum in zip(options, option_sums, strict=True):
            sums[indices[row]].append(option_sum)
        on_progress(len(indices))
    return normalised(items, choices, sums, settings)


@contextmanager
def _float32_logits(model: PreTrainedModel) -> Iterator[None]:
    """Compute the last matrix in float32: logits of bfloat16 are so coarse that options tie."""
    from torch.func import functional_call

    head: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    is_inside = False

    def in_float32(module: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        nonlocal is_inside
        if is_inside:  # the call below comes here again
            return output
        tensors = (*module.named_parameters(), *module.named_buffers())
        is_inside = True
        try:
            return functional_call(
                module, {name: tensor.float() for name, tensor in tensors}, (inputs[0].float(),)
            )
        finally:
            is_inside = False

    hook = head.register_forward_hook(in_float32)
    try:
        yield
    finally:
        hook.remove()


def normalised(
    items: Sequence[Item],
    choices: Sequence[tokenize.Choice],
    sums: Sequence[Sequence[float]],
    settings: ChoiceSettings,
) -> list[list[float]]:
    """Divide the sums of each item's options as the recipe says."""

    def divisor(option: str, ids: list[int]) -> int:
        sizes = {"none": 1, "tokens": len(ids), "characters": len(option)}
        return max(1, sizes[settings.normalise])

    return [
        [
            option_sum / divisor(option, ids)
            for option, ids, option_sum in zip(
                item.answers, choice.options, option_sums, strict=True
            )
        ]
        for item, choice, option_sums in zip(items, choices, sums, strict=True)
    ]


def _option_sums(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: BatchEncoding,
    options: Sequence[Option],
    prefix: Prefix,
) -> list[float]:
    """Return the summed log-likelihood of each option after the prompt in its row."""
    import torch

    rows = torch.tensor([row for row, _ in options], device=model.device)
    answers = tokenizer.pad({"input_ids": [ids for _, ids in options]}, padding_side="right",
                            return_tensors="pt").to(model.device)  # fmt: skip
    ids, mask = answers["input_ids"], answers["attention_mask"]
    read = model(
        input_ids=prompts["input_ids"][:, len(prefix) :],
        attention_mask=prompts["attention_mask"],
        position_ids=prompts["position_ids"][:, len(prefix) :],
        past_key_values=prefix.copy_for(len(prompts["input_ids"])),
        use_cache=True,
        logits_to_keep=1,
    )
    first = read.logits[:, -1].float().log_softmax(-1)[rows]
    sums = first.gather(1, ids[:, :1]).squeeze(1)
    if ids.shape[1] > 1:
        read.past_key_values.batch_select_indices(rows)
        prompt_mask = prompts["attention_mask"][rows]
        steps = torch.arange(ids.shape[1] - 1, device=ids.device)
        logits = model(
            input_ids=ids[:, :-1],
            attention_mask=torch.cat([prompt_mask, mask[:, :-1]], dim=1),
            position_ids=prompt_mask.sum(1, keepdim=True) + steps,
            past_key_values=read.past_key_values,
        ).logits
        later = logits.float().log_softmax(-1).gather(2, ids[:, 1:, None]).squeeze(2)
        sums = sums + (later * mask[:, 1:]).sum(1)
    values: list[float] = sums.tolist()
    return values


def _batches(
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[list[int]],
    size: int,
    prefix: Prefix,
    device: torch.device,
) -> Iterator[tuple[list[int], BatchEncoding]]:
    """Yield (indices, padded prompts), longest first, so that memory runs out at once or never.

    The padding comes after the prefix, where its cache ends.
    """
    import torch

    order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
    for start in range(0, len(order), size):
        indices = order[start : start + size]
        rows = {"input_ids": [prompts[index][len(prefix) :] for index in indices]}
        batch = tokenizer.pad(rows, padding_side="left", return_tensors="pt").to(device)
        before = torch.tensor([prefix.ids] * len(indices), dtype=torch.long, device=device)
        batch["input_ids"] = torch.cat([before, batch["input_ids"]], dim=1)
        batch["attention_mask"] = torch.cat(
            [torch.ones_like(before), batch["attention_mask"]], dim=1
        )
        batch["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
        yield indices, batch
