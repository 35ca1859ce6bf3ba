"""The check as a job runs it: what it prints and pushes, with good and bad teachers."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from recipes.check.probe import _tokens_of_texts
from recipes.generate.options import measured_fertility
from tests.recipes.generate.conftest import CountingTeacher
from tests.recipes.generate.teacher_server import completion, serving
from tests.recipes.recipe_runner import RecipeRunner

pytestmark = pytest.mark.xdist_group("generate")  # one fork server for all of them

RESULTS, BASE = "practice/kakugo-results", "practice/kakugo-practice-base"


@pytest.fixture
def api(hub: LocalHub, tiny_base: Path) -> HfApi:
    """Return a client of a Hub with an empty results dataset and a base."""
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo(RESULTS, repo_type="dataset", exist_ok=True)
    api.create_repo(BASE, exist_ok=True)
    api.upload_folder(repo_id=BASE, folder_path=tiny_base)
    return api


def check(
    jobs: RecipeRunner, home: Path, recipe: Path, teacher: str, *more: str
) -> tuple[int, str]:
    done = jobs.run(
        "check", "--config", str(recipe), "--org", "practice", "--language", "epo_Latn",
        "--teacher", teacher, "--base", BASE, *more, cwd=home,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def pushed(api: HfApi) -> dict[str, Any]:
    path = api.hf_hub_download(RESULTS, "checks/epo_Latn/run.json", repo_type="dataset")
    manifest: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return manifest


def test_the_practice_teacher_is_good_and_a_second_check_asks_nothing(
    jobs: RecipeRunner,
    api: HfApi,
    recipe: Path,
    counting_teacher: CountingTeacher,
    tmp_path: Path,
) -> None:
    status, output = check(jobs, tmp_path, recipe, counting_teacher.url, "--into", RESULTS)
    assert status == 0, output
    assert "result: good" in output and "right script 100%" in output
    manifest = pushed(api)
    assert manifest["step"] == "check"
    assert manifest["metrics"]["advice"] == {"level": "good", "shortfalls": []}
    assert manifest["metrics"]["teacher"]["chrf"] > 80
    assert manifest["metrics"]["bases"][BASE]["fertility"] > 1
    assert manifest["tokens"]["output"] > 0 and manifest["practice"] is True
    fertility = measured_fertility(api, RESULTS, "epo_Latn")
    assert fertility == manifest["metrics"]["teacher"]["fertility"]
    assert fertility and 0.8 < fertility < 1.6, "both are written in bytes"
    assert measured_fertility(api, RESULTS, "gla_Latn") is None
    calls = len(counting_teacher.requests)
    assert 0 < calls <= 2 * 12 + 4 + 4 + 1
    assert any(b"json_schema" in body for body in counting_teacher.requests)
    status, output = check(jobs, tmp_path, recipe, counting_teacher.url, "--into", RESULTS)
    assert status == 0 and "nothing to do" in output
    assert len(counting_teacher.requests) == calls


def test_a_hopeless_advice_names_the_shortfall(
    jobs: RecipeRunner,
    api: HfApi,
    recipe: Path,
    counting_teacher: CountingTeacher,
    tmp_path: Path,
) -> None:
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["check"]["hopeless"] = {"round_trip": 100}
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    status, output = check(jobs, tmp_path, recipe, counting_teacher.url)
    assert status == 1, output
    assert "result: not good enough, the data would not be worth the money\n" in output
    assert re.search(r"chrF\+\+ of the round trip: [89]\d\S*, needs at least 100", output)


@pytest.mark.parametrize("behavior", ["echo", "error", "hang"])
def test_a_useless_teacher_has_the_reason_and_the_status_1(
    jobs: RecipeRunner, api: HfApi, recipe: Path, tmp_path: Path, behavior: str
) -> None:
    async def run() -> tuple[int, str]:
        async def complete(request: web.Request) -> web.StreamResponse:
            prompt = (await request.json())["messages"][-1]["content"]
            if behavior == "error":
                return web.Response(status=500, text="boom")
            if behavior == "hang":
                await asyncio.sleep(60)
            return web.json_response(completion(prompt.partition("<text>")[2][: -len("</text>")]))

        async def models(_: web.Request) -> web.StreamResponse:
            return web.json_response({"data": []})

        async with serving(complete, models) as url:
            return await asyncio.to_thread(check, jobs, tmp_path, recipe, url)

    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["check"]["minutes"] = 1 / 60 if behavior == "hang" else 1
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    status, output = asyncio.run(run())
    result = "not good enough" if behavior == "echo" else "cannot tell"
    assert status == 1 and f"result: {result}" in output, output
    if behavior == "hang":
        assert "0% of the questions (the teacher did not answer in time: timeout)" in output
        return
    if behavior == "error":
        assert "0% of the questions (the teacher returned an HTTP error: status_500)" in output
        assert output.count("says: boom") == 1
    else:
        assert "100% of the questions: " in output and "right language not measured" in output
        assert "it gives the same answer to another seed" in output


def test_an_unreachable_teacher_is_an_error_in_one_sentence(
    jobs: RecipeRunner, recipe: Path, tmp_path: Path
) -> None:
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["teacher"]["ready_within"] = 0.2
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    status, output = check(jobs, tmp_path, recipe, "http://127.0.0.1:1")
    assert (
        status == 2
        and "is not ready (the connection to it fails)" in output
        and "is not ready after 0.2 s" in output
        and "Traceback" not in output
    )


@pytest.mark.parametrize(
    ("read", "tokens"),
    [
        ([(10, 45), (30, 55), (20, 50)], 10.0),  # half a token a letter, after 40 of the request
        ([(10, 45), (10, 45)], None),
        ([(10, 45)], None),
        ([], None),
    ],
)
def test_tokens_of_texts_are_told_from_those_of_their_requests(
    read: list[tuple[int, int]], tokens: float | None
) -> None:
    assert _tokens_of_texts(read) == (None if tokens is None else pytest.approx(tokens))
