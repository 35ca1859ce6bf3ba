"""Renders untrusted Markdown as safe HTML.

HTML in the text is sanitized together with what the renderer produces: a short list of tags is
allowed, and HTML comments, where bots keep their markers, are removed. Only the raw text is stored.
"""

from __future__ import annotations

import re

import nh3
from markdown_it import MarkdownIt

TAGS = (
    "a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i img kbd li "
    "ol p pre s span strong sub summary sup table tbody td th thead tr ul"
)
ATTRIBUTES = {
    "a": {"href", "title"},
    "code": {"class"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"align", "style"},
    "th": {"align", "style"},
    "ol": {"start"},
}
STYLES = {"text-align"}
SCHEMES = {"http", "https", "mailto"}
RELATIVE = re.compile(r"(?![/#?]|[A-Za-z][A-Za-z0-9+.-]*:)")

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def to_html(text: str, base: str = "") -> str:
    """Return sanitized HTML, whose links send no referrer.

    base: the page of a repo (`/namespace/name`); relative links and images point to its files.
    """

    def rewrite(tag: str, attribute: str, value: str) -> str | None:
        if not base or attribute not in ("href", "src") or not RELATIVE.match(value):
            return value
        view = "resolve" if tag == "img" else "blob"
        return f"{base}/{view}/main/{value.removeprefix('./')}"

    return nh3.clean(
        PARSER.render(text),
        tags=set(TAGS.split()),
        attributes=ATTRIBUTES,
        attribute_filter=rewrite,
        url_schemes=SCHEMES,
        filter_style_properties=STYLES,
        link_rel="nofollow noopener noreferrer",
    )
