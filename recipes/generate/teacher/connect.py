"""From a teacher's URL to the endpoint that speaks its protocol."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from recipes.core.errors import Unworkable, UserError
from recipes.generate.teacher.openai import Endpoint, OpenAIEndpoint
from recipes.validation.http_urls import url_problem
from recipes.validation.teacher_urls import is_on_hub, is_provider

TGI = "tgi+"


def session(headers: Mapping[str, str]) -> aiohttp.ClientSession:
    """Return a session that keeps connections open, without a limit on them and without cookies."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity", **headers},
    )


def endpoint(http: aiohttp.ClientSession, url: str) -> Endpoint:
    """Return the endpoint of a URL; raises UserError when TGI's client is not installed."""
    if not url.startswith(TGI):
        return OpenAIEndpoint(http, url)
    try:
        from recipes.generate.teacher.tgi import TgiEndpoint
    except ImportError as error:
        raise Unworkable(
            f"A teacher at {TGI}… needs the package text-generation: install it with "
            "`pip install --no-deps text-generation`."
        ) from error
    return TgiEndpoint(http, url.removeprefix(TGI))


def authorization(url: str, environment: Mapping[str, str], bill_to: str = "") -> dict[str, str]:
    """Return the header with the teacher's token; only a teacher on the Hub gets the Hub's token.

    Inference Providers also get the organization that pays, if there is one:
    https://huggingface.co/docs/inference-providers/pricing. Raises UserError for an invalid URL.
    """
    plain = url.removeprefix(TGI)
    if problem := url_problem(plain):
        raise UserError(f"The teacher's URL {problem}. A token goes into KAKUGO_TEACHER_TOKEN.")
    token = environment.get("KAKUGO_TEACHER_TOKEN")
    if not token and is_on_hub(plain, environment.get("HF_ENDPOINT", "")):
        token = environment.get("HF_TOKEN")
    payer = {"X-HF-Bill-To": bill_to} if bill_to and is_provider(plain) else {}
    return {**({"Authorization": f"Bearer {token}"} if token else {}), **payer}
