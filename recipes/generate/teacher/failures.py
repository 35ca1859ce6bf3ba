"""What a failed call means: another attempt, no answer to this request, or the end of the run.

Servers name errors in many ways, even with the status 200. `server_error` reads them all, and
`failure_of` decides by the status, the code and the server's own words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from recipes.core.errors import UserError

OVERLOADED = {429, 529}
NOT_READY = {502, 503, 504}
RETRYABLE = {408, 409, 424, 425, 500, 520, 522, 524}
PERMANENT = {
    401: "refuses the token",
    402: "asks for payment: the credit is used up",
    403: "refuses the token",
    404: "does not know the model or path",
}
TIMEOUT = "timeout"
NO_COMPLETION = "no_completion"
CONTEXT_LIMIT = "context_limit"
REFUSAL = "refusal"
WORDS = {
    TIMEOUT: "it does not answer in time",
    "connection": "the connection to it fails",
    "too_large": "its answer is too large",
    NO_COMPLETION: "its answer cannot be read",
}
MAX_WORDS = 240  # characters of what a server says

# Where servers put errors in a body, and in these their code and their words.
ERROR_KEYS = ("error", "errors", "base_resp")
CODE_KEYS = ("code", "status", "type", "error_code", "status_code")
WORD_KEYS = ("message", "detail", "msg", "error_msg", "error_message", "status_msg")

# Codes and types of errors, and the status that they stand for.
STATUS_OF_CODE = {
    "insufficient_quota": 402,
    "billing_hard_limit_reached": 402,
    "billing_not_active": 402,
    "payment_required": 402,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "rate_limit_reached": 429,
    "resource_exhausted": 429,
    "too_many_requests": 429,
    "overloaded": 429,
    "overloaded_error": 529,
    "unavailable": 503,
    "service_unavailable": 503,
    "model_not_found": 404,
    "not_found_error": 404,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "permission_denied": 403,
    "context_length_exceeded": 400,
    "invalid_request_error": 400,
    "internal_server_error": 500,
    "server_error": 500,
}
PAUSED = "endpoint is paused"  # the 400 of a paused Inference Endpoint
CONTEXT = re.compile(
    r"context[ _](?:length|window|size|limit)|maximum context|max_model_len|\bn_ctx\b"
    r"|(?:input|prompt|message)s? (?:is|are)? ?too long|too many (?:input )?tokens"
    r"|reduce the length|exceeds? .{0,60}\btokens",
    re.IGNORECASE,
)
QUOTA = re.compile(
    r"insufficient[_ ](?:quota|balance|credits?|funds)|exceeded your (?:current|monthly) quota"
    r"|(?:credits?|quota|balance) .{0,40}(?:exhausted|depleted|used up|exceeded|too low)"
    r"|(?:depleted|exhausted|used up) .{0,40}(?:credits?|quota|balance)"
    r"|spend(?:ing)?[_ ]limit|payment required|billing|in arrears",
    re.IGNORECASE,
)
FLAGGED = re.compile(
    r"content[ _](?:filter|policy|management|moderation)|data_?inspection|inappropriate content"
    r"|prohibited[ _]content|usage polic|responsible ?ai|safety (?:system|filter)"
    r"|\b(?:input|prompt|request|content|message)s?\b.{0,40}\bflagged",
    re.IGNORECASE,
)
RATE = re.compile(
    r"rate[ _-]?limit|request limit|too many requests|throttl|overloaded", re.IGNORECASE
)
PAUSE = re.compile(  # "try again in 6m0s", "retry in 25.3s", "try again in 20 seconds"
    r"(?:retry|try again) (?:in|after) (?:(?P<minutes>\d+) ?m(?!s)(?:in\w*)? ?)?"
    r"(?:(?P<number>\d+(?:\.\d+)?) ?(?P<unit>ms|s))?",
    re.IGNORECASE,
)
MODEL = re.compile(
    r"\bmodel\b.{0,160}?(?:not found|n[o']t exist|not supported (?:by|on)|not available|not loaded"
    r"|not valid|unknown|not deployed|not served)"
    r"|(?:unknown|invalid|no such|unsupported|not a valid) model|pinned to"
    r"|model[_ ]not[_ ](?:found|supported)",
    re.IGNORECASE | re.DOTALL,
)
SECRETS = re.compile(
    r"\b(?:hf|sk|pk|gsk|nvapi|api_org|key|AIza)[_-]?[\w*-]{8,}|(?i:(?<=bearer ))[\w.~+/=-]+"
)


class Failure(Enum):
    """The kind of a failed call, for the limiter."""

    OVERLOADED = auto()
    NOT_READY = auto()
    BROKEN = auto()


class NoAnswer(Exception):
    """The teacher has no answer to this request; the message is a reason of `gates/reasons.py`.

    `words`: what the server says about it, or the start of an answer in the wrong format.
    """

    def __init__(self, reason: str, words: str = "") -> None:
        super().__init__(reason)
        self.words = words


class RetryableError(Exception):
    """A call failed, but another attempt may succeed.

    `retry_after`: seconds that the server named, 0 if none. `may_be_billed`: whether the server may
    have done the work and bill it. `words`: what the server says about it.
    """

    def __init__(
        self,
        failure: Failure,
        reason: str,
        retry_after: float = 0.0,
        may_be_billed: bool = False,
        words: str = "",
    ) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason
        self.retry_after = retry_after
        self.may_be_billed = may_be_billed
        self.words = words


@dataclass(frozen=True)
class ServerError:
    """An error as a server reports it.

    status: the HTTP status, or the one that the error names; 0 if a body with the status 200 has an
        error that names none
    code: the error's code or type, in lower case
    field: the field of the request that it is about, empty if it does not say
    words: the message, printable, short and without secrets
    """

    status: int
    code: str = ""
    field: str = ""
    words: str = ""


def server_error(status: int, content: object) -> ServerError | None:
    """Return the error in a response's content (JSON or text); None if there is none."""
    if isinstance(content, list) and content and isinstance(content[0], Mapping):
        content = content[0]  # Google wraps errors in a list
    if isinstance(content, str):
        is_page = content.lstrip().startswith("<")
        words = "" if is_page else readable(content)
        return ServerError(status, words=words) if status != 200 else None
    if not isinstance(content, Mapping):
        return ServerError(status) if status != 200 else None
    if status == 200 and not _has_error(content):
        return None
    error = next((content[key] for key in ERROR_KEYS if content.get(key)), content)
    if isinstance(error, list):
        error = error[0] if error else content
    if not isinstance(error, Mapping):
        error = {"code": content.get("code") or content.get("error_type"), "message": error}
    values = (error.get(key) for key in CODE_KEYS)
    codes = [str(value).lower() for value in values if isinstance(value, str | int)]
    return ServerError(
        _status(status, codes),
        next((code for code in codes if not code.isdecimal()), ""),
        param if isinstance(param := error.get("param"), str) else "",
        readable(_message(error)),
    )


