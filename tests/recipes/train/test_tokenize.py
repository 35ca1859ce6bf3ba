"""Labels cover the assistant's turns and their end tokens, with any chat template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from recipes.core import model_loading
from recipes.core.errors import Unworkable
from recipes.train.tokenize import IGNORED, Examples, Message, order_for_batches, tokenize_chats

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

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
DROPS_REASONING = (  # like Qwen's: only the last answer keeps its reasoning
    "{% for m in messages %}<|{{ m.role }}|>"
    "{{ m.content if loop.last else m.content.split('</think>')[-1] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
QWEN_LIKE = (  # as Qwen3's: thoughts of earlier answers are dropped, the last one always has some
    "{% set ns = namespace(last=0) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set ns.last = loop.index0 %}{% endif %}{% endfor %}{% for m in messages %}<|{{ m.role }}|>"
    "{% set parts = m.content.split('</think>') %}{% if m.role == 'assistant' %}"
    "{% if loop.index0 > ns.last %}<think>\n{{ parts[0].split('<think>')[1] if parts[1] }}\n"
    "</think>\n\n{% endif %}{{ parts[-1] }}{% else %}{{ m.content }}{% endif %}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture
def tokenizer(tiny_base: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_base)


def labelled_text(
    tokenizer: PreTrainedTokenizerBase, messages: list[Message], max_length: int = 500
) -> str:
    examples = tokenize_chats(tokenizer, [messages], max_length)
    return tokenizer.decode([label for label in examples.labels[0] if label != IGNORED])


def turn(role: str, content: str) -> Message:
    return {"role": role, "content": content}


TWO_TURNS = [
    turn("system", "Be brief."),
    turn("user", "Saluton!"),
    turn("assistant", "Saluton ĉiuj!"),
    turn("user", "Kiel vi?"),
    turn("assistant", "Bone."),
]


@pytest.mark.parametrize("template", [None, GRANITE_LIKE])
def test_only_the_assistant_and_its_end_tokens_are_labelled(
    tokenizer: PreTrainedTokenizerBase, template: str | None
) -> None:
    tokenizer.chat_template = template or tokenizer.chat_template
    assert labelled_text(tokenizer, TWO_TURNS) == "Saluton ĉiuj!<|end|>\nBone.<|end|>\n"


def test_labels_match_the_mask_of_transformers(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = MARKED
    ours = tokenize_chats(tokenizer, [TWO_TURNS], 500)
    theirs = tokenizer.apply_chat_template(
        TWO_TURNS, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    assert ours.input_ids[0] == theirs["input_ids"]
    mask = [label != IGNORED for label in ours.labels[0]]
    assert mask == [value == 1 for value in theirs["assistant_masks"]]


def test_every_answer_is_labelled_if_the_template_edits_earlier_ones(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    messages = [
        turn("user", "a"),
        turn("assistant", "<think>hm</think>b"),
        turn("user", "c"),
        turn("assistant", "<think>ho</think>d"),
        turn("user", "e"),
        turn("assistant", "f"),
    ]
    tokenizer.chat_template = DROPS_REASONING
    assert labelled_text(tokenizer, messages) == "b<|end|>d<|end|>f<|end|>"
    tokenizer.chat_template = QWEN_LIKE
    expected = "b<|end|>\nd<|end|>\n<think>\n\n</think>\n\nf<|end|>\n"
    assert labelled_text(tokenizer, messages) == expected
    unanswered = [*messages[:4], turn("user", "\ue000")]
    assert labelled_text(tokenizer, unanswered) == "b<|end|>\nd<|end|>\n"


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}",
            "close every answer",
        ),
        (
            "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}"
            "{{ '<|end|>' if loop.last }}{% endfor %}",
            "close every answer",
        ),
        ("{% for m in messages %}{{ m.role }}<|end|>{% endfor %}", "where an answer ends"),
        ("{{ raise_exception('Roles must alternate.') }}", r"refuses a chat \(Roles must alter"),
    ],
)
def test_template_that_hides_an_answer_or_its_end_is_refused(
    tokenizer: PreTrainedTokenizerBase, template: str, sentence: str
) -> None:
    tokenizer.chat_template = template
    with pytest.raises(Unworkable, match=sentence):
        tokenize_chats(tokenizer, [TWO_TURNS], 500)


def test_system_prompts_of_thinking_and_concise_rows_are_not_labelled(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    """The paper mixes both kinds of rows."""
    thinking = [
        turn("system", "Think first."),
        turn("user", "a?"),
        turn("assistant", "<think>hm</think>b"),
    ]
    concise = [turn("system", "Be concise."), turn("user", "a?"), turn("assistant", "b")]
    examples = tokenize_chats(tokenizer, [thinking, concise], 500)
    inputs = [tokenizer.decode(ids) for ids in examples.input_ids]
    labelled = [
        tokenizer.decode([label for label in row if label != IGNORED]) for row in examples.labels
    ]
    assert labelled == ["<think>hm</think>b<|end|>\n", "b<|end|>\n"]
    assert "Think first." in inputs[0] and "Be concise." in inputs[1]


def test_no_chats_give_no_examples(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenize_chats(tokenizer, [], 10) == Examples([], [], {})


def test_long_rows_are_truncated_and_those_without_an_answer_dropped(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    short = [turn("user", "a"), turn("assistant", "bcdef")]
    long = [turn("user", "a" * 50), turn("assistant", "b")]
    examples = tokenize_chats(tokenizer, [short, long], max_length=8)
    assert tokenizer.decode(examples.input_ids[0]) == "<|user|>a<|end|>\n<|assistant|>bcd"
    assert tokenizer.decode([label for label in examples.labels[0] if label != IGNORED]) == "bcd"
    assert len(examples.input_ids) == 1
    assert examples.dropped == {"no_answer_within_max_length": 1}


def test_base_without_a_chat_template_is_refused(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    tokenizer.chat_template = None
    with pytest.raises(Unworkable, match="org/base has none"):
        model_loading.check(tokenizer, "org/base")


def test_batches_have_similar_lengths_in_random_order_and_all_rows() -> None:
    lengths = [(7 * i) % 50 + 1 for i in range(103)]
    examples = Examples(
        [[i] * n for i, n in enumerate(lengths)], [[i] for i in range(103)], {"x": 1}
    )
    ordered = order_for_batches(examples, size=10, window=5, seed=3)
    assert sorted(labels[0] for labels in ordered.labels) == list(range(103))
    pairs = zip(ordered.input_ids, ordered.labels, strict=True)
    assert all(ids[0] == labels[0] for ids, labels in pairs)
    assert ordered.dropped == {"x": 1}

    batches = [ordered.input_ids[start : start + 10] for start in range(0, 103, 10)]
    padded_tokens = sum(len(batch) * max(map(len, batch)) for batch in batches)
    assert padded_tokens < 1.2 * examples.tokens
    longest = [max(map(len, batch)) for batch in batches]
    assert longest != sorted(longest) and longest != sorted(longest, reverse=True)
    assert order_for_batches(examples, 10, 5, 3) == ordered != order_for_batches(examples, 10, 5, 4)
