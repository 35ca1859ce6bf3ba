"""The client, and its many errors as two: Refused (tell the operator) and TryLater (next tick)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from huggingface_hub import HfApi, constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import httpx  # type: ignore[attr-defined]

from bot.failure import Failure

BUSY = (408, 409, 412, 429)

# `httpx` is the name under which hub 1.x and 2.x both show the library they really use.
NETWORK_ERRORS = (httpx.TransportError, OSError)


class TryLater(Failure):
    """The Hub is out of reach or busy; the same thing may go well at the next tick."""


class Refused(Failure):
    """The Hub says no: a wrong token, a missing permission or repo. The text is one sentence."""


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
        return HfApi(endpoint=self.endpoint, token=self.token, library_name="kakugo")

    @cached_property
    def me(self) -> str:
        """The name behind the token."""
        with translated("say whose token this is"):
            return str(self.api.whoami()["name"])


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn the client's errors into TryLater or Refused; `what` completes "cannot …"."""
    try:
        yield
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        reason = f"cannot {what}: the Hub answered {status} ({_first_line(error)})"
        if status in BUSY or status >= 500 or status == 0:
            raise TryLater(reason) from error
        raise Refused(reason) from error
    except NETWORK_ERRORS as error:
        raise TryLater(f"cannot {what}: {type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason")
