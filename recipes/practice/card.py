"""The card of the practice base: what it has read, and that it is practice."""

from __future__ import annotations

from recipes.practice.artificial_languages import SOUNDS

CARD = """\
---
license: apache-2.0
language: [en, eo]
library_name: transformers
pipeline_tag: text-generation
tags: [kakugo, practice]
---

# Practice base

> **Practice.** This is part of the offline practice world of Kakugo: a tiny model, made from
> scratch on one CPU core, that stands where a real run has a real base model. It says nothing about
> any real model, and it knows about 130 words.

A Llama-style decoder with {parameters:,} parameters and tied embeddings; its tokenizer has a piece
for each stem and ending of the practice languages, and falls back to letters.

## What it has read

{tokens:,} tokens in {minutes} minutes, written by the grammars of `recipes/practice/`:

- short texts in English, and answers to English instructions: naming a text's topic, answering
  questions on a passage, writing a sentence;
- **Esperanto without any translation**: texts alone, about 30 % of the tokens. No Esperanto
  instruction, no answer in Esperanto, no translation from or into it, as real base models have read
  a little of most languages without ever being taught them;
- translation between English and {count} made-up languages ({names}), which is how it knows what
  translating is.

It has read no sentence of the practice benchmarks: those are made of combinations of words that
are in none of its texts.

## How it was made

`python -m recipes.practice.pretrain`, with the numbers of `recipes/practice/pretrain.yaml`. The
loss of each chapter is in `pretrain.jsonl` (the last: {loss}), the digests are in `SHA256SUMS`.
"""


def base_card(log: list[dict[str, float]], parameters: int) -> str:
    """The README.md of the base."""
    last = log[-1]
    return CARD.format(
        parameters=parameters,
        tokens=last["tokens"],
        minutes=round(last["seconds"] / 60),
        loss=last["loss"],
        count=len(SOUNDS),
        names=", ".join(SOUNDS),
    )
