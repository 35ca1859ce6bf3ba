"""What a teacher's URL says: where its API starts, and whose server it is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_PROVIDERS = "router.huggingface.co"
_HUB_HOSTS = (".endpoints.huggingface.cloud", ".hf.jobs")  # the latter: ports of Jobs
_VERSION = re.compile(r"/v\d\w*(?:/openai)?\Z")  # Google's is /v1beta/openai

# Statuses of a server that cannot list its models; 500 is that of `transformers serve` without any
# in its cache, which serves the model that a call names.
CANNOT_LIST = frozenset({404, 405, 500, 501})


def base_of(url: str) -> str:
    """Return the URL in front of `/chat/completions`, of which people also paste other parts.

    A path that names a version is kept; others are servers whose version is `v1`.
    """
    base = url.rstrip("/").removesuffix("/chat/completions")
    return base if _VERSION.search(base) else f"{base}/v1"


def is_provider(url: str) -> bool:
    """Whether this is the router of Inference Providers, which wants a token with that right."""
    return urlsplit(url).hostname == _PROVIDERS


def is_on_hub(url: str, hub: str) -> bool:
    """Whether the Hub's token may be sent there. `hub` is the URL of the Hub, empty if unknown."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_public_hub = parts.scheme == "https" and (host.endswith(_HUB_HOSTS) or host == _PROVIDERS)
    return is_public_hub or bool(hub) and url.startswith(f"{hub.rstrip('/')}/")
