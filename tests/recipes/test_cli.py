"""The command line of the recipes, their config and their progress."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from huggingface_hub.errors import HfHubHTTPError

from recipes import cli
from recipes.core import config
from recipes.core.errors import UserError
from recipes.core.progress import Progress

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["practice", "kakugo"])
def test_packaged_recipes_load_filled_in(name: str) -> None:
    recipe = config.load(name, "org", "gla_Latn")
    text = (ROOT / "recipes" / f"{name}.yaml").read_text("utf-8")
    assert recipe.digest == hashlib.sha256(f"{text}\ngla_Latn".encode()).hexdigest()
    assert recipe.practice is (name == "practice")
    for section in (recipe.plan, recipe.generate, recipe.train, recipe.evaluate):
        assert section
        assert "{org}" not in str(section) and "{code}" not in str(section)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("plan: {}\nextra: 1\n", "extra: is not a known key; use only plan, check"),
        ("- 1\n", "not a mapping of keys"),
        ("plan: [\n", "r.yaml is not valid YAML"),
    ],
)
def test_a_file_that_is_not_a_recipe_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(text)
    with pytest.raises(UserError, match=sentence):
        config.load(str(path), "org", "epo_Latn")


@pytest.mark.parametrize("language", ["", "Espranto", "epo_Latn/..", "epo_Latn\n", "../x"])
def test_an_unknown_language_is_refused(language: str) -> None:
    with pytest.raises(UserError, match="Which language is"):
        config.load("practice", "org", language)


def test_a_wrong_key_of_a_recipe_is_named() -> None:
    from recipes.generate.settings import parse

    section = config.load("practice", "org", "epo_Latn").generate
    for broken, sentence in (
        ({**section, "sead": 1}, "sead"),
        ({key: value for key, value in section.items() if key != "seed"}, "seed"),
        (
            {**section, "gates": {**section["gates"], "lup": 1}},
            r"generate\.gates\.lup: is not a known key",
        ),
        ({**section, "topics": 3}, r"generate\.topics: 3 is not a mapping"),
    ):
        with pytest.raises(UserError, match=sentence):
            parse(broken)


def test_a_terminal_gets_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    progress = Progress(10, "rows", stream)
    for done in range(1, 11):
        progress.show(done, kept=done - 1, eta="3s")
    assert "10/10 rows" in stream.getvalue() and "kept=9 eta=3s" in stream.getvalue()
    assert "progress:" not in stream.getvalue()


def test_progress_is_printed_at_most_twice_a_second_and_at_the_end() -> None:
    stream = io.StringIO()
    progress = Progress(100, "rows", stream)
    for done in range(1, 101):
        progress.show(done, kept=done - 1, spent="$0.00")
    assert stream.getvalue().splitlines() == [
        "progress: 1/100 rows kept=0 spent=$0.00",
        "progress: 100/100 rows kept=99 spent=$0.00",
    ]


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom recipes import cli\n"
        "for words in ([], ['generate'], ['bake-off'], ['train'], ['evaluate'], ['export'],"
        " ['practice-publish']):\n"
        "    try: cli.main([*words, '--help'])\n"
        "    except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'transformers', 'datasets', 'aiohttp', 'huggingface_hub', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    assert "--teacher URL" in ran.stdout
    assert all(f"\n  {name} " in cli.ABOUT for name in ("check", "generate", "train", "evaluate"))


def test_a_hub_that_cannot_be_reached_is_named() -> None:
    repos = [f"--{name}=o/r" for name in ("dataset", "base", "adapter", "into")]
    command = ["evaluate", "--config=practice", "--org=o", "--language=epo_Latn", *repos]
    url = "http://127.0.0.1:1"
    ran = subprocess.run(
        [sys.executable, "-m", "recipes.cli", *command],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "HF_ENDPOINT": url},
    )
    assert ran.returncode == 1 and f"The Hub at {url} cannot be reached" in ran.stderr
    assert "HF_ENDPOINT" in ran.stderr and "Traceback" not in ran.stderr


def test_generating_does_not_import_what_only_reading_and_writing_need() -> None:
    script = (
        "import sys\nimport recipes.generate.run\n"
        "heavy = {'datasets', 'pyarrow', 'pandas', 'matplotlib', 'transformers', 'torch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr


def test_a_user_error_is_one_sentence_with_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    common = ["--config", "none", "--org", "o", "--language", "epo_Latn"]
    assert cli.main(["generate", *common, "--teacher", "http://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.startswith('kakugo-recipe generate: There is no recipe "none"')


@pytest.mark.parametrize("limit", ["-5", "0", "many"])
def test_a_limit_that_is_no_positive_number_is_refused(
    limit: str, capsys: pytest.CaptureFixture[str]
) -> None:
    common = ["--config", "practice", "--language", "epo_Latn", "--teacher", "http://127.0.0.1:1"]
    with pytest.raises(SystemExit, match="2"):
        cli.main(["generate", *common, "--limit", limit])
    assert "argument --limit: invalid whole number above 0" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["file", "file/folder"])
def test_a_folder_that_cannot_be_written_is_refused(
    folder: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    common = ["--config", "practice", "--org", "o", "--language", "epo_Latn"]
    out = ["--teacher", "http://127.0.0.1:1", "--out", str(tmp_path / folder)]
    assert cli.main(["generate", *common, *out]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "extra"),
    [(("compare", "a", "b"), "evaluate"), (("practice-teacher",), "dev")],
)
def test_a_missing_package_is_named_with_its_extra(
    argv: tuple[str, ...],
    extra: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(cli.MODULES, argv[0], "absent_package.module")
    assert cli.main(argv) == 2
    said = capsys.readouterr().err
    assert f"absent_package is missing: install `kakugo-bot[{extra}]`." in said


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (403, "You may not write this.", "You may not write this"),
        (404, None, "Not Found"),
        (429, "Too many commits.\nWait.", "Too many commits"),
        (500, "", "Not Found"),
    ],
)
def test_the_hub_says_which_call_failed_and_why(status: int, said: str | None, reason: str) -> None:
    request = httpx2.Request("POST", "http://hub/api/models/a/b/commit/main?token=x")
    response = httpx2.Response(status, headers={"x-request-id": "1"}, request=request)
    error = HfHubHTTPError("Not Found.\n(Request ID: 1)", response=response, server_message=said)
    call = "POST /api/models/a/b/commit/main"
    assert cli._hub_failure(error) == f"The Hub answered {status} to {call}: {reason}."
    text = cli._hub_failure(httpx2.ReadTimeout("timed out", request=request))
    assert "cannot be reached (timed out)" in text and "HF_ENDPOINT" in text


# Failed before: a traceback, or a manifest that nobody could read, after all had been paid for.
@pytest.mark.parametrize(
    ("option", "value"),
    [
        *(("--dataset", name) for name in ("../x", "a/b/c", "org/..", "org/x?y", "org/x y", "")),
        *(("--dataset", name) for name in ("org/x.git", "org/x--y", "org/é", "o" * 97, "org/x\n")),
        *(("--request", text) for text in ("../x", "", "a/b", "r 1", "-1", "r1\n", "r" * 65, "é")),
        *(("--attempt", number) for number in ("0", "-1", "1.5", "nan", "1e3", "")),
    ],
)
def test_names_and_numbers_that_cannot_be_published_are_refused(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = {"--config": "practice", "--org": "practice", "--language": "epo_Latn"}
    options |= {"--dataset": "a/b", "--feedback": "a/b", option: value}
    with suppress(SystemExit):
        assert cli.main(["review-report", *(f"{name}={each}" for name, each in options.items())])
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert f"argument {option}" in error or "repo id" in error.lower().replace("_", " ")


def test_every_command_has_an_extra() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"][
        "optional-dependencies"
    ]
    assert {cli.EXTRAS.get(name, name) for name in cli.MODULES} <= extras.keys()


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("notaurl", "is not an http or https URL"),
        ("tgi+ftp://host", "is not an http or https URL"),
        ("https://me:secret@host", "has a user name or password in it"),
    ],
)
@pytest.mark.parametrize("command", ["check", "generate"])
def test_a_wrong_url_of_a_teacher_is_refused_before_anything_is_read(
    command: str, url: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [command, "--config=practice", "--language=epo_Latn", f"--teacher={url}"]
    with pytest.raises(SystemExit) as end:
        cli.main(words)
    error = capsys.readouterr().err
    assert end.value.code == 2 and f"--teacher: the value {problem}" in error
    assert "secret" not in error
