"""Whether text is a URL of a server that may be shown: in logs, arguments and public variables."""

from __future__ import annotations

from urllib.parse import urlsplit


def url_problem(url: str) -> str:
    """Return what is wrong with a URL, in words that follow its name; empty if nothing is.

    They never repeat the URL, which may have a secret in it.
    """
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port or an IPv6 address
        is_url = False
    if not is_url or not url.isprintable() or " " in url:
        return "is not an http or https URL"
    if parts.username is not None:
        return "has a user name or password in it, which others could read: leave it out"
    if "?" in url or "#" in url:
        return "has a `?` or `#` in it: leave out what follows"
    return ""
