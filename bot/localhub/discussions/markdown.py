"""Turns Markdown written by anybody into HTML that is safe to show.

The text is hostile. HTML in it goes through the same cleaning as what the renderer makes: a short
list of tags passes, comments (where bots keep their markers) vanish. Only the raw text is stored.
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
    """Return sanitised HTML; its links leak no referrer.

    base: the page of a repo (``/ns/name``), into whose files relative links and pictures lead.
    """

    def place(tag: str, attribute: str, value: str) -> str | None:
        if not base or attribute not in ("href", "src") or not RELATIVE.match(value):
            return value
        view = "resolve" if tag == "img" else "blob"
        return f"{base}/{view}/main/{value.removeprefix('./')}"

    return nh3.clean(
        PARSER.render(text),
        tags=set(TAGS.split()),
        attributes=ATTRIBUTES,
        attribute_filter=place,
        url_schemes=SCHEMES,
        filter_style_properties=STYLES,
        link_rel="nofollow noopener noreferrer",
    )
