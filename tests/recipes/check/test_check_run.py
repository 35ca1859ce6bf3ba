"""The check as a job runs it: what it prints, what it pushes, and that it advises against."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import HfApi

from bot.localhub.testing import LocalHub
from tests.recipes.generate.conftest import KAKUGO_RECIPE, CountingTeacher, environment

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
    assert "advice: hopeless (round_trip is" in said


def test_a_teacher_that_is_not_there_is_said(hub: LocalHub, recipe: Path, tmp_path: Path) -> None:
    numbers = yaml.safe_load(recipe.read_text("utf-8"))
    numbers["generate"]["teacher"]["ready_within"] = 0.2
    recipe.write_text(yaml.safe_dump(numbers), "utf-8")
    status, said = check(hub, tmp_path, recipe, "http://127.0.0.1:1")
    assert status == 2 and "is not ready" in said and "Traceback" not in said
