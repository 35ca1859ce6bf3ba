"""Answers of servers as they really are, streamed and not.

The forms are those that public reports of other clients show, and their kin.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from recipes.generate.teacher.completion import Answer
from recipes.generate.teacher.failures import RetryableError
from tests.recipes.generate.teacher.responses import (
    TEXT,
    THOUGHT,
    USAGE,
    completion,
    parse,
    stream,
)

# The message of a completion: (text, reasoning).
MESSAGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "plain": ({"content": TEXT}, TEXT, ""),
    "reasoning_content": ({"content": TEXT, "reasoning_content": THOUGHT}, TEXT, THOUGHT),
    "reasoning": ({"content": TEXT, "reasoning": THOUGHT}, TEXT, THOUGHT),
    "the same reasoning twice (vLLM)": (
        {"content": TEXT, "reasoning": THOUGHT, "reasoning_content": THOUGHT}, TEXT, THOUGHT
    ),
    "thinking (Ollama)": ({"content": TEXT, "thinking": THOUGHT}, TEXT, THOUGHT),
    "reasoning_details (OpenRouter)": (
        {"content": TEXT, "reasoning_details": [{"type": "reasoning.text", "text": THOUGHT}]},
        TEXT,
        THOUGHT,
    ),
    "parts of thinking (Mistral)": (
        {"content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
            {"type": "text", "text": TEXT},
        ]},
        TEXT,
        THOUGHT,
    ),
    "a part of thinking as a string": (
        {"content": [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": TEXT}]},
        TEXT,
        THOUGHT,
    ),
    "parts of reasoning": (
        {"content": [{"type": "reasoning", "text": THOUGHT}, {"type": "text", "text": TEXT}]},
        TEXT,
        THOUGHT,
    ),
    "parts of output (OpenAI)": (
        {"content": [{"type": "output_text", "text": "Sal"}, {"type": "text", "text": "uton."}]},
        TEXT,
        "",
    ),
    "thinking_blocks (LiteLLM)": (
        {"content": TEXT, "thinking_blocks": [{"type": "thinking", "thinking": THOUGHT}]},
        TEXT,
        THOUGHT,
    ),
    "a summary of reasoning": (
        {"content": TEXT, "reasoning_details": [{"type": "reasoning.summary", "summary": THOUGHT}]},
        TEXT,
        THOUGHT,
    ),
    "encrypted reasoning": (
        {"content": TEXT, "reasoning_details": [{"type": "reasoning.encrypted", "data": "eg=="}]},
        TEXT,
        "",
    ),
    "settings of reasoning": (
        {"content": TEXT, "reasoning": {"effort": "low", "summary": None}}, TEXT, ""
    ),
    "a flag of reasoning": ({"content": TEXT, "thinking": True}, TEXT, ""),
    "parts that are nothing": ({"content": [{"type": "text", "text": TEXT}, None]}, TEXT, ""),
    "one part": ({"content": {"type": "text", "text": TEXT}}, TEXT, ""),
    "think in the content": ({"content": f"<think>{THOUGHT}</think>\n{TEXT}"}, TEXT, THOUGHT),
    "think in the content and a field": (
        {"content": f"<think>{THOUGHT}</think>\n{TEXT}", "reasoning_content": THOUGHT},
        TEXT,
        THOUGHT,
    ),
    "harmony without its tokens (A1)": (
        {"content": f"analysis{THOUGHT}assistantfinal{TEXT}"}, TEXT, THOUGHT
    ),
    "no content beside the reasoning": ({"reasoning_content": THOUGHT}, "", THOUGHT),
    "null": ({"content": None}, "", ""),
    "no content": ({}, "", ""),
    "unknown fields": ({"content": TEXT, "tool_calls": [], "audio": None}, TEXT, ""),
}  # fmt: skip
ENDS = {
    "stop": "stop",
    "eos_token": "stop",  # TGI (A3)
    "stop_sequence": "stop",
    "eos": "stop",
    "STOP": "stop",
    "end_turn": "stop",
    "COMPLETE": "stop",
    "tool_calls": "stop",
    "length": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "SAFETY": "content_filter",
    "refusal": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "content_filter: PROHIBITED_CONTENT": "content_filter",  # Gemini, OpenAI's form
    "LANGUAGE": "content_filter",  # Gemini does not support it
    "ERROR_TOXIC": "content_filter",
    "timeout": "length",
}


@pytest.mark.parametrize("name", MESSAGES)
def test_text_and_reasoning_are_separated(name: str) -> None:
    message, text, reasoning = MESSAGES[name]
    assert parse(completion(**message)) == Answer(text, reasoning, "stop", 7, 3)
    content = message.get("content")
    pieces = [{"content": each} for each in content] if isinstance(content, str) else []
    deltas = [{key: value} for key, value in message.items() if not pieces or key != "content"]
    assert parse(stream(*deltas, *pieces)) == Answer(text, reasoning, "stop", 7, 3)


@pytest.mark.parametrize(("finish", "expected"), ENDS.items())
def test_only_limits_and_filters_are_bad_ends(finish: str, expected: str) -> None:
    assert parse(completion(finish, content=TEXT)).finish == expected
    assert parse(stream({"content": TEXT}, finish=finish)).finish == expected


@pytest.mark.parametrize("message", [{"message": None}, {"message": {"role": "assistant"}}, {}])
def test_an_end_without_a_message_is_an_empty_answer(message: dict[str, Any]) -> None:
    """Azure's filter and Gemini's limit leave the content out, and are billed."""
    for finish, expected in (
        ("content_filter",) * 2,
        ("length",) * 2,
        ({"type": "length"}, "length"),
    ):
        answer = parse({"choices": [message | {"finish_reason": finish}], "usage": USAGE})
        assert answer == Answer("", "", expected, 7, 3)


def test_a_missing_end_is_a_stop_only_where_all_has_come() -> None:
    assert parse(completion(None, content=TEXT)).finish == "stop"
    assert parse(stream({"content": TEXT}, finish=None)).finish == "stop"
    with pytest.raises(RetryableError, match="connection"):
        parse(stream({"content": TEXT}, finish=None, end=b""))


@pytest.mark.parametrize("message", [
    {"content": None, "refusal": "Mi ne povas."},
    {"content": [{"type": "refusal", "refusal": "Mi ne povas."}]},
])  # fmt: skip
def test_a_refusal_is_filtered_and_keeps_its_words(message: dict[str, Any]) -> None:
    answer = parse(completion(**message))
    assert (answer.text, answer.finish) == ("Mi ne povas.", "content_filter")


STREAMS = {
    "line feeds": stream({"content": TEXT}),
    "carriage returns": stream({"content": TEXT}).replace(b"\n", b"\r\n"),
    "no space after the colon": stream({"content": TEXT}).replace(b"data: ", b"data:"),
    "comments and names of events": b": OPENROUTER PROCESSING\n\nevent: message\n"
    + stream({"content": TEXT}),
    "a byte order mark": b"\xef\xbb\xbf" + stream({"content": TEXT}),
    "no [DONE]": stream({"content": TEXT}, end=b""),
    "a role first": stream({"role": "assistant", "content": ""}, {"content": TEXT}),
    "null pieces": stream({"content": None}, {"content": TEXT}, {"content": None}),
    "an event without choices": b'data: {"type": "ping"}\n\n' + stream({"content": TEXT}),
    "letters in two events": stream({"content": "Sal"}, {"content": "uton."}),
    "data of several lines": stream({"content": TEXT}).replace(b", ", b",\ndata: "),
    "data of several lines, with names": stream({"content": TEXT})
    .replace(b", ", b",\r\ndata:")
    .replace(b"data: {", b"event: message\r\ndata: {"),
    "a choice that nobody asked for": stream({"content": TEXT}).replace(
        b'[{"index": 0', b'[{"index": 1, "delta": {"content": "x"}}, {"index": 0'
    ),
    "no blank lines": stream({"content": TEXT}).replace(b"\n\n", b"\n"),
    "text as in completions": stream({"content": TEXT}).replace(
        b'"delta": {"content": "Saluton."}', b'"text": "Saluton."'
    ),
    "a message where the delta is null": stream({"content": TEXT}).replace(
        b'"delta": {"content"', b'"delta": null, "message": {"content"'
    ),
    "usage in the choice (Moonshot)": b'data: {"choices": [{"delta": {"content": "Saluton."},'
    b'"finish_reason": "stop", "usage": {"prompt_tokens": 7, "completion_tokens": 3}}]}',
    "usage in x_groq": b'data: {"choices": [{"delta": {"content": "Saluton."},'
    b'"finish_reason": "stop"}], "x_groq": {"usage": {"prompt_tokens": 7, '
    b'"completion_tokens": 3}}}',
    "other names in usage": stream({"content": TEXT})
    .replace(b"prompt_tokens", b"input_tokens")
    .replace(b"completion_tokens", b"output_tokens"),
    "usage in strings": stream({"content": TEXT}).replace(b": 7,", b': "7.0",'),
    "a plain text": json.dumps(
        {"choices": [{"text": TEXT, "finish_reason": "stop"}], "usage": USAGE}
    ).encode(),
    "the first choice last": json.dumps(
        completion()
        | {
            "choices": [
                {"index": 1, "message": {"content": "x"}},
                *completion(content=TEXT)["choices"],
            ]
        }
    ).encode(),
    "an error of another choice": stream(
        {"content": TEXT},
    ).replace(b"data: ", b'data: {"choices": [{"index": 1, "error": {"code": 500}}]}\n\ndata: ', 1),
    "an error of another choice, not streamed": json.dumps(
        completion()
        | {
            "choices": [
                {"index": 1, "error": {"code": 500}},
                *completion(content=TEXT)["choices"],
            ]
        }
    ).encode(),
    "a plain completion with a byte order mark": b"\xef\xbb\xbf"
    + json.dumps(completion(content=TEXT)).encode(),
    "a plain completion": json.dumps(completion(content=TEXT)).encode(),
    "messages instead of deltas": stream({"content": TEXT}).replace(b'"delta"', b'"message"'),
}


@pytest.mark.parametrize("name", STREAMS)
def test_streams_are_read(name: str) -> None:
    assert parse(STREAMS[name]) == Answer(TEXT, "", "stop", 7, 3)


def test_tokens_are_zero_where_the_server_does_not_count() -> None:
    half = {"prompt_tokens": 7}
    impossible = {"prompt_tokens": 1e300, "completion_tokens": 3}
    negative = {"prompt_tokens": -9, "completion_tokens": None}
    for usage in (None, {}, negative, "n/a", [7, 3], {"prompt_tokens": "seven"}, half, impossible):
        answer = parse(completion(content=TEXT) | {"usage": usage})
        assert (answer.tokens_in, answer.tokens_out) == (0, 0)
