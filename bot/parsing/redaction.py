"""Log lines without secrets and Markdown, short enough to be shown.

The log of a job may contain a token, or anything that a teacher or a dataset has put there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

MAX_LINES, MAX_LENGTH = 5, 160
MAX_READ = 1_000  # of a line: the patterns are slow on what a hostile job can print

SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*"
    r"|hf_(?![a-z_]*(?:token|secret|key)\b)\w{6,}|api_org_\w{6,}|sk-[\w-]{8,}|gh[oprsu]_\w{8,}|github_pat_\w{8,}|glpat-[\w-]{8,}"
    r"|xox[a-z]-[\w-]{8,}|npm_\w{20,}|pypi-[\w-]{16,}|AIza[\w-]{20,}"
    r"|A(?:KIA|SIA|BIA|ROA|IDA)[A-Z0-9]{12,}|\bAGE-SECRET-KEY-1\w+"
    r"|\b(?:gsk|r8|csk|fw|xai|nvapi|dckr_pat|[sr]k_live)[_-][\w-]{16,}"
    r"|eyJ[\w-]{8,}\.[\w.-]+"
    r"|(?<=://)[^/\s]+(?=@)|(?<=-u )[^\s:]+:\S+"
    r"|(?i:(?<=bearer )|(?<=basic ))[\w.~+/=-]+"
    # A word that looks random: capitals, small letters, and figures in two places.
    r"|(?<![A-Za-z0-9])(?=[A-Za-z]*\d+[A-Za-z]+\d)(?=[A-Z0-9]*[a-z])(?=[a-z0-9]*[A-Z])[A-Za-z0-9]{16,}"
)
# `KEY: value`, `"token": "value"`, `api_key=value`, `--password value`; the name may be a part of a
# longer one. Quotes may be escaped, brackets may open before the value, and it may be as Python
# prints it: `b'value'`, `SecretStr('value')`.
_NAME = (
    r"(?:token|secret|passwo?r?d|passwd|passphrase|passcode|credentials?"
    r"|(?:api|access|account|private|secret)[_-]?key|_key|\bkey|authorization|signature|\bsig"
    r"|\bcreds|\bjwt|\bcookie|\bsession(?:_?id)?|sess(?:ion)?id|(?<![a-z])(?:pass|pwd|auth|sid))"
)
_SEPARATOR = r"\s*(?:[=:-]>|:=|[=:]+|[→>|]|%3[AaDd]|,(?=\s*b?[\"']))\s*(?:(?:[|>][+-]?|!\S*)\s+)?"
_NAMED_SECRETS = re.compile(
    rf"(?i)((?:{_NAME}[\\\"'\])]*{_SEPARATOR}|--[\w-]{{0,24}}?{_NAME}\s+)[\[({{<`“‘«]*\s*)"
    r"(?!(?:bearer|basic) )(?:token )?"
    r"(?:(?:\w{0,12}\(?(?=\\*[\"']))?(?:\\+[\"'][^\\\"']*|\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?)"
    r"|[^\s&\"',;}]+)"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MARKUP = str.maketrans({"`": "'", "<": "‹", ">": "›"})


def redact(line: str, secrets: Iterable[str] = ()) -> str:
    """Return one printable line; `secrets` are removed, and what looks like a secret."""
    line = _plain(line[:MAX_READ])
    for secret in filter(None, map(_plain, secrets)):
        line = line.replace(secret, "***")
    text = _NAMED_SECRETS.sub(r"\1***", SECRETS.sub("***", line)).translate(_MARKUP)
    return text if len(text) <= MAX_LENGTH else text[: MAX_LENGTH - 1] + "…"


def last_lines(lines: Iterable[str], secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the last lines that are not empty, redacted."""
    known_secrets = tuple(secrets)
    texts = [text for line in lines if (text := redact(line, known_secrets))]
    return tuple(texts[-MAX_LINES:])


def _plain(text: str) -> str:
    """Return the text as it will be seen: what is invisible could stand inside of a secret."""
    visible = (
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFKC", _ESCAPES.sub("", text))
        if char.isspace() or unicodedata.category(char)[0] != "C"
    )
    return " ".join("".join(visible).split())
