"""The practice base's tokenizer: one token for each stem and each ending of its languages.

It is a Unigram model whose vocabulary comes from the lexicon, so that a word such as `kuracistojn`
is two tokens, its stem and its ending. Anything else falls back to characters.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recipes.practice import english, esperanto
from recipes.practice.artificial_languages import artificial_languages
from recipes.practice.exercises import TOPIC_NAMES, WORDINGS
from recipes.practice.world import lexicon

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PAD, UNKNOWN, END = "<|pad|>", "<|unknown|>", "<|end|>"
ROLES = ("<|system|>", "<|user|>", "<|assistant|>")
CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
<|assistant|>{% generation %}{{ message['content'] }}<|end|>{% endgeneration %}
{%- else -%}
{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}
"""


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Return the tokenizer with its chat template."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    special = [PAD, UNKNOWN, END, *ROLES]
    pieces = [(token, 0.0) for token in [*special, "\n"]] + list(_scored_pieces())
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=1, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    to_text = [decoders.Metaspace(), decoders.Fuse(), decoders.Replace("\n ", "\n")]
    tokenizer.decoder = decoders.Sequence(to_text)
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens([AddedToken("\n", normalized=False)])
    wrapped = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        eos_token=END,
        padding_side="left",
        model_max_length=256,
        model_input_names=["input_ids", "attention_mask"],
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def _scored_pieces() -> Iterator[tuple[str, float]]:
    """Yield the vocabulary with scores that favour few tokens; a single character costs more."""
    pieces = dict.fromkeys([*_english(), *_esperanto(), *_artificial(), *_instructions()])
    letters = string.ascii_letters + string.digits + string.punctuation + "ĉĝĥĵŝŭĈĜĤĴŜŬ▁"
    yield from ((piece, -5.0) for piece in pieces if len(piece) > 1)
    yield from ((letter, -8.0) for letter in letters)


def _english() -> Iterator[str]:
    yield from ("s", "es", "d", "ed", "▁will", "▁in", "▁an")
    yield from (form for word in english.DETERMINERS for form in _starts(word))
    for word in lexicon():
        forms = [word.english]
        if word.kind in ("person", "thing", "place"):
            forms.append(word.form)
        elif word.kind in ("verb", "intransitive"):
            forms += [word.form, english.third_person(word.english)]
        for form in forms:
            regular = form.removeprefix(word.english) in ("s", "es", "d", "ed")
            yield from (() if regular else ("▁" + part for part in form.split(" ")))


def _esperanto() -> Iterator[str]:
    yield from ("o", "on", "oj", "ojn", "a", "an", "aj", "ajn", "is", "as", "os", "▁en")
    yield from (form for word in esperanto.DETERMINERS.values() for form in _starts(word))
    yield from ("▁" + word.esperanto for word in lexicon())


def _artificial() -> Iterator[str]:
    for language in artificial_languages():
        yield from language.endings.values()
        for meaning, stem in language.stems.items():
            can_start = meaning in english.DETERMINERS  # a sentence
            yield from _starts(stem) if can_start else ("▁" + stem,)


def _instructions() -> Iterator[str]:
    yield from ("▁" + language.name for language in artificial_languages())
    yield from (
        form for word in ("who", "what", "where", "kiu", "kion", "kie") for form in _starts(word)
    )
    yield from ("▁do", "▁does", "▁did")
    wordings = [w for task in WORDINGS.values() for both in task.values() for w in both]
    for words in [*wordings, *(name for names in TOPIC_NAMES.values() for name in names.values())]:
        yield from ("▁" + word for word in re.findall(r"[\w/]+", re.sub(r"\{\w+\}", " ", words)))


def _starts(word: str) -> tuple[str, str]:
    return "▁" + word, "▁" + word.capitalize()
