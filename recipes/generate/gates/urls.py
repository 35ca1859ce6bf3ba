"""Web and mail addresses that the teacher made up.

The teacher reads neither the web nor mail, so an address is only good when the prompt has it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from recipes.generate.gates.views import ADDRESS, CODE, given_text, model_texts
from recipes.generate.schema import Draft

# Reserved for examples by RFC 2606: they lead nowhere.
RESERVED = ("example.com", "example.org", "example.net", "localhost")
HINTS = ("://", "ww.", "WW.", "@")  # every address contains one
PUNCTUATION = ".,;:!?…。)»"


def invented_url(draft: Draft) -> str | None:
    """Reject a web or mail address that is not in the prompt or the original."""
    answers = [text for text in model_texts(draft) if any(hint in text for hint in HINTS)]
    urls = [
        url.rstrip(PUNCTUATION) for text in answers for url in ADDRESS.findall(CODE.sub(" ", text))
    ]
    if not urls:
        return None
    known = given_text(draft)
    return (
        "invented_url" if any(url not in known and not _is_reserved(url) for url in urls) else None
    )


def _is_reserved(url: str) -> bool:
    try:
        host = urlsplit(url if "://" in url else f"//{url}").hostname or ""
    except ValueError:  # half an address was made up as well
        return False
    return host.removeprefix("www.").endswith(RESERVED)
