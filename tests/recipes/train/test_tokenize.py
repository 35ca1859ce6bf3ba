"""What is learnt: the assistant's words and its end of turn, whatever the template looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from recipes.core import model_loading
from recipes.core.errors import UserError
from recipes.train.tokenize import IGNORED, Examples, Message, in_batches, tokenise

GRANITE_LIKE = (
    "{% for m in messages %}<|start|>{{ m.role }}<|sep|>{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant<|sep|>{% endif %}"
)
MARKED = (
    "{% for m in messages %}<|{{ m.role }}|>{% if m.role == 'assistant' %}{% generation %}"
    "{{ m.content }}<|end|>{% endgeneration %}{% else %}{{ m.content }}<|end|>{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
FORGETFUL = (  # like Qwen's: an answer that is not the last loses its thoughts
    "{% for m in messages %}<|{{ m.role }}|>"
    "{{ m.content if loop.last else m.content.split('</think>')[-1] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def tokenizer(tiny_base: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(tiny_base)


def learnt(
    tokenizer: PreTrainedTokenizerBase, messages: list[Message], max_length: int = 500
) -> str:
    examples = tokenise(tokenizer, [messages], max_length)
    return tokenizer.decode([label for label in examples.labels[0] if label != IGNORED])


def says(role: str, content: str) -> Message:
    return {"role": role, "content": content}


TWO_TURNS = [
    says("system", "Be brief."),
    says("user", "Saluton!"),
    says("assistant", "Saluton ĉiuj!"),
    says("user", "Kiel vi?"),
    says("assistant", "Bone."),
]


@pytest.mark.parametrize("template", [None, GRANITE_LIKE])
def test_only_the_assistant_and_its_end_of_turn_are_learnt(
    tokenizer: PreTrainedTokenizerBase, template: str | None
) -> None:
    tokenizer.chat_template = template or tokenizer.chat_template
    assert learnt(tokenizer, TWO_TURNS) == "Saluton ĉiuj!<|end|>\nBone.<|end|>\n"


def test_generation_markers_give_the_same_mask_as_transformers(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = MARKED
    ours = tokenise(tokenizer, [TWO_TURNS], 500)
    theirs = tokenizer.apply_chat_template(
        TWO_TURNS, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    assert ours.input_ids[0] == theirs["input_ids"]
    learnt = [label != IGNORED for label in ours.labels[0]]
    assert learnt == [mask == 1 for mask in theirs["assistant_masks"]]


def test_a_template_that_edits_the_past_never_teaches_the_user(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = FORGETFUL
    messages = [
        says("user", "a"),
        says("assistant", "<think>hm</think>b"),
        says("user", "c"),
        says("assistant", "<think>ho</think>d"),
    ]
    assert "c" not in learnt(tokenizer, messages)
    assert learnt(tokenizer, messages).endswith("<think>ho</think>d<|end|>")


def test_thinking_and_concise_rows_are_learnt_side_by_side_each_under_its_own_system_text(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    """As the paper mixes them; what the system says is read, never learnt."""
    thinking = [
        says("system", "Think first."),
        says("user", "a?"),
        says("assistant", "<think>hm</think>b"),
    ]
    concise = [says("system", "Be concise."), says("user", "a?"), says("assistant", "b")]
    examples = tokenise(tokenizer, [thinking, concise], 500)
    read = [tokenizer.decode(ids) for ids in examples.input_ids]
    learned = [
        tokenizer.decode([label for label in row if label != IGNORED]) for row in examples.labels
    ]
    assert learned == ["<think>hm</think>b<|end|>\n", "b<|end|>\n"]
    assert "Think first." in read[0] and "Be concise." in read[1]


def test_no_rows_are_no_rows(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenise(tokenizer, [], 10) == Examples([], [], {})


def test_a_long_row_is_cut_and_a_row_without_an_answer_is_dropped_and_counted(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    short = [says("user", "a"), says("assistant", "bcdef")]
    long = [says("user", "a" * 50), says("assistant", "b")]
    examples = tokenise(tokenizer, [short, long], max_length=8)
    assert tokenizer.decode(examples.input_ids[0]) == "<|user|>a<|end|>\n<|assistant|>bcd"
    assert tokenizer.decode([label for label in examples.labels[0] if label != IGNORED]) == "bcd"
    assert len(examples.input_ids) == 1
    assert examples.dropped == {"no_answer_within_max_length": 1}


def test_a_base_without_a_chat_template_is_refused_in_a_sentence(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = None
    with pytest.raises(UserError, match="org/base has none"):
        model_loading.check(tokenizer, "org/base")


def test_batches_hold_like_lengths_in_random_order_and_lose_no_row() -> None:
    lengths = [(7 * i) % 50 + 1 for i in range(103)]
    examples = Examples(
        [[i] * n for i, n in enumerate(lengths)], [[i] for i in range(103)], {"x": 1}
    )
    ordered = in_batches(examples, size=10, window=5, seed=3)
    assert sorted(labels[0] for labels in ordered.labels) == list(range(103))
    pairs = zip(ordered.input_ids, ordered.labels, strict=True)
    assert all(ids[0] == labels[0] for ids, labels in pairs)
    assert ordered.dropped == {"x": 1}

    batches = [ordered.input_ids[start : start + 10] for start in range(0, 103, 10)]
    padded = sum(len(batch) * max(map(len, batch)) for batch in batches)
    assert padded < 1.2 * examples.tokens
    longest = [max(map(len, batch)) for batch in batches]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)
    assert in_batches(examples, 10, 5, 3) == ordered != in_batches(examples, 10, 5, 4)
