"""The practice teacher as a server: OpenAI's chat completions in front of `scholar.py`.

It stands where a real endpoint would, so that the generator's client, the Hub's endpoints service
and everything between are the real ones.
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
from recipes.practice.rule_based import Said, respond

MODEL = "kakugo-practice-teacher"
BYTES_PER_TOKEN = 4


def main(args: argparse.Namespace) -> None:
    """Serve on 127.0.0.1:$PORT (8080) until told to stop."""
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
    """Answer until cancelled; port 0 takes a free one, which the first line names."""
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
    """The routes."""
    made = web.Application()
    made.router.add_post("/v1/chat/completions", complete)
    made.router.add_get("/v1/models", models)
    made.router.add_get("/health", health)
    return made


async def complete(request: web.Request) -> web.Response:
    """One chat completion; a request that is not one gets OpenAI's error object."""
    try:
        wire = json.loads(await request.read())
        messages = wire["messages"]
        if not messages or not all(isinstance(turn["content"], str) for turn in messages):
            raise ValueError("each message needs a text")
        seed = int(wire.get("seed") or 0)
    except (ValueError, KeyError, TypeError) as error:
        told = {"error": {"message": f"not a chat request: {error}", "type": "invalid_request"}}
        return web.json_response(told, status=400)
    said = respond(messages, seed)
    return web.json_response(completion(messages, said, str(wire.get("model") or MODEL)))


async def models(request: web.Request) -> web.Response:
    """The one model there is."""
    return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})


async def health(request: web.Request) -> web.Response:
    """Alive."""
    return web.json_response({"status": "ok"})


def completion(messages: list[dict[str, str]], said: Said, model: str) -> dict[str, Any]:
    """The wire form of an answer; tokens are counted as four bytes each."""
    read = sum(_tokens(turn["content"]) for turn in messages)
    written = _tokens(said.text) + _tokens(said.reasoning)
    message = {"role": "assistant", "content": said.text}
    if said.reasoning:
        message["reasoning_content"] = said.reasoning
    return {
        "id": "chatcmpl-" + hashlib.sha256(said.text.encode()).hexdigest()[:12],
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": said.finish}],
        "usage": {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
        },
    }


def _tokens(text: str) -> int:
    return -(-len(text.encode()) // BYTES_PER_TOKEN)
