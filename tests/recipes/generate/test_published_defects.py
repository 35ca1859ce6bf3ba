"""The defects of the published pipeline, each with a test that this pipeline does not have it.

The numbers are those of the list that was made by running the published code: system prompts that
were lost, failures that became the text "nan", and so on. Training has its own tests.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from aiohttp import web

from recipes.core import language
from recipes.core.benchmarks.table import BENCHMARKS
from recipes.core.card_sections import escape
from recipes.core.config import CODE, load
from recipes.evaluate import settings as evaluate
from recipes.generate.context import GenerationContext
from recipes.generate.gates import first_reason
from recipes.generate.prompts import parsing, templates
from recipes.generate.schema import ENGLISH, Message, Prompt
from recipes.generate.settings import parse
from recipes.generate.sources import responses
from recipes.generate.teacher import completion, failures, http
from tests.recipes.generate.gates import planted_faults as faults
from tests.recipes.generate.teacher_server import serving, teaching

ROOT = Path(__file__).parents[3]
KAKUGO = yaml.safe_load((ROOT / "recipes" / "kakugo.yaml").read_text("utf-8"))
TURNS = (Message(role="user", content="Hi"), Message(role="assistant", content="Hello"))


def names() -> list[tuple[str, str, str]]:
    """Code, English name and tag of every language that may be asked for."""
    lines = (ROOT / "recipes" / "core" / "languages.tsv").read_text("utf-8").splitlines()[1:]
    return [(code, name, tag) for code, name, tag, *_ in (line.split("\t") for line in lines)]


def context_of(complete: Callable[..., Awaitable[completion.Answer]], drafts: list[Any]) -> Any:
    """Return a context whose teacher is `complete`, and which adds rows to `drafts`."""
    return SimpleNamespace(
        teacher=SimpleNamespace(settings=SimpleNamespace(model="m")),
        language=language.get("epo_Latn"),
        random=faults.Random,
        complete=complete,
        add=drafts.append,
    )


def test_1_rows_carry_the_system_prompt_of_their_mode() -> None:
    settings = responses.ResponseSettings(**KAKUGO["generate"]["answers"])
    context: Any = SimpleNamespace(teacher=SimpleNamespace(settings=SimpleNamespace(model="m")))
    for thinking, system in ((True, templates.THINKING), (False, templates.CONCISE)):
        row = responses.make_row(context, "topics", "p", TURNS, settings, thinking)
        assert row.messages == ({"role": "system", "content": system}, *TURNS)
    assert templates.THINKING != templates.CONCISE


@pytest.mark.parametrize("reasoning", ["Hm.", " \n", ""])
def test_1_a_row_without_reasoning_does_not_say_that_it_thinks(reasoning: str) -> None:
    settings = responses.ResponseSettings(revised=0, thinking=True, system_prompts=True)
    drafts: list[Any] = []
    prompt = Prompt("topics", "p", "Saluton", "epo_Latn", "t")

    async def complete(*_: object, **__: object) -> completion.Answer:
        return completion.Answer("Bonan tagon!", reasoning, "stop", 1, 1)

    asyncio.run(responses.respond(context_of(complete, drafts), settings, prompt))
    contents = [turn["content"] for turn in drafts[0].row.messages]
    thought = reasoning.strip()
    assert contents[0] == (templates.THINKING if thought else templates.CONCISE)
    assert contents[2] == (f"<think>\n{thought}\n</think>\n\n" if thought else "") + "Bonan tagon!"


def test_1_both_modes_are_taught_and_only_kept_reasoning_is_paid_for() -> None:
    settings = responses.ResponseSettings(**KAKUGO["generate"]["answers"])
    drafts: list[Any] = []
    efforts: list[str | None] = []

    async def complete(*_: object, effort: str | None) -> completion.Answer:
        efforts.append(effort)
        return completion.Answer("Bonan tagon!", "Hm.", "stop", 1, 1)

    context = context_of(complete, drafts)
    unrevised = replace(settings, revised=0.0)
    for number in range(200):
        prompt = Prompt("topics", f"p{number}", "Saluton", "epo_Latn", "t")
        asyncio.run(responses.respond(context, unrevised, prompt))
    systems = [draft.row.messages[0]["content"] for draft in drafts]
    assert 80 <= systems.count(templates.CONCISE) <= 120
    assert efforts == ["medium" if each == templates.THINKING else None for each in systems]
    assert KAKUGO["evaluate"]["system"] == templates.CONCISE


@pytest.mark.parametrize("text", ["nan", "NaN", "None", "null", "undefined", "", " \n"])
def test_2_a_failed_generation_is_never_taken_as_text(text: str) -> None:
    code = "gla_Latn"
    scene = faults.Scene.draw(faults.Random(1), code)
    assert first_reason(scene.draft(text), faults.gates_of(code)) == "empty"
    thought = f"<think>\n{text}\n</think>\n\n{scene.answer}"
    assert first_reason(scene.draft(thought), faults.gates_of(code)) in ("empty", "leaked_tags")
    with pytest.raises(parsing.InvalidFormat):
        parsing.text(text)
    assert parsing.texts(json.dumps(["good", text]), 5) == ["good"]


def test_3_a_context_without_a_prompt_is_not_answered() -> None:
    with pytest.raises(parsing.InvalidFormat, match="empty_texts"):
        parsing.texts('["None"]', 3)
    asked = Prompt("contexts", "p", "None", "gla_Latn", "question", context="A TEXT").text
    scene = faults.Scene.draw(faults.Random(1), "gla_Latn")
    assert asked == "A TEXT\n\nNone"
    assert first_reason(scene.draft(scene.answer, asked), faults.gates_of("gla_Latn")) == "empty"


def test_4_an_answer_belongs_to_its_request_and_not_to_its_position(tmp_path: Path) -> None:
    count = 12

    async def late_first(request: web.Request) -> web.Response:
        asked = (await request.json())["messages"][0]["content"]
        await asyncio.sleep(0.01 * (count - int(asked)))
        choice = {"message": {"content": f"answer to {asked}"}, "finish_reason": "stop"}
        return web.json_response({"choices": [choice]})

    async def use() -> list[str]:
        async with serving(late_first) as url, teaching(url, tmp_path) as teacher:
            asked = ([Message(role="user", content=str(number))] for number in range(count))
            answers = await asyncio.gather(*(teacher.complete(turns, 1) for turns in asked))
            again = [await teacher.complete([Message(role="user", content="3")], 1)]
            return [answer.text for answer in [*answers, *again]]

    assert asyncio.run(use()) == [f"answer to {number}" for number in (*range(count), 3)]
    with pytest.raises(parsing.InvalidFormat, match="turn_count"):
        parsing.turns('["only one"]', TURNS)


@pytest.mark.parametrize("body", [b'{"choices": []}', b'{"choices": ["choices"]}', b"{}"])
def test_5_a_completion_without_choices_is_a_failure(body: bytes) -> None:
    with pytest.raises(failures.RetryableError, match="no_completion"):
        completion.parse_completion(http.HttpResponse(200, 0.0, body), "http://teacher", "m")


def test_6_failures_are_retried_within_limits() -> None:
    teacher = KAKUGO["generate"]["teacher"]
    assert teacher["attempts"] > 1 < teacher["tries"]
    assert teacher["timeout"] and teacher["longest_backoff"] and teacher["failures_in_a_row"]


def test_7_random_choices_have_a_seed() -> None:
    """Revisions are tested in data/test_corpora.py, and equal runs in test_run.py."""
    assert isinstance(KAKUGO["generate"]["seed"], int)
    one, other = (GenerationContext.random.__get__(_Seeded(seed)) for seed in (1, 2))
    assert one("a").random() == one("a").random() != other("a").random()
    assert not re.search(r"\brandom\.(choice|shuffle|sample)\(", _all_code())


class _Seeded:
    def __init__(self, seed: int) -> None:
        self.seed = seed


def test_8_every_language_has_a_name_a_tag_and_a_place() -> None:
    rows = names()
    assert len(rows) > 8_000
    for code, name, tag in rows:
        assert CODE.fullmatch(code)
        assert re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Za-z0-9]+)*", tag), tag
        assert re.fullmatch(r"[\w.-]{1,96}", f"kakugo-{code}", re.ASCII)
        assert name in templates.revise("x", name)[0]["content"]
        assert name.strip() == name and "\n" not in escape(name)
    assert {"Bashkir", "Asturian", "Cebuano"} <= {name for _, name, _ in rows}


CRASHED = ("bak_Cyrl", "ast_Latn", "ceb_Latn", "plt_Latn", "bod_Tibt", "gaz_Latn")


@pytest.mark.parametrize("code", CRASHED)
def test_8_the_names_that_crashed_go_through_prompts_and_settings(code: str) -> None:
    name = language.get(code).name
    config = load("kakugo", "org", code)
    settings = parse(config.generate)
    assert settings.benchmarks[0].config == code
    messages = templates.write_context_prompts(3, "text", "question", name)
    assert name in messages[0]["content"]


def test_9_packed_rows_are_cut_at_their_ends() -> None:
    """That rows do not see each other is tested in tests/recipes/train/test_sft.py."""
    trainer = KAKUGO["train"]["trainer"]
    assert trainer["packing"] is True
    assert trainer.get("packing_strategy", "bfd").startswith("bfd")  # cut at rows' ends


def test_10_outputs_are_checked_for_their_language_and_duplicates() -> None:
    scene = faults.Scene.draw(faults.Random(2), "gla_Latn")
    assert first_reason(
        faults.wrong_language(scene) or scene.draft("x"), faults.gates_of("gla_Latn")
    )
    assert KAKUGO["generate"]["near"]["threshold"] < 1


@pytest.mark.parametrize(
    ("recipe", "code"),
    [("practice", "epo_Latn"), *(("kakugo", f"{code}_Latn") for code in "gla yor grn ekk".split())],
)
def test_10_no_question_or_shot_of_a_benchmark_may_be_learnt(recipe: str, code: str) -> None:
    """Rows are compared with every split that the evaluation reads."""
    config = load(recipe, "org", code)
    known = {(each.repo, each.config, each.split) for each in parse(config.generate).benchmarks}
    asked = evaluated(evaluate.parse(config.evaluate), code)
    assert len(asked) >= 5 and asked <= known, asked - known


def evaluated(settings: evaluate.EvaluateSettings, code: str) -> set[tuple[str, str, str]]:
    """(repository, config, split) of the questions and of their shots, in English too."""
    tests = [(name, benchmark, code) for name, benchmark in settings.benchmarks.items()]
    tests += [
        (name, english, ENGLISH)
        for name, benchmark in settings.benchmarks.items()
        if (english := benchmark if name == "flores" else benchmark.in_english())
    ]
    return {
        (test.dataset, BENCHMARKS[name].config(test, language_code), split)
        for name, test, language_code in tests
        for split in {test.split, test.shots.split or test.split}
    }


def _all_code() -> str:
    folder = ROOT / "recipes" / "generate"
    return "\n".join(path.read_text("utf-8") for path in folder.rglob("*.py"))
