r"""Separate a model's reasoning from its answer, in every known form.

Servers with a parser for their model return both apart. Others leave the reasoning in the text, in
the model's own form: `<think>` (DeepSeek, Qwen) and its relatives, `[THINK]` (Mistral), `◁think▷`
(Kimi), `<|START_THINKING|>` (Cohere), or OpenAI's harmony format, often without its special tokens.
"""

from __future__ import annotations

import re

_NAMES = (
    r"(?:\w{1,20}[:_])?"  # <seed:think>, <longcat_think>
    r"(?:think|thinking|thoughts?|reasoning|reflection|scratchpad)"
)
_OPEN = (
    rf"<{_NAMES}>|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|START_THINKING\|>"
    r"|<\|inner_prefix\|>|<\|channel>thought\s|<unused94>(?:thought\s)?"
    r"|Here(?:'s| is) my thought process:"
)
_CLOSE = (
    rf"</{_NAMES}>|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|END_THINKING\|>"
    r"|<\|inner_suffix\|>|<channel\|>|<unused95>|Here(?:'s| is) my response:"
)
_OPENING = re.compile(rf"\s*(?:{_OPEN})", re.IGNORECASE)
_CLOSING = re.compile(_CLOSE, re.IGNORECASE)
_BETWEEN_BLOCKS = re.compile(rf"(?:{_CLOSE})\s*(?:{_OPEN})", re.IGNORECASE)
_TAG = re.compile(rf"{_OPEN}|{_CLOSE}", re.IGNORECASE)
_ANSWER_TAG = re.compile(
    r"\A\s*(?:<answer>|<response>|<\|begin_of_solution\|>|<\|START_RESPONSE\|>)"
    r"|(?:</answer>|</response>|<\|end_of_solution\|>|<\|END_RESPONSE\|>)\s*\Z",
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
    r"\s*(?:analysis|commentary)(?P<reasoning>.*?)assistant\n*final(?P<text>.*)", re.DOTALL
)
# Every known form contains one of these, and they are much faster to look for.
_HINTS = ("<", "[/", "◁", "final", "Here")

# The same for lm-evaluation-harness, whose tasks cannot call a function of ours: the answer is the
# first group.
ANSWER_PATTERN = (
    rf"(?s)\A(?:.*(?i:{_CLOSE})|.*<\|channel\|>final<\|message\|>|\s*analysis.*assistant\n*final)?"
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
        return bare["reasoning"].strip(), bare["text"].strip()
    if not (closings := list(_CLOSING.finditer(content))):
        return "", content
    last = closings[-1]
    opening = _OPENING.match(content)
    reasoning = content[opening.end() if opening else 0 : last.start()]
    reasoning = _BETWEEN_BLOCKS.sub("\n\n", reasoning)
    if _TAG.search(reasoning):
        return "", content
    return reasoning.strip(), _ANSWER_TAG.sub("", content[last.end() :]).strip()


def _split_harmony(content: str) -> tuple[str, str]:
    messages = [match.group("channel", "text") for match in _HARMONY_MESSAGE.finditer(content)]
    answers = [text for channel, text in messages if channel == "final"]
    if len(answers) != 1:
        return "", content
    reasoning = "\n\n".join(text.strip() for channel, text in messages if channel != "final")
    return reasoning, answers[0].strip()
