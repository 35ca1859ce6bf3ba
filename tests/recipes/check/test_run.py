"""The check as a job runs it: what it prints, what it pushes, and that it advises against."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import KAKUGO_RECIPE, CountingTeacher, environment
from tests.recipes.generate.teacher_server import completion, serving

RESULTS, BASE = "practice/kakugo-results", "practice/kakugo-practice-base"


@pytest.fixture
def api(hub: LocalHub, tiny_base: Path) -> HfApi:
    """The Hub with an empty results dataset and a base to look at."""
    api = HfApi(endpoint=hub.url, token=hub.token("kakugo-bot"))
    api.create_repo(RESULTS, repo_type="dataset", exist_ok=True)
    api.create_repo(BASE, exist_ok=True)
    api.upload_folder(repo_id=BASE, folder_path=tiny_base)
    return api


def check(hub: LocalHub, home: Path, recipe: Path, teacher: str, *more: str) -> tuple[int, str]:
    command = [*KAKUGO_RECIPE, "check", "--config", str(recipe), "--org", "practice"]
    command += ["--language", "epo_Latn", "--teacher", teacher, "--base", BASE, *more]
    done = subprocess.run(
        command,
        cwd=home,
        env=environment(hub, home / "hf"),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def pushed(api: HfApi) -> dict[str, Any]:
    path = api.hf_hub_download(RESULTS, "checks/epo_Latn/run.json", repo_type="dataset")
    found: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return found


def test_what_the_practice_teacher_can_do(
    hub: LocalHub, api: HfApi, recipe: Path, counting_teacher: CountingTeacher, tmp_path: Path
) -> None:
    status, said = check(hub, tmp_path, recipe, counting_teacher.url, "--into", RESULTS)
    assert status == 0, said
    assert "advice: good" in said and "right script 100%" in said
    made = pushed(api)
    assert (made["step"], made["metrics"]["advice"]) == ("check", "good")
    assert made["metrics"]["teacher"]["chrf"] > 80
    assert made["tokens"]["out"] > 0 and made["practice"] is True
    asked = len(counting_teacher.asked)
    assert 0 < asked <= 2 * 12 + 4 + 4
    status, said = check(hub, tmp_path, recipe, counting_teacher.url, "--into", RESULTS)
    assert status == 0 and "nothing to do" in said
    assert len(counting_teacher.asked) == asked


def test_a_teacher_that_falls_short_is_hopeless_with_the_reason(
    hub: LocalHub, api: HfApi, recipe: Path, counting_teacher: CountingTeacher, tmp_path: Path
) -> None:
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["check"]["hopeless"] = {"round_trip": 100.1}
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    status, said = check(hub, tmp_path, recipe, counting_teacher.url)
    assert status == 0, "an advice is no failure"
    assert "advice: hopeless, what it would write is not worth the money\n" in said
    assert (
        "there and back (chrF++, 100 is the same): 88" in said and "wanted at least 100.1" in said
    )


@pytest.mark.parametrize("how", ["echo", "error", "hang"])
def test_a_teacher_that_does_nothing_is_hopeless_and_it_is_said_why(
    hub: LocalHub, api: HfApi, recipe: Path, tmp_path: Path, how: str
) -> None:
    async def run() -> tuple[int, str]:
        async def complete(request: web.Request) -> web.StreamResponse:
            asked = (await request.json())["messages"][-1]["content"]
            if how == "error":
                return web.Response(status=500, text="boom")
            if how == "hang":
                await asyncio.sleep(60)
            return web.json_response(completion(asked.partition("<text>")[2][: -len("</text>")]))

        async def look(_: web.Request) -> web.StreamResponse:
            return web.json_response({"data": []})

        async with serving(complete, look) as url:
            return await asyncio.to_thread(check, hub, tmp_path, recipe, url)

    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["check"]["minutes"] = 1 / 60 if how == "hang" else 1
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    status, said = asyncio.run(run())
    assert status == 0 and "advice: hopeless" in said, said
    if how == "hang":
        assert "0% of the questions (the teacher did not answer in time: timeout)" in said
        return
    if how == "error":
        assert "0% of the questions (the teacher returned an HTTP error: status_500)" in said
    else:
        assert "100% of the questions, " in said and "right language not measured" in said


def test_a_teacher_that_is_not_there_is_said(hub: LocalHub, recipe: Path, tmp_path: Path) -> None:
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["teacher"]["ready_within"] = 0.2
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    status, said = check(hub, tmp_path, recipe, "http://127.0.0.1:1")
    assert (
        status == 2
        and "does not serve yet" in said
        and "is not ready" in said
        and "Traceback" not in said
    )
