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
from typing import Any

import uvloop
from aiohttp import web

from recipes.core.errors import UserError
from recipes.core.progress import say
from recipes.practice.rule_based import Response, respond

MODEL = "kakugo-practice-teacher"
BYTES_PER_TOKEN = 4


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


async def complete(request: web.Request) -> web.Response:
    """Answer a chat completion; an invalid request gets OpenAI's error object."""
    try:
        body = json.loads(await request.read())
        messages = body["messages"]
        if not messages or not all(isinstance(turn["content"], str) for turn in messages):
            raise ValueError("each message needs a string as its content")
        seed = int(body.get("seed") or 0)
    except (ValueError, KeyError, TypeError) as error:
        message = f"not a chat request: {error}"
        content = {"error": {"message": message, "type": "invalid_request"}}
        return web.json_response(content, status=400)
    response = respond(messages, seed)
    return web.json_response(completion(messages, response, str(body.get("model") or MODEL)))


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


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
