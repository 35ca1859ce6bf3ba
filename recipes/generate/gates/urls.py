"""A teacher that reads no web and no mail makes addresses up: in an answer stand only those that
it was given."""

from __future__ import annotations

from urllib.parse import urlsplit

from recipes.generate.gates.views import ADDRESS, CODE, given, said_by_models
from recipes.generate.schema import Draft

# Reserved for examples by RFC 2606: nobody can be sent there.
RESERVED = ("example.com", "example.org", "example.net", "localhost")
MARKS = ("://", "ww.", "WW.", "@")  # one is in every address
PUNCTUATION = ".,;:!?…。)»"


def invented(draft: Draft) -> str | None:
    """No answer names a web or mail address that neither the question nor the original has."""
    answers = [text for text in said_by_models(draft) if any(mark in text for mark in MARKS)]
    found = [url for text in answers for url in ADDRESS.findall(CODE.sub(" ", text))]
    if not found:
        return None
    known = given(draft)
    new = (url.rstrip(PUNCTUATION) for url in found)
    return "invented_url" if any(url not in known and not _reserved(url) for url in new) else None


def _reserved(url: str) -> bool:
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:  # half an address is still one that was made up
        return False
    return host.removeprefix("www.").endswith(RESERVED)
