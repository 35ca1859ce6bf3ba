"""A rule-based teacher of Scottish Gaelic with OpenAI's chat API.

It knows every kind of request of the real recipe, answers with reasoning, and makes the mistakes
of real teachers. `python -m tests.recipes.gaelic.teacher` serves it on $PORT for use by hand.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zlib import crc32

from aiohttp import web

from tests.recipes.gaelic import sentences
from tests.recipes.gaelic.sentences import ENGLISH, GAELIC
from tests.recipes.generate.teacher_server import ThreadedServer

MODEL = "openai/gpt-oss-120b"
NAME = "Scottish Gaelic"
REFUSAL = "I'm sorry, but I can't help with that."
ABOUT = ("fishing boats", "village schools", "old songs", "winter storms", "market days", "sheep",
         "bread and cheese", "bus timetables", "young footballers", "island churches")  # fmt: skip
DOING = ("planning", "explaining", "comparing", "describing", "choosing", "understanding")
TASKS = {"translate": (0, 3), "summarise": (3, 5), "improve": (5, 7), "say what topic": (7, 9),
         "answer a question": (9, 11)}  # fmt: skip
ANSWER = re.compile(r"Answer the message below in ([\w ]+),")
FAULTY = 12  # percent


@dataclass
class Tutor:
    """Answers depend on the request alone; `unknown` has requests that it did not understand."""

    requests: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def respond(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return a chat completion."""
        request = body["messages"][-1]["content"]
        self.requests.append("\n".join(turn["content"] for turn in body["messages"]))
        rng = Random(crc32(json.dumps([body["messages"], body.get("seed")]).encode()))
        is_list = bool(re.search(r"JSON", request))
        text, finish = self._answer(request, rng), "stop"
        if rng.randrange(100) < FAULTY:
            text, finish = _with_fault(text, is_list, rng)
        message = {"role": "assistant", "content": text}
        if not is_list:
            message["reasoning_content"] = "The user wants this in Gaelic. I keep it simple."
        used = [-(-len(json.dumps(part)) // 4) for part in (body["messages"], message)]
        return {
            "choices": [{"index": 0, "message": message, "finish_reason": finish}],
            "usage": {"prompt_tokens": used[0], "completion_tokens": used[1]},
        }

    def _answer(self, request: str, rng: Random) -> str:
        if match := ANSWER.match(request):
            return self._reply(_between(request, "message"), match[1], rng)
        if request.startswith("Write 20 different short instructions"):
            low, high = TASKS["translate"]
            frames = [pair[GAELIC] for pair in sentences.phrases("frame")[low:high]]
            return json.dumps([f"{frame}\n{{text}}" for frame in frames])
        if match := re.match(r"(?:List|Write) (\d+) different", request):
            return json.dumps(self._list(request, int(match[1]), rng), ensure_ascii=False)
        if request.startswith("Below is a text in"):
            count, task = re.search(
                r"Write (\d+) .* assistant to (.*?)\. Neither", request
            ).groups()
            low, high = next(span for key, span in TASKS.items() if task.startswith(key))
            frames = [pair[GAELIC] for pair in sentences.phrases("frame")[low:high]]
            return json.dumps([f"{frame}\n{{text}}" for frame in frames][: int(count)])
        if request.startswith("Below is a conversation in English"):
            turns = json.loads(_between(request, "conversation"))
            return json.dumps([self._translated(turn, GAELIC) for turn in turns])
        if request.startswith("Rewrite the prompt"):
            return f"{_between(request, 'prompt')} {rng.choice(sentences.phrases('more'))[GAELIC]}"
        if request.startswith("Translate the text below"):
            to = ENGLISH if "into English" in request else GAELIC
            text = _between(request, "text")
            whole = (
                text if text.rstrip().endswith((".", "?", "!")) else text.rpartition(".")[0] + "."
            )
            return self._translated(whole, to)
        if '{"mark": N}' in request:
            return json.dumps({"mark": rng.choice((3, 4, 4, 5))})
        return self._unknown(request)

    def _list(self, request: str, count: int, rng: Random) -> list[str]:
        if "in which" in request or " topics within " in request:
            return [
                f"{rng.choice(DOING)} {rng.choice(ABOUT)} no. {rng.randrange(10**6)}"
                for _ in range(count)
            ]
        if (
            f"a speaker of {NAME} would" in request
            and f"everyday {NAME} and nothing else" in request
        ):
            return [_prompt(rng) for _ in range(count)]
        return [self._unknown(request)]

    def _reply(self, request: str, language: str, rng: Random) -> str:
        if language == "English":
            text = "\n".join(line for line in request.splitlines() if line.startswith("Tha "))
            return sentences.translate(text, ENGLISH) or self._unknown(request)
        if language != NAME:
            return self._unknown(request)
        return sentences.passage(rng, rng.randrange(2, 6))[GAELIC]

    def _translated(self, text: str, to: int) -> str:
        return sentences.translate(text, to) or self._unknown(text)

    def _unknown(self, request: str) -> str:
        self.unknown.append(request)
        return REFUSAL


def _prompt(rng: Random) -> str:
    return sentences.together([sentences.sentence(rng), rng.choice(sentences.phrases("question"))])[
        GAELIC
    ]


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].rpartition(f"</{tag}>")[0]


def _with_fault(text: str, is_list: bool, rng: Random) -> tuple[str, str]:
    """Return the text with a fault, and the finish_reason."""
    fenced = f"```json\n{text}\n```"
    if is_list:
        return rng.choice((fenced, text[: len(text) * 2 // 3], "Here you are!", "[]")), "stop"
    half = text[: len(text) * 2 // 3]
    return rng.choice(
        (
            (sentences.passage(rng, 3)[ENGLISH], "stop"),
            (f"{text} " + "agus a-rithist " * 60, "stop"),
            (half, "length"),
            (f"{text}<|end|>", "stop"),
            (REFUSAL, "stop"),
            ("nan", "stop"),
        )
    )


def build_app(tutor: Tutor) -> web.Application:
    """Return the application."""

    async def complete(request: web.Request) -> web.Response:
        return web.json_response(tutor.respond(await request.json()))

    async def models(request: web.Request) -> web.Response:
        return web.json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    app.router.add_get("/v1/models", models)
    return app


class Serving(ThreadedServer):
    """A tutor in a thread, on a free port."""

    def __init__(self) -> None:
        self.tutor = Tutor()
        super().__init__(build_app(self.tutor))


if __name__ == "__main__":
    web.run_app(build_app(Tutor()), host="127.0.0.1", port=int(os.environ["PORT"]), access_log=None)
