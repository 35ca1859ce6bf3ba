"""A base's tokenizer is checked before anything is paid for."""

from __future__ import annotations

import pytest

from recipes.core import model_loading
from recipes.core.errors import UserError

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
]  # fmt: skip
REFUSING = [
    "{{ raise_exception('no system') }}",
    "{{ messages.x.y }}",
    "{{ 1 + 'a' }}",
    "{{ f() }}",
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


@pytest.mark.parametrize("template", [*REFUSING, "{{ messages | length }}"])
def test_a_template_that_refuses_this_chat_may_accept_others(template: str) -> None:
    model_loading.check(tokenizer(template), "org/base")  # type: ignore[arg-type]
