"""From a teacher's URL to the endpoint that speaks its protocol; no call is made here."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp

from recipes.core.errors import UserError
from recipes.generate.teacher.openai import Chat, Endpoint

TGI = "tgi+"
HOSTS_OF_THE_HUB = (".endpoints.huggingface.cloud", "router.huggingface.co")


def session(headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """Connections that are kept and used again, as many as the pace allows, without cookies."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity", **headers},
    )


def endpoint(http: aiohttp.ClientSession, url: str) -> Endpoint:
    """OpenAI's protocol, or TGI's own for `tgi+http…`; raises UserError when that has no client."""
    if not url.startswith(TGI):
        return Chat(http, url)
    try:
        from recipes.generate.teacher.tgi import Tgi
    except ImportError as error:
        raise UserError(
            f"A teacher at {TGI}… needs the package text-generation: install it with "
            "`pip install --no-deps text-generation`."
        ) from error
    return Tgi(http, url.removeprefix(TGI))


def authorization(url: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The token for a teacher: the Hub's goes to the Hub only, another must be named."""
    plain = url.removeprefix(TGI)
    parts = urlsplit(plain)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise UserError(f"A teacher is an http or https URL, not {url!r}.")
    token = environment.get("KAKUGO_TEACHER_TOKEN")
    hub = environment.get("HF_ENDPOINT", "").rstrip("/")
    if not token and (host.endswith(HOSTS_OF_THE_HUB) or (hub and plain.startswith(f"{hub}/"))):
        token = environment.get("HF_TOKEN")
    return {"Authorization": f"Bearer {token}"} if token else {}
