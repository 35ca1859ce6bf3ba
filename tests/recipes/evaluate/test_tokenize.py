"""Prompts and options are tokenized as one text, also where they share a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from recipes.core.benchmarks.tasks import Item
from recipes.core.errors import Unworkable
from recipes.evaluate import tokenize
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.settings import ChoiceSettings
from tests.recipes.conftest import byte_tokenizer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

pytestmark = pytest.mark.xdist_group("torch")

ITEM = Item("1", "Kio?", ("bc", "d", "b"), 0, ())


def merging_tokenizer(template: str) -> PreTrainedTokenizerFast:
    """Return a byte tokenizer that has tokens for "ab" and "abc", with this chat template."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: index for index, token in enumerate([*alphabet, "ab", "abc"])}
    backend = Tokenizer(models.BPE(vocabulary, [("a", "b"), ("ab", "c")]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.add_special_tokens(["<|pad|>", "<|end|>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<|pad|>", eos_token="<|end|>", chat_template=template
    )


def tokens(tokenizer: PreTrainedTokenizerFast, ids: list[int]) -> list[str]:
    return list(tokenizer.convert_ids_to_tokens(ids))


def test_options_after_an_added_token_are_tokenized_alone() -> None:
    tokenizer = byte_tokenizer()
    (choice,) = tokenize.choices(tokenizer, [ITEM])
    (prompt,) = tokenize.prompts(tokenizer, [ITEM])
    assert choice.prompt == prompt
    alone = tokenizer(list(ITEM.answers), add_special_tokens=False)["input_ids"]
    assert list(choice.options) == alone


@pytest.mark.parametrize("before", ["", "<|end|>"])
def test_a_prompt_ends_before_a_token_that_it_shares_with_an_option(before: str) -> None:
    tokenizer = merging_tokenizer(before + "{{ messages[0].content }}:a")
    (choice,) = tokenize.choices(tokenizer, [ITEM])
    (prompt,) = tokenize.prompts(tokenizer, [ITEM])
    assert tokens(tokenizer, prompt)[-2:] == [":", "a"]
    assert choice.prompt == prompt[:-1]
    assert [tokens(tokenizer, option) for option in choice.options] == [["abc"], ["a", "d"], ["ab"]]


def test_a_shared_token_is_scored_as_the_model_writes_it() -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = merging_tokenizer("{{ messages[0].content }}:a")
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(tokenizer), num_attention_heads=2, **sizes)
    model = LlamaForCausalLM(config).train(False)
    settings = ChoiceSettings(2, "none")
    (scores,) = transformers_lm.log_likelihoods(model, tokenizer, [ITEM], settings, lambda _: None)
    for option, score in zip(ITEM.answers, scores, strict=True):
        ids = tokenizer(f"Kio?:a{option}", add_special_tokens=False)["input_ids"]
        start = len(tokenizer("Kio?:", add_special_tokens=False)["input_ids"])
        with torch.no_grad():
            log_probs = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        expected = sum(float(log_probs[i - 1, ids[i]]) for i in range(start, len(ids)))
        assert score == pytest.approx(expected, abs=1e-4)


def test_an_empty_option_has_a_token() -> None:
    (choice,) = tokenize.choices(byte_tokenizer(), [Item("1", "Kio?", ("", "b"), 0, ())])
    assert all(choice.options) and len({len(option) for option in choice.options}) == 2


def test_a_template_that_rejects_the_turns_is_an_error_of_the_user() -> None:
    strict = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}x"
    with pytest.raises(Unworkable, match=r"rejects the recipe's chats \(no system\)"):
        tokenize.prompts(
            merging_tokenizer(strict), [Item("1", "Kio?", ("b",), 0, (), (), "Be brief.")]
        )
