"""The client, and its many errors as two: Refused (tell the operator) and TryLater (next tick)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from huggingface_hub import HfApi, constants, get_session, hf_hub_url, set_client_factory
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (  # type: ignore[attr-defined]
    _http,
    hf_raise_for_status,
    httpx,
    parse_ratelimit_headers,
)

from bot.errors import UserError

BUSY = (408, 409, 412, 429)

# `httpx` is the name under which hub 1.x and 2.x both show the library they really use.
NETWORK_ERRORS = (httpx.TransportError, OSError)


# Seconds. The client's own calls wait for ever by default: one lost answer would stop the bot.
PATIENCE = 20.0


class TryLater(UserError):
    """The Hub is out of reach or busy; the same thing may go well at the next tick.

    `after`: how many seconds the Hub asked us to wait, 0.0 when it did not say.
    """

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class Refused(UserError):
    """The Hub says no: a wrong token, a missing permission or repo. The text is one sentence."""


@dataclass(frozen=True)
class Allowance:
    """What the Hub's `RateLimit` header left us: calls, and seconds until there are more.

    `told`: whether there was such a header.
    """

    calls: int = 1_000
    reset_seconds: float = 0.0
    reported: bool = False


@dataclass(frozen=True)
class Connection:
    """One namespace of one Hub, seen with one token; `endpoints_url` moves the Endpoints API.

    `clock` tells epoch seconds: all that the hands know of time.
    """

    endpoint: str
    org: str
    token: str = field(repr=False)
    job_token: str = field(repr=False)
    endpoints_url: str = ""
    clock: Callable[[], float] = field(default=time.time, repr=False)

    @cached_property
    def api(self) -> HfApi:
        if self.endpoints_url:
            # The client reads this constant at every call and offers no variable for it.
            constants.INFERENCE_ENDPOINTS_ENDPOINT = self.endpoints_url
        set_client_factory(_client)
        return HfApi(endpoint=self.endpoint, token=self.token, library_name="kakugo")

    def get(self, path: str, **query: Any) -> tuple[Any, Allowance]:
        """A JSON answer of the Hub's API as it came, for what the client does not pass on."""
        headers = self.api._build_hf_headers()
        answer = get_session().get(f"{self.endpoint}/api/{path}", params=query, headers=headers)
        hf_raise_for_status(answer)
        seen = parse_ratelimit_headers(answer.headers)
        allowance = Allowance(seen.remaining, seen.reset_in_seconds, True) if seen else Allowance()
        return answer.json(), allowance

    def text(self, repo: str, repo_type: str, path: str, revision: str = "main") -> str:
        """A file as it is now, never as a cache remembers it: the client's own download falls back
        to an old copy when the Hub is out of reach.

        Raises the client's errors for an entry or a repository that is not there.
        """
        url = hf_hub_url(repo, path, repo_type=repo_type, revision=revision, endpoint=self.endpoint)
        headers = self.api._build_hf_headers()  # the api is made first: it brings the session
        answer = get_session().get(url, headers=headers)
        hf_raise_for_status(answer)
        return bytes(answer.content).decode()

    @cached_property
    def me(self) -> str:
        """The name behind the token."""
        with translated("say whose token this is"):
            return str(self.api.whoami(cache=True)["name"])


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the client's errors into TryLater or Refused; `what` completes "cannot …"."""
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        reason = f"cannot {what}: the Hub answered {status} ({_first_line(error)})"
        if status in BUSY or status >= 500 or status == 0:
            raise TryLater(reason, _asked_to_wait(error)) from error
        raise Refused(reason) from error
    except (*NETWORK_ERRORS, ValueError) as error:  # ValueError: an answer that was cut is no JSON
        if "Invalid metadata" in str(error):  # of a card, which the client asks the Hub about
            raise Refused(f"cannot {what}: {' '.join(str(error).split())}") from error
        raise TryLater(f"cannot {what}: {type(error).__name__}: {_first_line(error)}") from error


def _client() -> Any:
    """The client's own, but with an end to its patience."""
    client = _http.default_client_factory()
    client.timeout = httpx.Timeout(PATIENCE, read=3 * PATIENCE)
    return client


def _asked_to_wait(error: HfHubHTTPError) -> float:
    """Seconds from `RateLimit` or `Retry-After`, bounded by the Hub's own window."""
    if error.response is None:
        return 0.0
    limit = parse_ratelimit_headers(error.response.headers)
    said = error.response.headers.get("retry-after", "")
    seconds = float(limit.reset_in_seconds) if limit else float(said) if said.isdigit() else 0.0
    return min(seconds, 300.0)


def _first_line(error: Exception) -> str:
    """What the Hub itself says goes before the client's heading, which is the request's id."""
    text = f"{getattr(error, 'server_message', None) or ''}\n{error}"
    return next((line.strip() for line in text.splitlines() if line.strip()), "no reason")
