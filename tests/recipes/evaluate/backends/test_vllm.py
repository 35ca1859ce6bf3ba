"""What vLLM is asked and how its outputs are read; the numbers are those of a real model."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from recipes.core.errors import UserError
from recipes.evaluate import tokenize
from recipes.evaluate.backends import loader, transformers_lm, vllm
from recipes.evaluate.backends.transformers_lm import Said
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.settings import Choice
from tests.recipes.evaluate import lm_eval_tasks

ITEMS = [
    Item("1", "Kio?", ("sporto", "a", "scienco"), 0, ()),
    Item("2", "Ĉu?", ("ĉu", "ne"), 1, (), (("x", "y"),)),
]


@dataclass(frozen=True)
class Logprob:
    """As in vllm.logprobs: of one token at one place."""

    logprob: float


@dataclass(frozen=True)
class Completion:
    """As in vllm.outputs: one answer."""

    text: str
    finish_reason: str


@dataclass(frozen=True)
class RequestOutput:
    """As in vllm.outputs: what comes of one prompt."""

    outputs: list[Completion]


def test_log_likelihoods_are_read_where_the_answer_is(tiny_base: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(tiny_base)
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    choice = Choice(2, "none")
    requests = vllm.requests(tokenize.questions(tokenizer, ITEMS))
    read = []
    for request in requests:
        with torch.no_grad():
            logits = model(torch.tensor([request.ids])).logits[0].log_softmax(-1)
        told: list[dict[int, Logprob] | None] = [None]
        told += [
            {token: Logprob(float(logits[place, token])), 0: Logprob(-9.0)}
            for place, token in enumerate(request.ids[1:])
        ]
        read.append(vllm.total(request, told))
    expected = transformers_lm.choose(model, tokenizer, ITEMS, choice, lambda _: None)
    assert read == pytest.approx([score for scores in expected for score in scores], abs=1e-4)


def test_an_answer_that_was_cut_off_is_known_as_such() -> None:
    ended = RequestOutput([Completion("<think>a</think> b", "stop")])
    assert vllm.said(ended) == Said("<think>a</think> b", True)
    assert vllm.said(ended).text == "b"
    assert not vllm.said(RequestOutput([Completion("b", "length")])).whole


@pytest.mark.skipif(importlib.util.find_spec("vllm") is not None, reason="vLLM is there")
def test_a_backend_that_is_not_installed_is_refused() -> None:
    with pytest.raises(UserError, match="vLLM is not installed here"):
        loader.stage(replace(lm_eval_tasks.practice(), backend="vllm"))
