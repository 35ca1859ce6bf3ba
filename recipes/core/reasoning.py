r"""Separate a model's reasoning from its answer, in every known form.

Servers with a parser for their model return both apart. Others leave the reasoning in the text, in
the model's own form: tags such as `<think>` (DeepSeek, Qwen), `[THINK]` (Mistral) or `◁think▷`
(Kimi), special tokens such as `<|START_THINKING|>` (Cohere) or `<|think:end|>` (Solar), or OpenAI's
harmony format, often without its special tokens. The forms are those of vLLM's reasoning parsers.
"""

from __future__ import annotations

import re

_NAME = (
    r"(?:think|thinking|thoughts?|reasoning|reflection|scratch_?pad|chain_of_thought|cot|monologue)"
)
_WORD = rf"(?:\w{{1,20}}[:_|])?{_NAME}(?:[:_]\w{{1,20}})?"  # <seed:think>, <think:opensource>
_OPEN_TAG = (
    rf"<{_WORD}(?:\s[^<>]{{0,80}})?>"
    rf"|<\|(?:(?:begin|start)_(?:of_)?)?{_NAME}(?:[:_]start)?\|>"
    r"|<\|open\|>\s*think\s*<\|sep\|>|\[THINK\]|◁think▷|<\|inner_prefix\|>"
    r"|<\|channel>thought\s|<unused94>(?:thought\s)?"
)
_CLOSE_TAG = (
    rf"</{_WORD}>|<\|(?:/|end_(?:of_)?){_NAME}\|>|<\|{_NAME}[:_]end\|>"
    r"|<\|end\|><\|begin\|>assistant<\|content\|>|<\|close\|>\s*think\s*<\|sep\|>"
    r"|\[/THINK\]|◁/think▷|<\|inner_suffix\|>|<channel\|>|<unused95>"
)
TAG = rf"{_OPEN_TAG}|{_CLOSE_TAG}"
"""A pattern of tags and tokens around reasoning; its letters may be of any case."""
_OPEN = rf"{_OPEN_TAG}|Here(?:'s| is) my thought process:"
_CLOSE = rf"{_CLOSE_TAG}|Here(?:'s| is) my response:"
_OPENING = re.compile(rf"\s*(?:{_OPEN})", re.IGNORECASE)
_CLOSING = re.compile(_CLOSE, re.IGNORECASE)
_BETWEEN_BLOCKS = re.compile(rf"(?:{_CLOSE})\s*(?:{_OPEN})", re.IGNORECASE)
_ANY_TAG = re.compile(TAG, re.IGNORECASE)
_ANSWER_TAG = re.compile(
    r"\A\s*(?:<(?:final_)?answer>|<response>|<\|begin_of_(?:solution|box)\|>|<\|START_RESPONSE\|>"
    r"|<\|open\|>\s*response\s*<\|sep\|>)"
    r"|(?:</(?:final_)?answer>|</response>|<\|end_of_(?:solution|box)\|>|<\|END_RESPONSE\|>|<\|end\|>"
    r"|<\|close\|>\s*response\s*<\|sep\|>(?:<\|close\|>\s*message\s*<\|sep\|>)?)\s*\Z",
    re.IGNORECASE,
)
# https://cookbook.openai.com/articles/openai-harmony; the first channel may be in the prompt.
_HARMONY_ENDS = r"<\|(?:end|return|call|start|channel)\|>"
_HARMONY_MESSAGE = re.compile(
    r"(?:\A\s*|<\|channel\|>)(?P<channel>\w+)[^<]{0,100}(?:<\|constrain\|>[^<]{0,50})?<\|message\|>"
    rf"(?P<text>.*?)(?={_HARMONY_ENDS}|\Z)",
    re.DOTALL,
)
_BARE_HARMONY = re.compile(
    r"\s*(?:(?:analysis|commentary)(?P<reasoning>.*?))?assistant\n*final(?P<text>.*)", re.DOTALL
)
_BARE_CHANNEL = re.compile(r"assistant(?:analysis|commentary)")
# Every known form contains one of these, and they are much faster to look for.
_HINTS = ("<", "[/", "◁", "final", "Here")

# The same for lm-evaluation-harness, whose tasks cannot call a function of ours: the answer is the
# first group.
ANSWER_PATTERN = (
    rf"(?s)\A(?:.*(?i:{_CLOSE})|.*<\|channel\|>final<\|message\|>"
    r"|\s*(?:(?:analysis|commentary).*)?assistant\n*final)?"
    r"(.*?)(?:<\|(?:end|return)\|>)?\Z"
)


def split_reasoning(content: str) -> tuple[str, str]:
    """Return reasoning and answer; without reasoning in a known form, the content unchanged.

    The opening tag may be missing, because a chat template can end with it. Tags inside of the
    answer are no reasoning but a leak, and reasoning that never ends has no answer after it: both
    stay in the content.
    """
    if not any(hint in content for hint in _HINTS):
        return "", content
    if "<|message|>" in content:
        return _split_harmony(content)
    if bare := _BARE_HARMONY.fullmatch(content):
        reasoning = _BARE_CHANNEL.sub("\n\n", bare["reasoning"] or "")
        return reasoning.strip(), bare["text"].strip()
    if not (closings := list(_CLOSING.finditer(content))):
        return "", content
    last = closings[-1]
    opening = _OPENING.match(content)
    reasoning = content[opening.end() if opening else 0 : last.start()]
    reasoning = _BETWEEN_BLOCKS.sub("\n\n", reasoning)
    if _ANY_TAG.search(reasoning):
        return "", content
    return reasoning.strip(), _ANSWER_TAG.sub("", content[last.end() :]).strip()


def _split_harmony(content: str) -> tuple[str, str]:
    messages = [match.group("channel", "text") for match in _HARMONY_MESSAGE.finditer(content)]
    answers = [text for channel, text in messages if channel == "final"]
    if len(answers) != 1:
        return "", content
    reasoning = "\n\n".join(text.strip() for channel, text in messages if channel != "final")
    return reasoning, answers[0].strip()