def failure_of(error: ServerError, retry_after: float, base: str, model: str) -> Exception:
    """Return what an error means: RetryableError, NoAnswer or UserError."""
    status, words = error.status, error.words
    said = f"{error.code} {words}"
    if status == 400 and PAUSED in words:
        return RetryableError(Failure.NOT_READY, "status_503", retry_after, words=words)
    retry_after = retry_after or named_pause(words)
    if _is_out_of_quota(status, said, retry_after):
        return _end(base, PERMANENT[402], error)
    if status in (0, 400, 413, 422, 500) and CONTEXT.search(said):
        return NoAnswer(CONTEXT_LIMIT, words)
    if status in (0, 400, 403, 422) and FLAGGED.search(said):
        return NoAnswer(REFUSAL, words)
    if status in (0, 400, 404, 422) and MODEL.search(said):
        return _end(base, f"does not serve this model, {model!r}", error)
    if status in (0, 400) and RATE.search(said):
        return RetryableError(Failure.OVERLOADED, "status_429", retry_after, words=words)
    if status in PERMANENT:
        return _end(base, PERMANENT[status], error)
    reason = f"status_{status}" if status else NO_COMPLETION
    for statuses, failure in (
        (OVERLOADED, Failure.OVERLOADED),
        (NOT_READY, Failure.NOT_READY),
        ({*RETRYABLE, 0}, Failure.BROKEN),
    ):
        if status in statuses:
            return RetryableError(failure, reason, retry_after, not status, words)
    return NoAnswer(reason, words)


def named_pause(words: str) -> float:
    """Return the seconds after which the server says that a request may be repeated, else 0."""
    if (pause := PAUSE.search(words)) is None:
        return 0.0
    seconds = float(pause["number"] or 0) * (0.001 if pause["unit"] in ("ms", "MS") else 1)
    return 60 * float(pause["minutes"] or 0) + seconds


def in_words(reason: str) -> str:
    """Return a reason as a person reads it; the reasons are keys of tables, like `status_503`."""
    status = reason.removeprefix("status_")
    if status != reason:
        return f"it answers with the HTTP status {status}"
    return WORDS.get(reason, reason)


def readable(text: str) -> str:
    """Return one short printable line without anything that looks like a secret."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:2000]).split())
    line = SECRETS.sub("***", line)
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 1] + "…"


def _has_error(content: Mapping[str, Any]) -> bool:
    if content.get("error") or content.get("object") == "error":
        return True
    is_answer = content.get("choices") or content.get("data")
    return not is_answer and any(content.get(key) for key in (*ERROR_KEYS, *WORD_KEYS))


def _status(status: int, codes: list[str]) -> int:
    """Return the status that is meant; most servers that answer 200 name another in the body."""
    if status != 200:
        return 402 if "insufficient_quota" in codes else status
    for code in codes:
        if code.isdecimal() and len(code) == 3 and "4" <= code < "6":
            return int(code)
        if code in STATUS_OF_CODE:
            return STATUS_OF_CODE[code]
    return 0


def _message(error: Mapping[str, Any]) -> str:
    detail = next((error[key] for key in WORD_KEYS if error.get(key)), "")
    if isinstance(detail, Mapping):
        detail = detail.get("message") or detail.get("error") or ""
    if isinstance(detail, list):  # pydantic: [{"loc": ["body", "seed"], "msg": "…"}]
        return "; ".join(
            f"{loc[-1] if isinstance(loc, list) and loc else ''}: {message}"
            for loc, message in (
                (each.get("loc"), each.get("msg")) for each in detail if isinstance(each, Mapping)
            )
            if isinstance(message, str)
        )
    return detail if isinstance(detail, str) else ""


def _is_out_of_quota(status: int, said: str, retry_after: float) -> bool:
    """Whether money is missing, which no pause will bring; some rate limits say the same words."""
    if status and not 400 <= status < 500:
        return False
    return bool(QUOTA.search(said)) and not (status == 429 and retry_after)


def _end(base: str, what: str, error: ServerError) -> UserError:
    words = f" It says: {error.words}" if error.words else ""
    return UserError(f"The teacher {base} {what} (status {error.status}).{words}")
