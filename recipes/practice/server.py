"""The practice teacher as a server: OpenAI's chat completions API around `rule_based.py`.

It takes the place of a real endpoint, so that the generator's client and the Hub's endpoint service
run as they do with a real one.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import uvloop
from aiohttp import web

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.practice.rule_based import NOT_UNDERSTOOD, Response, respond

MODEL = "kakugo-practice-teacher"
BYTES_PER_TOKEN = 4
EVENTS = 3  # of a streamed answer's text


def main(args: argparse.Namespace) -> None:
    """Serve on 127.0.0.1:$PORT (default 8080) until stopped."""
    port = os.environ.get("PORT", "8080")
    if not port.isdigit() or int(port) > 65535:
        raise UserError(f"PORT must be a number up to 65535, not {port!r}.")
    try:
        uvloop.run(serve(int(port)))
    except (KeyboardInterrupt, web.GracefulExit):
        say("practice teacher stopped")
    except OSError as error:
        raise UserError(f"Port {port} cannot be used: {error.strerror}.") from error


async def serve(port: int) -> None:
    """Serve until cancelled; port 0 means any free port, which the first line of output names."""
    runner = web.AppRunner(app(), access_log=None, handle_signals=True, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        say(f"practice teacher ready at http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def app() -> web.Application:
    """Return the application with its routes."""
    application = web.Application()
    application.router.add_post("/v1/chat/completions", complete)
    application.router.add_get("/v1/models", models)
    application.router.add_get("/health", health)
    return application


async def complete(request: web.Request) -> web.StreamResponse:
    """Answer a chat completion, streamed if asked; an invalid one gets OpenAI's error object."""
    try:
        body = json.loads(await request.read())
        messages = body["messages"]
        if not messages or not all(isinstance(turn["content"], str) for turn in messages):
            raise ValueError("each message needs a string as its content")
        seed = int(body.get("seed") or 0)
        schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"not a chat request: {error}"
        content = {"error": {"message": message, "type": "invalid_request"}}
        return web.json_response(content, status=400)
    response = respond(messages, seed)
    if response.text == NOT_UNDERSTOOD and isinstance(schema, dict):
        response = replace(response, text=json.dumps(example_of(schema)))
    answer = completion(messages, response, str(body.get("model") or MODEL))
    if not body.get("stream"):
        return web.json_response(answer)
    stream = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await stream.prepare(request)
    for event in events(answer, EVENTS):
        await stream.write(event)
    await stream.write_eof()
    return stream


def example_of(schema: Mapping[str, Any]) -> Any:
    """Return a value that fits a JSON Schema, as servers do even for a request not understood."""
    match schema.get("type"):
        case "object":
            return {key: example_of(each) for key, each in schema.get("properties", {}).items()}
        case "array":
            return [example_of(schema.get("items", {}))]
        case "string":
            return "vorto"
        case "boolean":
            return False
        case _:
            return 0


async def models(request: web.Request) -> web.Response:
    """List the only model."""
    return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})


async def health(request: web.Request) -> web.Response:
    """Report that the server runs."""
    return web.json_response({"status": "ok"})


def completion(messages: list[dict[str, str]], response: Response, model: str) -> dict[str, Any]:
    """Return the API's JSON for a response; every four bytes count as one token."""
    prompt_tokens = sum(_tokens(turn["content"]) for turn in messages)
    completion_tokens = _tokens(response.text) + _tokens(response.reasoning)
    message = {"role": "assistant", "content": response.text}
    if response.reasoning:
        message["reasoning_content"] = response.reasoning
    return {
        "id": "chatcmpl-" + hashlib.sha256(response.text.encode()).hexdigest()[:12],
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": response.finish}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def events(answer: Mapping[str, Any], pieces: int) -> Iterator[bytes]:
    """Yield the events of a streamed completion, its text in so many pieces at most."""
    choice = answer["choices"][0]
    head = {"object": "chat.completion.chunk", "id": answer.get("id"), "model": answer.get("model")}
    deltas = [{key: text} for key, text in choice["message"].items() if key != "content"]
    text = choice["message"]["content"]
    size = -(-len(text) // pieces) or 1
    deltas += [{"content": text[start : start + size]} for start in range(0, len(text), size)]
    for delta in deltas:
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    yield _event({**head, "choices": [end]})
    yield _event({**head, "choices": [], "usage": answer["usage"]})
    yield b"data: [DONE]\n\n"


def _event(content: object) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
