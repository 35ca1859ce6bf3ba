"""The command line: in an error, one sentence and the status 1."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

import bot
from bot.cli.app import app
from bot.localhub.testing import LocalHub
from tests.bot.command_line import kakugo


def kakugo_process(*args: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAKUGO_", "HF_TOKEN"))}
    return subprocess.run(
        [sys.executable, "-m", "bot.cli", *args],
        cwd=cwd,
        env=clean,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_error(process: subprocess.CompletedProcess[str], reason: str) -> None:
    """Expect one sentence on stderr that has the reason, and the status 1."""
    assert process.returncode == 1
    lines = process.stderr.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("kakugo: "), process.stderr
    assert reason in lines[0], lines[0]


@pytest.mark.parametrize("cap", ["nan", "inf", "-1", "x", "", "1e999"])
def test_a_cap_is_an_amount_of_money(cap: str) -> None:
    result = CliRunner().invoke(app, ["smoke", "--cap-usd", cap])
    assert result.exit_code == 2 and "amount of US dollars" in result.output


def test_the_version_is_shown() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"kakugo {metadata.version('kakugo-bot')}\n")


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        for command in (("hub", "serve"), ("demo",)):
            data = tmp_path / command[0]
            assert_error(kakugo(*command, "--data", str(data), "--port", port), port)
            assert not data.exists()


def test_an_unwritable_folder_is_reported() -> None:
    assert_error(kakugo("hub", "serve", "--data", "/proc/kakugo"), "/proc/kakugo")
    assert_error(kakugo("demo", "--data", "/proc/kakugo"), "--data")


def test_a_wrong_token_and_a_missing_hub_are_reported(tmp_path: Path) -> None:
    with LocalHub(tmp_path) as hub:
        env = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "hf_wrong", "KAKUGO_ORG": "practice"}
        process = kakugo("tick", env=env)
        assert_error(process, "401")
        assert "hf_wrong" not in process.stdout + process.stderr
        env |= {"HF_TOKEN": hub.token("alice"), "KAKUGO_RECIPE": "pie"}
        (finding,) = json.loads(kakugo("doctor", "--json", env=env).stdout)
        assert finding["check"] == "recipe" and "no recipe 'pie'" in finding["text"]
        url = hub.url
    env = {"HF_ENDPOINT": url, "HF_TOKEN": "hf_x", "KAKUGO_ORG": "practice"}
    assert_error(kakugo("tick", env=env), "Cannot")
    (finding,) = json.loads(kakugo("doctor", "--json", env=env).stdout)
    assert finding["check"] == "connection"


@pytest.mark.parametrize(
    ("env", "reason"),
    [
        ({}, "HF_TOKEN"),
        ({"HF_TOKEN": "hf_x"}, "KAKUGO_ORG"),
        ({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "a b"}, "KAKUGO_ORG"),
        ({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "KAKUGO_LIMIT_USD": "lots"}, "KAKUGO_LIMIT_USD"),
    ],
)
def test_settings_are_checked(env: dict[str, str], reason: str) -> None:
    assert_error(kakugo("tick", env=env), reason)


@pytest.mark.parametrize("variable", ["KAKUGO_LIMIT_USD", "KAKUGO_RUN", "KAKUGO_WEBHOOK_SECRET"])
def test_the_doctor_calls_a_wrong_variable_a_setting(variable: str) -> None:
    env = {"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", variable: "lots"}
    (finding,) = json.loads(kakugo("doctor", "--json", env=env).stdout)
    assert finding["check"] == "settings" and variable in finding["text"]


def test_withdraw_offers_the_code_of_a_name() -> None:
    assert_error(kakugo("withdraw", "Esperanto"), "did you mean epo_Latn (Esperanto)?")
    assert_error(kakugo("withdraw", "qqqqqqqqq"), "codes look like gla_Latn.")


def test_a_teacher_without_a_url_is_refused_before_the_recipe_starts() -> None:
    assert_error(kakugo("teacher", "check", "foo", "Welsh"), "The URL of the teacher")


def test_language_shows_what_a_name_means() -> None:
    process = kakugo("language", "gàidhlig", "--json")
    assert process.returncode == 0
    assert json.loads(process.stdout) == {
        "code": "gla_Latn",
        "name": "Scottish Gaelic",
        "autonym": "Gàidhlig",
        "bcp47": "gd",
    }
    process = kakugo("language", "Welhs", "--json")
    assert process.returncode == 1
    assert "cym_Latn" in json.loads(process.stdout)["candidates"]


def test_an_unclear_name_is_answered_with_candidates() -> None:
    assert "similar names: Welsh (cym_Latn)" in kakugo("language", "Welhs").stdout
    assert "can mean several languages" in kakugo("language", "Kurdish").stdout
    assert "not a known language: try" in kakugo("language", "12345").stdout
    assert_error(kakugo("teacher", "check", "http://x", "Welhs"), "Welsh (cym_Latn)")


def test_commands_of_the_local_hub_need_a_checkout(tmp_path: Path) -> None:
    """The wheel has neither the local Hub nor the demo."""
    source = Path(bot.__file__).parent
    shutil.copytree(source, tmp_path / "bot", ignore=shutil.ignore_patterns("localhub", "demo"))
    for command in (
        ("demo",),
        ("hub", "serve", "--data", "data"),
        ("hub", "contract", "--spec", "spec.json"),
    ):
        process = kakugo_process(*command, cwd=tmp_path)
        assert_error(process, f"`kakugo {' '.join(command[: 2 - (command[0] == 'demo')])}` needs a")
        assert "checkout of the repository" in process.stderr and "pip install" in process.stderr
    assert not (tmp_path / "data").exists()


def test_the_contract_is_compared_with_a_document(tmp_path: Path) -> None:
    spec = tmp_path / "openapi.json"
    spec.write_text(json.dumps({"openapi": "3.1.0", "paths": {}}))
    process = kakugo("hub", "contract", "--spec", str(spec))
    assert process.returncode == 1 and process.stderr == ""
    lines = process.stdout.splitlines()
    assert "GET /api/whoami-v2: it is not in the document" in lines
    assert lines[-1].endswith(" differences.") and str(spec) in lines[-1]


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "is not JSON"), ("{}", "is not an OpenAPI 3"), (None, "cannot be")]
)
def test_a_document_that_cannot_be_read_is_reported(
    tmp_path: Path, text: str | None, reason: str
) -> None:
    spec = tmp_path / "openapi.json"
    if text is not None:
        spec.write_text(text)
    assert_error(kakugo("hub", "contract", "--spec", str(spec)), reason)
