"""Lines of a log made fit to be shown: no secrets, no Markdown, no end.

What a job prints may hold a token, or whatever a teacher or a data set put there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

LINES, LENGTH = 5, 160

_SECRETS = re.compile(
    r"hf_\w{6,}|api_org_\w{6,}|sk-[\w-]{8,}|gh[opsu]_\w{8,}|eyJ[\w-]{8,}\.[\w.-]+"
    r"|(?<=://)[^/\s@]+(?=@)"
    r"|(?i:(?<=bearer )|(?<=basic ))[\w.~+/=-]+"
    r"|(?i:(?<=token=)|(?<=secret=)|(?<=password=)|(?<=api_key=)|(?<=key=))[^\s&\"']+"
)
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_MARKUP = str.maketrans({"`": "'", "<": "‹", ">": "›"})


def scrub(line: str, secrets: Iterable[str] = ()) -> str:
    """One printable line without secrets; `secrets` are the values known to be some."""
    for secret in filter(None, secrets):
        line = line.replace(secret, "***")
    line = _SECRETS.sub("***", _ESCAPES.sub("", line))
    shown = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in line)
    shown = " ".join(shown.translate(_MARKUP).split())
    return shown if len(shown) <= LENGTH else shown[: LENGTH - 1] + "…"


def tail(lines: Iterable[str], secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """The last few lines that say something."""
    known = tuple(secrets)
    said = [shown for line in lines if (shown := scrub(line, known))]
    return tuple(said[-LINES:])
