"""Batched outputs equal those of single items, computed directly from the logits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recipes.core.benchmarks.tasks import Item
from recipes.evaluate import tokenize
from recipes.evaluate.backends import prefix_cache, transformers_lm
from recipes.evaluate.settings import ChoiceSettings, GenerationSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch

ITEMS = [
    Item("1", "Kio?", ("sporto", "a", "scienco"), 0, ()),
    Item("2", "Pri kio temas ĉi tiu teksto?", ("ĉu", "ne"), 1, (), (("x", "y"),)),
    Item("3", "Ĉu?", ("b", "c"), 0, (), (), "Be brief."),
]
SHOTS = (("Kio estas tio?", "Tio estas domo."), ("Kiu?", "Mi."))
SAME_SHOTS = [
    Item(str(n), f"Kie {'estas ' * n}ĝi?", ("tie", "ĉi tie"), 0, (), SHOTS) for n in range(5)
]


@pytest.fixture(scope="module")
def base(tiny_base: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    return AutoModelForCausalLM.from_pretrained(tiny_base), AutoTokenizer.from_pretrained(tiny_base)


def expected_log_likelihood(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, item: Item, option: str
) -> float:
    import torch

    prompt = tokenizer.apply_chat_template(
        item.messages, tokenize=False, add_generation_prompt=True
    )
    start = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    answer = tokenizer(option, add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        logits = model(torch.tensor([start + answer])).logits[0].log_softmax(-1)
    return sum(float(logits[len(start) + i - 1, token]) for i, token in enumerate(answer))


@pytest.mark.parametrize("batch", [1, 2, 3])
@pytest.mark.parametrize("items", [ITEMS, [SAME_SHOTS[0], *ITEMS, *SAME_SHOTS[1:]]])
def test_log_likelihoods_equal_those_of_single_items(
    base: tuple[PreTrainedModel, PreTrainedTokenizerBase], batch: int, items: list[Item]
) -> None:
    model = transformers_lm.TransformersModel(*base)
    scores = model.log_likelihoods(items, ChoiceSettings(batch, "none"), lambda _: None)
    for item, item_scores in zip(items, scores, strict=True):
        expected = [expected_log_likelihood(*base, item, option) for option in item.answers]
        assert item_scores == pytest.approx(expected, abs=1e-4)


def test_no_options_tie_in_bfloat16(
    tiny_base: Path, base: tuple[PreTrainedModel, PreTrainedTokenizerBase]
) -> None:
    """The last matrix is computed in float32, which no adapter or tied embedding notices."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(tiny_base, dtype=torch.bfloat16)
    items = [Item(str(n), f"{n}?", tuple("abcdefghijklmnop"), 0, ()) for n in range(20)]
    scores = transformers_lm.log_likelihoods(
        model, base[1], items, ChoiceSettings(8, "none"), lambda _: None
    )
    assert all(len(set(options)) == len(options) for options in scores)
    assert model.lm_head.weight.dtype == torch.bfloat16
    assert model(torch.tensor([[1]])).logits.dtype == torch.bfloat16


def test_normalisation_divides_by_tokens_or_characters(
    base: tuple[PreTrainedModel, PreTrainedTokenizerBase],
) -> None:
    plain, tokens, characters = (
        transformers_lm.log_likelihoods(*base, ITEMS, ChoiceSettings(3, normalise), lambda _: None)[
            1
        ]
        for normalise in ("none", "tokens", "characters")
    )
    assert tokens[0] == pytest.approx(plain[0] / 3)  # "ĉu" is three bytes, two characters
    assert characters[0] == pytest.approx(plain[0] / 2)


def test_a_batch_generates_like_single_items_and_reports_progress(
    base: tuple[PreTrainedModel, PreTrainedTokenizerBase],
) -> None:
    done: list[int] = []
    batched = transformers_lm.generate(*base, ITEMS, GenerationSettings(3, 12), done.append)
    single = [
        transformers_lm.generate(*base, [item], GenerationSettings(1, 12), done.append)[0]
        for item in ITEMS
    ]
    assert batched == single
    assert len(set(batched)) > 1
    assert done == [3, 1, 1, 1]


def test_an_answer_may_be_twice_as_long_as_the_longest_reference(
    base: tuple[PreTrainedModel, PreTrainedTokenizerBase],
) -> None:
    items = [Item("1", "?", ("ĉu",), 0, ()), Item("2", "?", ("a" * 9,), 0, ())]
    assert tokenize.most_new_tokens(base[1], items, 12) == 18
    assert tokenize.most_new_tokens(base[1], items, 30) == 30


def expected_tokens(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, item: Item
) -> list[int]:
    """Return the tokens of a greedy answer, each from a forward pass over all tokens before."""
    import torch

    prompt = tokenizer.apply_chat_template(
        item.messages, tokenize=False, add_generation_prompt=True
    )
    ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    start = len(ids)
    while len(ids) < start + 10 and ids[-1] != tokenizer.eos_token_id:
        with torch.no_grad():
            ids = [*ids, int(model(torch.tensor([ids])).logits[0, -1].argmax())]
    return ids[start:]


@pytest.mark.parametrize("batch", [2, 5])
def test_sharing_a_prefix_changes_no_output(
    base: tuple[PreTrainedModel, PreTrainedTokenizerBase], batch: int
) -> None:
    model, tokenizer = base
    prefix = prefix_cache.compute(model, tokenize.prompts(tokenizer, SAME_SHOTS))
    assert tokenizer.decode(prefix.ids).endswith("Mi.<|end|>\n<|user|>Kie ")
    scores = transformers_lm.log_likelihoods(
        model, tokenizer, SAME_SHOTS, ChoiceSettings(batch, "none"), lambda _: None
    )
    generations = transformers_lm.generate(
        model, tokenizer, SAME_SHOTS, GenerationSettings(batch, 10), lambda _: None
    )
    for item, item_scores, generation in zip(SAME_SHOTS, scores, generations, strict=True):
        expected = [
            expected_log_likelihood(model, tokenizer, item, option) for option in item.answers
        ]
        assert item_scores == pytest.approx(expected, abs=1e-4)
        ids = expected_tokens(model, tokenizer, item)
        assert generation.raw == tokenizer.decode(ids, skip_special_tokens=True)
        assert generation.finished == (ids[-1] == tokenizer.eos_token_id)


def test_a_sliding_window_has_no_shared_prefix() -> None:
    from transformers import MistralConfig, MistralForCausalLM

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 99}
    model = MistralForCausalLM(MistralConfig(sliding_window=4, **sizes, **heads)).train(False)
    assert len(prefix_cache.compute(model, [[1, 2, 3], [1, 2, 4]])) == 0
