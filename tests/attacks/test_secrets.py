"""Secrets in logs that the bot quotes, and in files on this machine."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from bot.localhub.core.store import Store
from bot.parsing.redaction import redact

VALUE = "aB3dE5fG7hJ9kL1mN"
# Failed before: all but the first six.
FORMS = [
    "token={}", "HF_TOKEN={}", "Authorization: Bearer {}", "authorization: basic {}", "secret={}",
    "https://user:{}@host/x", '"token": "{}"', "'token': '{}'", "token: {}", "token : {}",
    "HF_TOKEN: {}", "KAKUGO_WEBHOOK_SECRET: {}", '{"api_key": "{}", "n": 1}', "api-key: {}",
    "X-Api-Key: {}", "apikey={}", "password: {}", "PASSWORD={}", "passwd: {}", "pwd_secret => {}",
    "client_secret = '{}'", 'client_secret="{}"', "private_key: {}", "access_key={}",
    "aws_secret_access_key = {}", "AWS_SECRET_ACCESS_KEY={}", "credentials: {}", "?token={}&x=1",
    "?x=1&api_key={}", "refresh_token={};", "x-webhook-secret: {}", "https://u:a@{}@host/x",
    "ftp://{}@host", "OPENAI_API_KEY: {}", "encryption_key: {}", '"password" : "a b {}"',
    r'{\"token\": \"{}\"}', r'{\"api_key\":\"{}\", \"n\": 1}', r'\\"token\\": \\"{}\\"',
    r'token=\"{}\"',
    "{'token': b'{}'}", "b'token': b'{}'", "token=SecretStr('{}')", "Authorization: Bearer  {}",
    "authorization: {}", "Authorization: Token {}", "bearer\t{}", "passphrase: {}", "pwd={}",
    "auth={}", "AccountKey={}", "https://h/?sig={}&x=1", "?X-Amz-Signature={}", "to\u200bken={}",
]  # fmt: skip
TOKENS = [
    "hf_" + VALUE, "api_org_" + VALUE, "sk-" + VALUE, "sk-proj-" + VALUE, "sk-ant-api03-" + VALUE,
    "ghp_" + VALUE, "gho_" + VALUE, "ghu_" + VALUE, "ghs_" + VALUE, "ghr_" + VALUE,
    "github_pat_" + VALUE, "glpat-" + VALUE, "xoxb-1-" + VALUE, "npm_" + VALUE * 2,
    "pypi-AgEI" + VALUE, "AIza" + VALUE * 2, "AKIAABCDEFGH12345678", "ASIAABCDEFGH12345678",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "-----BEGIN PRIVATE KEY-----" + VALUE,
    "-----BEGIN OPENSSH PRIVATE KEY-----" + VALUE, "gsk_" + VALUE, "r8_" + VALUE, "nvapi-" + VALUE,
    "dckr_pat_" + VALUE, "sk_live_" + VALUE,
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_with_a_name_is_not_repeated(form: str) -> None:
    assert VALUE not in redact(form.replace("{}", VALUE))


@pytest.mark.parametrize(
    "around", ["{}", "failed with {}", "({})", "'{}'", "a={},b", "x:{}\n", "{}\x00"]
)
@pytest.mark.parametrize("token", TOKENS)
def test_a_token_is_not_repeated(token: str, around: str) -> None:
    assert token not in redact(around.replace("{}", token))


@pytest.mark.parametrize("inside", ["\u200b", "\x00", "\x1b[0m", "\x1b[31;1m", "\u00ad", "\u202e"])
def test_what_is_invisible_hides_no_secret(inside: str) -> None:
    for at in range(1, len(VALUE) + 3):
        text = f"hf_{VALUE}"[:at] + inside + f"hf_{VALUE}"[at:]
        assert VALUE[-6:] not in redact(f"failed with {text}")
        assert VALUE[-6:] not in redact(text[3:], (VALUE,))


@pytest.mark.parametrize(
    "line",
    ["progress: 3/80 rows tokens/s=12", "the token is missing", "max_tokens=200",
     "ValueError: token count: 12", "KeyError: 'x'", "tokens: 1234", "MONKEY: banana",
     "author: x", "oauth: on", "design: y", "it's a token's 'end'"],
)  # fmt: skip
def test_other_words_stay_readable(line: str) -> None:
    assert redact(line) == line


# Failed before: 0644.
def test_files_with_secrets_are_only_for_their_owner(tmp_path: Path) -> None:
    Store(tmp_path, "").close()
    for file in tmp_path.glob("hub.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
