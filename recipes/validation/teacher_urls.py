"""What a teacher's URL says about its server: whether it is Inference Providers or on the Hub."""

from __future__ import annotations

from urllib.parse import urlsplit

_PROVIDERS = "router.huggingface.co"
_HUB_HOSTS = (".endpoints.huggingface.cloud", ".hf.jobs")  # the latter: ports of Jobs


def is_provider(url: str) -> bool:
    """Whether this is the router of Inference Providers, which wants a token with that right."""
    return urlsplit(url).hostname == _PROVIDERS


def is_on_hub(url: str, hub: str) -> bool:
    """Whether the Hub's token may be sent there. `hub` is the URL of the Hub, empty if unknown."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    is_public_hub = parts.scheme == "https" and (host.endswith(_HUB_HOSTS) or host == _PROVIDERS)
    return is_public_hub or bool(hub) and url.startswith(f"{hub.rstrip('/')}/")
