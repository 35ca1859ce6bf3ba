"""The connection to the Hub, and all errors of `huggingface_hub` as two: Refused and TryLater."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Literal
from urllib.parse import urlsplit

from huggingface_hub import (
    HfApi,
    RepoFile,
    RepoFolder,
    constants,
    get_session,
    hf_hub_url,
    set_client_factory,
)
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    _http,
    hf_raise_for_status,
    httpx,
    parse_ratelimit_headers,
)

from bot.errors import UserError
from recipes.validation.errors import reason_of

RepoType = Literal["model", "dataset", "space"]

BUSY_STATUSES = (408, 409, 412, 429)
# The Hub failed at this call; 503 and 504 say that it is overloaded or away as a whole.
BROKEN_STATUSES = (500, 501, 502)

# `huggingface_hub` 1.x and 2.x use different libraries and show both under the name `httpx`.
NETWORK_ERRORS = (httpx.TransportError, OSError)

# What the client and we raise for a response of the wrong shape, or one that is cut off.
MALFORMED = (
    *(ValueError, LookupError, TypeError, AttributeError),
    *(ArithmeticError, RecursionError),
)

# By default the client waits forever: one lost response would stop the bot.
TIMEOUT_SECONDS = 20.0
MAX_WAIT_SECONDS = 300.0  # the window of the Hub's rate limit


class TryLater(UserError):
    """The Hub is busy or cannot be reached; the next tick may succeed.

    `after` is the number of seconds that the Hub asked to wait, 0.0 if it did not.
    """

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class WrongClock(TryLater):
    """This machine's clock and the Hub's differ, so nothing that depends on a time can be decided.

    Jobs would be cancelled, and days of the teacher charged, for a time that has not passed.
    """


class Broken(TryLater):
    """The Hub failed at this one call or answered something malformed; other calls may succeed."""


class Refused(UserError):
    """The Hub refuses: a wrong token, a missing permission or repo. The text is one sentence.

    `reason` is the part of the text that does not name the task.
    """

    def __init__(self, text: str, reason: str = "") -> None:
        super().__init__(text)
        self.reason = reason or text


@dataclass(frozen=True)
class Allowance:
    """The calls left in the Hub's rate limit, and the seconds until it is reset.

    `reported` is false if the Hub sent no `RateLimit` header; the numbers are guesses then.
    `answered_at` is the time by the Hub's clock in epoch seconds, 0.0 if it did not say.
    """

    calls: int = 1_000
    reset_seconds: float = 0.0
    reported: bool = False
    answered_at: float = 0.0


@dataclass(frozen=True)
class Connection:
    """One namespace of one Hub, accessed with one token.

    `job_token` is passed to jobs, and `teacher_token` to those that ask a teacher outside the Hub.
    `endpoints_url` replaces the URL of the Endpoints API. `clock` returns epoch seconds; `bot/hub`
    reads the time nowhere else.
    """

    endpoint: str
    org: str
    token: str = field(repr=False)
    job_token: str = field(repr=False)
    endpoints_url: str = ""
    clock: Callable[[], float] = field(default=time.time, repr=False)
    teacher_token: str = field(default="", repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """All tokens, which no text may show."""
        return self.token, self.job_token, self.teacher_token

    @cached_property
    def api(self) -> HfApi:
        if self.endpoints_url:
            # The client reads this constant in every call and offers no other way to set it.
            constants.INFERENCE_ENDPOINTS_ENDPOINT = self.endpoints_url
        set_client_factory(client_with_timeout)
        return HfApi(endpoint=self.endpoint, token=self.token, library_name="kakugo")

    def get(self, path: str, **query: Any) -> tuple[Any, Allowance]:
        """Return JSON of the Hub's API that the client does not expose, and the rate limit.

        Raises the client's errors.
        """
        headers = self.api._build_hf_headers()
        response = get_session().get(f"{self.endpoint}/api/{path}", params=query, headers=headers)
        hf_raise_for_status(response)
        limit, answered_at = parse_ratelimit_headers(response.headers), _answered_at(response)
        if limit is None:
            return response.json(), Allowance(answered_at=answered_at)
        return response.json(), Allowance(
            limit.remaining, limit.reset_in_seconds, reported=True, answered_at=answered_at
        )

    def content(self, repo: str, repo_type: str, path: str, revision: str = "main") -> bytes:
        """Return the current content of a file.

        The client's download would return an old copy from its cache if the Hub cannot be reached.
        Raises the client's errors, also if the file or the repo does not exist.
        """
        url = hf_hub_url(repo, path, repo_type=repo_type, revision=revision, endpoint=self.endpoint)
        headers = self.api._build_hf_headers()  # `api` also sets up the session
        response = get_session().get(url, headers=headers)
        hf_raise_for_status(response)
        return bytes(response.content)

    def tree(self, dataset: str, recursive: bool = False) -> list[RepoFile | RepoFolder]:
        """Return what is in a dataset, nothing if it is empty. Raises the client's errors."""
        try:
            return list(self.api.list_repo_tree(dataset, recursive=recursive, repo_type="dataset"))
        except EntryNotFoundError:
            return []

    @cached_property
    def me(self) -> str:
        """The user name of the token's owner."""
        try:
            with translate_errors("look up the token's owner"):
                return str(self.api.whoami(cache=True)["name"])
        except Refused as error:
            raise Refused(f"{error}: check HF_TOKEN and HF_ENDPOINT", error.reason) from error


