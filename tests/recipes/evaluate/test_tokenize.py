"""Options follow their prompt as the tokenizer would write it, also where the two melt together."""

from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerFast

from recipes.core.errors import UserError
from recipes.evaluate import tokenize
from recipes.evaluate.backends import transformers_lm
from recipes.evaluate.benchmarks import Item
from recipes.evaluate.settings import Choice
from tests.recipes.conftest import byte_tokenizer

ITEM = Item("1", "Kio?", ("bc", "d", "b"), 0, ())


def melting(template: str) -> PreTrainedTokenizerFast:
    """A byte tokenizer that writes "ab" and "abc" as one token each, with this chat template."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {word: place for place, word in enumerate([*alphabet, "ab", "abc"])}
    backend = Tokenizer(models.BPE(words, [("a", "b"), ("ab", "c")]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    backend.add_special_tokens(["<|pad|>", "<|end|>"])
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token="<|pad|>", eos_token="<|end|>", chat_template=template
    )


def words(tokenizer: PreTrainedTokenizerFast, ids: list[int]) -> list[str]:
    return list(tokenizer.convert_ids_to_tokens(ids))


def test_options_behind_a_mark_are_cut_as_they_are_alone() -> None:
    tokenizer = byte_tokenizer()
    (question,) = tokenize.questions(tokenizer, [ITEM])
    (prompt,) = tokenize.prompts(tokenizer, [ITEM])
    assert question.prompt == prompt
    alone = tokenizer(list(ITEM.answers), add_special_tokens=False)["input_ids"]
    assert list(question.options) == alone


@pytest.mark.parametrize("before", ["", "<|end|>"])
def test_a_prompt_that_melts_into_an_option_ends_before_that_for_all_of_them(before: str) -> None:
    tokenizer = melting(before + "{{ messages[0].content }}:a")
    (question,) = tokenize.questions(tokenizer, [ITEM])
    (prompt,) = tokenize.prompts(tokenizer, [ITEM])
    assert words(tokenizer, prompt)[-2:] == [":", "a"]
    assert question.prompt == prompt[:-1]
    said = [words(tokenizer, option) for option in question.options]
    assert said == [["abc"], ["a", "d"], ["ab"]]


def test_what_melts_is_scored_as_the_model_would_write_it() -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = melting("{{ messages[0].content }}:a")
    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    torch.manual_seed(0)
    config = LlamaConfig(vocab_size=len(tokenizer), num_attention_heads=2, **sizes)
    model = LlamaForCausalLM(config).train(False)
    (scores,) = transformers_lm.choose(model, tokenizer, [ITEM], Choice(2, "none"), lambda _: None)
    for option, score in zip(ITEM.answers, scores, strict=True):
        ids = tokenizer(f"Kio?:a{option}", add_special_tokens=False)["input_ids"]
        start = len(tokenizer("Kio?:", add_special_tokens=False)["input_ids"])
        with torch.no_grad():
            told = model(torch.tensor([ids])).logits[0].log_softmax(-1)
        by_hand = sum(float(told[place - 1, ids[place]]) for place in range(start, len(ids)))
        assert score == pytest.approx(by_hand, abs=1e-4)


def test_an_empty_option_still_has_a_token() -> None:
    (question,) = tokenize.questions(byte_tokenizer(), [Item("1", "Kio?", ("", "b"), 0, ())])
    assert all(question.options) and len({len(option) for option in question.options}) == 2


def test_a_template_that_refuses_the_turns_is_answered_with_a_sentence() -> None:
    strict = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}x"
    with pytest.raises(UserError, match=r"refuses how the recipe asks \(no system\)"):
        tokenize.prompts(melting(strict), [Item("1", "Kio?", ("b",), 0, (), (), "Be brief.")])
