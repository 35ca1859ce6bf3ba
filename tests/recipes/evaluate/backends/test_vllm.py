"""The requests to vLLM and how its outputs are read, with the numbers of a real model."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from recipes.core.errors import UserError
from recipes.evaluate import tokenize
from recipes.evaluate.backends import loader, transformers_lm, vllm
from recipes.evaluate.backends.transformers_lm import Generation
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.settings import ChoiceSettings
from tests.recipes.evaluate import lm_eval_tasks

ITEMS = [
    Item("1", "Kio?", ("sporto", "a", "scienco"), 0, ()),
    Item("2", "Ĉu?", ("ĉu", "ne"), 1, (), (("x", "y"),)),
]


@dataclass(frozen=True)
class Logprob:
    """As in vllm.logprobs: of one token at one position."""

    logprob: float


@dataclass(frozen=True)
class Completion:
    """As in vllm.outputs: one generation."""

    text: str
    finish_reason: str


@dataclass(frozen=True)
class RequestOutput:
    """As in vllm.outputs: the generations for one prompt."""

    outputs: list[Completion]


def test_log_likelihoods_are_those_of_the_option(tiny_base: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_base)
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    requests = vllm.option_requests(tokenize.choices(tokenizer, ITEMS))
    sums = []
    for request in requests:
        with torch.no_grad():
            logits = model(torch.tensor([request.ids])).logits[0].log_softmax(-1)
        logprobs: list[dict[int, Logprob] | None] = [None]
        logprobs += [
            {token: Logprob(float(logits[index, token])), 0: Logprob(-9.0)}
            for index, token in enumerate(request.ids[1:])
        ]
        sums.append(vllm.option_sum(request, logprobs))
    settings = ChoiceSettings(2, "none")
    expected = transformers_lm.log_likelihoods(model, tokenizer, ITEMS, settings, lambda _: None)
    assert sums == pytest.approx([score for scores in expected for score in scores], abs=1e-4)


def test_a_generation_that_was_cut_off_is_not_finished() -> None:
    ended = RequestOutput([Completion("<think>a</think> b", "stop")])
    assert vllm.generation(ended) == Generation("<think>a</think> b", True)
    assert vllm.generation(ended).text == "b"
    assert not vllm.generation(RequestOutput([Completion("b", "length")])).finished


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is installed")
def test_a_backend_that_is_not_installed_is_refused() -> None:
    with pytest.raises(UserError, match="vLLM is not installed"):
        loader.backend(replace(lm_eval_tasks.practice(), backend="vllm"))
