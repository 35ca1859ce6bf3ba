"""Settings do not show their secrets, and reject invalid values."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bot import settings
from bot.localhub.contract.checker import check_request
from bot.settings import Settings, SettingsError
from tests.bot.installation.examples import make_settings


def test_secrets_are_not_in_the_repr() -> None:
    secret = {
        "token",
        "job_token",
        "bot_token",
        "chat_token",
        "read_token",
        "teacher_token",
        "webhook_secret",
        "webhook_payload",
    }
    assert {field.name for field in fields(Settings) if not field.repr} == secret


def test_an_unknown_run_mode_is_rejected() -> None:
    with pytest.raises(SettingsError, match="KAKUGO_RUN must be one of serve, space"):
        make_settings(KAKUGO_RUN="lambda")


@pytest.mark.parametrize("secret", ["abc", "x" * 15])
def test_a_webhook_secret_that_could_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(SettingsError, match="KAKUGO_WEBHOOK_SECRET has only") as refused:
        make_settings(KAKUGO_WEBHOOK_SECRET=secret)
    assert secret not in str(refused.value)
    assert make_settings(KAKUGO_WEBHOOK_SECRET="x" * 16).webhook_secret == "x" * 16


def test_a_job_gets_no_webhook_secret_next_to_untrusted_text() -> None:
    assert "KAKUGO_WEBHOOK_SECRET" not in make_settings(KAKUGO_RUN="webhook-job").bot_secrets
    assert "KAKUGO_WEBHOOK_SECRET" in make_settings(KAKUGO_RUN="space").bot_secrets


def test_narrower_tokens_replace_the_deployers() -> None:
    settings = make_settings(KAKUGO_BOT_TOKEN="hf_bot", KAKUGO_JOB_TOKEN="hf_job")
    assert settings.bot_secrets == {"HF_TOKEN": "hf_bot", "KAKUGO_JOB_TOKEN": "hf_job"}
    assert make_settings(KAKUGO_BOT_TOKEN="hf_bot").job_token == "hf_bot"


def test_the_teachers_token_is_a_secret_of_the_bot_and_fits_a_header() -> None:
    settings = make_settings(KAKUGO_TEACHER_TOKEN="t0ken")
    assert settings.bot_secrets["KAKUGO_TEACHER_TOKEN"] == "t0ken"
    assert "KAKUGO_TEACHER_TOKEN" not in make_settings().bot_secrets
    with pytest.raises(SettingsError, match="KAKUGO_TEACHER_TOKEN must be printable ASCII"):
        make_settings(KAKUGO_TEACHER_TOKEN="a\nb")


@pytest.mark.parametrize(
    "schedule", ["*/5 * * * *", "0 9 * * 1-5", "0,30 8 1 1 *", "@daily", "0/5 * * * *"]
)
def test_a_schedule_that_the_hub_accepts_is_accepted(schedule: str) -> None:
    assert make_settings(KAKUGO_SCHEDULE=schedule).schedule == schedule
    assert not _refusals(schedule)


@pytest.mark.parametrize(
    "schedule", ["0 9 * * mon", "@midnight", "1-5/2 * * * *", "1-3,7 * * * *", "* * * *", "noon"]
)
def test_a_schedule_that_the_hub_rejects_is_rejected(schedule: str) -> None:
    assert _refusals(schedule)
    with pytest.raises(SettingsError, match="KAKUGO_SCHEDULE must have five fields"):
        make_settings(KAKUGO_SCHEDULE=schedule)


def _refusals(schedule: str) -> tuple[str, ...]:
    """Return why the Hub rejects a scheduled job."""
    spec = {"dockerImage": "x", "flavor": "cpu-basic"}
    body = {"jobSpec": spec, "schedule": schedule}
    return check_request("POST", "/api/scheduled-jobs/lab", "", body).refused


def test_missing_and_invalid_settings_are_named() -> None:
    with pytest.raises(settings.SettingsError, match="HF_TOKEN"):
        settings.read({})
    with pytest.raises(settings.SettingsError, match="KAKUGO_ORG"):
        settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "../etc"})
    with pytest.raises(settings.SettingsError, match="KAKUGO_LIMIT_USD"):
        settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "KAKUGO_LIMIT_USD": "much"})
    with pytest.raises(settings.SettingsError, match="KAKUGO_POLL_SECONDS"):
        settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "KAKUGO_POLL_SECONDS": "-1"})
    with pytest.raises(settings.SettingsError, match="'@ada;' is not one"):
        make_settings(KAKUGO_MAINTAINERS="bob, @ada;")
    valid = settings.read({"HF_TOKEN": "hf_x", "KAKUGO_ORG": "o", "HF_ENDPOINT": "http://h/"})
    assert (valid.endpoint, valid.job_token) == ("http://h", "hf_x")
    assert "hf_x" not in repr(valid)


@pytest.mark.parametrize("name", ["HF_ENDPOINT", "KAKUGO_ENDPOINTS_URL", "KAKUGO_WEBHOOK_URL"])
@pytest.mark.parametrize("url", ["notaurl", "ftp://hub/webhook", "http://:80/webhook", "http://[/"])
def test_a_url_is_checked_before_it_is_called(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be a URL like https://huggingface.co"):
        make_settings(**{name: url})


def test_the_webhook_calls_the_path_where_the_bot_listens() -> None:
    with pytest.raises(SettingsError, match="KAKUGO_WEBHOOK_URL must end in /webhook"):
        make_settings(KAKUGO_WEBHOOK_URL="https://bot.example.org/")


def test_an_empty_name_means_its_default_but_an_empty_limit_is_refused() -> None:
    assert make_settings(KAKUGO_RECIPE="", KAKUGO_RUN="") == make_settings()
    with pytest.raises(SettingsError, match="KAKUGO_LIMIT_USD must be a number, not ''"):
        make_settings(KAKUGO_LIMIT_USD="")


def test_a_port_that_does_not_exist_is_rejected() -> None:
    assert make_settings(PORT="65535").port == 65535
    with pytest.raises(SettingsError, match="PORT must be a number up to 65535, not 99999"):
        make_settings(PORT="99999")