@contextmanager
def translate_errors(task: str) -> Iterator[None]:
    """Raise the client's errors as TryLater or Refused; `task` completes "cannot …"."""
    try:
        yield
    except HfHubHTTPError as error:
        status = status_code(error)
        reason = f"the Hub answered {status} ({reason_of(error)})"
        if status in BUSY_STATUSES or status >= 500 or status == 0:
            seconds = _requested_wait(error)
            wait = f": try again in {seconds:.0f} s" if seconds else ""
            kind = Broken if status in BROKEN_STATUSES else TryLater
            raise kind(f"cannot {task}: {reason}{wait}", seconds) from error
        raise Refused(f"cannot {task}: {reason}", reason) from error
    except NETWORK_ERRORS as error:
        raise TryLater(f"cannot {task}: {_network_reason(error)}") from error
    except MALFORMED as error:
        if "Invalid metadata" in str(error):  # of a card, which the client asks the Hub to check
            reason = " ".join(str(error).split())
            raise Refused(f"cannot {task}: {reason}", reason) from error
        raise Broken(f"cannot {task}: {_network_reason(error)}") from error


def status_code(error: HfHubHTTPError) -> int:
    """Return the HTTP status of an error; 0 if there was no response."""
    return error.response.status_code if error.response is not None else 0


def value_of(value: Any) -> str:
    """Return the value of an enum of the client; some of its versions return a plain string."""
    return str(getattr(value, "value", value))


def client_with_timeout() -> Any:
    """Return a client for `huggingface_hub` that never waits forever."""
    client = _http.default_client_factory()
    client.timeout = httpx.Timeout(TIMEOUT_SECONDS, read=3 * TIMEOUT_SECONDS)
    return client


def _answered_at(response: Any) -> float:
    try:
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except ValueError:
        return 0.0


def _requested_wait(error: HfHubHTTPError) -> float:
    """Return the seconds in the `RateLimit` or `Retry-After` header, 0.0 without one."""
    if error.response is None:
        return 0.0
    limit = parse_ratelimit_headers(error.response.headers)
    if limit is not None:
        return min(float(limit.reset_in_seconds), MAX_WAIT_SECONDS)
    retry_after = error.response.headers.get("retry-after", "")
    return min(float(retry_after), MAX_WAIT_SECONDS) if retry_after.isdecimal() else 0.0


def _network_reason(error: Exception) -> str:
    """Say who did not answer, and which variable has its address."""
    url = ""
    with suppress(AttributeError, RuntimeError):  # not an error of the network, or of no request
        url = str(error.request.url)  # type: ignore[attr-defined]
    is_endpoints_api = url.startswith(constants.INFERENCE_ENDPOINTS_ENDPOINT)
    variable = "KAKUGO_ENDPOINTS_URL" if is_endpoints_api else "HF_ENDPOINT"
    host = urlsplit(url).netloc or "the Hub"
    reason = f"{type(error).__name__}: {reason_of(error)}"
    return f"no valid response from {host} ({reason}): check the network and {variable}"
