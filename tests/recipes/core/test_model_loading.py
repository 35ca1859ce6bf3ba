"""A base's tokenizer is checked before anything is paid for."""

from __future__ import annotations

from typing import Any

import pytest

from recipes.core import model_loading
from recipes.core.benchmarks.tasks import Item
from recipes.core.errors import Unworkable, UserError
from recipes.evaluate.tokenize import rendered
from recipes.train.tokenize import tokenize_chats

pytestmark = pytest.mark.xdist_group("torch")  # most import PyTorch

LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}BODY{% endfor %}{% endfor %}"
ENDLESS = [
    LOOP,
    LOOP.replace("BODY", "{{ a * b }}"),
    LOOP.replace("BODY", "{% set x = messages | length %}"),
    "{% for m in messages %}" + LOOP + "{% endfor %}",
    "{% for m in messages %}{% if loop.index > 3 %}" + LOOP + "{% endif %}{% endfor %}",
    "{% macro f(n) %}{% for a in range(9) %}{{ f(n + 1) if n < 99 }}{% endfor %}{% endmacro %}"
    "{{ f(0) }}",
    "{% set n = namespace(x='a') %}{% for a in range(99999) %}{% set n.x = n.x ~ n.x[:9] %}"
    "{{ n.x | upper | length }}{% endfor %}",
    "{{ lipsum(n=10 ** 9) }}",
    "{{ ([1] * 10 ** 6) | map('string') | map('upper') | list }}",
    "{{ messages | slice(10 ** 9) | list }}",
    "{{ [1] | slice(10 ** 9) | list }}",  # constant: Jinja computes it when it compiles
    "{{ ([1] * 10 ** 6) | batch(1) | list }}",
]  # fmt: skip
REFUSING = [
    "{{ raise_exception('no system') }}",
    "{{ messages.x.y }}",
    "{{ 1 + 'a' }}",
    "{{ f() }}",
    "{{ 1 // 0 }}",
    "{{ 'a'.index('b') }}",
    "{{ 10 ** 5000 }}",
    "{{ range(10 ** 10) | list }}",
    "{% for x in [1] %}" * 21 + "{% endfor %}" * 21,
]


def tokenizer(template: str) -> object:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.WordLevel({"<unk>": 0}, "<unk>"))
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="<unk>", chat_template=template
    )


@pytest.mark.parametrize("template", ENDLESS)
def test_a_template_that_never_ends_is_refused(
    template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_loading, "TEMPLATE_SECONDS", 0.05)
    with pytest.raises(UserError, match="The chat template of org/base needs more than"):
        model_loading.check(tokenizer(template), "org/base")  # type: ignore[arg-type]


def test_template_that_needs_all_memory_is_refused() -> None:
    with pytest.raises(UserError, match="or all memory for a short chat: choose another base"):
        model_loading.check(tokenizer("{{ 'x' * 10 ** 18 }}"), "org/base")  # type: ignore[arg-type]


@pytest.mark.parametrize("template", REFUSING)
def test_template_that_refuses_a_chat_is_an_error_of_the_user(template: str) -> None:
    base: Any = tokenizer(template)
    with pytest.raises(Unworkable, match="refuses a chat"):
        tokenize_chats(base, [model_loading.SAMPLE_CHAT], 9)
    with pytest.raises(Unworkable, match="rejects the recipe's chats"):
        rendered(base, [Item("1", "Kio?", ("b",), 0, ())])


@pytest.mark.parametrize("template", [*REFUSING, "{{ messages | length }}"])
def test_a_template_that_refuses_this_chat_may_accept_others(template: str) -> None:
    model_loading.check(tokenizer(template), "org/base")  # type: ignore[arg-type]
